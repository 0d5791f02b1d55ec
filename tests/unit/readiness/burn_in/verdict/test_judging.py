from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from support.burn_in_checks import DAY, REHEARSAL, checks_of, course_of, failed, without
from support.facts import NOON

from maxbooster_ops.readiness.burn_in.judgement import Verdict, Weight
from maxbooster_ops.readiness.burn_in.plan import Thresholds
from maxbooster_ops.readiness.burn_in.verdict.judging import judge

DAY_CHECKS = checks_of(DAY)
CHECKS = checks_of(REHEARSAL)
UPTIMES = ("platform_uptime_seconds", "redis_uptime_seconds")
PER_CHECK = range(DAY.expected_checks)


def weights(judgement):
    return {(reason.weight, reason.kind) for reason in judgement.reasons if reason.weight is not Weight.NOTE}


def day(**columns):
    return judge(checks_of(DAY, **columns), DAY, course_of(DAY))


def failing(numbers, *parts):
    checks = [failed(check, *parts) if check.number in set(numbers) else check for check in DAY_CHECKS]
    return judge(checks, DAY, course_of(DAY))


@pytest.mark.parametrize(("plan", "is_valid"), [(DAY, True), (REHEARSAL, False)], ids=["a day", "twenty minutes"])
def test_a_burn_in_without_a_blemish_passes_and_is_valid_if_it_was_a_day(plan, is_valid):
    found = judge(checks_of(plan), plan, course_of(plan))
    assert (found.verdict, weights(found), found.valid_for_release) == (Verdict.PASS, set(), is_valid)
    assert (found.success_rate, found.coverage, found.gaps) == (100.0, 100.0, [])
    assert (found.failed_jobs, found.memory_growth_mb) == (0, 0.0)
    assert found.redis_latency_avg_ms == pytest.approx(0.4)


FAILS, CONDITIONAL = Weight.FAILS, Weight.CONDITIONAL


