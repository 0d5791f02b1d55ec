"""What one kind of evidence contributes to the verdict.

Belongs here: its shape, and short words to make reasons. Not here: any threshold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from maxbooster_ops.readiness.burn_in.judgement import Drift, Figure, Reason, Weight


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Reasons, lines of the table of figures, and lines of the table of trends; each may be empty."""

    reasons: Sequence[Reason] = ()
    figures: Sequence[Figure] = ()
    drifts: Sequence[Drift] = ()


def fails(kind: str, text: str) -> Reason:
    """Make a reason that alone makes the verdict FAIL."""
    return Reason(weight=Weight.FAILS, kind=kind, text=text)


def conditional(kind: str, text: str) -> Reason:
    """Make a reason that leaves no more than a CONDITIONAL PASS."""
    return Reason(weight=Weight.CONDITIONAL, kind=kind, text=text)


def note(kind: str, text: str) -> Reason:
    """Make a remark that changes nothing."""
    return Reason(weight=Weight.NOTE, kind=kind, text=text)


def measured(name: str, value: float | None, unit: str) -> Figure:
    """Make a line about which nothing is promised."""
    return Figure(name=name, value=value, limit=None, unit=unit, ok=None)


def below(name: str, value: float | None, limit: float, unit: str) -> Figure:
    """Make a line whose value must stay below its limit."""
    return Figure(name=name, value=value, limit=limit, unit=unit, ok=None if value is None else value < limit)


def at_least(name: str, value: float | None, limit: float, unit: str) -> Figure:
    """Make a line whose value must reach its limit."""
    return Figure(name=name, value=value, limit=limit, unit=unit, ok=None if value is None else value >= limit)
