"""Durations as people write them, in files and on the command line: `250ms`, `30 s`, `5 min`, `5m`, `24h`, `2h 30m`.

Belongs here: reading one, alone or as a field. Not here: the bounds of any one use, and printing.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from maxbooster_ops.errors import UsageError

_UNITS = {
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), timedelta(milliseconds=1)),
    **dict.fromkeys(("s", "sec", "second", "seconds"), timedelta(seconds=1)),
    **dict.fromkeys(("m", "min", "minute", "minutes"), timedelta(minutes=1)),
    **dict.fromkeys(("h", "hour", "hours"), timedelta(hours=1)),
    **dict.fromkeys(("d", "day", "days"), timedelta(days=1)),
}
_PART = re.compile(r"\s*(\d{1,9}(?:\.\d{1,9})?)\s*([a-z]+)\s*", re.ASCII)
_DURATION = re.compile(rf"(?:{_PART.pattern})+", re.ASCII)

_LONGEST = timedelta(days=365_000)
"""A thousand years: before and after now, so much still is a date."""


def parse_duration(text: object) -> timedelta:
    """Read a number with its unit, or several; a number without one is refused.

    Raises ValueError that shows accepted forms; its message goes on after the text that was found.
    """
    parts = _PART.findall(text) if isinstance(text, str) and _DURATION.fullmatch(text) else []
    if not parts or not all(unit in _UNITS for _, unit in parts):
        raise ValueError("is not a duration. Expected a number with a unit, such as `5 min` or `30 s`")
    try:
        length = sum((float(number) * _UNITS[unit] for number, unit in parts), timedelta())
    except OverflowError:
        length = timedelta.max
    if length > _LONGEST:
        raise ValueError(f"is too long. Expected at most {_LONGEST.days:,} days")
    return length


def duration_of(name: str, text: str) -> timedelta:
    """Read what was given as `name`, an option such as `--last` or a field; raises `UsageError` that shows both."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"{name}: `{text}` {error}.") from error


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
"""A field of a file that a person writes, as pydantic reads it."""


def within(shortest: timedelta, longest: timedelta) -> AfterValidator:
    """Bound such a field; both bounds are allowed."""

    def check(duration: timedelta) -> timedelta:
        if shortest <= duration <= longest:
            return duration
        raise ValueError(f"is out of bounds. Expected {shortest} to {longest} (hours:minutes:seconds)")

    return AfterValidator(check)
