"""A burn-in at work: on the real sandbox, stopped and resumed, with Redis, the lake or its ownership gone."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from support.burn_in_lives import HandClock

from maxbooster_ops.clock import utc_now
from maxbooster_ops.readiness.burn_in import sessions
from maxbooster_ops.readiness.burn_in.judgement import Verdict
from maxbooster_ops.readiness.burn_in.owner import SILENT_FOR, Owner, OwnershipLostError
from maxbooster_ops.readiness.burn_in.plan import Plan, Thresholds
from maxbooster_ops.readiness.burn_in.reporting import report_orphan
from maxbooster_ops.readiness.burn_in.running import Ending, open_burn_in
from maxbooster_ops.readiness.burn_in.session import SessionStatus
from maxbooster_ops.settings import Settings
from maxbooster_ops.store.lake import open_lake
from maxbooster_ops.store.state import open_state

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def state(tmp_path, made_home):
    with open_state(made_home(tmp_path / "home")) as opened:
        yield opened


def settings_of(state, **settings):
    return Settings(_env_file=None, maxbooster_home=state.home.root, **settings)


def begun(state, *, checks, interval=MINUTE):
    # A machine that does much else is no Redis that is slow.
    plan = Plan(duration=interval * (checks - 1), interval=interval, thresholds=Thresholds(redis_latency_ms=60_000))
    return sessions.begin(state, plan, launched_by="terminal", run_id=None, owner=Owner.own(), now=utc_now())


def stored(state):
    with open_lake(state.home, read_only=True) as lake:
        return lake.query("SELECT * FROM burn_in_checks ORDER BY number")


def test_a_calm_sandbox_passes_every_check_and_every_figure_is_there(state, calm):
    settings = settings_of(
        state,
        redis_url=calm.endpoints.redis_url.get_secret_value(),
        platform_url=calm.endpoints.platform_url,
        maxbooster_platform_process=str(calm.folder / "platform.pid"),
        alert_queue_max_latency=60_000,
        alert_queue_max_waiting=100_000,
    )
    session, seen = begun(state, checks=4), []
    clock = HandClock(now=session.started_at)
    with open_burn_in(settings, state, session, clock=clock) as burn_in:
        assert burn_in.run(seen.append, wait=clock.wait) is Ending.FINISHED
        reported = burn_in.report(Ending.FINISHED)
    assert [check.problems for check in seen] == [[]] * 4
    assert [check.number for check in seen] == [row["number"] for row in stored(state)] == [1, 2, 3, 4]
    assert [later.due - earlier.due for earlier, later in pairwise(seen)] == [MINUTE] * 3
    unknown = {name for name in type(seen[0]).__dataclass_fields__ if all(getattr(c, name) is None for c in seen)}
    assert unknown <= {"pool_wait_ms_p95", "request_ms_p95"}, "nobody may have asked anything in between"
    assert all(check.memory_low_mb <= check.memory_mb for check in seen)
    assert reported.judgement.success_rate == 100
    assert reported.session.status is SessionStatus.FINISHED
    assert state.home.reports.joinpath(f"burn-in-{reported.session.id}.md").is_file()


def test_one_that_was_stopped_is_partial_and_goes_on_where_it_was(state, redis_process):
    """Stopped by a word from elsewhere, then by a signal in the midst of waiting; in the end it is whole."""
    settings, session = settings_of(state, redis_url=redis_process.url), begun(state, checks=6)
    clock, seen = HandClock(now=session.started_at), []

    def stop_after_two(check):
        seen.append(check)
        if check.number == 2:
            sessions.ask_to_cancel(state, session.id, clock())

    def interrupted(_):
        clock.wait(0.5)
        if len(seen) == 4:
            raise KeyboardInterrupt

    with open_burn_in(settings, state, session, clock=clock) as burn_in:
        assert burn_in.run(stop_after_two, wait=clock.wait) is Ending.CANCELLED
        reported = burn_in.report(Ending.CANCELLED)
    assert (reported.judgement.verdict, reported.session.status) == (Verdict.PARTIAL, SessionStatus.CANCELLED)

    clock.wait(1000)
    session = sessions.resume(state, session.id, run_id=None, owner=Owner.own(), now=clock())
    with open_burn_in(settings, state, session, clock=clock) as burn_in:
        with pytest.raises(KeyboardInterrupt):
            burn_in.run(seen.append, wait=interrupted)
        assert burn_in.report(Ending.CANCELLED).judgement.checks == 4

    session = sessions.resume(state, session.id, run_id=None, owner=Owner.own(), now=clock())
    with open_burn_in(settings, state, session, clock=clock) as burn_in:
        assert burn_in.run(seen.append, wait=clock.wait) is Ending.FINISHED
        reported = burn_in.report(Ending.FINISHED)
    assert [check.number for check in seen] == [row["number"] for row in stored(state)] == [1, 2, 3, 4, 5, 6]
    assert reported.judgement.coverage == 100, "a pause is no gap"
    assert reported.judgement.verdict is not Verdict.PARTIAL


def test_who_loses_the_session_in_the_midst_stops_and_reports_nothing(state, redis_process):
    settings, session = settings_of(state, redis_url=redis_process.url), begun(state, checks=5)
    clock, seen = HandClock(now=session.started_at), []

    def taken_over(check):
        seen.append(check)
        if check.number == 2:
            later = clock() + SILENT_FOR + SECOND
            sessions.resume(state, session.id, run_id="theirs", owner=Owner.own(), now=later)

    with open_burn_in(settings, state, session, clock=clock) as burn_in:
        assert burn_in.run(taken_over, wait=clock.wait) is Ending.LOST
        with pytest.raises(OwnershipLostError):
            burn_in.report(Ending.LOST)
    assert [check.number for check in seen] == [1, 2]
    assert sessions.find(state, session.id).run_id == "theirs"
    assert not state.home.reports.exists()


def test_a_redis_that_stops_fails_its_checks_and_what_happened_meanwhile_is_counted(state, redis_process):
    settings, session = settings_of(state, redis_url=redis_process.url), begun(state, checks=5)
    clock, seen = HandClock(now=session.started_at), []

    def stop_and_start(check):
        seen.append(check)
        if check.number == 2:
            redis_process.kill()
        if check.number == 4:
            redis_process.start()

    with open_burn_in(settings, state, session, clock=clock) as burn_in:
        assert burn_in.run(stop_and_start, wait=clock.wait) is Ending.FINISHED
    assert [check.ok for check in seen] == [True, True, False, False, True]
    assert [check.redis for check in seen] == ["ok", "ok", "failed", "failed", "ok"]
    assert [check.redis_latency_ms is None for check in seen] == [False, False, True, True, False]
    assert seen[2].queue_health == seen[2].failed_jobs == "failed"
    assert any(problem.startswith("Redis cannot be read: ") for problem in seen[2].problems)
    assert {check.ai_caches for check in seen} == {"missing"}, "nothing is configured that would tell"


def test_a_lake_that_cannot_be_written_gets_its_checks_later_once(state, redis_process):
    settings, session = settings_of(state, redis_url=redis_process.url), begun(state, checks=5)
    clock, catalog = HandClock(now=session.started_at), state.home.catalog
    away = catalog.with_name("away")

    def break_and_mend(check):
        if check.number == 2:
            catalog.rename(away)
            catalog.mkdir()
        if check.number == 4:
            catalog.rmdir()
            away.rename(catalog)

    with open_burn_in(settings, state, session, clock=clock) as burn_in:
        assert burn_in.run(break_and_mend, wait=clock.wait) is Ending.FINISHED
        assert burn_in.session.unstored == ()
    assert [row["number"] for row in stored(state)] == [1, 2, 3, 4, 5]


def test_an_orphan_is_given_up_with_a_partial_report_and_can_be_resumed(state, redis_process):
    settings, session = settings_of(state, redis_url=redis_process.url), begun(state, checks=3)
    clock = HandClock(now=session.started_at)

    def die(_):
        raise SystemExit

    with open_burn_in(settings, state, session, clock=clock) as burn_in, pytest.raises(SystemExit):
        burn_in.run(lambda _: None, wait=die)
    clock.wait(600)
    reported = report_orphan(state, session.id, now=clock())
    assert reported.session.status is SessionStatus.ABANDONED
    assert (reported.judgement.verdict, reported.judgement.checks) == (Verdict.PARTIAL, 1)
    resumed = sessions.resume(state, session.id, run_id=None, owner=Owner.own(), now=clock())
    clock.wait(3600)
    with open_burn_in(settings, state, resumed, clock=clock) as burn_in:
        assert burn_in.run(lambda _: None, wait=clock.wait) is Ending.FINISHED
        assert burn_in.report(Ending.FINISHED).judgement.checks == 1, "its time was over"
    with open_lake(state.home, read_only=True) as lake:
        kept = lake.query("SELECT verdict FROM drill_results ORDER BY ts")
    assert [row["verdict"] for row in kept] == ["PARTIAL", "FAIL"]
