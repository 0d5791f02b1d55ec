"""Finding dead letters: what failed for good since the last look, in every queue.

Belongs here: which failures are new. Not here: the letters made of them (`making.py`), the commands to Redis
(`queue_side.py`) or the statements (`letter_store.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from maxbooster_ops.dead_letters.deciding import when_interrupted
from maxbooster_ops.dead_letters.letter import JobKey, Letter, LetterState, PayloadKept
from maxbooster_ops.dead_letters.letter_store import (
    Action,
    LastFailure,
    add,
    change,
    known_failures,
    last_failures,
    marks,
    queues_that_lost,
    set_mark,
)
from maxbooster_ops.dead_letters.making import copy_of, failure_of, letter_of, lost_letter, moment
from maxbooster_ops.dead_letters.queue_side import PAYLOAD_KEPT, FailedJob, QueueSide, Whereabouts, chunks
from maxbooster_ops.dead_letters.stepping import take
from maxbooster_ops.store.lake import Lake
from maxbooster_ops.store.named_sql import named_queries
from maxbooster_ops.store.progress import Progress, note_progress, progress_of
from maxbooster_ops.store.state import State

QUERIES = Path(__file__).with_suffix(".sql")
_WORK = "dead_letters"
_ACTOR = "collection"

_OVERLAP_MS = 5 * 60 * 1000.0
"""Workers write their own clock's time: one that is behind by less than this puts nothing where nobody looks."""

_LATE = timedelta(minutes=10)
_SAME_FAILURE = timedelta(seconds=2)

_BATCH = 200
"""Letters of one transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a look brought: new letters, letters that failed again meanwhile, and of the new ones those without data."""

    new: int = 0
    again: int = 0
    lost: int = 0

    def __add__(self, other: Found) -> Found:
        return Found(new=self.new + other.new, again=self.again + other.again, lost=self.lost + other.lost)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finder:
    """Looks for dead letters; values of the keys `redacted` are masked in copies of job data."""

    lake: Lake
    state: State
    side: QueueSide
    redacted: Collection[str] = ()

    def find(self, now: datetime) -> Found:
        """Make letters of everything that failed for good since the last look; what is known stays as it is."""
        found = Found()
        with self.state.reading() as connection:
            read_up_to = marks(connection)
            removing = queues_that_lost(connection)
        for row in self.lake.query(named_queries(QUERIES)["queues_with_failures"], {"until": now}):
            queue = (row["prefix"], row["queue"])
            found += self._find_in(*queue, read_up_to.get(queue, 0.0), removing, now)
        return found + self._find_seen(removing, now)

    def _find_in(
        self, prefix: str, queue: str, mark: float, removing: Collection[tuple[str, str]], now: datetime
    ) -> Found:
        found = Found()
        failures = self.side.failed_since(prefix, queue, mark - _OVERLAP_MS)
        with self.state.reading() as connection:
            known = last_failures(connection, prefix, queue, [job_id for job_id, _ in failures])
        news = [(job_id, score) for job_id, score in failures if _is_new(known.get(job_id), moment(score))]
        # Oldest first, a few at a time: what is written stays found, and a huge failed set fits into memory.
        for chunk in chunks(news, _BATCH):
            jobs = self.side.describe([(JobKey(prefix=prefix, queue=queue, job_id=job), score) for job, score in chunk])
            found += self._write(jobs, removing, now)
            self._mark(prefix, queue, mark, chunk[-1][1], now)
        if failures:
            self._mark(prefix, queue, mark, failures[-1][1], now)
        return found

    def _mark(self, prefix: str, queue: str, before: float, reached: float, now: datetime) -> None:
        # A worker whose clock is ahead must not hide what others write until then.
        score = min(reached, now.timestamp() * 1000)
        if score > before:
            with self.state.writing() as connection:
                set_mark(connection, prefix, queue, score)

    def _write(self, jobs: Sequence[FailedJob], removing: Collection[tuple[str, str]], now: datetime) -> Found:
        letters = list(self._letters(jobs, removing, now))
        with self.state.writing() as connection:
            return _write(connection, jobs, letters, now)

    def _letters(
        self, jobs: Sequence[FailedJob], removing: Collection[tuple[str, str]], now: datetime
    ) -> Iterator[Letter]:
        removable = {
            job.key for job in jobs if job.is_removed_by_its_options or (job.key.prefix, job.key.queue) in removing
        }
        copied = [job.key for job in jobs if job.key in removable and job.data_bytes <= PAYLOAD_KEPT]
        data = dict(zip(copied, self.side.data(copied), strict=True))
        for job in jobs:
            kept, payload = PayloadKept.REDIS, None
            if job.key in removable:
                kept, payload = copy_of(job, data.get(job.key), self.redacted)
            yield letter_of(job, kept, payload, now=now)

    def _find_seen(self, removing: Collection[tuple[str, str]], now: datetime) -> Found:
        """Make letters of failures that a beat saw on the event stream and of which no failed set told.

        The platform removed such a job, or a worker whose clock is far behind put it where nobody looks any more.
        """
        before = progress_of(self.state, _WORK)
        since = (before.ts if before else now - timedelta(days=1)) - _LATE
        rows = self.lake.query(named_queries(QUERIES)["failures"], {"since": since, "until": now})
        failures = {JobKey(prefix=row["prefix"], queue=row["queue"], job_id=row["job_id"]): row for row in rows}
        with self.state.reading() as connection:
            unknown = _unknown(connection, failures)
        seen = self.side.look(unknown)
        found = self._write([one.job for one in seen if one.job], removing, now) if unknown else Found()
        gone = {job: failures[job] for job, one in zip(unknown, seen, strict=True) if one.where is Whereabouts.NOWHERE}
        if gone:
            with self.state.writing() as connection:
                lost = [lost_letter(job, gone[job], now=now) for job in _unknown(connection, gone)]
                add(connection, lost, actor=_ACTOR)
            found += Found(new=len(lost), lost=len(lost))
        note_progress(self.state, _WORK, Progress(ts=now))
        return found


