"""Rolling up: everything that became due since the last time, or whole days over again.

Belongs here: the order of the steps, and noting how far they have got. Not here: what is due (`planning.py`), or the
arithmetic (`rollups.sql`). Killed at any point, the next run does the rest; what it does twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from maxbooster_ops.analysis.rollups.computing import QUERIES, Exchanged, compute, exchange
from maxbooster_ops.analysis.rollups.planning import STORED_WITHIN, Plan, Reached, plan, recheck_from
from maxbooster_ops.analysis.rollups.windows import DAY, Stretch, Width, half_hour_of, midnight, whole_day
from maxbooster_ops.store.lake import Lake
from maxbooster_ops.store.opening import Store
from maxbooster_ops.store.progress import Progress, note_progress, progress_of
from maxbooster_ops.store.state import State

WORK = "rollups"

_SHORT = (Width.MINUTE, Width.HALF_HOUR)


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledUp:
    """What a run did: rows that it wrote and removed, half hours that were late, and days that are still to do.

    `until` is where the newest window that it looked at ends; `series` are those of its widest stretch.
    """

    until: datetime
    series: int = 0
    written: int = 0
    removed: int = 0
    late_half_hours: int = 0
    days_done: tuple[date, ...] = ()
    days_left: tuple[date, ...] = ()
    longest_lock_seconds: float = 0.0


def roll_up(store: Store, now: datetime) -> RolledUp:
    """Roll up what has ended since the last time, what got late rows, and some of the days that were missed.

    The first time, every day from the first beat on was missed.
    """
    reached = _reached(store, now)
    late = late_half_hours(store.lake, reached.until)
    todo = plan(reached, late, now=now)
    done = [each for stretch in todo.stretches for each in _roll_up_half_hours(store.lake, stretch, now)]
    left = {*todo.days, *todo.days_left}
    _note(store.state, now, left)
    for day in todo.days:
        done.append(_roll_up(store.lake, whole_day(day), Width))
        left.remove(day)
        _note(store.state, now, left)
    return _summary(done, todo, late=len(late), now=now)


def roll_up_day(store: Store, day: date, now: datetime) -> RolledUp:
    """Roll up all windows of `day` that have ended by `now`, whether or not that was done before."""
    until = min(midnight(day) + DAY, half_hour_of(now))
    if until <= midnight(day):
        return RolledUp(until=until)
    is_over = until == midnight(day) + DAY
    exchanged = _roll_up(store.lake, Stretch(start=midnight(day), until=until), Width if is_over else _SHORT)
    reached = _found(store.state)
    if reached and day in reached.days_left:
        _note(store.state, reached.until, reached.days_left - {day})
    todo = Plan(stretches=(Stretch(start=midnight(day), until=until),), days=(day,) if is_over else (), days_left=())
    return _summary([exchanged], todo, late=0, now=until)


def late_half_hours(lake: Lake, until: datetime) -> set[datetime]:
    """Give the half hours, older than what is looked at again anyway, to which rows came since a run at `until`."""
    before = recheck_from(until)
    (newest,) = lake.query(QUERIES["newest_batches"], {"since": before})
    if newest["least"] is None:
        return set()
    rows = lake.query(QUERIES["late_half_hours"], {"since": before, "before": before, "least": newest["least"]})
    return {row["half_hour"] for row in rows}


def _roll_up_half_hours(lake: Lake, stretch: Stretch, now: datetime) -> list[Exchanged]:
    """Roll up a stretch, and the day that it belongs to where that is over and something of it changed."""
    done = [_roll_up(lake, stretch, _SHORT)]
    day = whole_day(stretch.start.date())
    if day.until <= now and (done[0].written or done[0].removed or not _has_day(lake, day)):
        done.append(_roll_up(lake, day, (Width.DAY,)))
    return done


def _roll_up(lake: Lake, stretch: Stretch, widths: Iterable[Width]) -> Exchanged:
    chosen = tuple(widths)
    return exchange(lake, stretch, chosen, series=compute(lake, stretch, chosen))


def _has_day(lake: Lake, day: Stretch) -> bool:
    bounds = {"from": day.start, "until": day.until, "width": Width.DAY.value}
    return bool(lake.query(QUERIES["stored"], bounds)[0]["rows"])


def _reached(store: Store, now: datetime) -> Reached:
    found = _found(store.state)
    if found:
        return found
    (first,) = store.lake.query(QUERIES["first_moment"])
    return Reached(until=first["ts"] + STORED_WITHIN if first["ts"] else now)


def _found(state: State) -> Reached | None:
    found = progress_of(state, WORK)
    days = frozenset(map(date.fromisoformat, found.detail.get("days_left", ()))) if found else frozenset()
    return Reached(until=found.ts, days_left=days) if found else None


def _note(state: State, until: datetime, days_left: Iterable[date]) -> None:
    days = sorted(day.isoformat() for day in days_left)
    note_progress(state, WORK, Progress(ts=until, detail={"days_left": days}))


def _summary(done: Iterable[Exchanged], todo: Plan, *, late: int, now: datetime) -> RolledUp:
    parts = list(done)
    return RolledUp(
        until=half_hour_of(now),
        series=max((part.series for part in parts), default=0),
        written=sum(part.written for part in parts),
        removed=sum(part.removed for part in parts),
        late_half_hours=late,
        days_done=todo.days,
        days_left=todo.days_left,
        longest_lock_seconds=max((part.longest_lock_seconds for part in parts), default=0.0),
    )
