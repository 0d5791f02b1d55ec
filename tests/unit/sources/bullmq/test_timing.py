from __future__ import annotations

from statistics import quantiles

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxbooster_ops.sources.bullmq.timing import Timings, percentile


@given(st.lists(st.floats(0, 1e9), min_size=2), st.integers(1, 99))
def test_percentiles_are_interpolated_as_numpy_does(durations, percent):
    """The standard library's inclusive quantiles are numpy's linear ones."""
    expected = quantiles(durations, n=100, method="inclusive")[percent - 1]
    assert percentile(sorted(durations), percent / 100) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("durations", "expected"),
    [
        pytest.param([], (None, None), id="none"),
        pytest.param([None], (None, None), id="none known"),
        pytest.param([7], (7, 7), id="one"),
        pytest.param([10, None, 20], (15, 19.5), id="two known"),
    ],
)
def test_unknown_durations_are_left_out(durations, expected):
    timings = Timings.of(durations)
    assert (timings.avg, timings.p95) == expected
