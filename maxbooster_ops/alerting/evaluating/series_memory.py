"""What is remembered of a series from one evaluation to the next.

Belongs here: the memory, its JSON form, and the clock that it counts in. Not here: how it changes (`engine.py`).
Time is counted in whole microseconds since the epoch, in which sums and differences are exact.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from maxbooster_ops.alerting.samples import Floats

Microseconds = NDArray[np.int64]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Phase(StrEnum):
    """Where a series stands between two evaluations."""

    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesMemory:
    """All that the next evaluation must know of a series.

    `last_us` and `last_value` are the newest sample, and `breaching` how many samples in a row, up to it, met the
    condition. `clearing_us` is since when a firing series has been seen not to meet it, without interruption.
    """

    phase: Phase = Phase.INACTIVE
    active_us: int | None = None
    clearing_us: int | None = None
    no_data: bool = False
    last_us: int | None = None
    last_value: float | None = None
    breaching: int = 0

    def to_json(self) -> str:
        """Give it as JSON, exact to the last bit."""
        return json.dumps({name: getattr(self, name) for name in self.__slots__}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> SeriesMemory:
        """Read what `to_json` gave."""
        fields = json.loads(text)
        return cls(**{**fields, "phase": Phase(fields["phase"])})


def microseconds(seconds: Floats) -> Microseconds:
    """Give moments in seconds since the epoch in whole microseconds, which a float of today still tells apart."""
    return np.rint(seconds * 1e6).astype(np.int64)


def in_microseconds(length: timedelta) -> int:
    """Give a duration in microseconds."""
    return length // _MICROSECOND


def microsecond(at: datetime) -> int:
    """Give a moment in microseconds since the epoch."""
    return (at - _EPOCH) // _MICROSECOND


def moment(us: int) -> datetime:
    """Give the moment that is so many microseconds after the epoch."""
    return _EPOCH + us * _MICROSECOND
