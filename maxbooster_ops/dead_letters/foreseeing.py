"""What a re-drive would do with each letter, by looking: the dry run.

Belongs here: the foresight, which asks the very script that would bring the job back. Not here: doing it
(`redriving.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from maxbooster_ops.dead_letters.breakers import BreakerGate
from maxbooster_ops.dead_letters.by_hand import RETRIABLE
from maxbooster_ops.dead_letters.deciding import Refusal, after_refusal
from maxbooster_ops.dead_letters.letter import Letter, LetterState, PayloadKept
from maxbooster_ops.dead_letters.queue_side import QueueSide
from maxbooster_ops.dead_letters.redriving import return_of

BROUGHT_BACK = "would be brought back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What would become of one letter, in words; `returns` tells whether its job would run again."""

    letter: Letter
    returns: bool
    what: str


def foresee(
    side: QueueSide,
    letters: Sequence[Letter],
    *,
    now: datetime,
    ignoring_backoff: bool,
    gate: BreakerGate,
) -> list[Foreseen]:
    """Tell what a re-drive of these letters would do now; nothing is changed."""
    held = {letter.id: why for letter in letters if (why := _held(letter, now, ignoring_backoff))}
    asked = [letter for letter in letters if letter.id not in held]
    answers = side.bring_back([return_of(letter, "") for letter in asked], only_look=True)
    said = {letter.id: answer for letter, answer in zip(asked, answers, strict=True)}
    foreseen = _foreseen(letters, held, said, now)
    return [_by_breaker(one, gate) if one.returns and not gate.allows(one.letter) else one for one in foreseen]


def _foreseen(
    letters: Sequence[Letter], held: dict[str, str], said: dict[str, str], now: datetime
) -> Iterator[Foreseen]:
    for letter in letters:
        if letter.id in held:
            yield Foreseen(letter=letter, returns=False, what=held[letter.id])
        elif said[letter.id] == "redriven":
            yield Foreseen(letter=letter, returns=True, what=BROUGHT_BACK)
        else:
            yield _refused(letter, Refusal(said[letter.id]), now)


def _by_breaker(foreseen: Foreseen, gate: BreakerGate) -> Foreseen:
    return Foreseen(letter=foreseen.letter, returns=False, what=f"nothing: {gate.why_held(foreseen.letter)}")


def _held(letter: Letter, now: datetime, ignoring_backoff: bool) -> str | None:  # noqa: FBT001 -- as it is passed on
    if letter.state not in RETRIABLE:
        return f"nothing: it is {letter.state}"
    waits = letter.state is LetterState.PENDING and letter.next_try_at is not None and letter.next_try_at > now
    if waits and not ignoring_backoff:
        return f"nothing yet: it waits until {letter.next_try_at:%Y-%m-%d %H:%M} UTC"
    return None


def _refused(letter: Letter, refusal: Refusal, now: datetime) -> Foreseen:
    if refusal in {Refusal.GONE, Refusal.TRIMMED} and letter.payload_kept is PayloadKept.COPIED and not letter.parent:
        return Foreseen(letter=letter, returns=True, what=f"{BROUGHT_BACK}, from its copy: {refusal.text}")
    if refusal is Refusal.NOT_FAILED:
        return Foreseen(letter=letter, returns=False, what=f"would be left alone: {refusal.text}")
    step = after_refusal(letter, refusal, now=now)
    return Foreseen(letter=letter, returns=False, what=f"would be {step.state}: {step.note}")
