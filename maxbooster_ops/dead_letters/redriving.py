"""Bringing letters back: claimed in the state, returned in Redis, refusals written down; exactly once.

Belongs here: the order of the steps that makes it so whenever a process dies. A letter that is claimed and whose job is
still dead was left by a process that died in between: `settling.py` finishes it under the same token, so that the
job is brought back once, however often it is attempted. Not here: which letters (`selecting.py`), or what a refusal
means (`deciding.py`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from maxbooster_ops.dead_letters.breakers import BreakerGate
from maxbooster_ops.dead_letters.deciding import Refusal, after_refusal
from maxbooster_ops.dead_letters.letter import Letter, LetterState, PayloadKept
from maxbooster_ops.dead_letters.letter_store import chosen
from maxbooster_ops.dead_letters.queue_side import QueueSide, Return
from maxbooster_ops.dead_letters.selecting import Selection
from maxbooster_ops.dead_letters.stepping import begin_tries, take
from maxbooster_ops.jobs.idempotency import interrupted_run
from maxbooster_ops.store.state import State

_BATCH = 200
"""Letters of one claim: a kill in between leaves at most so many to be settled."""


@dataclass(slots=True, kw_only=True)
class Redriven:
    """What became of the letters of one re-drive; `held` says by id why a breaker held them back."""

    returned: int = 0
    taken_by_others: int = 0
    held: dict[str, str] = field(default_factory=dict)
    refused: Counter[Refusal] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redrive:
    """One re-drive by `actor`, and why. `gate` asks the breaker of each letter's job type; without it all may go.

    `told` hears after each batch how many letters it had.
    """

    state: State
    side: QueueSide
    actor: str
    why: str
    gate: BreakerGate | None = None
    told: Callable[[int], None] = lambda _: None

    def run(self, letters: Sequence[Letter], *, clock: Callable[[], datetime]) -> Redriven:
        """Bring these letters back, a batch at a time; one that somebody else took meanwhile is left to them."""
        done = Redriven()
        batch: list[Letter] = []
        held: list[Letter] = []
        for letter in letters:
            if self.gate and not self.gate.allows(letter):
                held.append(letter)
                continue
            batch.append(letter)
            # Whether a trial comes about must be known before the next letter of its job type is asked for.
            if len(batch) == _BATCH or (self.gate and self.gate.is_trial(letter)):
                self._run(batch, done, clock)
                batch = []
        self._run(batch, done, clock)
        if self.gate:
            done.held = {letter.id: self.gate.why_held(letter) for letter in held}
        self.told(len(held))
        return done

    def _run(self, batch: Sequence[Letter], done: Redriven, clock: Callable[[], datetime]) -> None:
        claimed = self.claim(batch, clock()) if batch else []
        done.taken_by_others += len(batch) - len(claimed)
        for letter in self.finish(claimed, done, now=clock()):
            if self.gate:
                self.gate.take_back(letter)
        self.told(len(batch))

    def claim(self, letters: Sequence[Letter], now: datetime) -> list[Letter]:
        """Claim letters for one try each and give those that nobody else had; their jobs are still where they were."""
        with self.state.writing() as connection:
            tokens = begin_tries(connection, letters, actor=self.actor, why=self.why, now=now)
        return [_claimed(letter, tokens[letter.id], now) for letter in letters if letter.id in tokens]

    def finish(self, claimed: Sequence[Letter], done: Redriven, *, now: datetime) -> list[Letter]:
        """Return the jobs of claimed letters and write down what was refused; doing it again changes nothing.

        Gives the letters that were refused.
        """
        returns = [return_of(one, one.try_token or "") for one in claimed]
        self._free_keys(claimed, returns)
        answers = self.side.bring_back(returns)
        refused: list[tuple[Letter, Refusal]] = []
        for letter, answer in zip(claimed, answers, strict=True):
            refusal = self._refusal(letter, answer)
            if answer == "superseded":
                done.taken_by_others += 1
            elif refusal is None:
                done.returned += 1
            else:
                refused.append((letter, refusal))
        if refused:
            self._write_down(refused, now)
        done.refused.update(refusal for _, refusal in refused)
        return [letter for letter, _ in refused]

    def _free_keys(self, claimed: Sequence[Letter], returns: Sequence[Return]) -> None:
        """Free the keys of jobs whose worker died at work, if the queue takes them back.

        They are parked, so that a person has asked for it. A key that a later run has claimed stays as it is.
        """
        runs = {letter.id: run for letter in claimed if (run := interrupted_run(letter.reason))}
        if not runs:
            return
        asked = [(letter, back) for letter, back in zip(claimed, returns, strict=True) if letter.id in runs]
        answers = self.side.bring_back([back for _, back in asked], only_look=True)
        for (letter, _), answer in zip(asked, answers, strict=True):
            if answer == "redriven" or _has_copy_to_add(letter, answer):
                self.side.free_key(letter.job, runs[letter.id])

    def _refusal(self, letter: Letter, answer: str) -> Refusal | None:
        """Give what the queue refused, after the copy of a job that is gone was added again where there is one."""
        if answer in {"redriven", "failed_again", "superseded"}:
            return None
        if not _has_copy_to_add(letter, answer):
            return Refusal(answer)
        with self.state.reading() as connection:
            whole = chosen(connection, Selection(ids=(letter.id,)), whole=True)
        payload = whole[0].payload if whole else None
        if payload is None:
            return Refusal(answer)
        return None if self.side.add_again(letter, payload) else Refusal.DEDUPLICATED

    def _write_down(self, refused: Sequence[tuple[Letter, Refusal]], now: datetime) -> None:
        with self.state.writing() as connection:
            for letter, refusal in refused:
                lost = refusal is Refusal.TRIMMED and letter.payload_kept is PayloadKept.REDIS
                also = {"payload_kept": PayloadKept.LOST.value} if lost else None
                step = after_refusal(letter, refusal, now=now)
                take(connection, letter, step, actor=self.actor, now=now, also=also)


def return_of(letter: Letter, token: str) -> Return:
    """Give what Redis must know to bring the job of `letter` back under `token`."""
    failed_ms = round(letter.last_failed_at.timestamp() * 1000)
    return Return(job=letter.job, token=token, failed_ms=failed_ms, lifo=_is_lifo(letter))


def _has_copy_to_add(letter: Letter, answer: str) -> bool:
    is_gone = answer in {Refusal.GONE, Refusal.TRIMMED}
    return is_gone and letter.payload_kept is PayloadKept.COPIED and not letter.parent


def _claimed(letter: Letter, token: str, now: datetime) -> Letter:
    return replace(
        letter,
        state=LetterState.RETRYING,
        tries=letter.tries + 1,
        try_token=token,
        tried_at=now,
        next_try_at=None,
        version=letter.version + 1,
    )


def _is_lifo(letter: Letter) -> bool:
    if '"lifo"' not in letter.options:
        return False
    try:
        return bool(json.loads(letter.options).get("lifo"))
    except (ValueError, AttributeError, RecursionError):
        return False