def _write(
    connection: sa.Connection,
    jobs: Sequence[FailedJob],
    letters: Sequence[Letter],
    now: datetime,
) -> Found:
    """Write down failures that are new even now: another process may look at the same time."""
    known_now = {letter.job: letter for letter in _known(connection, [job.key for job in jobs])}
    new, again = [], 0
    for job, letter in zip(jobs, letters, strict=True):
        known = known_now.get(job.key)
        last = LastFailure(state=known.state, at=known.last_failed_at) if known else None
        if not _is_new(last, letter.last_failed_at):
            continue
        if known and known.state.is_open:
            again += _fail_again(connection, known, job, now)
        else:
            new.append(letter)
    add(connection, new, actor=_ACTOR)
    return Found(new=len(new), again=again)


def _fail_again(connection: sa.Connection, known: Letter, job: FailedJob, now: datetime) -> bool:
    """Write down that an open letter's job failed again, which somebody else had retried."""
    if step := when_interrupted(job.reason):
        return take(connection, known, step, actor=_ACTOR, now=now, also=failure_of(job))
    done = Action(ts=now, action="failed_again", actor=_ACTOR, why="somebody else had retried it")
    return change(connection, known, failure_of(job), done)


def _is_new(known: LastFailure | None, failed_at: datetime) -> bool:
    # One under way is looked at by `settling.py`, which knows which try it is of.
    return known is None or (known.state is not LetterState.RETRYING and failed_at > known.at)


def _known(connection: sa.Connection, jobs: Sequence[JobKey]) -> Iterator[Letter]:
    for (prefix, queue), ids in _by_queue(jobs).items():
        yield from known_failures(connection, prefix, queue, ids).values()


def _unknown(connection: sa.Connection, failures: Mapping[JobKey, Mapping[str, Any]]) -> list[JobKey]:
    """Give the jobs whose failure no letter tells of."""
    unknown = []
    for (prefix, queue), ids in _by_queue(failures).items():
        known = last_failures(connection, prefix, queue, ids)
        jobs = [JobKey(prefix=prefix, queue=queue, job_id=job_id) for job_id in ids]
        unknown += [job for job in jobs if _is_unknown(known.get(job.job_id), failures[job]["ts"])]
    return unknown


def _by_queue(jobs: Iterable[JobKey]) -> dict[tuple[str, str], list[str]]:
    ids: dict[tuple[str, str], list[str]] = {}
    for job in jobs:
        ids.setdefault((job.prefix, job.queue), []).append(job.job_id)
    return ids


def _is_unknown(known: LastFailure | None, failed_at: datetime) -> bool:
    return known is None or (not known.state.is_open and known.at < failed_at - _SAME_FAILURE)
