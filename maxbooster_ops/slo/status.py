"""How every objective stands: for people, and for programs that ask for JSON.

Belongs here: the verdict on an objective. Not here: printing it, or the windows (`windows.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from maxbooster_ops.slo.counting import QUERIES
from maxbooster_ops.slo.ledger import WINDOW, Ledger
from maxbooster_ops.slo.maintenance import Maintenance, in_maintenance
from maxbooster_ops.slo.objective import Objective
from maxbooster_ops.slo.windows import Standing, read_ledgers, stand
from maxbooster_ops.store.lake import Lake

_LOOKED_FOR = timedelta(days=30)


class Verdict(StrEnum):
    """The word for how an objective stands, the worst that holds."""

    OK = "ok"
    SLOW_BURN = "burns slowly"
    EXHAUSTED = "exhausted"
    FAST_BURN = "burns fast"
    NO_DATA = "no data"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One objective at `ts`, the end of the newest window; rates by span, shares 0..1, None where nothing was seen.

    `sli` is the share of good events of the last 30 days, `seen_minutes` how much of them was seen.
    """

    service: str
    objective: str
    promise: str
    verdict: Verdict
    ts: datetime | None
    target: float
    sli: float | None
    budget_minutes: float
    spent_minutes: float | None
    left_minutes: float | None
    seen_minutes: float
    burn_rates: Mapping[str, float | None]
    fast_burn: float | None
    slow_burn: float | None


def judge_objectives(
    lake: Lake, objectives: Sequence[Objective], planned: Sequence[Maintenance], *, now: datetime
) -> list[Status]:
    """Judge every objective by the windows that were computed up to `now`."""
    (newest,) = lake.query(QUERIES["newest"], {"after": now - _LOOKED_FOR, "until": now})
    ts: datetime | None = newest["ts"]
    ledgers = read_ledgers(lake, ts, planned) if ts else {}
    return [_status(objective, ledgers.get(objective.key, Ledger()), planned, ts, now) for objective in objectives]


def verdict_of(standing: Standing, *, excused: bool) -> Verdict:
    """Give the word for a standing; `excused` is one in maintenance.

    A budget that is gone stays so while nothing is seen.
    """
    if excused:
        return Verdict.MAINTENANCE
    if (standing.fast_burn or 0) > 1:
        return Verdict.FAST_BURN
    if standing.budget.is_exhausted:
        return Verdict.EXHAUSTED
    if (standing.slow_burn or 0) > 1:
        return Verdict.SLOW_BURN
    return Verdict.NO_DATA if standing.fast_burn is None else Verdict.OK


def _status(
    objective: Objective, ledger: Ledger, planned: Sequence[Maintenance], ts: datetime | None, now: datetime
) -> Status:
    until = ts or now
    standing = stand(ledger, objective.target, until)
    excused = in_maintenance(planned, objective.service, until - WINDOW, until)
    return Status(
        service=objective.service,
        objective=objective.promise.value,
        promise=objective.words,
        verdict=verdict_of(standing, excused=excused),
        ts=ts,
        target=objective.target,
        sli=standing.good_share,
        budget_minutes=standing.budget.minutes,
        spent_minutes=standing.budget.spent_minutes,
        left_minutes=standing.budget.left_minutes,
        seen_minutes=standing.seen / timedelta(minutes=1),
        burn_rates=standing.rates,
        fast_burn=standing.fast_burn,
        slow_burn=standing.slow_burn,
    )
