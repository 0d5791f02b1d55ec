"""Burn rates: how many times faster than allowed a budget is spent, and when that is worth waking somebody.

Belongs here: the arithmetic, the pairs of spans, the guard against too little evidence. Not here: budgets
(`budget.py`), alerts (the rules `slo_fast_burn` and `slo_slow_burn`).

A burn rate of 1 spends the budget of 30 days in 30 days; 14.4 spends 2 % of it in one hour. A pair speaks only when its
long span says that it matters and its short span that it still goes on: the method of the Site Reliability Workbook,
chapter 5, whose four pairs these are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from maxbooster_ops.slo.ledger import NEAR, Ledger

SPANS: Mapping[str, timedelta] = {
    "5m": timedelta(minutes=5),
    "30m": timedelta(minutes=30),
    "1h": timedelta(hours=1),
    "2h": timedelta(hours=2),
    "6h": timedelta(hours=6),
    "1d": timedelta(days=1),
    "3d": timedelta(days=3),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A limit, and the two spans over both of which it must be passed."""

    limit: float
    long: str
    short: str


FAST = (Pair(limit=14.4, long="1h", short="5m"), Pair(limit=6, long="6h", short="30m"))
"""They speak once 2 and 5 % of the budget are gone: somebody must look now."""

SLOW = (Pair(limit=3, long="1d", short="2h"), Pair(limit=1, long="3d", short="6h"))
"""They speak once 10 % are gone: somebody must look during the day."""

_ROUNDING = 1e-9
"""Evidence is a difference of sums, which may lack the last bits."""


def burn_rate(bad_share: float | None, target: float) -> float | None:
    """Give the share of bad events in multiples of the share that is allowed; None where nothing was seen."""
    return None if bad_share is None else bad_share / (1 - target)


def burn_rates(ledger: Ledger, target: float, until: datetime) -> dict[str, float | None]:
    """Give the burn rate over every span up to `until`.

    Where nothing was seen within the shortest span, the newest events of the last 15 minutes speak: a monitor may be
    asked every ten.
    """
    newest = ledger.newest(until)
    near = newest if newest and until - newest < NEAR else until
    return {
        name: burn_rate(ledger.over(span, near if span < NEAR else until).bad_share, target)
        for name, span in SPANS.items()
    }


def judge(pairs: Iterable[Pair], ledger: Ledger, rates: Mapping[str, float | None], until: datetime) -> float | None:
    """Give the burn rate in multiples of the limit, by the pair farthest beyond its own; above 1 people are told.

    What of the long span was not seen has spent nothing, so that a first bad hour is not taken for three bad days. 0
    for a pair without enough evidence within its short span (15 minutes at least, or a monitor would never show two bad
    probes). None where a short span saw nothing: no data neither fires nor resolves.
    """
    worst = 0.0
    for pair in pairs:
        long, short = rates[pair.long], rates[pair.short]
        if long is None or short is None:
            return None
        if ledger.over(max(SPANS[pair.short], NEAR), until).evidence >= 1 - _ROUNDING:
            seen = ledger.over(SPANS[pair.long], until).seen / SPANS[pair.long]
            worst = max(worst, min(long * seen, short) / pair.limit)
    return worst
