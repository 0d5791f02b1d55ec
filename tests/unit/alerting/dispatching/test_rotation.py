"""Whose week it is."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxbooster_ops.alerting.dispatching.rotation import Person, Rotation

ADA, BOB, EVE = (Person(name=name, email=f"{name}@example.com") for name in ("ada", "bob", "eve"))
BERLIN = ZoneInfo("Europe/Berlin")
ROTATION = Rotation(people=(ADA, BOB, EVE), starts_on=date(2026, 3, 16), hands_over_at=time(9), time_zone=BERLIN)


def berlin(month: int, day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, second, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("now", "primary", "secondary"),
    [
        pytest.param(berlin(3, 16, 9), ADA, BOB, id="the start"),
        pytest.param(berlin(3, 23, 8, 59, 59), ADA, BOB, id="a second before the first handover"),
        pytest.param(berlin(3, 23, 9), BOB, EVE, id="the first handover"),
        pytest.param(berlin(3, 30, 8, 59, 59), BOB, EVE, id="a second before nine in summer time"),
        pytest.param(berlin(3, 30, 9), EVE, ADA, id="nine in summer time"),
        pytest.param(berlin(4, 6, 9), ADA, BOB, id="the second round"),
        pytest.param(berlin(3, 16, 8, 59, 59), EVE, ADA, id="before the start"),
    ],
)
def test_weeks_change_at_the_handover_by_the_wall_clock(now, primary, secondary):
    assert (ROTATION.primary(now), ROTATION.secondary(now)) == (primary, secondary)
    in_utc = now.astimezone(UTC)
    assert ROTATION.primary(in_utc) == primary


def test_one_person_has_nobody_beside_them():
    alone = Rotation(people=(ADA,), starts_on=date(2026, 3, 16))
    assert (alone.primary(berlin(5, 1, 12)), alone.secondary(berlin(5, 1, 12))) == (ADA, None)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)))  # noqa: DTZ001 -- times of the wall clock in Berlin
def test_in_any_round_of_weeks_everybody_has_one_turn_and_the_secondary_is_next(wall_clock):
    weeks = [(wall_clock + week * timedelta(weeks=1)).replace(tzinfo=BERLIN) for week in range(3)]
    turns = [ROTATION.primary(now.astimezone(UTC)) for now in weeks]
    assert set(turns) == {ADA, BOB, EVE}
    assert ROTATION.secondary(weeks[0]) == turns[1]
