"""Promtool's notation for the values of a series, as scenario files use it: `0+10x5 _ 3x4`.

Belongs here: reading it. Not here: what the values are for (`scenario.py`).
"""

from __future__ import annotations

import re

_DIGITS = r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_REPEATED = re.compile(rf"(?P<first>[+-]?{_DIGITS})(?:(?P<step>[+-]{_DIGITS})?x(?P<times>\d+))?")
_GAP = re.compile(r"_(?:x(?P<times>\d+))?")

MOST_VALUES = 100_000
"""More is a slip of the pen: at 30 s it is a month."""


def expand(notation: str) -> tuple[float | None, ...]:
    """Give one value per interval, None where there is no sample.

    `5` is one sample and `5x3` four of them (the first and three more), `0+10x3` is 0 10 20 30, `_` is a gap of one
    interval and `_x3` of three. Raises ValueError that quotes what is none of these.
    """
    values: list[float | None] = []
    for written in notation.split():
        values += _item(written)
        if len(values) > MOST_VALUES:
            raise ValueError(f"makes more than {MOST_VALUES:,} values at `{written}`. Expected fewer")
    return tuple(values)


def _item(written: str) -> list[float | None]:
    if gap := _GAP.fullmatch(written):
        return [None] * _times(gap["times"] or "1")
    found = _REPEATED.fullmatch(written)
    if not found:
        raise ValueError(
            f"holds `{written}`, which is no value. Expected a number, repeats such as `5x3`, steps such as `0+10x5`, "
            "or `_` for no sample"
        )
    first, step = float(found["first"]), float(found["step"] or 0)
    return [first + step * number for number in range(_times(found["times"] or "0") + 1)]


def _times(digits: str) -> int:
    """Read how often, cut short just beyond what is allowed."""
    return min(int(digits[:9]), MOST_VALUES + 1)
