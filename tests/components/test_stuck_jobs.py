"""Stuck jobs on a real Redis with npm's BullMQ: which are, which are not, and what is counted of them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from support.dead_letter_rig import installed
from typer.testing import CliRunner

from maxbooster_ops.cli.main import app
from maxbooster_ops.dead_letters.counting import count
from maxbooster_ops.dead_letters.stuck import LOCK_LOST_FOR, stuck_jobs
from maxbooster_ops.jobs.policies import load_policies

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def rig(rig, monkeypatch):
    return installed(rig, monkeypatch)


@pytest.fixture
def at_work(rig):
    """One job that its worker never ends, and whose lock it need not renew while the test lasts."""
    rig.platform.tell("work", queue="mail", name="worker-7", lockDuration=600_000, stalledInterval=600_000)
    (job_id,) = rig.platform.tell("add", queue="mail", jobs=[{"name": "send", "data": {"hang": True}}])
    rig.until("mail", active=1)
    rig.look()
    return job_id


def stuck(rig, job_id, *, active_for):
    """Look when the job has been active for just so long, however long the test has taken so far."""
    policies, _ = load_policies(rig.store.home)
    now = rig.now()
    with rig.redis.client() as client:
        client.hset(f"bull:mail:{job_id}", "processedOn", round((now - active_for).timestamp() * 1000))
        found = stuck_jobs(rig.store.lake, client, policies, now)
        counted = count(rig.store, client, policies, now)
    return found, {sample.queue: sample.stuck for sample in counted.queues}


def test_a_job_is_stuck_when_it_is_active_for_longer_than_its_policy_says(rig, at_work):
    rig.store.home.job_policies.write_text("policies:\n  - name: mail\n    stuck_after: 3 min\n")
    assert stuck(rig, at_work, active_for=3 * MINUTE - SECOND) == ([], {})
    (one,), counted = stuck(rig, at_work, active_for=3 * MINUTE + SECOND)
    assert (one.job.queue, one.job.job_id, one.name) == ("mail", at_work, "send")
    assert one.why == "active for longer than 0:03:00"
    assert counted == {"mail": 1}
    _, counted = stuck(rig, at_work, active_for=2 * MINUTE)
    assert counted == {"mail": 0}, "one that is stuck no more says so"
    assert stuck(rig, at_work, active_for=2 * MINUTE)[1] == {}


def test_a_job_is_stuck_when_its_worker_died_and_no_other_looks_after_its_queue(rig, at_work):
    rig.platform.kill()
    with rig.redis.client() as client:  # what 30 s do
        client.delete(f"bull:mail:{at_work}:lock", "bull:mail:stalled-check")
    assert stuck(rig, at_work, active_for=LOCK_LOST_FOR - SECOND)[0] == []
    ((one,), _) = stuck(rig, at_work, active_for=LOCK_LOST_FOR + SECOND)
    assert one.why == "its worker is gone, and no other worker looks after the queue"


def test_a_worker_that_looks_after_the_queue_will_take_the_job_of_one_that_died(rig, at_work):
    with rig.redis.client() as client:
        client.delete(f"bull:mail:{at_work}:lock")
        client.set("bull:mail:stalled-check", 1)
        client.expire("bull:mail:stalled-check", 60)
    assert stuck(rig, at_work, active_for=LOCK_LOST_FOR + SECOND)[0] == []


@pytest.mark.usefixtures("at_work")
def test_the_command_says_what_of_the_policies_it_leaves_out(rig):
    rig.store.home.job_policies.write_text("policies:\n  - name: mail\n    stuck_after: soon\n")
    result = CliRunner().invoke(app, ["dead-letters", "stuck"])
    assert "job_policies.yaml line 3: `stuck_after: soon`" in result.stderr
    assert "No job is stuck." in result.stdout


def test_the_command_lists_them(rig, at_work):
    with rig.redis.client() as client:
        client.hincrby(f"bull:mail:{at_work}", "processedOn", -3_600_000)
    result = CliRunner().invoke(app, ["dead-letters", "stuck", "--json"])
    (one,) = json.loads(result.stdout)
    assert {name: one[name] for name in ("queue", "job_id", "name")} == {
        "queue": "mail",
        "job_id": at_work,
        "name": "send",
    }
    assert one["since"]
    assert "active for longer than" in CliRunner().invoke(app, ["dead-letters", "stuck"]).stdout
