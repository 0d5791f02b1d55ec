"""Tracking of own jobs: every execution of one, how long it took and how it ended.

Belongs here: measuring an execution. Not here: how it is handed in (`inbox.py`). What is tracked goes on whatever
happens here; importing this costs a job no DuckDB, SQLAlchemy or Dagster.

    @track("forecast")
    def forecast(user: str) -> None: ...

    with track("export", run_id="2026-11", tenant="acme") as execution:
        execution.note(rows=export())
"""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import wraps
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar, cast
from uuid import uuid4

from maxbooster_ops.errors import UsageError, redact
from maxbooster_ops.jobs.inbox import hand_in
from maxbooster_ops.store.facts import TrackedExecution

P = ParamSpec("P")
R = TypeVar("R")

_TEXT_CHARACTERS = 500
"""Longest error, and longest text of one piece of metadata."""

_NAME_CHARACTERS = 200
"""Longest name of a job and of a run: they stand in every table, alert and baseline about them. The rest is cut off."""

_NOTES = 50
"""Most pieces of metadata of one execution; more are left out."""


def track(
    job: str, *, run_id: str | None = None, attempt: int = 1, home: str | Path | None = None, **metadata: object
) -> Tracked:
    """Track executions of `job`, as a decorator of a function (async too) or around a block with `with`.

    Without `run_id` each execution gets one of its own. `metadata` is kept as text, without credentials. `home` is the
    folder that `maxbooster-ops up` runs in; without it MAXBOOSTER_HOME tells, or `.env`, and the first execution of the
    process waits some tenths of a second for the settings. An exception passes through unchanged. Raises `UsageError`
    for a job without a name and for an attempt below 1.
    """
    if not job or attempt < 1:
        raise UsageError(f"Cannot track job {job!r}, attempt {attempt!r}: give it a name, and attempts from 1 on.")
    return Tracked(job, run_id=run_id, attempt=attempt, home=Path(home) if home else None, metadata=metadata)


class Tracked:
    """Executions of one job; made by `track`. One block at a time: call `track` again for another."""

    def __init__(
        self, job: str, *, run_id: str | None, attempt: int, home: Path | None, metadata: dict[str, object]
    ) -> None:
        self._job = job
        self._run_id = run_id
        self._attempt = attempt
        self._home = home
        self._metadata = metadata
        self._notes: dict[str, object] = {}
        self._process: int | None = None
        self._began = 0.0

    def note(self, **metadata: object) -> None:
        """Add what is known only while the job runs."""
        self._notes.update(metadata)

    def __enter__(self) -> Self:
        if self._process == os.getpid():
            raise UsageError(f"This tracker of job {self._job!r} is measuring already: call track() for each block.")
        self._notes = dict(self._metadata)
        self._process = os.getpid()
        self._began = perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        duration_ms = 1000 * (perf_counter() - self._began)
        process, self._process = self._process, None
        if process != os.getpid():  # a child that the job forked leaves the block too, but is not the job
            return
        failure = None if error is None or _is_plain_exit(error) else _described(error)
        hand_in(
            TrackedExecution(
                ts=datetime.now(UTC),
                job=self._job[:_NAME_CHARACTERS],
                run_id=(self._run_id or uuid4().hex)[:_NAME_CHARACTERS],
                success=failure is None,
                duration_ms=duration_ms,
                attempt=self._attempt,
                metadata={str(name): _text(value) for name, value in list(self._notes.items())[:_NOTES]},
                error=failure,
            ),
            self._home,
        )

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Track every call of `function`; raises `UsageError` for a generator, which works after its call has ended."""
        if isgeneratorfunction(function) or isasyncgenfunction(function):
            raise UsageError(f"{function!r} is a generator: track the loop over it with `with track(...)`.")
        if iscoroutinefunction(function):
            return cast("Callable[P, R]", self._tracking_coroutine(function))

        @wraps(function)
        def tracked(*args: P.args, **kwargs: P.kwargs) -> R:
            with self._another():
                return function(*args, **kwargs)

        return tracked

    def _tracking_coroutine(self, function: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, Coroutine[Any, Any, R]]:
        @wraps(function)
        async def tracked(*args: P.args, **kwargs: P.kwargs) -> R:
            with self._another():
                return await function(*args, **kwargs)

        return tracked

    def _another(self) -> Tracked:
        return Tracked(self._job, run_id=self._run_id, attempt=self._attempt, home=self._home, metadata=self._metadata)


def _is_plain_exit(error: BaseException) -> bool:
    return isinstance(error, SystemExit) and error.code in {None, 0}


def _described(error: BaseException) -> str:
    text = _text(error)
    return (f"{type(error).__name__}: {text}" if text else type(error).__name__)[:_TEXT_CHARACTERS]


def _text(value: object) -> str:
    try:
        text = str(value)
    except Exception as error:  # noqa: BLE001 -- whatever a job's own class does there, the job goes on
        text = f"({type(value).__name__} without a text: {type(error).__name__})"
    return redact(text)[:_TEXT_CHARACTERS]
