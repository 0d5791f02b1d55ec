"""What a burn-in counts is what happened, whatever died between two steps of whichever check."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from support.burn_in_lives import Dies, HandClock, Life, lead
from support.node_platform import NodePlatform

from maxbooster_ops.clock import utc_now
from maxbooster_ops.processes import wait_for
from maxbooster_ops.readiness.burn_in import sessions
from maxbooster_ops.readiness.burn_in.checking import Checker
from maxbooster_ops.readiness.burn_in.owner import Owner
from maxbooster_ops.readiness.burn_in.plan import Plan
from maxbooster_ops.readiness.burn_in.running import Ending, open_burn_in
from maxbooster_ops.settings import Settings
from maxbooster_ops.store.lake import open_lake
from maxbooster_ops.store.state import open_state

INTERVAL = timedelta(minutes=1)
FAILING, GOOD = 2, 3
LIVES = [Dies.NOTED, *Dies, *reversed(Dies)]


@pytest.fixture
def platform(redis_process):
    node = NodePlatform(redis_process, 6)
    node.tell("work", queue="mail", concurrency=10)
    yield node
    node.kill()


def work_off(platform, redis_process):
    """Let jobs fail for good and others succeed, each leaving no trace but its events."""
    data = [{"failForGood": True}] * FAILING + [{}] * GOOD
    opts = {"removeOnComplete": True, "removeOnFail": True}
    platform.tell("add", queue="mail", jobs=[{"name": "send", "data": each, "opts": opts} for each in data])
    with redis_process.client() as client:
        keys = [f"bull:mail:{kind}" for kind in ("wait", "active")]
        wait_for(lambda: not any(map(client.llen, keys)), seconds=120, what="the jobs to be done")


def test_a_kill_between_any_two_steps_loses_and_doubles_nothing(platform, redis_process, tmp_path, made_home):
    """Real SIGKILL, real BullMQ that keeps no finished job: a failure that was not counted at once is in the events."""
    home = made_home(tmp_path / "home")
    settings = Settings(_env_file=None, redis_url=redis_process.url, maxbooster_home=home.root)
    began = utc_now() - INTERVAL * len(LIVES)
    with open_state(home) as state:
        plan = Plan(duration=INTERVAL * (len(LIVES) + 1), interval=INTERVAL)
        dead = replace(Owner.own(), created=0.0)
        session = sessions.begin(state, plan, launched_by="terminal", run_id=None, owner=dead, now=began)
        for place, dies in enumerate(LIVES):
            lead(
                Life(
                    root=home.root,
                    redis_url=redis_process.url,
                    session_id=session.id,
                    due=began + place * INTERVAL,
                    dies=dies,
                )
            )
            work_off(platform, redis_process)
        session = sessions.resume(state, session.id, run_id=None, owner=Owner.own(), now=utc_now())
        clock = HandClock(now=session.target_end_at - INTERVAL)
        with open_burn_in(settings, state, session, clock=clock) as burn_in:
            assert burn_in.run(lambda _: None, wait=clock.wait) is Ending.FINISHED
            reported = burn_in.report(Ending.FINISHED)
            assert burn_in.report(Ending.FINISHED).judgement == reported.judgement, "again, and nothing changes"
    expected = len(LIVES) - LIVES.count(Dies.TAKEN) + 2
    with open_lake(home, read_only=True) as lake:
        rows = lake.query("SELECT number, failed_delta, completed_delta FROM burn_in_checks ORDER BY number")
        results = lake.query("SELECT verdict, reasons, numbers, report FROM drill_results")
    assert [row["number"] for row in rows] == list(range(1, expected + 1))
    assert sum(row["failed_delta"] for row in rows) == FAILING * len(LIVES)
    assert sum(row["completed_delta"] for row in rows) == GOOD * len(LIVES)
    assert reported.session.takeovers == len(LIVES) + 1
    (result,) = results
    assert (result["verdict"], result["report"]) == (reported.judgement.verdict, f"reports/{reported.report.name}")
    assert result["reasons"] == [reason.text for reason in reported.judgement.reasons]
    assert result["numbers"]["failed_jobs"] == FAILING * len(LIVES)


def test_what_a_busy_queue_forgets_between_two_checks_was_read_before(platform, redis_process, tmp_path, made_home):
    """BullMQ trims its events; those of which one check is too late were read ahead, and count in that check."""
    home = made_home(tmp_path / "home")
    checker = Checker(Settings(_env_file=None, redis_url=redis_process.url, maxbooster_home=home.root), "bi-1", Plan())
    taken = checker.take(1, utc_now(), {}, now=utc_now(), memory_low_mb=None)
    for _ in range(2):
        work_off(platform, redis_process)
        checker.read_ahead(taken.memories, utc_now())
        with redis_process.client() as client:
            assert client.xtrim("bull:mail:events", maxlen=1, approximate=False) > 0
    work_off(platform, redis_process)
    check = checker.take(2, utc_now(), taken.memories, now=utc_now(), memory_low_mb=None).check
    assert (check.failed_delta, check.completed_delta) == (3 * FAILING, 3 * GOOD)
    assert check.problems == []
