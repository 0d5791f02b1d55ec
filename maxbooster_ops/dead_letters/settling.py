"""Settling letters that are under way: what became of the job that was brought back.

Belongs here: looking, and the decision that follows from where the job is. Not here: bringing back (`redriving.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from maxbooster_ops.dead_letters.breakers import Tried
from maxbooster_ops.dead_letters.deciding import Step, after_failure, after_removal, recovered, when_nowhere
from maxbooster_ops.dead_letters.finding import QUERIES
from maxbooster_ops.dead_letters.letter import JobKey, Letter, LetterState
from maxbooster_ops.dead_letters.letter_store import chosen
from maxbooster_ops.dead_letters.making import failure_of
from maxbooster_ops.dead_letters.queue_side import QueueSide, Seen, Whereabouts, chunks
from maxbooster_ops.dead_letters.redriving import Redrive, Redriven
from maxbooster_ops.dead_letters.selecting import Selection
from maxbooster_ops.dead_letters.stepping import take
from maxbooster_ops.store.lake import Lake
from maxbooster_ops.store.named_sql import named_queries
from maxbooster_ops.store.state import State

_ACTOR = "collection"
_SAME_FAILURE = timedelta(seconds=2)
"""The event stream tells of the failure that made the letter a little later than the job itself."""

_FARTHEST_BACK = timedelta(days=2)

_BATCH = 500
"""Letters of one transaction, so that others get to write in between."""


@dataclass(slots=True, kw_only=True)
class Settled:
    """What became of the letters that were under way."""

    steps: Counter[LetterState] = field(default_factory=Counter)
    tried: list[Tried] = field(default_factory=list)
    under_way: int = 0
    finished: Redriven = field(default_factory=Redriven)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """Looks what became of letters under way; `chance` gives numbers of [0, 1) for the jitter of the next wait."""

    lake: Lake
    state: State
    side: QueueSide
    chance: Callable[[], float]

    def settle(self, now: datetime) -> Settled:
        """Take every letter under way to where it stands; doing it again changes nothing."""
        settled = Settled()
        with self.state.reading() as connection:
            letters = chosen(connection, Selection(states=(LetterState.RETRYING,)))
        for chunk in chunks(letters, _BATCH):
            self._settle(chunk, settled, now)
        return settled

    def _settle(self, letters: Sequence[Letter], settled: Settled, now: datetime) -> None:
        seen = self.side.look([letter.job for letter in letters])
        looks = list(zip(letters, seen, strict=True))
        outcomes = self._outcomes(looks, now)
        unfinished = []
        with self.state.writing() as connection:
            for letter, one in looks:
                step = self._step(letter, one, outcomes.get(letter.job), now)
                if step:
                    also = failure_of(one.job) if one.job else _failure_seen(outcomes.get(letter.job))
                    taken = take(connection, letter, step, actor=_ACTOR, now=now, also=also)
                    settled.steps[step.state] += taken
                    if taken and step.works is not None:
                        settled.tried.append(Tried(letter=letter, worked=step.works))
                elif one.where is Whereabouts.FAILED:
                    unfinished.append(letter)
                else:
                    settled.under_way += 1
        redrive = Redrive(state=self.state, side=self.side, actor=_ACTOR, why="finished what a process that died began")
        redrive.finish(unfinished, settled.finished, now=now)

    def _step(self, letter: Letter, seen: Seen, outcome: Mapping[str, Any] | None, now: datetime) -> Step | None:
        if seen.where is Whereabouts.COMPLETED:
            return recovered(letter)
        if seen.where is Whereabouts.FAILED:
            # Without our token the try never reached the queue, unless somebody else brought the job back.
            failed = letter.try_token is None or seen.token == letter.try_token
            reason = seen.job.reason if seen.job else ""
            return after_failure(letter, reason, now=now, chance=self.chance) if failed else None
        if seen.where is Whereabouts.UNDER_WAY:
            return None
        if outcome is None:
            return when_nowhere(letter, now=now)
        if outcome["outcome"] == "completed":
            return recovered(letter)
        return after_removal(letter, outcome["reason"] or "", now=now)

    def _outcomes(self, looks: Sequence[tuple[Letter, Seen]], now: datetime) -> dict[JobKey, dict[str, Any]]:
        """Give what beats saw of jobs that are nowhere, since they failed."""
        nowhere = {letter.job: letter for letter, seen in looks if seen.where is Whereabouts.NOWHERE}
        if not nowhere:
            return {}
        since = max(min(letter.last_failed_at for letter in nowhere.values()), now - _FARTHEST_BACK)
        rows = self.lake.query(named_queries(QUERIES)["outcomes"], {"since": since, "until": now})
        keyed = {JobKey(prefix=row["prefix"], queue=row["queue"], job_id=row["job_id"]): row for row in rows}
        return {job: row for job, row in keyed.items() if job in nowhere and _is_later(row, nowhere[job])}


def _failure_seen(outcome: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Give the columns that tell of a failure which a beat saw, so that it is not taken for that of a later try."""
    if outcome is None or outcome["outcome"] == "completed":
        return None
    return {"last_failed_at": outcome["ts"], "reason": outcome["reason"] or ""}


def _is_later(outcome: Mapping[str, Any], letter: Letter) -> bool:
    same = timedelta() if outcome["outcome"] == "completed" else _SAME_FAILURE
    moment: datetime = outcome["ts"]
    return moment > letter.last_failed_at + same
