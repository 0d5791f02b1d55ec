from __future__ import annotations

import numpy as np
import pytest
from support.noise import durations

from maxbooster_ops.analysis.series.catalog import Worse
from maxbooster_ops.analysis.statistics.comparing import Result, Statistic, compare
from maxbooster_ops.analysis.statistics.sample import sample_of

PAIRS = 200


def share(result, *, factor, count, correlation, sigma=0.3, statistic=Statistic.TYPICAL):
    random = np.random.default_rng(20261122)
    found = [
        compare(
            sample_of(durations(random, count, sigma=sigma, correlation=correlation)),
            sample_of(factor * durations(random, count, sigma=sigma, correlation=correlation)),
            statistic=statistic,
        ).result
        for _ in range(PAIRS)
    ]
    return sum(each is result for each in found) / PAIRS


def compared(before, after, **options):
    return compare(sample_of(before), sample_of(after), **options)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("count", [50, 200, 1000])
def test_identical_runs_hardly_ever_regress(count, correlation):
    assert share(Result.REGRESSED, factor=1, count=count, correlation=correlation) <= 0.02


def test_the_p95_of_identical_runs_hardly_ever_regresses():
    assert share(Result.REGRESSED, factor=1, count=2000, correlation=0.0, statistic=Statistic.P95) <= 0.02


@pytest.mark.parametrize(
    ("sigma", "correlation"),
    [
        pytest.param(0.3, 0.0, id="independent"),
        pytest.param(0.5, 0.0, id="independent, scattered"),
        pytest.param(0.3, 0.5, id="autocorrelated"),
    ],
)
def test_fifteen_percent_more_are_found_in_a_thousand_values(sigma, correlation):
    found = share(Result.REGRESSED, factor=1.15, count=1000, correlation=correlation, sigma=sigma)
    assert found >= 0.92  # 95 % of many more pairs, see the benchmark


def test_worse_is_what_the_series_says():
    random = np.random.default_rng(8)
    less, more = durations(random, 500), 1.3 * durations(random, 500)
    assert compared(less, more).result is Result.REGRESSED
    assert compared(more, less).result is Result.IMPROVED
    assert compared(less, more, worse=Worse.LOWER).result is Result.IMPROVED
    fallen = compared(more, less, worse=Worse.LOWER)
    assert (fallen.result, fallen.exceeds_naive) == (Result.REGRESSED, True)
    assert fallen.change_percent == pytest.approx(-23, abs=4)


def test_a_real_change_too_small_to_count_is_none():
    random = np.random.default_rng(9)
    found = compared(durations(random, 5000), 1.05 * durations(random, 5000))
    assert found.result is Result.UNCHANGED
    assert found.p_value < 0.01
    assert "beyond noise but too little to count" in found.reason


def test_equal_values_that_all_become_another_have_regressed():
    found = compared([20.0] * 30, [30.0] * 30)
    assert (found.result, found.before, found.after, found.change_percent) == (
        Result.REGRESSED,
        20,
        30,
        pytest.approx(50),
    )
    assert compared([20.0] * 30, [20.0] * 30).result is Result.UNCHANGED


def test_too_few_values_are_inconclusive_and_the_reason_counts_them():
    found = compared([1.0, 2.0, 3.0], [5.0, 6.0, 7.0] * 10)
    assert found.result is Result.INCONCLUSIVE
    assert "3 values before are worth" in found.reason
    assert found.exceeds_naive


@pytest.mark.parametrize(("before", "after", "lacking"), [([], [1.0], "before"), ([1.0], [], "after"), ([], [], "and")])
def test_without_values_there_is_nothing_to_compare(before, after, lacking):
    found = compared(before, after)
    assert (found.result, found.p_value, found.change_percent) == (Result.INCONCLUSIVE, None, None)
    assert lacking in found.reason


def test_noise_that_could_hide_ten_percent_is_inconclusive():
    random = np.random.default_rng(10)
    found = compared(durations(random, 60, sigma=0.5), durations(random, 60, sigma=0.5))
    assert found.result is Result.INCONCLUSIVE
    assert "too few or too scattered to show 10 %" in found.reason


def test_a_p95_needs_about_a_thousand_values():
    random = np.random.default_rng(11)
    found = compared(durations(random, 500), 2 * durations(random, 500), statistic=Statistic.P95)
    assert found.result is Result.INCONCLUSIVE
    assert "800 are needed" in found.reason
    more = compared(durations(random, 2000), 1.3 * durations(random, 2000), statistic=Statistic.P95)
    assert more.result is Result.REGRESSED
    assert more.before == pytest.approx(100 * np.exp(0.3 * 1.645), rel=0.1)


def test_a_slower_tail_is_seen_where_the_typical_value_stays():
    random = np.random.default_rng(12)
    before, after = durations(random, 3000), durations(random, 3000)
    after[random.random(3000) < 0.08] *= 4
    assert compared(before, after).result is Result.UNCHANGED
    assert compared(before, after, statistic=Statistic.P95).result is Result.REGRESSED


@pytest.mark.parametrize(
    ("least_change", "expected"),
    [
        pytest.param(0.0, Result.INCONCLUSIVE, id="of 0 there is no share"),
        pytest.param(5.0, Result.REGRESSED, id="more than anybody tolerates"),
        pytest.param(50.0, Result.UNCHANGED, id="less than anybody cares about"),
    ],
)
def test_a_change_from_zero_counts_by_its_size_alone(least_change, expected):
    found = compared([0.0] * 50, [12.0, 15.0] * 25, least_change=least_change)
    assert (found.result, found.change_percent) == (expected, None)
    assert not found.exceeds_naive


def test_what_stays_at_zero_is_unchanged():
    found = compared([0.0] * 50, [0.0] * 50)
    assert (found.result, found.reason) == (Result.UNCHANGED, "stays at 0, within noise (p = 1)")


def test_a_large_share_of_nearly_nothing_does_not_count():
    assert compared([0.1] * 50, [0.2] * 50, least_change=1.0).result is Result.UNCHANGED
