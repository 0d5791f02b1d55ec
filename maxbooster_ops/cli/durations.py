"""Durations as people type them: `250ms`, `30 s`, `5m`, `24h`.

Belongs here: parsing them for options. Not here: printing (`output.py`).
"""

from __future__ import annotations

import re
from datetime import timedelta

import typer

_UNITS = {"ms": 0.001, "s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*")


def duration(text: str) -> timedelta:
    """Read a duration; a bare number is seconds. Raises typer's error that shows the accepted forms."""
    match = _DURATION.fullmatch(text.lower())
    if not match or (match[2] or "s") not in _UNITS:
        raise typer.BadParameter(f"{text!r} is no duration; give a number with a unit, such as 250ms, 30s, 5m or 24h")
    return timedelta(seconds=float(match[1]) * _UNITS[match[2] or "s"])
