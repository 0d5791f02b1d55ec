"""Taking one check: everything that is watched read at once, with memories of the session's own.

Belongs here: which sources a check reads, and what they remember. Not here: when (`running.py`), putting a check
together (`composing.py`), keeping what came of it (`sessions.py`).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from maxbooster_ops.analysis.thresholds import Limits
from maxbooster_ops.errors import redact
from maxbooster_ops.readiness.burn_in.between import ReadAhead
from maxbooster_ops.readiness.burn_in.composing import SESSION, Occasion, Tally, Terms, compose
from maxbooster_ops.readiness.burn_in.health import HealthEndpoints
from maxbooster_ops.readiness.burn_in.plan import Plan
from maxbooster_ops.readiness.burn_in.seen import Seen
from maxbooster_ops.settings import Settings
from maxbooster_ops.sources.bullmq import BullmqQueues
from maxbooster_ops.sources.probes import Probes
from maxbooster_ops.sources.registry import build_sources
from maxbooster_ops.sources.round import Answer, Rounds
from maxbooster_ops.sources.source import Moment, Reading, Source
from maxbooster_ops.store.findings import BurnInCheck
from maxbooster_ops.watching import targets_of

DEADLINE_SECONDS = 5.0
"""A check is over after this, whatever hangs."""

_QUEUES = BullmqQueues.name
_OWN_ROUTES = frozenset({"/api/metrics", "/api/monitoring/ai-models"})

Memories = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A check, and what is to be remembered after it."""

    check: BurnInCheck
    memories: Memories


class Checker:
    """Takes the checks of one session."""

    def __init__(self, settings: Settings, session_id: str, plan: Plan) -> None:
        self._settings = settings
        self._session_id = session_id
        self._plan = plan
        self._ahead = ReadAhead()
        self._watch()

    @property
    def process(self) -> str | None:
        """Name the platform's process, where it runs on this host."""
        return self._targets.platform_process

    def take(
        self, number: int, due: datetime, memories: Memories, *, now: datetime, memory_low_mb: float | None
    ) -> Taken:
        """Read everything once, from where the previous check's `memories` ended.

        Whatever does not answer is a part that failed; it never raises for what the platform does.
        """
        began = time.perf_counter()
        if targets_of(self._settings) != self._targets:
            self.close()
            self._watch()  # a sandbox that was started anew has other addresses
        tally = Tally.of(memories)
        answers = self._with_read_ahead(self._rounds.read(lambda source: self._moment(source, memories, now)))
        seen = Seen.of(answers, expected=frozenset((*tally.sources, *answers)))
        occasion = Occasion(
            session_id=self._session_id,
            number=number,
            due=due,
            now=now,
            duration_ms=(time.perf_counter() - began) * 1000,
        )
        health_ms = self._health.latency_ms(seen.probes) if self._health else None
        check, tally = compose(occasion, self._terms(), seen, tally, memory_low_mb=memory_low_mb, health_ms=health_ms)
        kept = {name: answer.reading.memory for name, answer in answers.items() if isinstance(answer.reading, Reading)}
        return Taken(check=check, memories={**memories, **kept, SESSION: tally.kept()})

    def read_ahead(self, memories: Memories, now: datetime) -> None:
        """Read the events of the queues between two checks, so that none is forgotten before the next one."""
        if _QUEUES not in memories:
            return
        for answer in self._queues.read(lambda source: self._moment(source, memories, now)).values():
            if isinstance(answer.reading, Reading):
                self._ahead.take(answer.reading)

    def close(self) -> None:
        """Release the sources' connections."""
        for source in self._rounds.sources:
            source.close()

    def _watch(self) -> None:
        self._targets = targets_of(self._settings)
        # A check asks the health endpoints every time, at whatever pace their monitors are asked otherwise.
        sources = [source for source in build_sources(self._targets) if not isinstance(source, Probes)]
        self._health = (
            HealthEndpoints(self._targets.monitors_file, platform_url=self._targets.platform_url)
            if self._targets.platform_url
            else None
        )
        sources += [self._health] if self._health else []
        self._rounds = Rounds(sources, deadline_seconds=DEADLINE_SECONDS)
        queues = [source for source in sources if source.name == _QUEUES]
        self._queues = Rounds(queues, deadline_seconds=DEADLINE_SECONDS)

    def _moment(self, source: Source, memories: Memories, now: datetime) -> Moment:
        # What happened before the first check is not the burn-in's, so that one looks back at nothing.
        interval = self._plan.interval.total_seconds() if SESSION in memories else 0.0
        memory = memories.get(source.name, {})
        if source.name == _QUEUES:
            memory = self._ahead.memory(memory)
        return Moment(at=now, interval_seconds=interval, memory=memory)

    def _with_read_ahead(self, answers: Mapping[str, Answer]) -> Mapping[str, Answer]:
        queues = answers.get(_QUEUES)
        if queues is None or not isinstance(queues.reading, Reading):
            return answers
        return {**answers, _QUEUES: replace(queues, reading=self._ahead.added_to(queues.reading))}

    def _terms(self) -> Terms:
        return Terms(
            promised=self._plan.thresholds,
            limits=Limits.of(self._settings),
            own_routes=_OWN_ROUTES | (self._health.routes if self._health else frozenset()),
            has_process=self.process is not None,
            target=redact(" ".join(filter(None, [self._targets.origin, self._targets.platform_url]))),
        )
