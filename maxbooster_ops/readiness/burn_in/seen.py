"""What one reading of all sources saw, sorted by what it is about. Pure.

Belongs here: facts by kind, and which source was not there. Not here: reading (`checking.py`) or judging (`parts.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from maxbooster_ops.sources.round import Answer
from maxbooster_ops.store.facts import (
    AiCacheSample,
    Fact,
    HostSample,
    MetricSample,
    ProbeResult,
    QueueSample,
    RedisSample,
    SourceFailure,
)

F = TypeVar("F", bound=Fact)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen. `unreadable` names the sources that gave nothing, `complaints` what others could not read.

    `expected` names the sources that are configured, or were at an earlier check of the session: a platform that
    disappears from what is watched has not become well.
    """

    queues: Sequence[QueueSample] = ()
    redis: RedisSample | None = None
    host: HostSample | None = None
    caches: Sequence[AiCacheSample] = ()
    probes: Sequence[ProbeResult] = ()
    metrics: Sequence[MetricSample] = ()
    unreadable: Mapping[str, str]
    complaints: Mapping[str, Sequence[str]]
    expected: frozenset[str]

    @property
    def readable(self) -> frozenset[str]:
        """Name the sources that answered."""
        return self.expected - self.unreadable.keys()

    @classmethod
    def of(cls, answers: Mapping[str, Answer], *, expected: frozenset[str]) -> Seen:
        """Sort what the sources answered."""
        unreadable = dict.fromkeys(expected - answers.keys(), "it was there at an earlier check and is not any more")
        complaints: dict[str, Sequence[str]] = {}
        facts: list[Fact] = []
        for name, answer in answers.items():
            if isinstance(answer.reading, SourceFailure):
                unreadable[name] = _told(answer.reading)
            else:
                facts += answer.reading.rows
                complaints[name] = [_told(failure) for failure in answer.reading.failures]
        return cls(
            queues=_all(facts, QueueSample),
            redis=next(iter(_all(facts, RedisSample)), None),
            host=next(iter(_all(facts, HostSample)), None),
            caches=_all(facts, AiCacheSample),
            probes=_all(facts, ProbeResult),
            metrics=_all(facts, MetricSample),
            unreadable=unreadable,
            complaints=complaints,
            expected=expected,
        )


def _all(facts: Iterable[Fact], kind: type[F]) -> list[F]:
    return [fact for fact in facts if isinstance(fact, kind)]


def _told(failure: SourceFailure) -> str:
    return f"{failure.target}: {failure.reason}"
