"""How alerting itself stands: what is open, which channels work, when it last did what it must.

Belongs here: summing up for `status` and the UI. Not here: alerts on it (`rules/watching.yaml`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from maxbooster_ops.alerting.delivering.channel_health import ChannelHealth, channel_health
from maxbooster_ops.alerting.delivering.heartbeat import HEARTBEAT
from maxbooster_ops.alerting.dispatching.policy import LOG
from maxbooster_ops.alerting.evaluating.evaluation import EVALUATED
from maxbooster_ops.alerting.records import alert_store
from maxbooster_ops.alerting.records.marks import marks


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Alerting at one moment. `configured` are the channels that reach people; the log is none of them."""

    open: Mapping[str, int]
    configured: tuple[str, ...]
    failing: tuple[ChannelHealth, ...]
    waiting: int
    evaluated_at: datetime | None
    heartbeat_at: datetime | None

    @property
    def verdict(self) -> str:
        """Say in a sentence whether people are reached."""
        if not self.configured:
            return "No channel is configured: alerts go to the log and the store only."
        if self.all_fail:
            since = min(channel.failing_since for channel in self.failing if channel.failing_since)
            return f"NOBODY IS REACHED: every channel has been failing since {since:%Y-%m-%d %H:%M} UTC at the latest."
        if self.failing:
            verb = "fails" if len(self.failing) == 1 else "fail"
            return f"{', '.join(channel.channel for channel in self.failing)} {verb}; the others work."
        return f"{', '.join(self.configured)} work{'s' if len(self.configured) == 1 else ''} as far as is known."

    @property
    def all_fail(self) -> bool:
        """Tell whether nobody is reached although somebody should be."""
        failing = {channel.channel for channel in self.failing}
        return bool(self.configured) and failing.issuperset(self.configured)


def standing(connection: sa.Connection, channels: Sequence[str], *, now: datetime) -> Standing:
    """Sum up; `channels` are the names of those that can be used."""
    configured = tuple(name for name in channels if name != LOG)
    health = [channel for channel in channel_health(connection, now) if channel.channel in configured]
    at = {mark.name: mark.at for mark in marks(connection) if mark.ok}
    open_alerts = [alert for alert in alert_store.unsettled_alerts(connection) if alert.resolved_at is None]
    return Standing(
        open=Counter(alert.severity.word for alert in open_alerts),
        configured=configured,
        failing=tuple(channel for channel in health if channel.failing_since),
        waiting=sum(channel.waiting for channel in health),
        evaluated_at=at.get(EVALUATED),
        heartbeat_at=at.get(HEARTBEAT),
    )