@pytest.mark.parametrize(
    ("found", "expected", "words"),
    [
        pytest.param(
            failing([100]), {(CONDITIONAL, "success")}, "288 of 289 checks succeeded (99.65 %", id="one check failed"
        ),
        pytest.param(
            failing(range(20, 280, 18)), {(FAILS, "success"), (CONDITIONAL, "coverage")}, "94.81 %", id="5.2 % failed"
        ),
        pytest.param(
            failing([20, 21, 22], "redis"),
            {(FAILS, "outage"), (CONDITIONAL, "success")},
            "Redis was down in 3",
            id="Redis down",
        ),
        pytest.param(failing([20, 21], "redis"), {(CONDITIONAL, "success")}, "Redis, 2 ×", id="Redis down twice"),
        pytest.param(
            failing([289], "system_health"),
            {(CONDITIONAL, "outage"), (CONDITIONAL, "success")},
            "nobody saw it come back",
            id="down at the end",
        ),
        pytest.param(day(redis_latency_ms=99.99), set(), "", id="latency just below its limit"),
        pytest.param(day(redis_latency_ms=100.0), {(FAILS, "redis")}, "was 100 ms", id="latency at its limit"),
        pytest.param(day(redis_latency_ms=None), {(FAILS, "redis")}, "it never answered", id="latency never known"),
        pytest.param(day(failed_delta=[None, *[0] * 239, *[1] * 49]), set(), "49 jobs", id="49 failed jobs"),
        pytest.param(
            day(failed_delta=[None, *[0] * 238, *[1] * 50]), {(FAILS, "jobs")}, "50 jobs", id="50 failed jobs"
        ),
        pytest.param(day(failed_delta=None), {(FAILS, "jobs")}, "nobody knows how many", id="failed jobs not counted"),
        pytest.param(
            day(failed_delta=[None] * 20 + [0] * 269),
            {(CONDITIONAL, "jobs")},
            "over 6.6 % of the time",
            id="hardly counted",
        ),
        pytest.param(
            day(failed_jobs=["ok"] * 9 + ["warning"] * 280),
            {(CONDITIONAL, "jobs")},
            "97.2 %",
            id="not all queues counted",
        ),
        pytest.param(day(completed_delta=0, requests_delta=0.0), {(FAILS, "traffic")}, "no traffic", id="no traffic"),
        pytest.param(
            day(completed_delta=None, requests_delta=None),
            {(FAILS, "traffic")},
            "neither jobs nor",
            id="traffic unknown",
        ),
        pytest.param(day(completed_delta=0), {(CONDITIONAL, "traffic")}, "though jobs waited", id="no worker"),
        pytest.param(
            day(ai_caches="missing", cache_utilization_percent=None),
            {(CONDITIONAL, "missing")},
            "AI caches",
            id="no AI",
        ),
        pytest.param(day(system_health="missing"), {(FAILS, "missing")}, "never there", id="no health endpoint"),
        pytest.param(
            day(queue_health=["ok"] * 250 + ["missing"] * 39),
            {(CONDITIONAL, "missing")},
            "39 of 289",
            id="queues lost later",
        ),
        pytest.param(
            day(cache_utilization_percent=[55.0] * 288 + [90.0]),
            {(CONDITIONAL, "cache")},
            "1 of 289",
            id="a cache full once",
        ),
        pytest.param(
            day(cache_utilization_percent=97.0, cache_evictions=list(PER_CHECK)),
            {(CONDITIONAL, "cache")},
            "saturated: at 90 % or more in 289 of 289 checks, 97 % at most, and 288 models",
            id="a saturated cache",
        ),
        pytest.param(
            day(platform_uptime_seconds=[7200.0 + 300 * i if i < 100 else 300.0 * (i - 100) + 12 for i in PER_CHECK]),
            {(FAILS, "restart")},
            "the platform restarted between 2026-11-21 20:15:00 UTC and 2026-11-21 20:20:00 UTC",
            id="the platform restarted",
        ),
        pytest.param(
            day(redis_uptime_seconds=[20.0 + 300 * (i % 2) for i in PER_CHECK]),
            {(FAILS, "restart")},
            "Redis restarted 144 times",
            id="Redis restarts again and again",
        ),
        pytest.param(
            day(waiting=[2 * i for i in PER_CHECK]), {(CONDITIONAL, "backlog")}, "never drained", id="a backlog"
        ),
        pytest.param(day(waiting=[20 * (i % 12) for i in PER_CHECK]), set(), "", id="a backlog that drains"),
        pytest.param(
            day(redis_latency_ms=[5 + i / 20 for i in PER_CHECK]),
            {(CONDITIONAL, "latency")},
            "latency of Redis",
            id="ever slower",
        ),
        pytest.param(
            day(pool_utilization_percent=[*[95.0] * 3, *[30.0] * 286]),
            {(CONDITIONAL, "connections")},
            "used up",
            id="a full pool",
        ),
        pytest.param(day(pool_utilization_percent=[95.0, 95.0, *[30.0] * 287]), set(), "", id="a pool full twice"),
        pytest.param(
            day(redis_clients=[12 + i for i in PER_CHECK]),
            {(CONDITIONAL, "connections")},
            "clients of Redis pile up",
            id="clients",
        ),
        pytest.param(
            day(open_files=[60 + i for i in PER_CHECK]), {(CONDITIONAL, "connections")}, "open files", id="open files"
        ),
        pytest.param(day(errors_delta=5.0), {(CONDITIONAL, "errors")}, "1,445 of 144,000", id="1 % of errors"),
        pytest.param(
            day(memory_low_mb=[400.0 + 2 * i for i in PER_CHECK]), {(FAILS, "memory")}, "576 MB", id="500 MB a day"
        ),
        pytest.param(
            day(memory_low_mb=[400.0 + i / 4 for i in PER_CHECK]), {(CONDITIONAL, "memory")}, "leaks", id="a slow leak"
        ),
        pytest.param(
            day(memory_low_mb=None, memory_mb=None), {(FAILS, "memory")}, "not seen twice", id="memory unseen"
        ),
    ],
)
def test_each_kind_of_evidence_weighs_what_it_should(found, expected, words):
    assert weights(found) == expected
    assert any(words in reason.text for reason in found.reasons)
    weighed = {weight for weight, _ in expected}
    usual = Verdict.CONDITIONAL_PASS if weighed else Verdict.PASS
    assert found.verdict is (Verdict.FAIL if FAILS in weighed else usual)


