"""Keeping the windows of the objectives up to date: what has ended since the last time, judged and stored.

Belongs here: reading, judging and writing, in that order. Not here: counting (`counting.py`), arithmetic
(`burn_rate.py`, `budget.py`).

A window ends at minute 4 and 9 of every ten, one minute before the run that computes it: by then answers of slow probes
and jobs that the next beat saw are in. It is computed once. What our own downtime left unseen has no window.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import compress
from typing import Any

from maxbooster_ops.slo.budget import BUDGET_PERIOD, Budget, spent
from maxbooster_ops.slo.burn_rate import FAST, SLOW, burn_rates, judge
from maxbooster_ops.slo.counting import QUERIES, Count, count_all
from maxbooster_ops.slo.ledger import WINDOW, Ledger
from maxbooster_ops.slo.maintenance import Maintenance, in_maintenance
from maxbooster_ops.slo.objective import Objective
from maxbooster_ops.store.findings import SloWindow
from maxbooster_ops.store.lake import Lake, LakeTransaction
from maxbooster_ops.store.opening import Store
from maxbooster_ops.store.progress import Progress, note_progress, progress_of
from maxbooster_ops.store.state import State

WORK = "slo_windows"

SETTLED = timedelta(minutes=1)
"""How old a window must be: so late comes the answer of a slow probe, or the beat that saw a job finish."""

_AT_ONCE = timedelta(days=1)
"""The most that one run catches up with; the next goes on."""

_USUAL = timedelta(hours=1)
"""Over how long the traffic of a window is taken as usual."""

_ORIGIN = datetime(2020, 1, 1, 0, 4, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an objective stands at `until`; rates and budget are None where nothing was seen."""

    rates: Mapping[str, float | None]
    fast_burn: float | None
    slow_burn: float | None
    budget: Budget
    good_share: float | None
    seen: timedelta


def stand(ledger: Ledger, target: float, until: datetime) -> Standing:
    """Judge an objective by its windows up to `until`."""
    rates = burn_rates(ledger, target, until)
    month = ledger.over(BUDGET_PERIOD, until)
    share = month.bad_share
    return Standing(
        rates=rates,
        fast_burn=judge(FAST, ledger, rates, until),
        slow_burn=judge(SLOW, ledger, rates, until),
        budget=spent(target, bad_share=share, seen=month.seen),
        good_share=None if share is None else 1 - share,
        seen=month.seen,
    )


def read_ledgers(
    lake: Lake, until: datetime, planned: Sequence[Maintenance], *, span: timedelta = BUDGET_PERIOD
) -> dict[tuple[str, str], Ledger]:
    """Read the windows of the last `span` by service and objective.

    What is `planned` counts even where it was written down afterwards.
    """
    table = lake.columns(QUERIES["history"], {"after": until - span, "until": until})
    return {(row["service"], row["objective"]): _ledger(row, planned) for row in table.to_pylist()}


def _ledger(row: Mapping[str, Any], planned: Sequence[Maintenance]) -> Ledger:
    columns = [row["ends"], row["weights"], row["bad_shares"], row["evidences"]]
    mine = [one for one in planned if one.services is None or row["service"] in one.services]
    if mine:
        ends = [datetime.fromtimestamp(seconds, UTC) for seconds in row["ends"]]
        counts = [not in_maintenance(mine, row["service"], moment - WINDOW, moment) for moment in ends]
        columns = [list(compress(column, counts)) for column in columns]
    return Ledger.of(*columns)


def keep_windows(
    store: Store, objectives: Sequence[Objective], planned: Sequence[Maintenance], *, now: datetime
) -> list[SloWindow]:
    """Compute and store the windows that have ended since the last time, at most those of a day; give the new ones."""
    due = _due(store, now)
    if due is None:
        return []
    start, until = due
    ledgers = read_ledgers(store.lake, start, planned)
    windows: list[SloWindow] = []
    for objective, counts in count_all(store.lake, objectives, start, until):
        windows += _windows(objective, counts, ledgers.get(objective.key, Ledger()), planned, (start, until, now))
    written = store.lake.write(lambda transaction: _write(transaction, windows, start, until))
    note_progress(store.state, WORK, Progress(ts=until))
    return written


def since(state: State, now: datetime) -> datetime:
    """Give the beginning of the oldest window that the next run may compute."""
    return _done(state, now) or now - BUDGET_PERIOD


