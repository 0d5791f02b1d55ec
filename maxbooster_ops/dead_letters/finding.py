"""Finding dead letters: what failed for good since the last look, in every queue.

Belongs here: which failures are new. Not here: the letters made of them (`making.py`), the commands to Redis
(`queue_side.py`) or the statements (`letter_store.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from maxbooster_ops.dead_letters.letter import JobKey, Letter, LetterState
from maxbooster_ops.dead_letters.letter_store import Action, add, change, known_failures, marks, set_mark
from maxbooster_ops.dead_letters.making import failure_of, letter_of, lost_letter, moment, needs_copy, payload_of
from maxbooster_ops.dead_letters.queue_side import FailedJob, QueueSide, Whereabouts
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
        for row in self.lake.query(named_queries(QUERIES)["queues_with_failures"], {"until": now}):
            queue = (row["prefix"], row["queue"])
            found += self._find_in(*queue, mark=read_up_to.get(queue, 0.0), now=now)
        return found + self._find_removed(now)

    def _find_in(self, prefix: str, queue: str, *, mark: float, now: datetime) -> Found:
        failures = self.side.failed_since(prefix, queue, mark - _OVERLAP_MS)
        with self.state.reading() as connection:
            known = known_failures(connection, prefix, queue, [job_id for job_id, _ in failures])
        unknown = [(job_id, score) for job_id, score in failures if _is_new(known.get(job_id), moment(score))]
        jobs = self.side.describe([(JobKey(prefix=prefix, queue=queue, job_id=job), score) for job, score in unknown])
        letters = list(self._letters([job for job in jobs if not _is_open(known.get(job.key.job_id))], now))
        again = [(known[job.key.job_id], job) for job in jobs if _is_open(known.get(job.key.job_id))]
        newest = max((score for _, score in failures), default=mark)
        if letters or again or newest > mark:
            with self.state.writing() as connection:
                add(connection, letters, actor=_ACTOR)
                for letter, job in again:
                    done = Action(ts=now, action="failed_again", actor=_ACTOR, why="somebody else had retried it")
                    change(connection, letter, failure_of(job), done)
                set_mark(connection, prefix, queue, max(newest, mark))
        return Found(new=len(letters), again=len(again))

    def _letters(self, jobs: Sequence[FailedJob], now: datetime) -> Iterator[Letter]:
        removable = [job.key for job in jobs if needs_copy(job)]
        data = dict(zip(removable, self.side.data(removable), strict=True))
        for job in jobs:
            kept, payload = payload_of(job, data.get(job.key), self.redacted)
            yield letter_of(job, kept, payload, now=now)

    def _find_removed(self, now: datetime) -> Found:
        """Make letters of failures that a beat saw on the event stream and whose job is nowhere any more."""
        before = progress_of(self.state, _WORK)
        since = (before.ts if before else now - timedelta(days=1)) - _LATE
        rows = self.lake.query(named_queries(QUERIES)["failures"], {"since": since, "until": now})
        jobs = {JobKey(prefix=row["prefix"], queue=row["queue"], job_id=row["job_id"]): row for row in rows}
        seen = self.side.look(list(jobs))
        nowhere = [job for job, one in zip(jobs, seen, strict=True) if one.where is Whereabouts.NOWHERE]
        with self.state.reading() as connection:
            lost = [lost_letter(job, jobs[job], now=now) for job in nowhere if _is_unknown(connection, job, jobs[job])]
        if lost:
            with self.state.writing() as connection:
                add(connection, lost, actor=_ACTOR)
        note_progress(self.state, _WORK, Progress(ts=now))
        return Found(new=len(lost), lost=len(lost))


def _is_new(letter: Letter | None, failed_at: datetime) -> bool:
    # One under way is looked at by `settling.py`, which knows which try it is of.
    return letter is None or (letter.state is not LetterState.RETRYING and failed_at > letter.last_failed_at)


def _is_open(letter: Letter | None) -> bool:
    return letter is not None and letter.state.is_open


def _is_unknown(connection: sa.Connection, job: JobKey, failure: Mapping[str, Any]) -> bool:
    letter = known_failures(connection, job.prefix, job.queue, [job.job_id]).get(job.job_id)
    return letter is None or (not letter.state.is_open and letter.last_failed_at < failure["ts"] - _SAME_FAILURE)
