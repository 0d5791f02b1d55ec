"""Counting a histogram against a limit: on a bound exactly, between two as `histogram_quantile` would."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxbooster_ops.slo.counting import good_within

BUCKETS = [(100.0, 40.0), (500.0, 90.0), (1000.0, 98.0), (inf, 100.0)]


@pytest.mark.parametrize(
    ("limit", "good"),
    [
        pytest.param(500.0, 90.0, id="on a bound: exact"),
        pytest.param(300.0, 65.0, id="half way between two: half of the bucket"),
        pytest.param(50.0, 20.0, id="below the first: from zero on"),
        pytest.param(1000.0, 98.0, id="on the greatest finite bound"),
    ],
)
def test_observations_within_a_limit(limit, good):
    assert good_within(limit, BUCKETS) == (100.0, good)


@pytest.mark.parametrize(
    ("limit", "buckets"),
    [
        pytest.param(2000.0, BUCKETS, id="beyond the greatest finite bound nobody knows"),
        pytest.param(500.0, BUCKETS[:-1], id="without the rest"),
        pytest.param(500.0, [], id="without buckets"),
    ],
)
def test_what_cannot_be_told_is_not_told(limit, buckets):
    assert good_within(limit, buckets) is None


@given(
    counts=st.lists(st.integers(0, 1000), min_size=9, max_size=9),
    limit=st.floats(min_value=0.5, max_value=5000),
)
def test_it_is_linear_interpolation_of_the_cumulative_counts(counts, limit):
    bounds, up_to = [10, 50, 100, 200, 500, 1000, 2000, 5000], np.cumsum(counts)
    found = good_within(limit, zip([*bounds, inf], up_to.tolist(), strict=True))
    assert found[0] == up_to[-1]
    assert found[1] == pytest.approx(np.interp(limit, [0, *bounds], [0, *up_to[:-1]]))
