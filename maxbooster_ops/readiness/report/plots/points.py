"""The points of a series, thinned out to what a plot can show.

Belongs here: breaking a series where nothing is known, and thinning that keeps every spike. Not here: drawing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

Point = tuple[datetime, float | None]
Known = tuple[datetime, float]
Span = tuple[datetime, datetime]

_MOST = 1e15
"""Nothing that we measure is larger; a value that is, is a mistake that would hide all others."""


def unbroken(points: Iterable[Point], gaps: Sequence[Span] = ()) -> list[list[Known]]:
    """Divide points into runs without anything unknown between them; NaN, infinities and absurd values are unknown."""
    runs: list[list[Known]] = [[]]
    for at, value in points:
        if value is None or not abs(value) <= _MOST:  # NaN is not
            runs.append([])
            continue
        before = runs[-1][-1][0] if runs[-1] else None
        if before is not None and parted(before, at, gaps):
            runs.append([])
        runs[-1].append((at, value))
    return [run for run in runs if run]


def parted(one: datetime, next_one: datetime, gaps: Sequence[Span]) -> bool:
    """Tell whether a gap takes most of the time from one moment to the next.

    Gaps are from one due time to another, checks are taken a little later: the two may overlap where nothing is amiss.
    """
    overlaps = (min(next_one, end) - max(one, start) for start, end in gaps)
    return any(2 * overlap > next_one - one for overlap in overlaps)


def thinned(run: Sequence[Known], span: Span, columns: int) -> list[Known]:
    """Keep of every column of the plot the least and the greatest value, in the order in which they came."""
    start, length = span[0], (span[1] - span[0]).total_seconds()
    if len(run) <= 2 * columns or length <= 0:
        return list(run)
    kept: list[Known] = []
    for column in _by_column(run, start, length / columns):
        least, greatest = min(column, key=_value), max(column, key=_value)
        kept.extend(sorted({least, greatest}))
    return kept


def _by_column(run: Sequence[Known], start: datetime, seconds: float) -> Iterator[list[Known]]:
    current, column = None, list[Known]()
    for point in run:
        number = int((point[0] - start).total_seconds() / seconds)
        if number != current and column:
            yield column
            column = []
        current = number
        column.append(point)
    if column:
        yield column


def _value(point: Known) -> float:
    return point[1]
