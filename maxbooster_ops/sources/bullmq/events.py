"""From a queue's events to what happened: tallies, finished jobs, and the jobs that are still open.

Belongs here: what each BullMQ event means. Not here: reading streams, and job hashes (see `stream`, `jobs`).
Pure: the same entries and the same open jobs give the same answer, which is how a beat that was not stored is repeated.
All times are the event ids' own, milliseconds on Redis' clock.
"""

from __future__ import annotations

from bisect import bisect_left
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

    `wait_ms` is how long it waited before the attempt that runs now. `attempts` is None where the job was added before
    we looked. `detoured` is True once it was delayed, retried or stalled: then the time since it was added is no wait.
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
    first_counted = bisect_left(entries, counted_from_ms, key=_at_ms)
    ledger = _Ledger(open_jobs)
    ledger.follow(entries[:first_counted], is_counted=False)
    ledger.follow(entries[first_counted:], is_counted=True)
    return ledger.closed()


def _at_ms(entry: Entry) -> int:
    return int(entry[0].partition("-")[0])


_UNSEEN: Final = OpenJob()
_KIND: Final = 1  # where the values of its first three fields stand in an entry
_JOB_ID: Final = 3
_THIRD: Final = 5


class _Ledger:
    """The working copy of one call; nobody else sees it. Every kind of event has its method."""

    def __init__(self, open_jobs: Mapping[str, OpenJob]) -> None:
        self.jobs = dict(open_jobs)
        self.finished: list[FinishedJob] = []
        self.retried = self.stalled = self.redriven = 0
        self.requeued_last: str | None = None
        self.is_counted = True

    def follow(self, entries: Sequence[Entry], *, is_counted: bool) -> None:
        self.is_counted = is_counted
        note_of = _NOTES.get
        for entry_id, fields in entries:
            note = note_of(fields[1])
            if note is not None and len(fields) > _JOB_ID:  # a foreign event may carry no job
                note(self, fields[_JOB_ID], int(entry_id.partition("-")[0]), fields)

    def added(self, job_id: str, at_ms: int, fields: Sequence[str]) -> None:
        self.jobs[job_id] = OpenJob(_third(fields), PARKED, at_ms, None, 0, False)

    def waiting(self, job_id: str, at_ms: int, fields: Sequence[str]) -> None:
        previous = _third(fields)
        if self.is_counted and previous == "active":
            self.retried += 1
            self.requeued_last = job_id
        elif self.is_counted and previous in {"failed", "completed"}:
            self.redriven += 1
        was = self.jobs.pop(job_id, _UNSEEN)  # popped, so that the order of `jobs` is that of their last queueing
        self.jobs[job_id] = OpenJob(was.name, WAITING, at_ms, None, was.attempts, was.detoured or previous is not None)

    def parked(self, job_id: str, at_ms: int, fields: Sequence[str]) -> None:
        """Count a delay as a retry after backoff where the job was being worked on; elsewhere it is a schedule."""
        was = self.jobs.pop(job_id, _UNSEEN)
        if self.is_counted and was.state == ACTIVE and fields[_KIND] == "delayed":
            self.retried += 1
        self.jobs[job_id] = OpenJob(was.name, PARKED, at_ms, None, was.attempts, True)

    def active(self, job_id: str, at_ms: int, _: Sequence[str]) -> None:
        was = self.jobs.get(job_id, _UNSEEN)
        wait_ms = at_ms - was.since_ms if was.state == WAITING else None
        attempts = None if was.attempts is None else was.attempts + 1
        self.jobs[job_id] = OpenJob(was.name, ACTIVE, at_ms, wait_ms, attempts, was.detoured)
        if self.requeued_last == job_id:
            self.requeued_last = None

    def stall(self, job_id: str, _: int, __: Sequence[str]) -> None:
        """Take back a retry: BullMQ returns a stalled job by the event of an immediate one and says `stalled` after."""
        self.stalled += self.is_counted
        if self.requeued_last == job_id:
            self.retried -= 1
            self.requeued_last = None
        was = self.jobs.get(job_id)
        if was is not None and was.attempts:
            self.jobs[job_id] = was._replace(attempts=was.attempts - 1)

    def end(self, job_id: str, at_ms: int, fields: Sequence[str]) -> None:
        was = self.jobs.pop(job_id, _UNSEEN)
        if self.is_counted:
            outcome = fields[_KIND]
            reason = _third(fields) if outcome == "failed" else None
            processing_ms = at_ms - was.since_ms if was.state == ACTIVE else None
            self.finished.append(FinishedJob(job_id, outcome, at_ms, processing_ms, reason, was, True))

    def gone(self, job_id: str, _: int, __: Sequence[str]) -> None:
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


_NOTES: Final[Mapping[str, Callable[[_Ledger, str, int, Sequence[str]], None]]] = {
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


def _third(fields: Sequence[str]) -> str | None:
    """Give the value after `event` and `jobId`: the name of a job, the reason of a failure, or the state before."""
    return fields[_THIRD] if len(fields) > _THIRD else None


def _with_latest_marked(finished: list[FinishedJob]) -> list[FinishedJob]:
    latest = {job.job_id: at for at, job in enumerate(finished)}
    if len(latest) == len(finished):
        return finished
    return [job._replace(is_latest=latest[job.job_id] == at) for at, job in enumerate(finished)]
