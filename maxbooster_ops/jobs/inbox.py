"""Handing executions in: a row each in the state's `execution_inbox`, from where the next beat takes it into the lake.

Belongs here: that write, and what happens where it is impossible. Not here: measuring (`tracking.py`), taking
(`sources/executions.py`).

A job must not fail, nor wait long, for being tracked. What cannot be written at once stays in memory, at most
`KEPT` executions, and is written with the next one or at the end of the process; beyond that it is counted, logged and
lost. Python's own SQLite is used, since importing SQLAlchemy takes longer than many a job.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import sqlite3
import threading
from collections import deque
from contextlib import closing
from datetime import UTC
from pathlib import Path
from time import monotonic

from maxbooster_ops.errors import MaxboosterError
from maxbooster_ops.store.facts import TrackedExecution
from maxbooster_ops.store.home import Home

KEPT = 1000
"""Executions that are kept in memory while the state cannot be written."""

PAUSE_SECONDS = 2.0
"""After a failed write; meanwhile executions are kept without a try, so that each does not wait for the lock."""

_LOCK_SECONDS = 0.1
"""How long a write waits for another process; theirs take milliseconds."""

_INSERT = """
    INSERT INTO execution_inbox (ts, job, run_id, success, duration_ms, attempt, metadata, error)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""

# The standard library's logger: this runs in other people's programs, whose standard output is theirs.
_log = logging.getLogger("maxbooster_ops.jobs")


class Inbox:
    """Hands executions in to one home; any thread may."""

    def __init__(self, home: Home) -> None:
        # Read-write only: a home that nobody has started is not created by a job.
        self._address = f"{home.state.absolute().as_uri()}?mode=rw"
        self._file = home.state
        self._kept: deque[TrackedExecution] = deque()
        self._dropped = 0
        self._next_try = 0.0
        self._lock = threading.Lock()

    def put(self, execution: TrackedExecution) -> None:
        """Write `execution` and what was kept before, or keep it."""
        if len(self._kept) >= KEPT:
            self._dropped += 1
        else:
            self._kept.append(execution)
        if not self._is_pausing():
            self.flush()

    def flush(self) -> None:
        """Write what is kept."""
        # With a time-out, since a signal handler may come here while its own thread is inside.
        if not self._kept or not self._lock.acquire(timeout=2 * _LOCK_SECONDS):
            return
        try:
            if self._kept and not self._is_pausing():  # another thread may have written it, or failed to
                self._write(list(self._kept))
        except (sqlite3.Error, OSError) as error:
            self._next_try = monotonic() + PAUSE_SECONDS
            _log.warning(
                "Executions kept in memory: %d, since %s cannot be written: %s. Is the home right, and was "
                "`maxbooster-ops up` or `collect` started there once?",
                len(self._kept),
                self._file,
                error,
            )
        finally:
            self._lock.release()

    def end_pause(self) -> None:
        """Let the next flush try, however shortly ago a write failed."""
        self._next_try = 0.0

    def _is_pausing(self) -> bool:
        return monotonic() < self._next_try

    def _write(self, executions: list[TrackedExecution]) -> None:
        # A connection for each write: about a millisecond, and nothing that a fork or another thread could share.
        with closing(sqlite3.connect(self._address, uri=True, timeout=_LOCK_SECONDS, isolation_level=None)) as state:
            # A kill loses nothing that was written; a power cut may lose the last moments, which is fine here.
            state.execute("PRAGMA synchronous = NORMAL")
            state.execute("BEGIN IMMEDIATE")
            state.executemany(_INSERT, map(_row, executions))
            state.execute("COMMIT")
        for _ in executions:
            self._kept.popleft()
        self._next_try = 0.0
        if self._dropped:
            _log.warning("Executions lost: %d, while %s could not be written", self._dropped, self._file)
            self._dropped = 0


def _row(execution: TrackedExecution) -> tuple[object, ...]:
    return (
        execution.ts.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"),
        execution.job,
        execution.run_id,
        execution.success,
        execution.duration_ms,
        execution.attempt,
        json.dumps(dict(execution.metadata)),
        execution.error,
    )


_inboxes: dict[Path | None, Inbox] = {}


def hand_in(execution: TrackedExecution, root: Path | None) -> None:
    """Hand `execution` in to the home at `root`, where None to the one that the settings name; never raises."""
    try:
        _inbox(root).put(execution)
    except MaxboosterError as error:
        _log.warning("An execution of %s is lost: %s", execution.job, error)
    except Exception:  # noqa: BLE001 -- tracking must not break what is tracked, whatever we did wrong
        _log.exception("An execution of %s is lost", execution.job)


def _inbox(root: Path | None) -> Inbox:
    inbox = _inboxes.get(root)
    if inbox is None:
        inbox = _inboxes.setdefault(root, Inbox(Home(root=root or _home_of_the_settings())))
    return inbox


def _home_of_the_settings() -> Path:
    from maxbooster_ops.settings import load_settings  # noqa: PLC0415 -- some tenths of a second, often not needed

    return load_settings().maxbooster_home


def _flush_all() -> None:
    for inbox in _inboxes.values():
        inbox.end_pause()
        inbox.flush()


atexit.register(_flush_all)
# What the parent has kept is its to write; and its lock might be held, by a thread that the child has not.
os.register_at_fork(after_in_child=_inboxes.clear)
