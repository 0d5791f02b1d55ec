from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.noise import autocorrelated

from maxbooster_ops.analysis.statistics.effective import effective_count
from maxbooster_ops.analysis.statistics.sample import Sample, sample_of


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=60))
def test_values_are_worth_between_one_and_their_number(values):
    assert 1 <= effective_count(np.array(values)) <= len(values)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("count", [200, 1000])
def test_autocorrelated_values_are_worth_what_theory_says(count, correlation):
    random = np.random.default_rng(3)
    found = [effective_count(autocorrelated(random, count, correlation)) for _ in range(200)]
    assert np.median(found) == pytest.approx(count * (1 - correlation) / (1 + correlation), rel=0.15)


def test_a_short_series_does_not_hide_what_it_is_worth():
    random = np.random.default_rng(4)
    series = [autocorrelated(random, 50, 0.9) for _ in range(200)]
    naive = np.median([effective_count(values, unbiased=False) for values in series])
    assert np.median([effective_count(values) for values in series]) < naive


def test_a_few_huge_values_do_not_hide_the_autocorrelation():
    values = autocorrelated(np.random.default_rng(5), 1000, 0.9)
    spiked = values.copy()
    spiked[::200] = 1e6
    assert effective_count(spiked) < 2 * effective_count(values)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param([], 0, id="none"),
        pytest.param([7.0], 1, id="one"),
        pytest.param([7.0] * 50, 50, id="all equal"),
        pytest.param([1.0, 2.0] * 50, 100, id="alternating: worth no more than their number"),
    ],
)
def test_without_order_in_them_values_are_worth_their_number(values, expected):
    assert effective_count(np.array(values)) == expected


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_sample_refuses_what_is_no_number(wrong):
    with pytest.raises(ValueError, match="leave out what is not known"):
        sample_of([1.0, wrong])
    with pytest.raises(ValueError, match="leave out what is not known"):
        Sample.from_quantiles([1.0, wrong], 2, 2)


def test_quantiles_are_those_of_numpy():
    values = autocorrelated(np.random.default_rng(6), 5000, 0.5)
    sample = sample_of(values)
    assert [sample.quantile(q) for q in (0, 0.5, 0.95, 1)] == np.quantile(values, [0, 0.5, 0.95, 1]).tolist()
    assert sample.quantiles() == np.quantile(values, np.linspace(0, 1, 1001)).tolist()
    assert sample_of([3.0, 1.0]).quantiles() == [1.0, 3.0]
    with pytest.raises(ValueError, match="no quantiles"):
        sample_of([]).quantile(0.5)
