"""The tables of a burn-in's report, cell by cell.

Belongs here: what stands in which column, and how many rows a person is shown. Not here: markup.
"""

from __future__ import annotations

from collections.abc import Sequence

from maxbooster_ops.readiness.burn_in.judgement import Drift, Figure, Gap
from maxbooster_ops.readiness.burn_in.report.comparing import Change
from maxbooster_ops.readiness.burn_in.report.failures import FailureRun
from maxbooster_ops.readiness.report.table import Row, Table, Tone
from maxbooster_ops.readiness.report.wording import NOTHING, change, clock, counted, number, outside, quantity, span

_MOST_ROWS = 40
"""More failures or gaps than that are a pattern, which the strips show better."""

_KEPT = {True: ("✓ kept", Tone.GOOD), False: ("✗ not kept", Tone.BAD), None: (NOTHING, Tone.NEUTRAL)}


def figures(listed: Sequence[Figure]) -> Table:
    """Tell what was measured against what was promised."""
    rows = [
        Row(
            cells=(
                outside(figure.name),
                quantity(figure.value, figure.unit, beside=figure.limit),
                _promise(figure),
                _KEPT[figure.ok][0],
            ),
            tone=_KEPT[figure.ok][1],
        )
        for figure in listed
    ]
    return Table(columns=("figure", "measured", "promised", "kept"), rows=rows, numeric=frozenset({1, 2}))


def trends(drifts: Sequence[Drift]) -> Table:
    """Tell where each series went."""
    rows = [
        Row(
            cells=(
                outside(drift.name),
                quantity(drift.first, drift.unit),
                quantity(drift.last, drift.unit),
                change(drift.slope_per_hour, f"{drift.unit}/h"),
                _interval(drift),
                outside(drift.verdict),
            )
        )
        for drift in drifts
    ]
    columns = ("series", "first", "last", "per hour", "95 % interval", "verdict")
    return Table(columns=columns, rows=rows, numeric=frozenset({1, 2, 3, 4}))


def failures(runs: Sequence[FailureRun]) -> Table:
    """Tell each run of failed checks once: from, to, what; the longest ones where there are too many."""
    longest = sorted(runs, key=lambda run: -run.checks)[:_MOST_ROWS]
    rows = [
        Row(
            cells=(
                clock(run.start),
                clock(run.end) if run.checks > 1 else NOTHING,
                f"{run.checks:,}",
                ", ".join(f"{part} ×{count:,}" if count > 1 else part for part, count in run.parts.items()) or NOTHING,
                _problems(run),
            )
        )
        for run in sorted(longest, key=lambda run: run.start)
    ]
    columns = ("from, UTC", "to", "checks", "what", "problems")
    return Table(columns=columns, rows=rows, numeric=frozenset({2}), beyond=len(runs[_MOST_ROWS:]))


def gaps(listed: Sequence[Gap]) -> Table:
    """List each time without checks."""
    rows = [
        Row(cells=(clock(gap.start), clock(gap.end), span(gap.end - gap.start), f"{gap.missed:,}"))
        for gap in listed[:_MOST_ROWS]
    ]
    columns = ("from, UTC", "to", "length", "missed checks")
    return Table(columns=columns, rows=rows, numeric=frozenset({2, 3}), beyond=len(listed[_MOST_ROWS:]))


def comparison(changes: Sequence[Change]) -> Table:
    """Put each figure before beside the same now."""
    rows = [
        Row(
            cells=(
                outside(row.name),
                quantity(row.before, row.unit),
                quantity(row.now, row.unit),
                _difference(row),
            )
        )
        for row in changes
    ]
    return Table(columns=("figure", "before", "now", "change"), rows=rows, numeric=frozenset({1, 2, 3}))


def _promise(figure: Figure) -> str:
    if figure.limit is None:
        return NOTHING
    limit = quantity(figure.limit, figure.unit)
    if figure.value is None or figure.ok is None:
        return limit
    # Which way a promise goes follows from a value and whether it keeps it.
    return f"at least {limit}" if (figure.value >= figure.limit) == figure.ok else f"below {limit}"


def _interval(drift: Drift) -> str:
    if drift.slope_low is None or drift.slope_high is None:
        return NOTHING
    return f"{number(drift.slope_low)} to {number(drift.slope_high)}"


def _problems(run: FailureRun) -> str:
    said = " · ".join(outside(problem) for problem in run.problems) or NOTHING
    return f"{said} · and {counted(run.more, 'other')}" if run.more else said


def _difference(row: Change) -> str:
    if row.difference is None:
        return NOTHING
    percent = f" ({change(row.percent)} %)" if row.percent and row.unit != "%" else ""
    return f"{change(row.difference, row.unit)}{percent}"
