"""Series that no query of the lake can give, because the state has them, and they hold at the moment of asking.

Belongs here: their values. Not here: the rules on them (`rules/`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import sqlalchemy as sa

from maxbooster_ops.alerting.delivering.channel_health import failing_channels
from maxbooster_ops.alerting.rule import Labels
from maxbooster_ops.alerting.samples import Samples
from maxbooster_ops.store.alert_tables import job_outcomes
from maxbooster_ops.store.drill_tables import faults
from maxbooster_ops.store.progress import BREAKERS, read_progress

_BREAKERS_KNOWN_FOR = timedelta(minutes=5)
"""They are looked at every minute; what was seen longer ago says nothing of now."""

_LONGEST_FAULT = timedelta(minutes=15)
"""No scenario of ours may take longer than a few minutes; a fault of this age belongs to a drill that died."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """How our own watching stands at `now`."""

    now: datetime
    newest_beat: datetime | None
    jobs: tuple[tuple[str, bool], ...]
    failing_channels: tuple[tuple[str, float], ...]
    breakers: tuple[tuple[str, bool], ...] = ()
    faults_left: int = 0

    @classmethod
    def read(cls, connection: sa.Connection, *, newest_beat: datetime | None, now: datetime) -> Watching:
        """Read what the state knows of it."""
        outcomes = connection.execute(sa.select(job_outcomes.c.job, job_outcomes.c.failed))
        seen = read_progress(connection, BREAKERS)
        is_known = seen is not None and seen.ts > now - _BREAKERS_KNOWN_FOR
        return cls(
            now=now,
            newest_beat=newest_beat,
            jobs=tuple((job, failed) for job, failed in outcomes),
            failing_channels=tuple(failing_channels(connection, now)),
            breakers=tuple(seen.detail["open"].items()) if seen and is_known else (),
            faults_left=_faults_left(connection, now),
        )

    def samples(self, name: str, always: Labels) -> list[Samples]:
        """Give the series of one name with the labels `always` on them, each with one sample at `now`."""
        values: Iterable[tuple[Labels, float]] = ()
        if name == "collection_age_seconds" and self.newest_beat:
            values = [({}, (self.now - self.newest_beat).total_seconds())]
        elif name == "job_failed":
            values = [({"job": job}, float(failed)) for job, failed in self.jobs]
        elif name == "channel_failing_seconds":
            values = [({"channel": channel}, seconds) for channel, seconds in self.failing_channels]
        elif name == "circuit_breaker_open":
            values = [({"job": job}, float(is_open)) for job, is_open in self.breakers]
        elif name == "faults_left":
            values = [({}, float(self.faults_left))]
        return [self._sample({**always, **labels}, value) for labels, value in values]

    def _sample(self, labels: Labels, value: float) -> Samples:
        return Samples(labels=labels, ts=np.array([self.now.timestamp()]), values=np.array([value]))


def _faults_left(connection: sa.Connection, now: datetime) -> int:
    stuck = faults.c.state == "stuck"
    old = faults.c.state.in_(["planned", "injected"]) & (faults.c.planned_at < now - _LONGEST_FAULT)
    return connection.scalar(sa.select(sa.func.count()).select_from(faults).where(stuck | old)) or 0
