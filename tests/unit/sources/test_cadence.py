from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxbooster_ops.sources.cadence import LEAD, beat_to_await, beats_due, is_overdue

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        pytest.param(30, ["12:00:30", "12:01:00"], id="30 s: the half minute and the next full one"),
        pytest.param(60, ["12:01:00"], id="60 s: the next full minute"),
        pytest.param(20, ["12:00:40", "12:01:00", "12:01:20"], id="20 s: the start is open, the end closed"),
    ],
)
def test_a_run_takes_the_beats_after_its_own_start(interval, expected):
    assert [f"{due:%H:%M:%S}" for due in beats_due(NOON, interval)] == expected


@given(interval=st.integers(5, 60), minutes=st.integers(0, 500))
def test_consecutive_minutes_share_no_beat_and_leave_none_out(interval, minutes):
    minute = NOON + timedelta(minutes=minutes)
    beats = beats_due(minute, interval) + beats_due(minute + timedelta(minutes=1), interval)
    assert {later - earlier for earlier, later in pairwise(beats)} <= {timedelta(seconds=interval)}
    assert all(due > minute + LEAD for due in beats)


@pytest.mark.parametrize(
    ("late", "expected"),
    [
        pytest.param(timedelta(seconds=29, milliseconds=999), False, id="just before the next beat is due"),
        pytest.param(timedelta(seconds=30), True, id="exactly when it is"),
    ],
)
def test_a_beat_is_left_out_once_the_next_one_is_due(late, expected):
    assert is_overdue(NOON, 30, now=NOON + late) is expected


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("newest", "now", "expected"),
    [
        pytest.param(at(0), at(21.999), None, id="the next is due in more than 8 s"),
        pytest.param(at(0), at(22), at(30), id="in 8 s"),
        pytest.param(at(0.2), at(29), at(30), id="the newest was taken late"),
        pytest.param(at(0), at(35.999), at(30), id="it is late by almost 6 s"),
        pytest.param(at(0), at(36), None, id="late by 6 s"),
        pytest.param(at(30), at(30.5), None, id="it is there already"),
        pytest.param(at(31), at(30.5), None, id="the clock was set back"),
        pytest.param(None, at(29), at(30), id="there never was one"),
        pytest.param(at(-3600), at(40), None, id="collection stands still"),
    ],
)
def test_the_next_beat_is_worth_waiting_for_where_it_comes_soon(newest, now, expected):
    within, patience = timedelta(seconds=8), timedelta(seconds=6)
    assert beat_to_await(newest, 30, now=now, within=within, patience=patience) == expected
