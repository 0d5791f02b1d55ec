"""Awaiting the next beat, so that alerts follow it at once and not at the next tick.

Belongs here: the waiting. Not here: which beat is worth it (`sources/cadence.py`), or what follows (`alerting.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from maxbooster_ops.clock import utc_now
from maxbooster_ops.sources.cadence import beat_to_await

_LOOK_SECONDS = 0.1
"""A look costs next to nothing until somebody writes, and 10 ms then; most beats are stored within 0.2 s."""


def await_beat(
    newest: Callable[[], datetime | None], interval_seconds: int, *, within: timedelta, patience: timedelta
) -> datetime | None:
    """Return the newest beat once the next one is stored: at once where none is due `within` that time.

    `newest` looks it up. A beat that is not there `patience` after it was due is not waited for any longer.
    """
    now, found = utc_now(), newest()
    due = beat_to_await(found, interval_seconds, now=now, within=within, patience=patience)
    if due is None:
        return found
    # By the monotonic clock from here: setting the other one must not make a tick last.
    gives_up_at = time.monotonic() + (due + patience - now).total_seconds()
    time.sleep(max((due - now).total_seconds(), 0))
    while time.monotonic() < gives_up_at:
        found = newest()
        if found and found >= due:
            break
        time.sleep(_LOOK_SECONDS)
    return found
