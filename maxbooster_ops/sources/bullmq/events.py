"""From a queue's events to what happened: tallies, finished jobs, and the jobs that are still open.

Belongs here: what each BullMQ event means. Not here: reading streams, and job hashes (see `stream`, `jobs`).
Pure: the same entries and the same open jobs give the same answer, which is how a beat that was not stored is repeated.
All times are the event ids' own, milliseconds on Redis' clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

Entry = tuple[str, Sequence[str]]
"""One entry as Redis gives it: `<ms>-<n>` and `[event, <kind>, jobId, <id>, <field>, <value>, …]`."""

WAITING: Final = "waiting"
ACTIVE: Final = "active"
PARKED: Final = "parked"
"""Neither waiting for a worker nor with one: just added, delayed, or waiting for children."""


class OpenJob(NamedTuple):
    """A job that has not finished; a tuple, because thousands of them go through JSON with every beat.

    `wait_ms` is how long it waited before the attempt that runs now. `attempts` is None where the job was added before we
    looked. `detoured` is True once it was delayed, retried or stalled: then the time since it was added is no wait.
    """

    name: str | None = None
    state: str = PARKED
    since_ms: int = 0
    wait_ms: int | None = None
    attempts: int | None = None
    detoured: bool = True


class FinishedJob(NamedTuple):
    """A job's end as the stream tells it; a tuple, because there are ten thousand in a busy beat.

    `is_latest` is False where the same job was driven again and finished again later in the same entries.
    """

    job_id: str
    outcome: str
    at_ms: int
    processing_ms: int | None
    reason: str | None
    was: OpenJob
    is_latest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """What a run of entries means. `finished` and the numbers are of the counted time, `open_jobs` of now."""

    finished: Sequence[FinishedJob]
    open_jobs: Mapping[str, OpenJob]
    completed: int
    failed: int
    retried: int
    stalled: int
    redriven: int


def happened(entries: Sequence[Entry], open_jobs: Mapping[str, OpenJob], *, counted_from_ms: int = 0) -> Happened:
    """Follow every job through `entries`; only what happened from `counted_from_ms` on is counted and reported.

    Entries before that time still open jobs, so that a job that started earlier is paired with its end.
    """
    ledger = _Ledger(open_jobs)
    for entry_id, fields in entries:
        note = _NOTES.get(fields[1])
        if note is not None and len(fields) > 3:  # noqa: PLR2004 - a foreign event may carry no job
            at_ms = int(entry_id.partition("-")[0])
            note(ledger, fields[3], at_ms, fields, at_ms >= counted_from_ms)
    return ledger.closed()


_UNSEEN: Final = OpenJob()


class _Ledger:
    """The working copy of one call; nobody else sees it."""

    def __init__(self, open_jobs: Mapping[str, OpenJob]) -> None:
        self.jobs = dict(open_jobs)
        self.finished: list[FinishedJob] = []
        self.retried = self.stalled = self.redriven = 0
        self.requeued_last: str | None = None

    def added(self, job_id: str, at_ms: int, fields: Sequence[str], _: bool) -> None:
        name = _field(fields, "name")
        self.jobs[job_id] = OpenJob(name, PARKED, at_ms, None, 0, detoured=False)

    def waiting(self, job_id: str, at_ms: int, fields: Sequence[str], counted: bool) -> None:
        previous = fields[5] if len(fields) > 5 else None  # noqa: PLR2004
        self.redriven += counted and previous in ("failed", "completed")
        if counted and previous == "active":
            self.retried += 1
            self.requeued_last = job_id
        was = self.jobs.pop(job_id, _UNSEEN)  # popped, so that the order of `jobs` is that of their last queueing
        self.jobs[job_id] = OpenJob(was.name, WAITING, at_ms, None, was.attempts, was.detoured or previous is not None)

    def parked(self, job_id: str, at_ms: int, fields: Sequence[str], counted: bool) -> None:
        """A delay is a retry after backoff where the job was being worked on, and its schedule where it was not."""
        was = self.jobs.pop(job_id, _UNSEEN)
        self.retried += counted and was.state == ACTIVE and fields[1] == "delayed"
        self.jobs[job_id] = OpenJob(was.name, PARKED, at_ms, None, was.attempts, detoured=True)

    def active(self, job_id: str, at_ms: int, _: Sequence[str], __: bool) -> None:
        was = self.jobs.get(job_id, _UNSEEN)
        wait_ms = at_ms - was.since_ms if was.state == WAITING else None
        attempts = None if was.attempts is None else was.attempts + 1
        self.jobs[job_id] = OpenJob(was.name, ACTIVE, at_ms, wait_ms, attempts, was.detoured)
        if self.requeued_last == job_id:
            self.requeued_last = None

    def stall(self, job_id: str, _: int, __: Sequence[str], counted: bool) -> None:
        """BullMQ puts a stalled job back with the very event of an immediate retry, and says `stalled` right after it."""
        self.stalled += counted
        if self.requeued_last == job_id:
            self.retried -= 1
            self.requeued_last = None
        was = self.jobs.get(job_id)
        if was is not None and was.attempts:
            self.jobs[job_id] = was._replace(attempts=was.attempts - 1)

    def end(self, job_id: str, at_ms: int, fields: Sequence[str], counted: bool) -> None:
        was = self.jobs.pop(job_id, _UNSEEN)
        if not counted:
            return
        outcome = fields[1]
        reason = _field(fields, "failedReason") if outcome == "failed" else None
        processing_ms = at_ms - was.since_ms if was.state == ACTIVE else None
        self.finished.append(FinishedJob(job_id, outcome, at_ms, processing_ms, reason, was, is_latest=True))

    def gone(self, job_id: str, _: int, __: Sequence[str], ___: bool) -> None:
        self.jobs.pop(job_id, None)

    def closed(self) -> Happened:
        failed = sum(job.outcome == "failed" for job in self.finished)
        return Happened(
            finished=_with_latest_marked(self.finished),
            open_jobs=self.jobs,
            completed=len(self.finished) - failed,
            failed=failed,
            retried=self.retried,
            stalled=self.stalled,
            redriven=self.redriven,
        )


_NOTES: Final[Mapping[str, Callable[[_Ledger, str, int, Sequence[str], bool], None]]] = {
    "added": _Ledger.added,
    "waiting": _Ledger.waiting,
    "delayed": _Ledger.parked,
    "waiting-children": _Ledger.parked,
    "active": _Ledger.active,
    "stalled": _Ledger.stall,
    "completed": _Ledger.end,
    "failed": _Ledger.end,
    "removed": _Ledger.gone,
}


def _field(fields: Sequence[str], name: str) -> str | None:
    """Give the value of a field after the first two, None where the event has no such field."""
    for at in range(4, len(fields) - 1, 2):
        if fields[at] == name:
            return fields[at + 1]
    return None


def _with_latest_marked(finished: list[FinishedJob]) -> list[FinishedJob]:
    latest = {job.job_id: at for at, job in enumerate(finished)}
    if len(latest) == len(finished):
        return finished
    return [job._replace(is_latest=latest[job.job_id] == at) for at, job in enumerate(finished)]
