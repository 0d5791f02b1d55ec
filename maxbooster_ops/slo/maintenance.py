"""Maintenance: planned time in which a service may be down without spending its budget.

Belongs here: what it covers. Not here: the user's file (`maintenance_file.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """From `start` until `end`, of `services`; None means all of them."""

    start: datetime
    end: datetime
    services: frozenset[str] | None
    why: str

    def covers(self, service: str, start: datetime, end: datetime) -> bool:
        """Tell whether any part of this time of `service` is maintenance."""
        return start < self.end and end > self.start and (self.services is None or service in self.services)


def in_maintenance(planned: Iterable[Maintenance], service: str, start: datetime, end: datetime) -> bool:
    """Tell whether a maintenance covers any part of this time of `service`."""
    return any(one.covers(service, start, end) for one in planned)
