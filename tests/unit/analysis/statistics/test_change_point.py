from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.noise import durations, over_time

from maxbooster_ops.analysis.statistics.change_point import change_start


def begun(values, split):
    """How many values the estimated start of the change lies away from `split`."""
    series = over_time(values)
    return abs(change_start(series) - series.moments[split]) / 30


@given(st.integers(5, 95), st.floats(1.5, 100))
def test_a_clean_step_is_found_where_it_is(split, factor):
    values = np.where(np.arange(100) < split, 10.0, 10.0 * factor)
    assert begun(values, split) == 0


@pytest.mark.parametrize(
    ("factor", "correlation", "near"),
    [
        pytest.param(1.15, 0.0, 100, id="15 %"),
        pytest.param(1.5, 0.0, 20, id="half as much again"),
        pytest.param(0.6, 0.0, 20, id="less"),
        pytest.param(3.0, 0.9, 50, id="autocorrelated"),
    ],
)
def test_a_change_in_a_long_noisy_series_is_found_nearby(factor, correlation, near):
    random = np.random.default_rng(20261122)
    for _ in range(10):
        values = durations(random, 8640, correlation=correlation)
        values[6000:] *= factor
        assert begun(values, 6000) <= near


def test_outliers_are_no_change_and_hide_none():
    random = np.random.default_rng(5)
    values = durations(random, 1000)
    values[::100] = 1e6
    assert change_start(over_time(values)) is None
    values[700:] *= 2
    assert begun(values, 700) <= 10


def test_a_level_that_stays_has_no_start_of_a_change():
    random = np.random.default_rng(6)
    found = [change_start(over_time(durations(random, 1000))) for _ in range(50)]
    assert found.count(None) >= 48


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([], id="none"),
        pytest.param([1.0], id="one"),
        pytest.param([1.0] * 4 + [9.0] * 5, id="too few on one side"),
        pytest.param([3.0] * 500, id="constant"),
    ],
)
def test_what_cannot_tell_has_no_start(values):
    assert change_start(over_time(values)) is None