def test_three_percent_of_failing_checks_are_a_conditional_pass():
    checks = [failed(check, "system_health") if check.number % 33 == 0 else check for check in CHECKS]
    found = judge(checks, REHEARSAL, course_of(REHEARSAL))
    assert found.verdict is Verdict.CONDITIONAL_PASS
    assert found.success_rate == pytest.approx(100 * 118 / 121)


def test_thresholds_that_are_not_the_usual_ones_are_told():
    plan = DAY.model_copy(update={"thresholds": Thresholds(memory_growth_mb=2000)})
    found = judge(DAY_CHECKS, plan, course_of(plan))
    assert found.reasons[-1].text == "judged by thresholds of its own: memory_growth_mb 2000 instead of 500"


def test_no_check_never_passes():
    found = judge([], DAY, course_of(DAY))
    assert (found.verdict, found.success_rate, found.coverage) == (Verdict.FAIL, None, None)
    assert [reason.text for reason in found.reasons] == ["no check was taken, so nothing is known"]
    assert [gap.missed for gap in found.gaps] == [289]


def test_one_that_was_ended_early_is_partial_whatever_it_saw_and_says_what_it_saw():
    early = course_of(REHEARSAL, ended_at=NOON + timedelta(minutes=10), ended_early=True)
    found = judge([failed(check, "redis") for check in CHECKS[:61]], REHEARSAL, early)
    assert (found.verdict, found.valid_for_release, found.expected_checks) == (Verdict.PARTIAL, False, 61)
    assert (Weight.FAILS, "outage") in weights(found)
    assert found.reasons[-1].text.endswith("what there is would be a FAIL")


def test_long_gaps_are_counted_and_never_pass():
    checks = without(DAY_CHECKS, [*range(50, 57), 289])
    found = judge(checks, DAY, course_of(DAY, takeovers=2))
    assert weights(found) == {(CONDITIONAL, "coverage")}
    assert [(gap.start - NOON, gap.missed) for gap in found.gaps] == [(timedelta(minutes=240), 7)]
    assert found.coverage == pytest.approx(100 * 281 / 289)
    assert found.reasons[-1].text.startswith("taken up again 2 times")


def test_a_report_that_comes_long_after_the_end_changes_nothing():
    course = course_of(DAY, ended_at=NOON + timedelta(days=3))
    assert judge(DAY_CHECKS, DAY, course) == judge(DAY_CHECKS, DAY, course_of(DAY))
    assert judge(DAY_CHECKS[:-3], DAY, course).gaps[0].missed == 3


def test_a_day_of_which_a_fifth_is_missing_fails():
    found = judge(without(DAY_CHECKS, range(2, 289, 4)), DAY, course_of(DAY))
    assert weights(found) == {(FAILS, "coverage")}
    assert sum(gap.missed for gap in found.gaps) == 72


def test_what_a_pause_kept_from_falling_due_was_not_missed():
    pause = timedelta(minutes=20)
    later = (replace(check, ts=check.ts + pause, due=check.due + pause) for check in DAY_CHECKS[100:])
    moved = [
        *DAY_CHECKS[:100],
        *(
            replace(check, **{name: getattr(check, name) + pause.total_seconds() for name in UPTIMES})
            for check in later
        ),
    ]
    course = course_of(DAY, ended_at=NOON + DAY.duration + timedelta(minutes=20), paused_seconds=1200.0)
    found = judge(moved, DAY, course)
    assert (found.verdict, found.coverage) == (Verdict.PASS, 100.0)
    assert [gap.missed for gap in found.gaps] == [0]
