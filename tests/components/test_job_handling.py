"""How one job may end, seen from a worker that runs inside the test."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import pytest
from bullmq import Job, Queue
from bullmq.custom_errors import DelayedError
from support.job_workers import eventually

from maxbooster_ops.jobs import Producer, Worker
from maxbooster_ops.jobs.adding import job_id_of
from maxbooster_ops.jobs.breaker import Breaker
from maxbooster_ops.jobs.breaker_store import BreakerStore
from maxbooster_ops.jobs.claims import Claims
from maxbooster_ops.jobs.idempotency import interrupted_run
from maxbooster_ops.jobs.policy import Priority

POLICY = "policies:\n- {name: reports, retries: 1, first_backoff: 100 ms, breaker_failures: 2}\n"


@pytest.fixture
def platform(redis_process, tmp_path):
    (tmp_path / "job_policies.yaml").write_text(POLICY)
    return {"redis_url": redis_process.url, "home": tmp_path}


def work_off(platform, handle, *jobs, until):
    """Add (data, what else is said of it), work until `until` holds, and give the jobs as BullMQ has them."""

    async def working():
        async with Producer(**platform) as producer:
            ids = [await producer.add("reports", data, **said) for data, said in jobs]
        stop = asyncio.Event()
        serving = asyncio.create_task(Worker("reports", handle, **platform).serve(stop))
        await asyncio.to_thread(eventually, until, what="the jobs ended")
        stop.set()
        await serving
        queue = Queue("reports", {"connection": platform["redis_url"]})
        found = [await Job.fromId(queue, job_id) for job_id in ids]
        await queue.close()
        return found

    return asyncio.run(working())


def test_a_job_that_takes_too_long_is_ended_tried_again_and_then_dead(platform, redis_process):
    client, cancelled = redis_process.client(), []

    async def handle(job):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(job.attemptsMade)
            raise

    (platform["home"] / "job_policies.yaml").write_text(POLICY.replace("}", ", timeout: 300 ms}"))
    (job,) = work_off(platform, handle, ({}, {}), until=lambda: client.zcard("bull:reports:failed"))
    assert cancelled == [0, 1]
    assert job.failedReason == "The job took longer than 0:00:00.300000, the timeout of the policy reports."
    assert BreakerStore(client).breakers()["reports"].failures == 2


def test_a_result_that_is_no_json_does_not_make_the_work_be_repeated(platform, redis_process):
    client, runs = redis_process.client(), []

    async def handle(job):
        runs.append(job.id)
        return {1, 2}

    (job,) = work_off(platform, handle, ({}, {}), until=lambda: client.zcard("bull:reports:completed"))
    assert (len(runs), job.returnvalue) == (1, "{1, 2}")


def test_a_job_that_puts_itself_off_is_no_failure_and_keeps_nothing(platform, redis_process):
    client, runs = redis_process.client(), []

    async def handle(job):
        runs.append(job.attemptsMade)
        if len(runs) == 1:
            await job.moveToDelayed(round(time.time() * 1000) + 50, job.token)
            raise DelayedError

    work_off(platform, handle, ({}, {"idempotency_key": "a"}), until=lambda: len(runs) == 2 and not jobs(client))
    assert runs == [0, 0], "no attempt is counted, and its key was free again"
    assert BreakerStore(client).breakers() == {}


def test_a_job_whose_key_is_done_is_completed_with_the_result_that_it_had(platform, redis_process):
    client, key = redis_process.client(), job_id_of("a")
    claims = Claims(client, "bull:reports")
    claims.claim(key, "earlier", window=timedelta(hours=1))
    claims.finish(key, "earlier", timedelta(hours=1), {"pages": 7})

    async def handle(job):
        raise AssertionError(f"{job.id} must not run")

    work_off(platform, handle, ({}, {"idempotency_key": "a"}), until=lambda: not jobs(client))
    completed = [fields for _, fields in client.xrange("bull:reports:events") if fields[b"event"] == b"completed"]
    assert [fields[b"returnvalue"] for fields in completed] == [b'{"pages":7}']


def test_a_job_whose_key_another_has_waits_for_its_end_without_counting_an_attempt(platform, redis_process):
    client, key, runs = redis_process.client(), job_id_of("a"), []
    Claims(client, "bull:reports").claim(key, "another", window=timedelta(), lease=timedelta(seconds=1))

    async def handle(job):
        runs.append((job.attemptsMade, Claims(client, "bull:reports").found(key).owner != "another"))

    work_off(platform, handle, ({}, {"idempotency_key": "a"}), until=lambda: runs and not jobs(client))
    assert runs == [(0, True)]
    assert BreakerStore(client).breakers().get("reports", Breaker()) == Breaker()


def test_a_job_whose_worker_died_at_work_fails_for_good_without_an_attempt_and_is_no_failure_of_its_type(
    platform, redis_process
):
    client, key = redis_process.client(), job_id_of("a")
    claims = Claims(client, "bull:reports")
    dead = claims.claim(key, "dead", window=timedelta(hours=1), lease=timedelta(milliseconds=1))

    async def handle(job):
        raise AssertionError(f"{job.id} must not run")

    wanted = ({}, {"idempotency_key": "a"})
    (job,) = work_off(platform, handle, wanted, until=lambda: client.zcard("bull:reports:failed"))
    assert interrupted_run(job.failedReason) == dead.run
    assert claims.found(key).owner == "dead", "a person decides"
    assert BreakerStore(client).breakers().get("reports", Breaker()) == Breaker()


def test_high_priority_goes_first(platform, redis_process):
    client, order = redis_process.client(), []

    async def handle(job):
        order.append(job.data)

    (platform["home"] / "job_policies.yaml").write_text("policies:\n- {name: reports, concurrency: 1}\n")
    added = [(priority, {"priority": priority}) for priority in (Priority.LOW, Priority.MEDIUM, Priority.HIGH)]
    work_off(platform, handle, *added, *added, until=lambda: client.zcard("bull:reports:completed") == 6)
    assert order == ["HIGH", "HIGH", "MEDIUM", "MEDIUM", "LOW", "LOW"]


def jobs(client):
    return client.keys("bull:reports:k-*")
