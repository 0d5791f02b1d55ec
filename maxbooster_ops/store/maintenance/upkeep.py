"""The upkeep of the whole store: which steps there are hourly and daily, one after the other.

Belongs here: their order, that one which fails does not take the others down, and that two do not run at once.
Not here: what a step does.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from filelock import FileLock, Timeout

from maxbooster_ops.errors import StoreBusyError, StoreError
from maxbooster_ops.logs import get_logger
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.maintenance.freed import Freed, Upkeep, together
from maxbooster_ops.store.maintenance.lake_upkeep import Bounds, Step, cleaning, expired_rows, tidying
from maxbooster_ops.store.maintenance.log_files import rotate
from maxbooster_ops.store.maintenance.retention import Retention
from maxbooster_ops.store.maintenance.state_upkeep import state_steps
from maxbooster_ops.store.opening import Store


def tidy(store: Store, bounds: Bounds) -> Upkeep:
    """Do what is due every hour. Raises `StoreBusyError` where another upkeep of this home is at work."""
    with _alone(store.home):
        return _carry_out({**tidying(store.lake, bounds), "logs": lambda: rotate(store.home)})


def clean_up(store: Store, bounds: Bounds, retention: Retention) -> Upkeep:
    """Do what is due every day. Raises `StoreBusyError` where another upkeep of this home is at work."""
    with _alone(store.home):
        state = state_steps(store.state, now=bounds.now, resolved_alert_days=retention.resolved_alert_days)
        steps = {**cleaning(store.lake, bounds, retention), **state, "logs": lambda: rotate(store.home)}
        return _carry_out(steps)


def due(store: Store, bounds: Bounds, retention: Retention) -> Upkeep:
    """Tell which rows of the lake a clean-up would drop now, and change nothing."""
    return Upkeep(freed=tuple(expired_rows(store.lake, retention, now=bounds.now)))


def _carry_out(steps: Mapping[str, Step]) -> Upkeep:
    return together(_one(name, step) for name, step in steps.items())


def _one(name: str, step: Step) -> Upkeep:
    freed: list[Freed] = []
    try:
        freed.extend(done for done in step() if not done.is_nothing or done.locked_seconds)
    except (StoreError, sqlite3.Error, OSError) as error:
        get_logger().warning("upkeep_step_failed", step=name, reason=str(error))
        return Upkeep(freed=tuple(freed), problems=(f"{name}: {error}",))
    return Upkeep(freed=tuple(freed))


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    lock = home.root / "upkeep.lock"
    try:
        with FileLock(lock, timeout=0):
            yield
    except Timeout as error:
        raise StoreBusyError(
            f"Another upkeep of {home.root} is at work, as `lsof {lock}` shows; it does what is due."
        ) from error
