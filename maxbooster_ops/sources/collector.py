"""The collector: takes beats. A beat reads every source at once and stores everything seen in one write.

Belongs here: the course of a beat. Not here: when beats are due (`cadence.py`), the sources, the store.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar, runtime_checkable

from maxbooster_ops.clock import utc_now
from maxbooster_ops.errors import StoreBusyError
from maxbooster_ops.logs import get_logger
from maxbooster_ops.sources.round import Answer, Rounds
from maxbooster_ops.sources.source import Moment, Reading, Source
from maxbooster_ops.store.beats import Batch, Beats, Outcome, beat_id
from maxbooster_ops.store.facts import BeatTaken, Fact, SourceFailure
from maxbooster_ops.store.memories import NEVER_READ, Remembered

R = TypeVar("R", "BeatReport", "BeatReport | None")

_TRIES = 5
"""How often a beat is read again when another collector was faster; each try starts from where that one ended."""


@runtime_checkable
class LateSource(Source, Protocol):
    """A source that may still wait for answers when its reading ends."""

    def drain(self, moment: Moment) -> Reading:
        """Wait, within its own time-outs, for what is still under way."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """How one source fared in a beat: rows stored (without failures), how long it took, what went wrong."""

    rows: int
    duration_ms: float
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BeatReport:
    """What a beat (or, `kind` "late", the answers that came after one) saw and what became of it."""

    kind: str
    ts: datetime
    due: datetime
    batch_id: str
    outcome: Outcome
    sources: Mapping[str, SourceReport]
    facts: Sequence[Fact]


class Collector:
    """Takes beats of some sources into one store; several collectors may share the store."""

    def __init__(
        self,
        sources: Sequence[Source],
        beats: Beats,
        *,
        interval_seconds: float,
        deadline_seconds: float,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._rounds = Rounds(sources, deadline_seconds=deadline_seconds)
        self._beats = beats
        self._interval_seconds = interval_seconds
        self._clock = clock
        self._name = f"{socket.gethostname()}:{os.getpid()}"

    def beat(self, due: datetime | None = None) -> BeatReport:
        """Take the beat that is due at `due` (now where None).

        A beat that another collector already stored is read but not stored again. Raises `StoreBusyError` or
        `StoreFullError` when it cannot be stored; the next beat then starts from where the last stored one ended, so
        that nothing is lost.
        """
        return self._until_not_overtaken(lambda: self._take_beat(due))

    def finish(self) -> BeatReport | None:
        """Wait for what sources still have under way and store it as a late batch; None where nothing was."""
        late = [source for source in self._rounds.sources if isinstance(source, LateSource)]
        return self._until_not_overtaken(lambda: self._take_late(late))

    def close(self) -> None:
        """Release the sources' connections."""
        for source in self._rounds.sources:
            source.close()

    def _until_not_overtaken(self, attempt: Callable[[], R]) -> R:
        for _ in range(_TRIES):
            report = attempt()
            if report is None or report.outcome is not Outcome.OVERTAKEN:
                _log(report)
                return report
        raise StoreBusyError(
            f"Other collectors were faster {_TRIES} times in a row, so this beat was not stored; the others' beats "
            "were. Let fewer processes collect into one home."
        )

    def _take_beat(self, due: datetime | None) -> BeatReport:
        remembered, at = self._beats.recall(), self._clock()
        answers = self._rounds.read(lambda source: self._moment(source, remembered, at))
        return self._store("beat", due or at, at, answers, remembered)

    def _take_late(self, sources: Sequence[LateSource]) -> BeatReport | None:
        remembered, at = self._beats.recall(), self._clock()
        readings = {source.name: source.drain(self._moment(source, remembered, at)) for source in sources}
        answers = {
            name: Answer(reading=reading, duration_ms=0.0) for name, reading in readings.items() if _facts(reading)
        }
        return self._store("late", at, at, answers, remembered) if answers else None

    def _moment(self, source: Source, remembered: Mapping[str, Remembered], at: datetime) -> Moment:
        memory = remembered.get(source.name, NEVER_READ).memory
        return Moment(at=at, interval_seconds=self._interval_seconds, memory=memory)

    def _store(
        self,
        kind: str,
        due: datetime,
        at: datetime,
        answers: Mapping[str, Answer],
        remembered: Mapping[str, Remembered],
    ) -> BeatReport:
        facts = [fact for answer in answers.values() for fact in _facts(answer.reading)]
        failures = sum(isinstance(fact, SourceFailure) for fact in facts)
        taken = BeatTaken(
            ts=at,
            kind=kind,
            due=due,
            duration_ms=max((answer.duration_ms for answer in answers.values()), default=0.0),
            sources=len(answers),
            failures=failures,
            rows=len(facts) - failures,
            collector=self._name,
        )
        batch = Batch(
            id=beat_id(due, kind=kind), due=due, facts=[taken, *facts], memories=_memories(answers, remembered)
        )
        outcome = self._beats.store(batch, remembered)
        sources = {name: _report(answer) for name, answer in answers.items()}
        return BeatReport(
            kind=kind, ts=at, due=due, batch_id=batch.id, outcome=outcome, sources=sources, facts=batch.facts
        )


def _facts(reading: Reading | SourceFailure) -> list[Fact]:
    return [reading] if isinstance(reading, SourceFailure) else [*reading.rows, *reading.failures]


def _memories(answers: Mapping[str, Answer], remembered: Mapping[str, Remembered]) -> dict[str, Mapping[str, object]]:
    """Give what changed; a source that failed keeps what it remembered."""
    return {
        name: answer.reading.memory
        for name, answer in answers.items()
        if isinstance(answer.reading, Reading) and answer.reading.memory != remembered.get(name, NEVER_READ).memory
    }


def _report(answer: Answer) -> SourceReport:
    reading, duration_ms = answer.reading, round(answer.duration_ms, 3)
    if isinstance(reading, SourceFailure):
        return SourceReport(rows=0, duration_ms=duration_ms, error=f"{reading.error}: {reading.reason}")
    errors = "; ".join(f"{failure.error}: {failure.reason}" for failure in reading.failures)
    return SourceReport(rows=len(reading.rows), duration_ms=duration_ms, error=errors or None)


def _log(report: BeatReport | None) -> None:
    if report is None:
        return
    get_logger().info(
        "beat_taken",
        batch_id=report.batch_id,
        outcome=report.outcome.value,
        rows=sum(source.rows for source in report.sources.values()),
        failed=[name for name, source in report.sources.items() if source.error],
    )
