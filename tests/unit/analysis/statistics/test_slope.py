from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st
from scipy import stats
from support.noise import autocorrelated, day_of_memory, flat, leaking, over_time, warm_up_then_flat

from maxbooster_ops.analysis.statistics.leak import LeakVerdict, judge_leak
from maxbooster_ops.analysis.statistics.slope import Block, slope_after_warm_up, slope_of, theil_sen

POINTS = st.lists(st.tuples(st.integers(0, 30).map(float), st.integers(-50, 50).map(float)), min_size=2, max_size=30)
DAYS = 100


@given(POINTS)
def test_slope_and_interval_are_those_of_scipy(points):
    times, values = (np.array(each) for each in zip(*sorted(points), strict=True))
    assume(np.ptp(times) > 0)
    try:
        expected = stats.theilslopes(values, times, alpha=0.95)
    except RuntimeWarning:  # nearly all are equal in both: scipy's variance is negative there, and its interval NaN
        reject()
    found = theil_sen(times, values, independent=True)
    assert found == pytest.approx((expected.slope, expected.low_slope, expected.high_slope), abs=1e-9)


def test_one_moment_has_no_slope():
    with pytest.raises(ValueError, match="two different times"):
        theil_sen(np.zeros(3), np.arange(3.0))


def test_values_that_drift_without_going_anywhere_rarely_have_a_slope():
    random = np.random.default_rng(1)
    times = np.arange(24.0)
    drifting = [autocorrelated(random, 24, 0.8) for _ in range(300)]

    def beyond_noise(**how):
        return np.mean([low > 0 or high < 0 for _, low, high in (theil_sen(times, v, **how) for v in drifting)])

    assert beyond_noise(independent=True) > 0.25
    assert beyond_noise() < 0.6 * beyond_noise(independent=True)


def test_the_slope_is_per_hour_and_the_level_that_of_the_newest_hour():
    slope = slope_of(over_time(100 + np.arange(2880) / 120))
    assert slope.per_hour == pytest.approx(1)
    assert slope.level == pytest.approx(123.5, abs=0.01)
    assert slope.percent_per_day == pytest.approx(100 * 24 / 123.5, rel=0.001)
    assert slope.hours == pytest.approx(24, abs=0.01)


def test_outliers_move_nothing():
    values = 100 + np.arange(2880) / 120
    spiked = values.copy()
    spiked[::50] = 1e9
    assert slope_of(over_time(spiked)).per_hour == pytest.approx(slope_of(over_time(values)).per_hour, rel=0.01)
    assert slope_of(over_time(spiked), Block.MINIMUM).per_hour == pytest.approx(1, rel=0.01)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(over_time([]), id="none"),
        pytest.param(over_time([1.0]), id="one"),
        pytest.param(over_time([1.0] * 7), id="fewer than blocks are needed"),
        pytest.param(over_time([1.0] * 20, every=0.0), id="all at one moment"),
    ],
)
def test_too_few_values_have_no_slope_and_no_verdict(values):
    assert slope_of(values) is None
    assert slope_after_warm_up(values) is None
    assert judge_leak(values).verdict is LeakVerdict.UNKNOWN


def test_what_is_constant_has_slope_zero_and_no_noise():
    slope = slope_of(over_time([5.0] * 100))
    assert (slope.per_hour, slope.low, slope.high, slope.rises, slope.falls) == (0, 0, 0, False, False)
    assert slope_of(over_time([0.0] * 100)).percent_per_day is None


def verdicts(shape, count, correlation):
    random = np.random.default_rng(20261122)
    days = [day_of_memory(random, count, shape, correlation=correlation, noise=0.01) for _ in range(DAYS)]
    return [judge_leak(day).verdict for day in days]


@pytest.mark.parametrize("count", [288, 2880])
@pytest.mark.parametrize("shape", [flat, warm_up_then_flat], ids=lambda shape: shape.__name__)
def test_memory_that_is_flat_or_warms_up_is_no_leak(shape, count):
    assert verdicts(shape, count, 0.9).count(LeakVerdict.LEAKING) <= 0.02 * DAYS


@pytest.mark.parametrize("count", [288, 2880])
def test_ten_percent_a_day_are_a_leak(count):
    assert verdicts(leaking, count, 0.9).count(LeakVerdict.LEAKING) >= 0.95 * DAYS


def test_slow_growth_is_suspected_and_says_by_how_much():
    random = np.random.default_rng(2)
    found = judge_leak(day_of_memory(random, 2880, lambda h: 1 + 0.03 * h / 24, correlation=0.5, noise=0.002))
    assert found.verdict is LeakVerdict.SUSPECTED
    assert "beyond noise but by less than the 5 % of a leak" in found.reason


def test_a_warm_up_that_ended_is_healthy_and_says_so():
    random = np.random.default_rng(3)
    found = judge_leak(day_of_memory(random, 2880, lambda h: np.minimum(0.4 + 0.1 * h, 1), correlation=0.0, noise=1e-3))
    assert found.verdict is LeakVerdict.HEALTHY
