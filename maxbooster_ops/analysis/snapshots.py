"""Facts of some beats seen as one snapshot: the newest of each thing.

Belongs here: picking the newest. Not here: reading them from the lake (`store/latest.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from maxbooster_ops.store.facts import (
    AiCacheSample,
    BeatTaken,
    Fact,
    HostSample,
    MetricSample,
    ProbeResult,
    QueueSample,
    RedisSample,
    SourceFailure,
)
from maxbooster_ops.store.snapshot import Snapshot

F = TypeVar("F", bound=Fact)


def snapshot_of(facts: Sequence[Fact]) -> Snapshot:
    """Give the newest of everything in `facts`, which are in the order they were seen."""
    beats = _newest(facts, BeatTaken, lambda _: None)
    redis, host = _newest(facts, RedisSample, lambda r: r.server), _newest(facts, HostSample, lambda h: h.host)
    return Snapshot(
        beat=beats[-1] if beats else None,
        queues=_newest(facts, QueueSample, lambda q: (q.prefix, q.queue)),
        redis=redis[-1] if redis else None,
        host=host[-1] if host else None,
        ai_caches=_newest(facts, AiCacheSample, lambda c: c.cache),
        probes=_newest(facts, ProbeResult, lambda p: p.monitor),
        metrics=_newest(facts, MetricSample, lambda m: (m.source, m.name, frozenset(m.labels.items()))),
        failures=tuple(fact for fact in facts if isinstance(fact, SourceFailure)),
    )


def _newest(facts: Sequence[Fact], kind: type[F], key: Callable[[F], Hashable]) -> tuple[F, ...]:
    return tuple({key(fact): fact for fact in facts if isinstance(fact, kind)}.values())
