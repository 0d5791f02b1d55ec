from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from support import burn_in_memory as memory
from support import noise
from support.burn_in_checks import DAY, REHEARSAL, checks_of, course_of
from support.facts import NOON

from maxbooster_ops.analysis.statistics.leak import LeakVerdict
from maxbooster_ops.readiness.burn_in.judgement import Weight
from maxbooster_ops.readiness.burn_in.verdict.memory import weigh_memory
from maxbooster_ops.readiness.burn_in.verdict.timeline import Timeline

SEED = 20261122
BURN_INS = 25
"""200 of each are in tests/benchmarks/burn_in_verdicts.py."""


def weighed(plan, lows):
    return weigh_memory(Timeline.of(checks_of(plan, memory_low_mb=lows), plan, course_of(plan)))


def heaviest(evidence):
    found = {reason.weight for reason in evidence.reasons}
    return next((weight for weight in (Weight.FAILS, Weight.CONDITIONAL) if weight in found), Weight.NOTE)


def days(shape, correlation):
    random = np.random.default_rng(SEED)
    lows = [memory.day_of_lows(random, shape, correlation=correlation, noise=0.02) for _ in range(BURN_INS)]
    return [heaviest(weighed(DAY, each)) for each in lows]


@pytest.mark.parametrize("correlation", [0.0, 0.98])
@pytest.mark.parametrize(
    "shape",
    [
        pytest.param(lambda _, hours: noise.flat(hours), id="flat"),
        pytest.param(lambda _, hours: noise.warm_up_then_flat(hours), id="warm-up"),
        pytest.param(memory.sawtooth, id="sawtooth"),
    ],
)
def test_a_healthy_day_of_memory_does_not_keep_a_burn_in_from_passing(shape, correlation):
    assert days(shape, correlation).count(Weight.NOTE) >= 0.97 * BURN_INS


@pytest.mark.parametrize("correlation", [0.0, 0.98])
def test_ten_percent_a_day_do_not_pass(correlation):
    assert days(lambda _, hours: noise.leaking(hours), correlation).count(Weight.NOTE) <= 0.05 * BURN_INS


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        pytest.param(memory.wobble(0.98, 1.5), Weight.NOTE, id="a wobble"),
        pytest.param(memory.collected, Weight.NOTE, id="garbage collection"),
        pytest.param(memory.warming_up, Weight.NOTE, id="a warm-up"),
        pytest.param(memory.fast_leak(5.0), Weight.FAILS, id="a leak of 5 MB a minute"),
    ],
)
def test_twenty_minutes_tell_a_fast_leak_from_what_a_small_process_takes_and_gives(shape, expected):
    random = np.random.default_rng(SEED)
    found = [heaviest(weighed(REHEARSAL, memory.rehearsal(random, shape, minutes=20))) for _ in range(BURN_INS)]
    assert found == [expected] * BURN_INS


def test_a_leak_is_named_with_its_rate_and_its_limit():
    found = weighed(REHEARSAL, [80 + 5 * number / 6 for number in range(121)])
    assert found.reasons[0].text == (
        "memory leaks: beyond noise it grows by 300 MB per hour, 7,200 MB per 24 h; the limit is 500 MB per 24 h"
    )
    assert found.leak.verdict is LeakVerdict.LEAKING
    assert found.drifts[0].verdict == "leaking"


def test_growth_of_half_a_gigabyte_in_all_fails_even_if_it_ended():
    found = weighed(DAY, [min(400.0 + 10 * number, 1000.0) for number in range(289)])
    assert [reason.weight for reason in found.reasons] == [Weight.FAILS]
    assert "which reaches the limit of 500 MB" in found.reasons[0].text


def test_two_days_may_grow_twice_as_much():
    plan = DAY.model_copy(update={"duration": timedelta(hours=48)})
    found = weighed(plan, [min(400.0 + 10 * number, 950.0) for number in range(577)])
    assert heaviest(found) is Weight.NOTE


def test_what_is_too_short_to_project_is_not_projected_and_says_what_it_could_have_seen():
    found = weighed(REHEARSAL, [80.0 + number % 3 for number in range(121)])
    assert (found.growth_mb_per_day, heaviest(found)) == (None, Weight.NOTE)
    assert "only leaks of 30 MB per hour and more" in found.reasons[0].text


def test_a_restart_does_not_hide_a_leak():
    checks = checks_of(DAY, memory_low_mb=[400.0 + 3 * (number % 200) for number in range(289)])
    restarted = [
        replace(check, platform_uptime_seconds=(check.ts - NOON).total_seconds() - 59_900)
        if check.number > 200
        else check
        for check in checks
    ]
    found = weigh_memory(Timeline.of(restarted, DAY, course_of(DAY)))
    assert found.leak.verdict is LeakVerdict.LEAKING
    assert found.growth_mb > 500


def test_too_few_checks_cannot_tell_and_so_do_not_pass():
    plan = REHEARSAL.model_copy(update={"interval": timedelta(minutes=4)})
    found = weighed(plan, 80.0)
    assert heaviest(found) is Weight.CONDITIONAL
    assert "whether memory leaks cannot be told: 6 values are too few" in found.reasons[0].text
