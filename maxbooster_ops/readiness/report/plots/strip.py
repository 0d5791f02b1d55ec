"""A strip that tells how something was found over time: a colour and a height for each word.

Belongs here: drawing one. Not here: what the words mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from markupsafe import Markup, escape

from maxbooster_ops.readiness.report.plots.points import Span

COLUMNS, HEIGHT = 600, 12
HEIGHTS = {"ok": 5, "missing": 2, "warning": 9, "failed": 12}
"""What is worse is taller, so that no one needs colours; where a column holds several, the tallest is shown."""

_GAP = "gap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """How something was found from `start` to `end`: a word of `HEIGHTS`."""

    start: datetime
    end: datetime
    found: str


def cells_of(found: Sequence[tuple[datetime, str]], interval: timedelta) -> list[Cell]:
    """Let each finding hold until the next, though not longer than one and a half intervals."""
    ends = [at for at, _ in found[1:]]
    longest = [at + 1.5 * interval for at, _ in found]
    held = [min(pair) for pair in zip(ends, longest, strict=False)]
    last = [found[-1][0] + interval] if found else []
    return [Cell(start=at, end=end, found=word) for (at, word), end in zip(found, held + last, strict=True)]


def strip(title: str, cells: Iterable[Cell], span: Span, gaps: Sequence[Span] = ()) -> Markup:
    """Draw a strip from the start to the end of `span`; where there is no cell it stays empty, in gaps hatched."""
    start, seconds = span[0], max((span[1] - span[0]).total_seconds(), 1e-3)
    columns: list[str | None] = [None] * COLUMNS
    for begin, end in gaps:
        for column in _columns(begin, end, start, seconds):
            columns[column] = _GAP
    for cell in cells:
        for column in _columns(cell.start, cell.end, start, seconds):
            columns[column] = _worse(columns[column], cell.found)
    paths = dict.fromkeys((*HEIGHTS, _GAP), "")
    at = 0
    for word, run in groupby(columns):
        width = len(list(run))
        if word is not None:
            height = HEIGHTS.get(word, HEIGHT)
            paths[word] += f"M{at} {HEIGHT - height}h{width}v{height}h-{width}z"
        at += width
    drawn = "".join(f'<path class="found-{word}" d="{path}"/>' for word, path in paths.items() if path)
    return Markup(  # noqa: S704 -- of numbers and what was escaped
        f'<svg class="strip" viewBox="0 0 {COLUMNS} {HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(title)}">{drawn}</svg>'
    )


def _columns(begin: datetime, end: datetime, start: datetime, seconds: float) -> range:
    first = int((begin - start).total_seconds() / seconds * COLUMNS)
    last = int((end - start).total_seconds() / seconds * COLUMNS)
    return range(min(max(first, 0), COLUMNS - 1), min(max(last, first + 1, 1), COLUMNS))


def _worse(one: str | None, other: str) -> str:
    if one is None or one == _GAP:
        return other
    return one if HEIGHTS.get(one, HEIGHT) >= HEIGHTS.get(other, HEIGHT) else other
