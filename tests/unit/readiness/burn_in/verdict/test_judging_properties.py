from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from support.burn_in_checks import checks_of, course_of, failed
from support.facts import NOON

from maxbooster_ops.readiness.burn_in.judgement import Verdict, Weight
from maxbooster_ops.readiness.burn_in.part_names import PARTS
from maxbooster_ops.readiness.burn_in.plan import Plan
from maxbooster_ops.readiness.burn_in.verdict.judging import judge

PLAN = Plan(duration=timedelta(hours=2), interval=timedelta(minutes=2))
HEALTHY = checks_of(PLAN)
BETTER = [Verdict.FAIL, Verdict.CONDITIONAL_PASS, Verdict.PASS]

MAYBE = {
    "redis_latency_ms": st.sampled_from([None, 0.4, 99.0, 101.0, 5000.0]),
    "memory_low_mb": st.sampled_from([None, 100.0, 400.0, 900.0]),
    "cache_utilization_percent": st.sampled_from([None, 10.0, 89.9, 90.0]),
    "failed_delta": st.sampled_from([None, 0, 1, 30]),
    "completed_delta": st.sampled_from([None, 0, 5]),
    "requests_delta": st.sampled_from([None, 0.0, 50.0]),
    "waiting": st.sampled_from([None, 0, 50, 900]),
    "platform_uptime_seconds": st.sampled_from([None, 1.0]),
    **{part: st.sampled_from(["ok", "warning", "failed", "missing"]) for part in PARTS},
}


@st.composite
def burn_ins(draw):
    """Some of a healthy burn-in's checks are not there, some failed, and some have odd numbers, alone or in a row."""
    checks = {check.number: check for check in HEALTHY}
    for _ in range(draw(st.integers(0, 3))):
        start, length = draw(st.integers(1, 61)), draw(st.integers(1, 40))
        what = draw(st.sampled_from(["gone", "failed", "odd"]))
        odd = draw(st.fixed_dictionaries({}, optional=MAYBE)) if what == "odd" else {}
        for number in range(start, start + length):
            if number not in checks:
                continue
            if what == "gone":
                del checks[number]
            elif what == "failed":
                checks[number] = failed(checks[number])
            else:
                checks[number] = replace(checks[number], **odd)
    return list(checks.values())


def verdict(checks):
    return judge(checks, PLAN, course_of(PLAN)).verdict


@settings(max_examples=40, deadline=None)
@given(burn_ins(), st.integers(0, 119))
def test_another_check_that_failed_never_makes_a_verdict_better(checks, minute):
    at = NOON + timedelta(minutes=minute, seconds=30)
    more = [*checks, failed(replace(HEALTHY[0], ts=at, due=at, number=1000))]
    if checks:
        assert BETTER.index(verdict(more)) <= BETTER.index(verdict(checks))


@settings(max_examples=40, deadline=None)
@given(burn_ins())
def test_what_passes_keeps_every_promise(checks):
    found = judge(checks, PLAN, course_of(PLAN))
    limits = PLAN.thresholds
    assert (found.verdict is Verdict.PASS) == all(reason.weight is Weight.NOTE for reason in found.reasons)
    if found.verdict is not Verdict.PASS:
        return
    assert all(figure.ok is not False for figure in found.figures)
    assert found.success_rate >= limits.pass_percent
    assert found.coverage >= 95
    assert found.redis_latency_avg_ms < limits.redis_latency_ms
    assert found.memory_growth_mb < limits.memory_growth_mb
    assert found.failed_jobs < limits.failed_jobs
    assert max(check.cache_utilization_percent or 0 for check in checks) < limits.cache_utilization_percent
    assert sum((check.completed_delta or 0) + (check.requests_delta or 0) for check in checks) > 0


@settings(max_examples=20, deadline=None)
@given(burn_ins(), st.randoms(use_true_random=False))
def test_the_order_of_checks_and_one_told_twice_change_nothing(checks, random):
    shuffled = [*checks, *checks[:1]]
    random.shuffle(shuffled)
    assert judge(shuffled, PLAN, course_of(PLAN)) == judge(checks, PLAN, course_of(PLAN))
