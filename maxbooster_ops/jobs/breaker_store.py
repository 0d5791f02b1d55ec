"""The breakers in Redis, so that every process and host which works on a queue sees the same one.

Belongs here: how they are kept, read and changed, and the record of their transitions. Not here: what they become
(`breaker.py`). Failing to reach Redis raises redis-py's error: who cannot ask does not know.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from redis import Redis

from maxbooster_ops.jobs.breaker import (
    Breaker,
    BreakerState,
    Event,
    Limits,
    Transition,
    allows,
    step,
)
from maxbooster_ops.jobs.shared_value import Change, Note, change, read

_KEY = "maxbooster-ops:breaker:"
_TRANSITIONS = "maxbooster-ops:breaker-transitions"
_TRANSITIONS_KEPT = 1000

_KEPT_FOR = timedelta(days=30)
"""After its last change a breaker is forgotten, that is closed: nobody runs such jobs any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedTransition:
    """A transition of the breaker of `job`; `id` grows, to read on from."""

    id: str
    job: str
    transition: Transition


class BreakerStore:
    """Breakers by job type."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    def take(self, job: str, event: Event, limits: Limits | None = None) -> tuple[Breaker, Transition | None]:
        """Let `event` happen to the breaker of `job`, now by the server's clock."""

        def decide(text: str, now: datetime) -> Change[tuple[Breaker, Transition | None]]:
            before = _breaker(text)
            after, transition = step(before, event, now, limits)
            note = transition and Note(stream=_TRANSITIONS, kept=_TRANSITIONS_KEPT, fields=_fields(job, transition))
            text = text if after == before else _dumped(after)
            return Change(text=text, answer=(after, transition), keep_for=_KEPT_FOR, note=note or None)

        return change(self._client, _KEY + job, decide)

    def look(self, job: str, limits: Limits | None = None) -> tuple[Breaker, bool]:
        """Give the breaker of `job`, and whether a job that asked now would be let through; takes no trial's place."""
        text, now = read(self._client, _KEY + job)
        breaker = _breaker(text)
        return breaker, allows(breaker, now, limits)

    def allows(self, job: str, limits: Limits | None = None) -> bool:
        """Tell whether a job of this type that asked now would be let through."""
        return self.look(job, limits)[1]

    def breakers(self) -> Mapping[str, Breaker]:
        """Give every breaker that is remembered, by job type; a closed one without failures may be missing."""
        keys = sorted(key.decode() if isinstance(key, bytes) else key for key in self._client.scan_iter(f"{_KEY}*"))
        texts = self._client.mget(keys) if keys else []
        return {
            key.removeprefix(_KEY): _breaker(text.decode() if isinstance(text, bytes) else text or "")
            for key, text in zip(keys, texts, strict=True)
        }

    def transitions(self, after: str = "0", *, most: int = _TRANSITIONS_KEPT) -> Sequence[RecordedTransition]:
        """Give the transitions recorded after the one with this id, oldest first."""
        entries: Any = self._client.xrange(_TRANSITIONS, min=f"({after}", count=most)
        return [_recorded(entry_id, fields) for entry_id, fields in entries]


def _dumped(breaker: Breaker) -> str:
    return json.dumps(
        {
            "state": breaker.state,
            "failures": breaker.failures,
            "opened_at": breaker.opened_at and breaker.opened_at.isoformat(),
            "trial": breaker.trial,
            "trial_until": breaker.trial_until and breaker.trial_until.isoformat(),
        }
    )


def _breaker(text: str) -> Breaker:
    if not text:
        return Breaker()
    found = json.loads(text)
    return Breaker(
        state=BreakerState(found["state"]),
        failures=found["failures"],
        opened_at=_moment(found["opened_at"]),
        trial=found["trial"],
        trial_until=_moment(found["trial_until"]),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _fields(job: str, transition: Transition) -> Sequence[str]:
    at = transition.at.isoformat()
    return ["job", job, "at", at, "before", transition.before, "after", transition.after, "why", transition.why]


def _recorded(entry_id: bytes | str, fields: Mapping[bytes | str, bytes | str]) -> RecordedTransition:
    texts = {_plain(name): _plain(value) for name, value in fields.items()}
    transition = Transition(
        at=datetime.fromisoformat(texts["at"]),
        before=BreakerState(texts["before"]),
        after=BreakerState(texts["after"]),
        why=texts["why"],
    )
    return RecordedTransition(id=_plain(entry_id), job=texts["job"], transition=transition)


def _plain(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
