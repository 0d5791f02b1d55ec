"""From a queue's events to what happened: tallies, finished jobs, and the jobs that are still open.

Belongs here: what each BullMQ event means. Not here: reading streams, and job hashes (see `stream`, `jobs`).
Pure: the same entries and the same open jobs give the same answer, which is how a beat that was not stored is repeated.
All times are the event ids' own, milliseconds on Redis' clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

Entry = tuple[str, Sequence[str]]
"""One entry as Redis gives it: `<ms>-<n>` and `[event, <kind>, jobId, <id>, <field>, <value>, …]`."""

WAITING: Final = "waiting"
ACTIVE: Final = "active"
PARKED: Final = "parked"
"""Neither waiting for a worker nor with one: just added, delayed, or waiting for children."""

_ENDS: Final = frozenset({"completed", "failed"})


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


_State = tuple[str | None, str, int, int | None, int | None, bool]
"""The fields of an `OpenJob` as a plain tuple, which is five times as quick to make as a named one."""

_UNSEEN: Final = OpenJob()
_KIND: Final = 1  # where the values of its first three fields stand in an entry
_JOB_ID: Final = 3
_THIRD: Final = 5


def happened(  # noqa: C901, PLR0912 - see below
    entries: Iterable[Entry], open_jobs: Mapping[str, OpenJob], *, counted_from_ms: int = 0
) -> Happened:
    """Follow every job through `entries`; only what happened from `counted_from_ms` on is counted and reported.

    Entries before that time still open jobs, so that a job that started earlier is paired with its end.
    """
    # One long loop on purpose: a busy beat has fifty thousand entries, and a call for each would double its time.
    # The frequent kinds come first. `jobs` is a copy, and its values are replaced, never changed.
    jobs: dict[str, _State] = dict(open_jobs)
    finished: list[FinishedJob] = []
    retried = stalled = redriven = 0
    requeued_last: str | None = None
    for entry_id, fields in entries:
        if len(fields) <= _JOB_ID:  # `drained`, `paused`, or a foreign event: it is about no job
            continue
        kind, job_id = fields[_KIND], fields[_JOB_ID]
        at_ms = int(entry_id.partition("-")[0])

        if kind == "active":
            name, state, since_ms, _, attempts, detoured = jobs.get(job_id, _UNSEEN)
            wait_ms = at_ms - since_ms if state == WAITING else None
            jobs[job_id] = (name, ACTIVE, at_ms, wait_ms, None if attempts is None else attempts + 1, detoured)
            if requeued_last == job_id:
                requeued_last = None

        elif kind == "waiting":
            previous = _third(fields)
            name, _, _, _, attempts, detoured = jobs.get(job_id, _UNSEEN)
            jobs[job_id] = (name, WAITING, at_ms, None, attempts, detoured or previous is not None)
            if previous == "active" and at_ms >= counted_from_ms:
                retried += 1
                requeued_last = job_id
            elif previous in _ENDS and at_ms >= counted_from_ms:
                redriven += 1

        elif kind in _ENDS:
            was = jobs.pop(job_id, _UNSEEN)
            if at_ms >= counted_from_ms:
                reason = _third(fields) if kind == "failed" else None
                processing_ms = at_ms - was[2] if was[1] == ACTIVE else None
                finished.append(FinishedJob(job_id, kind, at_ms, processing_ms, reason, OpenJob._make(was), True))

        elif kind == "added":
            jobs[job_id] = (_third(fields), PARKED, at_ms, None, 0, False)

        elif kind in {"delayed", "waiting-children"}:
            name, state, _, _, attempts, _ = jobs.get(job_id, _UNSEEN)
            jobs[job_id] = (name, PARKED, at_ms, None, attempts, True)
            if kind == "delayed" and state == ACTIVE and at_ms >= counted_from_ms:
                retried += 1  # after a backoff; the delay of a job that was not being worked on is a schedule

        elif kind == "stalled":
            stalled += at_ms >= counted_from_ms
            if requeued_last == job_id:  # BullMQ returns a stalled job by the event of an immediate retry
                retried -= 1
                requeued_last = None
            if (known := jobs.get(job_id)) and known[4]:
                jobs[job_id] = (*known[:4], known[4] - 1, known[5])

        elif kind == "removed":
            jobs.pop(job_id, None)

    failed = sum(job.outcome == "failed" for job in finished)
    return Happened(
        finished=_with_latest_marked(finished),
        open_jobs={job_id: OpenJob._make(state) for job_id, state in jobs.items()},
        completed=len(finished) - failed,
        failed=failed,
        retried=retried,
        stalled=stalled,
        redriven=redriven,
    )


def _third(fields: Sequence[str]) -> str | None:
    """Give the value after `event` and `jobId`: the name of a job, the reason of a failure, or the state before."""
    return fields[_THIRD] if len(fields) > _THIRD else None


def _with_latest_marked(finished: list[FinishedJob]) -> list[FinishedJob]:
    latest = {job.job_id: at for at, job in enumerate(finished)}
    if len(latest) == len(finished):
        return finished
    return [job._replace(is_latest=latest[job.job_id] == at) for at, job in enumerate(finished)]
