from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxbooster_ops.durations import parse_duration


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5 min", timedelta(minutes=5)),
        ("30 s", timedelta(seconds=30)),
        ("30s", timedelta(seconds=30)),
        (" 1.5  h ", timedelta(minutes=90)),
        ("250 ms", timedelta(milliseconds=250)),
        ("1 minute", timedelta(minutes=1)),
        ("2 hours", timedelta(hours=2)),
        ("5m", timedelta(minutes=5)),
        ("24h", timedelta(hours=24)),
        ("2 d", timedelta(days=2)),
        ("2h30m", timedelta(hours=2, minutes=30)),
        ("2h 30m", timedelta(hours=2, minutes=30)),
    ],
)
def test_a_number_with_its_unit_is_a_duration(text: str, expected: timedelta):
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    "text",
    ["5 minuts", "5", 5, "min", "-5 s", "5 s 3", "2h-30m", "", None, "\u0665 s", "1e3 s", "5 M", ["5 s"]],
)
def test_anything_else_is_refused_with_what_was_expected(text: object):
    with pytest.raises(ValueError, match=r"is not a duration\. Expected a number with a unit, such as `5 min`"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["365001 d", "999999999 d", "999999999 d 999999999 d"])
def test_a_duration_that_no_calendar_holds_is_refused(text: str):
    with pytest.raises(ValueError, match=r"is too long\. Expected at most 365,000 days"):
        parse_duration(text)


def test_the_longest_duration_before_and_after_now_is_a_date():
    longest, now = parse_duration("365000 d"), datetime.now(UTC)
    assert now - longest < now < now + longest


@given(st.integers(0, 10**6), st.sampled_from([("s", 1), ("min", 60), ("h", 3600)]), st.text(" ", max_size=2))
def test_every_whole_number_of_a_unit_is_read_exactly(number: int, unit: tuple[str, int], space: str):
    name, seconds = unit
    assert parse_duration(f"{number}{space}{name}") == timedelta(seconds=number * seconds)


@given(st.text())
def test_no_text_does_anything_but_parse_or_be_refused(text: str):
    try:
        assert parse_duration(text) >= timedelta(0)
    except ValueError as error:
        assert str(error).startswith(("is not a duration", "is too long"))  # noqa: PT017 - both ways out are allowed
