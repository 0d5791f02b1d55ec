"""Which series of a burn-in get a plot, and the strips of how each part was found.

Belongs here: that choice; another plot is one line. Not here: drawing (`readiness/report/plots/`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter

from markupsafe import Markup

from maxbooster_ops.readiness.burn_in.part_names import PARTS
from maxbooster_ops.readiness.burn_in.plan import Plan, Thresholds
from maxbooster_ops.readiness.burn_in.report.failures import worst_of
from maxbooster_ops.readiness.report.plots.points import Span, unbroken
from maxbooster_ops.readiness.report.plots.strip import cells_of, strip
from maxbooster_ops.readiness.report.plots.time_plot import Line, TimePlot, draw
from maxbooster_ops.readiness.report.wording import clock, quantity
from maxbooster_ops.store.findings import BurnInCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A series to plot: fields of the checks by what they are called, and the limit that holds for it, if any."""

    title: str
    unit: str
    fields: Sequence[tuple[str, str]]
    limit: Callable[[Thresholds], float] | None = None


SHOWN = (
    Shown(
        title="Memory of the platform",
        unit="MB",
        fields=[("at the check", "memory_mb"), ("least since the check before", "memory_low_mb")],
    ),
    Shown(
        title="Redis latency",
        unit="ms",
        fields=[("PING", "redis_latency_ms")],
        limit=lambda thresholds: thresholds.redis_latency_ms,
    ),
    Shown(title="Waiting jobs", unit="", fields=[("waiting", "waiting"), ("active", "active")]),
    Shown(
        title="AI model cache utilization",
        unit="%",
        fields=[("fullest cache", "cache_utilization_percent")],
        limit=lambda thresholds: thresholds.cache_utilization_percent,
    ),
    Shown(title="Health endpoint", unit="ms", fields=[("answer", "health_latency_ms")]),
    Shown(title="Database connections in use", unit="%", fields=[("of the pool", "pool_utilization_percent")]),
    Shown(title="Requests, 95th percentile", unit="ms", fields=[("p95", "request_ms_p95")]),
    Shown(title="Jobs failed since the check before", unit="", fields=[("failed", "failed_delta")]),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnPlot:
    """A plot with its words: what the lines are, and the figures for who cannot see it."""

    title: str
    unit: str
    legend: Sequence[str]
    caption: str
    svg: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnStrip:
    """How one part was found all along."""

    title: str
    counts: str
    svg: Markup


def plots_of(checks: Sequence[BurnInCheck], plan: Plan, span: Span, gaps: Sequence[Span]) -> list[DrawnPlot]:
    """Draw every series of which anything is known."""
    return [drawn for shown in SHOWN if (drawn := _drawn(shown, checks, plan, span, gaps))]


def never_measured(plots: Iterable[DrawnPlot]) -> list[str]:
    """Name the series of which nothing is known, given the `plots` that could be drawn."""
    drawn = {plot.title for plot in plots}
    return [shown.title for shown in SHOWN if shown.title not in drawn]


def strips_of(checks: Sequence[BurnInCheck], plan: Plan, span: Span, gaps: Sequence[Span]) -> list[DrawnStrip]:
    """Draw how checks were found as a whole, then each part that was ever there."""
    whole = [(check.ts, worst_of(check)) for check in checks]
    parts = {title: [(check.ts, getattr(check, part)) for check in checks] for part, title in PARTS.items()}
    # The last check holds for an interval as any other.
    wide = (span[0], max(span[1], checks[-1].ts + plan.interval)) if checks else span
    return [
        DrawnStrip(
            title=title,
            counts=_counts([word for _, word in found]),
            svg=strip(f"{title}: {_counts([word for _, word in found])}", cells_of(found, plan.interval), wide, gaps),
        )
        for title, found in {"check as a whole": whole, **parts}.items()
        if any(word != "missing" for _, word in found)
    ]


def _drawn(
    shown: Shown, checks: Sequence[BurnInCheck], plan: Plan, span: Span, gaps: Sequence[Span]
) -> DrawnPlot | None:
    lines = [
        Line(label=label, points=[(check.ts, getattr(check, field)) for check in checks])
        for label, field in shown.fields
    ]
    plot = TimePlot(
        title=shown.title,
        unit=shown.unit,
        start=span[0],
        end=span[1],
        lines=[line for line in lines if unbroken(line.points)],
        limit=shown.limit(plan.thresholds) if shown.limit else None,
        gaps=gaps,
        failures=[check.ts for check in checks if not check.ok],
    )
    svg = draw(plot)
    if svg is None:
        return None
    return DrawnPlot(
        title=shown.title,
        unit=shown.unit,
        legend=[line.label for line in plot.lines] if len(plot.lines) > 1 else [],
        caption=_caption(plot),
        svg=svg,
    )


def _caption(plot: TimePlot) -> str:
    known = [point for run in unbroken(plot.lines[0].points) for point in run]
    values = [value for _, value in known]
    highest_at, highest = max(known, key=itemgetter(1))
    said = (
        f"first {quantity(values[0], plot.unit)}, last {quantity(values[-1], plot.unit)}, "
        f"lowest {quantity(min(values), plot.unit)}, highest {quantity(highest, plot.unit)} at {clock(highest_at)}"
    )
    if plot.limit is None or plot.limit_is_drawn:
        return said
    return f"{said}; the limit of {quantity(plot.limit, plot.unit)} is above what is shown"


def _counts(found: Sequence[str]) -> str:
    words = ("ok", "warning", "failed", "missing")
    return ", ".join(f"{found.count(word):,} {word}" for word in words if word in found)
