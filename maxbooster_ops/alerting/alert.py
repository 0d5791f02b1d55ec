"""What an alert is: one episode of one rule for one label set, and what people were told of it.

Belongs here: the types that evaluation, dispatch and the commands share. Not here: their storage (`records/`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from maxbooster_ops.alerting.rule import Labels, Severity


class Change(StrEnum):
    """What happened to a series of a rule."""

    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"
    INACTIVE = "inactive"
    NO_DATA = "no_data"
    DATA_AGAIN = "data_again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One change of one series at one evaluation; `value` is the sample in force, None where there was none."""

    rule: str
    labels: Labels
    at: datetime
    change: Change
    value: float | None


class AlertState(StrEnum):
    """How an alert stands, as people see it."""

    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    SILENCED = "silenced"
    NO_DATA = "no_data"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The last message of an alert that was put into a channel's outbox."""

    at: datetime
    severity: Severity
    value: float | None
    resolved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One episode, from firing to resolved. Texts are rendered when it fires and again when it is told.

    `level` is the severity that its messages are routed by: the rule's own, raised by escalation. `silenced` is True
    while a silence holds it. `told` is by channel name; a channel that was never told is absent. `first_told_at` is
    when anybody was first told of this episode: people have from there to acknowledge it before it escalates.
    """

    id: str
    rule: str
    labels: Labels
    severity: Severity
    level: Severity
    component: str
    title: str
    summary: str
    description: str
    runbook: str
    value: float | None
    threshold: float
    value_name: str
    since: datetime
    immediate: bool = False
    no_data: bool = False
    silenced: bool = False
    repeat_every_seconds: float | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    escalated_at: datetime | None = None
    first_told_at: datetime | None = None
    told: Mapping[str, Told] = field(default_factory=dict)

    @property
    def state(self) -> AlertState:
        """How it stands; the strongest word first."""
        if self.resolved_at:
            return AlertState.RESOLVED
        if self.acknowledged_at:
            return AlertState.ACKNOWLEDGED
        if self.silenced:
            return AlertState.SILENCED
        return AlertState.NO_DATA if self.no_data else AlertState.FIRING
