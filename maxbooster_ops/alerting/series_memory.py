"""What is remembered of a series from one evaluation to the next.

Belongs here: the memory, its JSON form, and the clock that it counts in. Not here: how it changes (`engine.py`).
Time is counted in whole microseconds since the epoch, in which sums and differences are exact.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from maxbooster_ops.alerting.rule import Rule
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

    `breaching` counts the samples in a row, up to the newest, that met the condition. `clearing_us` is since when a
    firing series has been seen not to meet it, without interruption.
    """

    phase: Phase = Phase.INACTIVE
    active_us: int | None = None
    clearing_us: int | None = None
    no_data: bool = False
    newest_us: int | None = None
    newest_value: float | None = None
    breaching: int = 0

    def to_json(self) -> str:
        """Give it as JSON, exact to the last bit."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> SeriesMemory:
        """Read what `to_json` gave."""
        fields = json.loads(text)
        return cls(**{**fields, "phase": Phase(fields["phase"])})

    def is_forgettable(self, rule: Rule, evaluated: datetime) -> bool:
        """Tell whether dropping it after the evaluation at `evaluated` would change nothing.

        So it is with a series that is gone: inactive, its newest sample stale and not meeting the condition.
        """
        if self.phase is not Phase.INACTIVE or self.breaching:
            return False
        return self.newest_us is None or self.newest_us <= in_microseconds(evaluated - _EPOCH - rule.stale_after)


def microseconds(seconds: Floats) -> Microseconds:
    """Give moments in seconds since the epoch in whole microseconds, which a float of today still tells apart."""
    return np.rint(seconds * 1e6).astype(np.int64)


def in_microseconds(length: timedelta) -> int:
    """Give a duration in microseconds."""
    return length // _MICROSECOND


def moment(us: int) -> datetime:
    """Give the moment that is so many microseconds after the epoch."""
    return _EPOCH + us * _MICROSECOND
