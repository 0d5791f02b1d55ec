"""How a report says numbers, moments, durations and text that came from outside.

Belongs here: words, for people. Not here: markup; every text from here is plain, and templates escape it.
"""

from __future__ import annotations

import math
import unicodedata
from datetime import UTC, datetime, timedelta

from maxbooster_ops.errors import redact

NOTHING = "–"
"""Stands where nothing was measured, which is never zero."""

_CUT_AT = 500
"""Characters of a text from outside that a person is shown; the JSON has all."""

_DIGITS, _MOST_DIGITS = 3, 12

_NOISE = 1e-9
"""What arithmetic leaves of zero; nothing that is measured is so small."""

_UNSEEN = {"Cc", "Cf", "Co", "Cs"}
"""Unicode's categories of what is not seen or changes what is seen: control, direction, private use, half a pair."""


def number(value: float | None, *, beside: float | None = None) -> str:
    """Write a figure with as many digits as count: `0.42`, `12.34`, `1,234`.

    It never reads as if it were on the other side of `beside`, the limit that it is held against: 99.88 of 99.9 stays
    99.88.
    """
    if value is None or not math.isfinite(value):
        return NOTHING
    if beside is None and abs(value) < _NOISE:
        return "0"
    whole = len(str(int(abs(value))))
    for digits in range(max(whole, _DIGITS + (whole > 1)), _MOST_DIGITS):
        rounded = float(f"{value:.{digits}g}")
        if beside is None or _side(rounded, beside) == _side(value, beside):
            break
    else:
        rounded = value
    return f"{0 if rounded == 0 else rounded:,.12g}"


def quantity(value: float | None, unit: str, *, beside: float | None = None) -> str:
    """Write a figure with its unit, which may come from outside."""
    text = number(value, beside=beside)
    return text if text == NOTHING or not unit else f"{text} {outside(unit)}"


def change(value: float | None, unit: str = "") -> str:
    """Write a difference with its sign, also where it is none: `+12.3 MB`, `0 ms`."""
    text = quantity(value, unit)
    return f"+{text}" if value is not None and value > 0 and text != NOTHING else text


def moment(at: datetime | None) -> str:
    """Write a moment in UTC to the second."""
    return NOTHING if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def clock(at: datetime | None) -> str:
    """Write a moment in UTC without its year, where the reader knows both: `11-21 14:25:00`."""
    return NOTHING if at is None else f"{at.astimezone(UTC):%m-%d %H:%M:%S}"


def span(length: timedelta) -> str:
    """Write a length of time in its two largest units: `24 h`, `1 h 30 min`, `2 min 5 s`, `250 ms`."""
    seconds = length.total_seconds()
    if 0 < seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    whole = round(seconds)
    if whole >= 3600:  # noqa: PLR2004 -- an hour
        return _two(divmod(round(whole / 60), 60), "h", "min")
    return _two(divmod(whole, 60), "min", "s")


def outside(text: str) -> str:
    """Make a text from outside fit to be shown: one line, nothing unseen, no credentials, not endless."""
    seen = "".join(" " if letter in "\n\r\t" else letter for letter in text)
    seen = "".join("\ufffd" if unicodedata.category(letter) in _UNSEEN else letter for letter in seen)
    line = redact(" ".join(seen.split()))
    return line if len(line) <= _CUT_AT else line[: _CUT_AT - 1] + "…"


def counted(count: int, one: str, many: str | None = None) -> str:
    """Write a number of things: `1 check`, `1,200 checks`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _side(value: float, limit: float) -> int:
    return (value > limit) - (value < limit)


def _two(parts: tuple[int, int], large: str, small: str) -> str:
    first, second = parts
    if not first:
        return f"{second} {small}"
    return f"{first} {large} {second} {small}" if second else f"{first} {large}"
