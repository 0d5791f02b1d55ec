from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from support.noise import durations

from maxbooster_ops.analysis.statistics.rank_tests import (
    superiority,
    tail_differs,
    typical_change,
    typical_differs,
)
from maxbooster_ops.analysis.statistics.ranks import midranks
from maxbooster_ops.analysis.statistics.sample import Sample, sample_of

LISTS = st.lists(st.integers(-5, 5).map(float) | st.floats(-1e6, 1e6), min_size=1, max_size=40)
POSITIVE = arrays(float, st.integers(1, 30), elements=st.floats(0.01, 1e4))


def independent(values) -> Sample:
    """A sample whose values are worth their number."""
    return Sample(values=np.sort(np.asarray(values, dtype=float)), count=len(values), effective_count=len(values))


@given(LISTS)
def test_ranks_are_those_of_scipy(values):
    assert midranks(np.array(values)).tolist() == stats.rankdata(values).tolist()


@given(LISTS, LISTS)
def test_the_typical_test_is_mann_and_whitneys_with_ties_and_continuity(before, after):
    found = typical_differs(independent(before), independent(after))
    if np.ptp(before + after) == 0:
        assert found == 1
    else:
        expected = stats.mannwhitneyu(after, before, method="asymptotic", use_continuity=True)
        assert found == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-12)
        assert superiority(np.array(before), np.array(after)) == pytest.approx(
            expected.statistic / (len(before) * len(after)), abs=1e-9
        )


@given(LISTS, LISTS, st.sampled_from([0.5, 0.95]))
def test_the_tail_test_is_that_of_a_contingency_table_split_at_the_common_quantile(before, after, share):
    bound = np.quantile(before + after, share, method="inverted_cdf")
    table = np.array([[sum(v > bound for v in part), sum(v <= bound for v in part)] for part in (before, after)])
    found = tail_differs(independent(before), independent(after), share)
    if not table.sum(axis=0).all():
        assert found == 1
    else:
        assert found == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue, rel=1e-6)


def test_values_worth_half_as_many_independent_ones_differ_as_half_of_them_would():
    random = np.random.default_rng(1)
    before, after = durations(random, 400), 1.1 * durations(random, 400)
    twice = [np.repeat(each, 2) for each in (before, after)]
    worth_half = [Sample(values=np.sort(each), count=800, effective_count=400) for each in twice]
    assert typical_differs(*worth_half) == pytest.approx(
        typical_differs(independent(before), independent(after)), rel=0.01
    )


@given(POSITIVE, POSITIVE)
def test_the_typical_change_is_the_median_of_all_ratios(before, after):
    ratios = np.log(after[:, None] / before[None, :])
    assert typical_change(independent(before), independent(after)) == pytest.approx(
        np.expm1(np.median(ratios)), rel=1e-9, abs=1e-9
    )


@given(POSITIVE, POSITIVE, st.floats(0.1, 10))
def test_another_unit_changes_nothing(before, after, factor):
    here, there = [[independent(unit * each) for each in (before, after)] for unit in (1, factor)]
    assert typical_change(*there) == pytest.approx(typical_change(*here), rel=1e-9, abs=1e-9)


def test_values_around_zero_change_by_the_shift_of_their_medians():
    assert typical_change(independent([-1, 10, 30]), independent([0, 15, 15])) == pytest.approx(0.5)
    assert typical_change(independent([-1, 0, 30]), independent([0, 15, 15])) is None


def test_stored_quantiles_stand_for_the_values_they_came_from():
    random = np.random.default_rng(2)
    before, after = sample_of(durations(random, 20_000)), sample_of(1.02 * durations(random, 20_000))
    stored = Sample.from_quantiles(before.quantiles(), before.count, before.effective_count)
    assert len(stored.values) == 1001
    assert typical_change(stored, after) == pytest.approx(typical_change(before, after), abs=0.001)
    assert np.log(typical_differs(stored, after)) == pytest.approx(np.log(typical_differs(before, after)), rel=0.1)
    assert np.log(tail_differs(stored, after, 0.95)) == pytest.approx(
        np.log(tail_differs(before, after, 0.95)), rel=0.3
    )
