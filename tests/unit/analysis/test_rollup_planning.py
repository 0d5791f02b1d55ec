"""Which windows a run rolls up, at the edges of half hours, days and outages."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxbooster_ops.analysis.rollups.planning import DAYS_PER_RUN, MOST_LATE, Reached, plan
from maxbooster_ops.analysis.rollups.windows import HALF_HOUR, Stretch, half_hour_of, joined, whole_day

TODAY = date(2026, 11, 21)


def at(hour: int, minute: int = 0, second: int = 0, *, day: date = TODAY) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=UTC)


def days_ago(number: int) -> date:
    return TODAY - timedelta(days=number)


def stretches(*pairs: tuple[datetime, datetime]) -> tuple[Stretch, ...]:
    return tuple(Stretch(start=start, until=until) for start, until in pairs)


@pytest.mark.parametrize(
    ("until", "now", "expected"),
    [
        pytest.param(at(11, 30, 2), at(12, 0, 2), [(at(11), at(12))], id="the half hour before was not over for 5 min"),
        pytest.param(at(11, 36), at(12, 0, 2), [(at(11, 30), at(12))], id="it was"),
        pytest.param(at(11, 36), at(11, 59, 59), [], id="one second before the window ends"),
        pytest.param(at(11, 36), at(12), [(at(11, 30), at(12))], id="exactly when it ends"),
        pytest.param(at(23, 30, 2, day=days_ago(1)), at(0, 0, 2), [(at(23, day=days_ago(1)), at(0))], id="at midnight"),
        pytest.param(
            at(22, 0, 2, day=days_ago(1)),
            at(1, 10),
            [(at(0), at(1)), (at(21, 30, day=days_ago(1)), at(0))],
            id="across midnight, a stretch per day and the newest first",
        ),
    ],
)
def test_what_has_ended_since_the_last_time_is_due(
    until: datetime, now: datetime, expected: list[tuple[datetime, datetime]]
):
    found = plan(Reached(until=until), (), now=now)
    assert (found.stretches, found.days, found.days_left) == (stretches(*expected), (), ())


def test_after_an_outage_of_days_today_comes_first_and_then_two_whole_days_a_run():
    first = plan(Reached(until=at(12, day=days_ago(4))), (), now=at(6))
    assert first.stretches == stretches((at(0), at(6)))
    assert first.days == (days_ago(1), days_ago(2))
    assert first.days_left == (days_ago(3), days_ago(4))
    then = plan(Reached(until=at(6), days_left=frozenset(first.days_left)), (), now=at(6, 30))
    assert (then.days, then.days_left) == ((days_ago(3), days_ago(4)), ())


def test_a_mark_of_a_clock_that_was_ahead_does_not_stop_the_rollups_until_then():
    found = plan(Reached(until=at(6, day=days_ago(-30))), (), now=at(12, 10))
    assert found.stretches == stretches((at(0), at(12)), (at(0, day=days_ago(1)), at(0)))
    assert (found.days, found.days_left) == ((), ())


def test_half_hours_with_late_rows_are_rolled_up_again():
    late = {at(9, 30), at(3), at(3, 30), at(17, day=days_ago(2))}
    found = plan(Reached(until=at(11, 36)), late, now=at(12))
    assert found.stretches == stretches(
        (at(11, 30), at(12)),
        (at(9, 30), at(10)),
        (at(3), at(4)),
        (at(17, day=days_ago(2)), at(17, 30, day=days_ago(2))),
    )
    assert found.days == ()


def test_more_late_half_hours_than_a_day_has_make_whole_days():
    late = {at(0, day=days_ago(3)) + number * HALF_HOUR for number in range(MOST_LATE + 1)}
    found = plan(Reached(until=at(11, 36)), late, now=at(12))
    assert found.stretches == stretches((at(11, 30), at(12)))
    assert found.days == (days_ago(2), days_ago(3))


def test_a_day_that_is_still_to_be_done_is_not_done_in_pieces_as_well():
    found = plan(Reached(until=at(11, 36), days_left=frozenset({days_ago(2)})), {at(5, day=days_ago(2))}, now=at(12))
    assert found.stretches == stretches((at(11, 30), at(12)))


moments = st.integers(0, 50 * 86_400).map(lambda second: at(0, day=days_ago(50)) + timedelta(seconds=second))


@given(moments, moments, st.sets(moments.map(half_hour_of), max_size=60))
def test_every_window_is_rolled_up_once_or_left_for_later(one: datetime, other: datetime, late: set[datetime]):
    until, now = sorted((one, other))
    found = plan(Reached(until=until), {each for each in late if each < until}, now=now)
    pieces = [*found.stretches, *map(whole_day, found.days), *map(whole_day, found.days_left)]
    covered = [piece.start + number * HALF_HOUR for piece in pieces for number in range(piece.half_hours)]
    assert len(covered) == len(set(covered)), "nothing twice"
    ended = (half_hour_of(now) - half_hour_of(until)) // HALF_HOUR
    due = {half_hour_of(until) + number * HALF_HOUR for number in range(ended)}
    assert due | {each for each in late if each < until and each < half_hour_of(now)} <= set(covered)
    assert all(start + HALF_HOUR <= now for start in covered)
    assert len(found.days) <= DAYS_PER_RUN
    assert sum(piece.half_hours for piece in found.stretches) <= 2 * 48 + MOST_LATE + 1, "a run has an end"


@given(st.sets(moments.map(half_hour_of), max_size=60))
def test_joined_half_hours_are_the_same_half_hours(half_hours: set[datetime]):
    made = joined(half_hours)
    assert {one.start + number * HALF_HOUR for one in made for number in range(one.half_hours)} == half_hours
    assert all(len(one.days) == 1 for one in made)


def test_windows_are_of_utc_wherever_a_moment_was_written_down():
    """Half an hour beside the hour, in a zone that also has summer time."""
    local = datetime(2026, 10, 25, 2, 40, tzinfo=timezone(timedelta(hours=9, minutes=30)))
    assert half_hour_of(local) == datetime(2026, 10, 24, 17, 0, tzinfo=UTC)
    assert [piece.half_hours for piece in whole_day(date(2026, 10, 25)).slices(timedelta(hours=7))] == [14, 14, 14, 6]
