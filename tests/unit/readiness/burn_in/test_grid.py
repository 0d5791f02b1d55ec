from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxbooster_ops.readiness.burn_in.grid import Grid

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
HOUR_OF_FIVE_MINUTES = Grid(begins_at=NOON, interval=5 * MINUTE, last_place=12, ends_at=NOON + 60 * MINUTE)


@pytest.mark.parametrize(
    ("newest", "now", "due", "is_over"),
    [
        pytest.param(None, NOON - SECOND, None, False, id="the clock was set back before the start"),
        pytest.param(None, NOON, NOON, False, id="the first, at once"),
        pytest.param(NOON, NOON + 5 * MINUTE - SECOND, None, False, id="a second before the second one"),
        pytest.param(NOON, NOON + 5 * MINUTE, NOON + 5 * MINUTE, False, id="on time"),
        pytest.param(NOON, NOON + 8 * MINUTE, NOON + 5 * MINUTE, False, id="late, but before the next"),
        pytest.param(
            NOON, NOON + 22 * MINUTE, NOON + 20 * MINUTE, False, id="after a gap: only the newest of those due"
        ),
        pytest.param(NOON + 55 * MINUTE, NOON + 60 * MINUTE, NOON + 60 * MINUTE, False, id="the last, at the end"),
        pytest.param(NOON + 60 * MINUTE, NOON + 60 * MINUTE, None, True, id="the last was taken"),
        pytest.param(NOON + 55 * MINUTE, NOON + 65 * MINUTE, None, True, id="the last was missed for good"),
        pytest.param(None, NOON + 600 * MINUTE, None, True, id="nobody worked on it at all"),
    ],
)
def test_what_is_due_when(newest, now, due, is_over):
    assert HOUR_OF_FIVE_MINUTES.due_now(newest, now) == due
    assert HOUR_OF_FIVE_MINUTES.is_over(newest, now) is is_over


def test_a_duration_that_is_no_multiple_of_the_interval_ends_on_time():
    grid = Grid(begins_at=NOON, interval=5 * MINUTE, last_place=2, ends_at=NOON + 12 * MINUTE)
    assert not grid.is_over(NOON + 10 * MINUTE, NOON + 12 * MINUTE - SECOND)
    assert grid.is_over(NOON + 10 * MINUTE, NOON + 12 * MINUTE)
    assert grid.next_due(NOON + 10 * MINUTE) == NOON + 12 * MINUTE


@given(looks=st.lists(st.floats(min_value=0.01, max_value=900), max_size=200))
def test_however_often_one_looks_no_place_is_taken_twice_and_none_after_the_end(looks):
    """Seconds between looks at random: the checks fall on the grid, each place once, in order, until it is over."""
    grid, now, newest, taken = HOUR_OF_FIVE_MINUTES, NOON, None, []
    for seconds in looks:
        if due := grid.due_now(newest, now):
            newest = due
            taken.append(due)
        now += timedelta(seconds=seconds)
    places = [(due - NOON) / grid.interval for due in taken]
    assert places == sorted(set(places))
    assert all(place == int(place) and 0 <= place <= grid.last_place for place in places)
    if now > grid.due(grid.last_place + 1):
        assert grid.is_over(newest, now)
