"""Durations as people write them in a file: `5 min`, `30 s`.

Belongs here: reading one. Not here: bounds, which differ from use to use.
"""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "second": timedelta(seconds=1),
    "seconds": timedelta(seconds=1),
    "min": timedelta(minutes=1),
    "minute": timedelta(minutes=1),
    "minutes": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "hour": timedelta(hours=1),
    "hours": timedelta(hours=1),
}
_DURATION = re.compile(r"\s*(\d{1,9}(?:\.\d{1,9})?)\s*([a-z]+)\s*", re.ASCII)


def parse_duration(text: object) -> timedelta:
    """Read a number with its unit (`ms`, `s`, `min`, `h`, or the words); a number without one is refused."""
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None or match[2] not in _UNITS:
        raise ValueError("is not a duration. Expected a number with a unit, such as `5 min` or `30 s`")
    return float(match[1]) * _UNITS[match[2]]
