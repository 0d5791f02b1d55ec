from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from support.noise import durations, over_time

from maxbooster_ops.analysis.regressions.level import newest_level

EVERY = 4.0
"""Seconds between two jobs of a busy queue."""


def levels(*parts):
    random = np.random.default_rng(20261122)
    return over_time(np.concatenate([level * durations(random, count) for count, level in parts]), every=EVERY)


def starts_at(values, number):
    return datetime.fromtimestamp(values.moments[number], UTC)


def test_a_series_that_did_not_change_is_one_level():
    values = levels((600, 1))
    assert newest_level(values).begun is None
    assert len(newest_level(values).values) == 600


@pytest.mark.parametrize(("lasts", "is_level"), [(140, False), (160, True)], ids=["9 min", "11 min"])
def test_what_has_lasted_for_less_than_ten_minutes_is_no_level_yet(lasts, is_level):
    values = levels((600, 1), (lasts, 3))
    found = newest_level(values)
    assert (found.begun is not None) == is_level
    assert len(found.values) == pytest.approx(lasts if is_level else 600 + lasts, abs=3)


def test_a_burst_at_the_end_does_not_hide_the_change_before_it():
    values = levels((600, 1), (400, 2), (15, 9))
    found = newest_level(values)
    assert abs((found.begun - starts_at(values, 600)).total_seconds()) <= 3 * EVERY
    assert len(found.values) == pytest.approx(415, abs=3)
