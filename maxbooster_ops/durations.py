"""Durations as people write them, in files and on the command line: `250ms`, `30 s`, `5 min`, `5m`, `24h`.

Belongs here: reading one. Not here: bounds, which differ from use to use, and printing.
"""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), timedelta(milliseconds=1)),
    **dict.fromkeys(("s", "sec", "second", "seconds"), timedelta(seconds=1)),
    **dict.fromkeys(("m", "min", "minute", "minutes"), timedelta(minutes=1)),
    **dict.fromkeys(("h", "hour", "hours"), timedelta(hours=1)),
    **dict.fromkeys(("d", "day", "days"), timedelta(days=1)),
}
_DURATION = re.compile(r"\s*(\d{1,9}(?:\.\d{1,9})?)\s*([a-z]+)\s*", re.ASCII)


def parse_duration(text: object) -> timedelta:
    """Read a number with its unit; a number without one is refused. Raises ValueError that shows accepted forms."""
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None or match[2] not in _UNITS:
        raise ValueError("is not a duration. Expected a number with a unit, such as `5 min` or `30 s`")
    return float(match[1]) * _UNITS[match[2]]