def _done(state: State, now: datetime) -> datetime | None:
    """Give up to where windows were computed; None where none was.

    A mark ahead of the clock was left while that was wrong, and would stop everything until then: the last day is
    looked at again.
    """
    done = progress_of(state, WORK)
    if done is None:
        return None
    return done.ts if done.ts <= now else _last_end(now) - _AT_ONCE


def _last_end(now: datetime) -> datetime:
    return _ORIGIN + (now - SETTLED - _ORIGIN) // WINDOW * WINDOW


def _due(store: Store, now: datetime) -> tuple[datetime, datetime] | None:
    """Give where the first due window begins and where the last one ends; None where none is due."""
    until = _last_end(now)
    after = _done(store.state, now) or until - BUDGET_PERIOD
    (first,) = store.lake.query(QUERIES["first_beat"], {"after": after, "until": until})
    if first["ts"] is None:
        return None
    before_first = -((_ORIGIN - first["ts"]) // WINDOW) - 1  # a window has its end, not its beginning
    start = max(after, _ORIGIN + before_first * WINDOW)
    return start, min(until, start + _AT_ONCE)


def _windows(
    objective: Objective,
    counts: Mapping[datetime, Count],
    ledger: Ledger,
    planned: Sequence[Maintenance],
    times: tuple[datetime, datetime, datetime],
) -> list[SloWindow]:
    """Give the windows from `start` to `until` as they are known `now`; each enters the ledger before it is judged."""
    start, until, now = times
    windows = []
    for number in range(1, (until - start) // WINDOW + 1):
        ends = start + number * WINDOW
        excused = in_maintenance(planned, objective.service, ends - WINDOW, ends)
        count = counts.get(ends)
        weight = _weight(count, ledger, ends) if count else None
        if count and weight and not excused:
            ledger.add(ends, weight=weight, bad_share=count.bad_share, evidence=count.evidence)
        standing = stand(ledger, objective.target, ends)
        windows.append(_row(objective, standing, ends=ends, count=count, weight=weight, excused=excused, now=now))
    return windows


def _weight(count: Count, ledger: Ledger, ends: datetime) -> float:
    """Give how many events a window stands for.

    While the first indicator sees nothing, as when the platform is down, the requests of the users are not counted but
    lost. Then a few probes speak for as many events as are usual, or they would weigh nothing beside thousands.
    """
    usual = ledger.over(_USUAL, ends)
    if count.is_first or not usual.windows:
        return count.total
    return max(count.total, usual.weight / usual.windows)


def _row(  # noqa: PLR0913 -- a row has many columns
    objective: Objective,
    standing: Standing,
    *,
    ends: datetime,
    count: Count | None,
    weight: float | None,
    excused: bool,
    now: datetime,
) -> SloWindow:
    return SloWindow(
        ts=ends,
        known_at=now,
        service=objective.service,
        objective=objective.promise.value,
        target=objective.target,
        indicator=str(count.indicator) if count else None,
        total=count.total if count else None,
        bad=count.bad if count else None,
        weight=weight,
        evidence=count.evidence if count else None,
        in_maintenance=excused,
        **{f"burn_rate_{span}": rate for span, rate in standing.rates.items()},
        fast_burn=standing.fast_burn,
        slow_burn=standing.slow_burn,
        budget_minutes=standing.budget.minutes,
        spent_minutes=standing.budget.spent_minutes,
    )


def _write(
    transaction: LakeTransaction, windows: Sequence[SloWindow], start: datetime, until: datetime
) -> list[SloWindow]:
    """Write the windows that are not there yet: a run that died after its write had not noted its progress.

    One that is there and saw nothing, since it was computed before its time by a clock that was ahead, gives way.
    """
    bounds = {"from": start, "until": until}
    rows = transaction.connection.execute(QUERIES["stored"], bounds).fetchall()
    stored = {(ts, service, objective): is_empty for ts, service, objective, is_empty in rows}
    if any(window.total is not None and stored.get(_key(window)) for window in windows):
        transaction.connection.execute(QUERIES["remove_empty"], bounds)
        stored = {key: is_empty for key, is_empty in stored.items() if not is_empty}
    fresh = [window for window in windows if _key(window) not in stored]
    if fresh:
        transaction.insert(fresh, batch_id=f"slo-{fresh[0].ts:%Y%m%dT%H%M}-{fresh[-1].ts:%Y%m%dT%H%M}")
    return fresh


def _key(window: SloWindow) -> tuple[datetime, str, str]:
    return window.ts, window.service, window.objective
