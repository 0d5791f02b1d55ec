"""Facts for tests: complete rows of which a test names only what it is about."""

from __future__ import annotations

from copy import copy
from dataclasses import fields
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar, get_type_hints

from maxbooster_ops.analysis.thresholds import Limits
from maxbooster_ops.store.facts import BeatTaken, Fact
from maxbooster_ops.store.snapshot import Snapshot

F = TypeVar("F", bound=Fact)

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

LIMITS = Limits(
    queue_waiting=100,
    queue_failed=50,
    queue_stalled=10,
    redis_ping_ms=100,
    ai_cache_percent=90,
    memory_mb=2048,
    error_percent=5,
)
"""The limits of production."""

_PLAIN = {str: "", int: 0, float: 0.0, bool: False, datetime: NOON}


def fact(kind: type[F], /, **known: Any) -> F:
    """Give a row of `kind`; what is not named is None where it may be, else empty or zero."""
    return kind(**{**{name: copy(value) for name, value in _blank(kind).items()}, **known})


@cache
def _blank(kind: type[Fact]) -> dict[str, Any]:
    """Give what stands in a row of which nothing is known; finding it out takes longer than making the row."""
    hints = get_type_hints(kind)
    return {field.name: _nothing(hints[field.name]) for field in fields(kind)}


def _nothing(hint: Any) -> Any:
    if "Mapping" in str(hint):
        return {}
    return [] if "Sequence" in str(hint) else _PLAIN.get(hint)


def seen(**parts: Any) -> Snapshot:
    """Give a snapshot with a beat at noon and the named parts."""
    return Snapshot(**{"beat": fact(BeatTaken, kind="beat"), **parts})
