"""What is decided about one alert and one channel, and why.

Belongs here: verdicts, reasons and their types. Not here: how a decision is reached (`stages.py`, `grouping.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from maxbooster_ops.alerting.message import Kind


class Verdict(StrEnum):
    """Whether a channel is told."""

    TELL = "tell"
    HOLD = "hold"


class Reason(StrEnum):
    """Why, in the order of the stages; `docs/dispatch.md` explains each."""

    RESOLUTION = "resolution"
    NEVER_TOLD = "never_told"
    RESOLUTION_TOLD = "resolution_told"
    SILENCED = "silenced"
    INHIBITED = "inhibited"
    NOT_ROUTED = "not_routed"
    ACKNOWLEDGEMENT = "acknowledgement"
    ACKNOWLEDGED = "acknowledged"
    FIRES = "fires"
    ESCALATED = "escalated"
    GOT_WORSE = "got_worse"
    COOLING_DOWN = "cooling_down"
    STILL_FIRES = "still_fires"
    GROUPED = "grouped"
    CHANNEL_GONE = "channel_gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """The channel is to be told. `due` is since when, so that nothing waits for ever behind newer things."""

    kind: Kind
    reason: Reason
    detail: str
    due: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """The channel is not told now; `until` where it is known when that ends."""

    reason: Reason
    detail: str
    until: datetime | None = None


Judgement = Tell | Hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided about one alert and one channel. `detail` is for people, and the same while nothing changes."""

    alert_id: str
    channel: str
    verdict: Verdict
    reason: Reason
    detail: str
    until: datetime | None = None

    @classmethod
    def of(cls, alert_id: str, channel: str, judgement: Judgement) -> Decision:
        """Record a judgement."""
        told = isinstance(judgement, Tell)
        return cls(
            alert_id=alert_id,
            channel=channel,
            verdict=Verdict.TELL if told else Verdict.HOLD,
            reason=judgement.reason,
            detail=judgement.detail,
            until=None if isinstance(judgement, Tell) else judgement.until,
        )
