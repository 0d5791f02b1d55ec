from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from maxbooster_ops.analysis.regressions.false_discoveries import largest_discovery

P_VALUES = st.lists(st.floats(0, 1), max_size=50)


@given(P_VALUES.filter(bool))
def test_what_counts_is_what_counts_for_scipy(p_values):
    rate = 0.05
    counted = [p_value <= largest_discovery(p_values, rate) for p_value in p_values]
    adjusted = false_discovery_control(p_values)
    # Both round; a value on the very bound may fall on either side.
    sure = ~np.isclose(adjusted, rate, rtol=1e-9)
    assert np.array_equal(np.array(counted)[sure], (adjusted <= rate)[sure]) or 0.0 in p_values


@given(P_VALUES)
def test_nothing_above_the_rate_ever_counts(p_values):
    assert largest_discovery(p_values, 0.01) <= 0.01


@pytest.mark.parametrize(
    ("p_values", "expected"),
    [
        pytest.param([], 0.0, id="none"),
        pytest.param([0.01], 0.01, id="one alone is held against the rate itself"),
        pytest.param([0.009] + [0.5] * 9, 0.0, id="one of ten must be ten times smaller"),
        pytest.param([0.001] + [0.5] * 9, 0.001, id="and then counts"),
        pytest.param([0.005, 0.01], 0.01, id="a small one helps the next"),
    ],
)
def test_many_comparisons_ask_more_of_each(p_values, expected):
    assert largest_discovery(p_values, 0.01) == expected
