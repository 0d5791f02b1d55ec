"""A plot of series over time: lines, the limit, gaps shaded, failures marked.

Belongs here: drawing one. Not here: what is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from markupsafe import Markup, escape

from maxbooster_ops.readiness.report.plots.axis import Scale, scale_of, time_ticks
from maxbooster_ops.readiness.report.plots.points import Known, Point, Span, thinned, unbroken
from maxbooster_ops.readiness.report.wording import number

WIDTH, HEIGHT = 420, 190
"""In the SVG's own units. Small, so that its 11-unit letters can still be read on a phone of 360 pixels."""

_LEFT, _RIGHT, _TOP, _BOTTOM = 50, 8, 10, 22
_INNER_WIDTH, _INNER_HEIGHT = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
_GROUND = HEIGHT - _BOTTOM
_STYLES = ("line-a", "line-b")

_LIMIT_IN_SIGHT = 2.5
"""A limit up to so many times the greatest value is shown; a farther one would press the curve to the ground."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One series of a plot."""

    label: str
    points: Sequence[Point]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimePlot:
    """What is to be drawn from `start` to `end`: at most two lines, the first one below the second."""

    title: str
    unit: str
    start: datetime
    end: datetime
    lines: Sequence[Line]
    limit: float | None = None
    gaps: Sequence[Span] = ()
    failures: Sequence[datetime] = ()

    @property
    def values(self) -> list[float]:
        """All values that are known."""
        return [value for line in self.lines for run in unbroken(line.points) for _, value in run]

    @property
    def limit_is_drawn(self) -> bool:
        """Whether the limit lies near enough to the values to be drawn; everybody expects 0 to 100 of percent."""
        if self.limit is None:
            return False
        return self.unit == "%" or self.limit <= _LIMIT_IN_SIGHT * max(self.values, default=0.0)


def draw(plot: TimePlot) -> Markup | None:
    """Draw a plot as SVG; None where nothing is known of any line."""
    values = plot.values
    if not values:
        return None
    if plot.end <= plot.start:
        plot = _widened(plot)
    canvas = _Canvas(plot, scale_of(values, limit=plot.limit if plot.limit_is_drawn else None))
    parts = [*canvas.gaps(), *canvas.value_axis(), *canvas.time_axis(), *canvas.limit(), *canvas.lines()]
    label = escape(f"{plot.title}, {number(min(values))} to {number(max(values))} {plot.unit}".rstrip())
    drawn = "".join([*parts, *canvas.failures()])
    return Markup(f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{drawn}</svg>')  # noqa: S704 -- of numbers and what was escaped


class _Canvas:
    def __init__(self, plot: TimePlot, scale: Scale) -> None:
        self._plot = plot
        self._scale = scale
        self._seconds = (plot.end - plot.start).total_seconds()

    def gaps(self) -> list[str]:
        spans = [(self._x(start), self._x(end)) for start, end in self._plot.gaps]
        return [
            f'<rect class="gap" x="{left:.1f}" y="{_TOP}" width="{max(right - left, 1):.1f}" height="{_INNER_HEIGHT}"/>'
            for left, right in spans
        ]

    def value_axis(self) -> list[str]:
        drawn = []
        for tick in self._scale.ticks:
            y = self._y(tick)
            drawn.append(f'<path class="grid" d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}"/>')
            drawn.append(f'<text class="tick" x="{_LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{number(tick)}</text>')
        return drawn

    def time_axis(self) -> list[str]:
        drawn = [f'<path class="axis" d="M{_LEFT} {_GROUND}H{WIDTH - _RIGHT}"/>']
        for at, label in time_ticks(self._plot.start, self._plot.end):
            x = self._x(at)
            near_left, near_right = x < _LEFT + 14, x > WIDTH - _RIGHT - 18
            anchor = "start" if near_left else "end" if near_right else "middle"
            drawn.append(f'<path class="axis" d="M{x:.1f} {_GROUND}v4"/>')
            drawn.append(f'<text class="tick" x="{x:.1f}" y="{HEIGHT - 5}" text-anchor="{anchor}">{label}</text>')
        return drawn

    def limit(self) -> list[str]:
        if self._plot.limit is None or not self._plot.limit_is_drawn:
            return []
        y = self._y(self._plot.limit)
        text_y = y + 12 if y < _TOP + 14 else y - 4
        line = f'<path class="limit" d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}"/>'
        label = f"limit {number(self._plot.limit)}"
        x = WIDTH - _RIGHT - 2
        return [line, f'<text class="limit-label" x="{x}" y="{text_y:.1f}" text-anchor="end">{label}</text>']

    def lines(self) -> list[str]:
        span = (self._plot.start, self._plot.end)
        drawn = []
        for style, line in zip(_STYLES, self._plot.lines, strict=False):
            runs = unbroken(line.points, self._plot.gaps)
            path = "".join(self._path(thinned(run, span, _INNER_WIDTH)) for run in runs if len(run) > 1)
            dots = "".join(f"{self._path(run)}h0" for run in runs if len(run) == 1)
            drawn += [f'<path class="{style}" d="{path}"/>'] if path else []
            # A point alone is drawn by the round ends of a line without length.
            drawn += [f'<path class="{style} dots" d="{dots}"/>'] if dots else []
        return drawn

    def failures(self) -> list[str]:
        places = sorted({round(self._x(at)) for at in self._plot.failures})
        path = "".join(f"M{x} {_GROUND}l-3.5 -8h7z" for x in places)
        return [f'<path class="failure" d="{path}"/>'] if path else []

    def _path(self, run: Sequence[Known]) -> str:
        places = [f"{self._x(at):.1f} {self._y(value):.1f}" for at, value in run]
        return f"M{'L'.join(places)}"

    def _x(self, at: datetime) -> float:
        share = (at - self._plot.start).total_seconds() / self._seconds
        return _LEFT + _INNER_WIDTH * min(1.0, max(0.0, share))

    def _y(self, value: float) -> float:
        return _GROUND - _INNER_HEIGHT * self._scale.share(value)


def _widened(plot: TimePlot) -> TimePlot:
    """Give a plot of one moment a minute on either side."""
    minute = timedelta(minutes=1)
    return replace(plot, start=plot.end - minute, end=plot.end + minute)
