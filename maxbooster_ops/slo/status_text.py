"""How objectives stand, in words, tables and numbers that plot.

Belongs here: the wording. Not here: the verdicts (`status.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from maxbooster_ops.markdown import table
from maxbooster_ops.slo.figures import number, percent
from maxbooster_ops.slo.status import Status, Verdict

LITTLE_LEFT = 0.25
"""The share of a budget below which a person should know before it is gone."""

_PLOTTED = ("1h", "6h", "3d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """What a person should know of a service: whether all is well, and if not, whether it is grave."""

    passed: bool
    is_grave: bool
    words: str


def concern(statuses: Sequence[Status]) -> Concern | None:
    """Judge the objectives of one service together; None where nothing can be said of any."""
    known = [one for one in statuses if one.verdict not in {Verdict.NO_DATA, Verdict.MAINTENANCE}]
    if not known:
        return None
    grave = [one for one in known if one.verdict in {Verdict.FAST_BURN, Verdict.EXHAUSTED}]
    light = [one for one in known if one not in grave and (one.verdict is Verdict.SLOW_BURN or _is_low(one))]
    told = grave or light or known
    return Concern(passed=not (grave or light), is_grave=bool(grave), words="; ".join(map(_words, told)))


def numbers(statuses: Sequence[Status]) -> dict[str, float]:
    """Give what is worth plotting; what is not known has no number."""
    plotted: dict[str, float | None] = {}
    for one in statuses:
        name = f"{one.service.lower()}_{one.objective}"
        plotted[f"{name}_spent_minutes"] = one.spent_minutes
        plotted |= {f"{name}_burn_{span}": one.burn_rates[span] for span in _PLOTTED}
    return {name: round(value, 4) for name, value in plotted.items() if value is not None}


def status_table(statuses: Sequence[Status]) -> str:
    """Give every objective as a row of a Markdown table."""
    columns = ("service", "objective", "promised", "verdict", "good", "spent min", "of min", "5m", "1h", "6h", "3d")
    return table(columns, (_row(one) for one in statuses))


def _row(one: Status) -> tuple[str, ...]:
    rates = (number(one.burn_rates[span], 2) for span in ("5m", "1h", "6h", "3d"))
    spent = number(one.spent_minutes), number(one.budget_minutes)
    return (one.service, one.objective, one.promise, one.verdict.value, percent(one.sli), *spent, *rates)


def _is_low(one: Status) -> bool:
    return one.left_minutes is not None and one.left_minutes < LITTLE_LEFT * one.budget_minutes


def _words(one: Status) -> str:
    left = f"{number(one.left_minutes)} of {number(one.budget_minutes)} min left"
    return f"{one.objective} {one.verdict.value}, {left}"
