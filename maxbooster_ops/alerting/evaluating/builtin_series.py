"""Series that no query of the lake can give, because the state has them, and they hold at the moment of asking.

Belongs here: their values. Not here: the rules on them (`rules/watching.yaml`, `rules/dead_letters.yaml`).
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
from maxbooster_ops.store.progress import BREAKERS, read_progress

_BREAKERS_KNOWN_FOR = timedelta(minutes=5)
"""They are looked at every minute; what was seen longer ago says nothing of now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """How our own watching stands at `now`."""

    now: datetime
    newest_beat: datetime | None
    jobs: tuple[tuple[str, bool], ...]
    failing_channels: tuple[tuple[str, float], ...]
    breakers: tuple[tuple[str, bool], ...] = ()

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
        return [self._sample({**always, **labels}, value) for labels, value in values]

    def _sample(self, labels: Labels, value: float) -> Samples:
        return Samples(labels=labels, ts=np.array([self.now.timestamp()]), values=np.array([value]))
