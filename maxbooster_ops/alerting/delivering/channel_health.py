"""How the channels stand: since when one fails, and what waits for it.

Belongs here: reading the tries of delivery. Not here: what is made of it (the rule on `channel_failing_seconds`,
`status`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from maxbooster_ops.alerting.channels.channel import NOT_CONFIGURED
from maxbooster_ops.alerting.delivering import outbox
from maxbooster_ops.store.alert_tables import deliveries

_FORGOTTEN_AFTER = timedelta(days=8)
"""The weekly test tries every channel; one that was not tried for longer is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelHealth:
    """One channel. `failing_since` is the first failure after the last success, None while it works.

    `last_detail` is what its newest try brought; `waiting` counts messages that neither arrived nor were given up.
    """

    channel: str
    last_success: datetime | None
    failing_since: datetime | None
    last_detail: str
    waiting: int


def channel_health(connection: sa.Connection, now: datetime) -> list[ChannelHealth]:
    """Give every channel that was tried lately or has messages waiting, by name."""
    tried = _last_tries(connection, since=now - _FORGOTTEN_AFTER)
    waiting = outbox.waiting(connection)
    successes = _last_successes(connection)
    return [
        ChannelHealth(
            channel=channel,
            last_success=successes.get(channel),
            failing_since=_failing_since(connection, channel, after=successes.get(channel)),
            last_detail=tried.get(channel, ""),
            waiting=waiting.get(channel, 0),
        )
        for channel in sorted({*tried, *waiting})
        if tried.get(channel) != NOT_CONFIGURED.detail
    ]


def failing_channels(connection: sa.Connection, now: datetime) -> list[tuple[str, float]]:
    """Give for how many seconds each channel has been failing; 0 for one that works."""
    return [
        (health.channel, (now - health.failing_since).total_seconds() if health.failing_since else 0.0)
        for health in channel_health(connection, now)
    ]


def _last_tries(connection: sa.Connection, *, since: datetime) -> dict[str, str]:
    newest = sa.select(sa.func.max(deliveries.c.id)).where(deliveries.c.ts > since).group_by(deliveries.c.channel)
    rows = connection.execute(sa.select(deliveries.c.channel, deliveries.c.detail).where(deliveries.c.id.in_(newest)))
    return {channel: detail for channel, detail in rows}  # noqa: C416 -- rows of two are no dictionary to mypy


def _last_successes(connection: sa.Connection) -> dict[str, datetime]:
    query = (
        sa.select(deliveries.c.channel, sa.func.max(deliveries.c.ts))
        .where(deliveries.c.delivered)
        .group_by(deliveries.c.channel)
    )
    return {channel: at for channel, at in connection.execute(query)}  # noqa: C416 -- see above


def _failing_since(connection: sa.Connection, channel: str, *, after: datetime | None) -> datetime | None:
    query = sa.select(sa.func.min(deliveries.c.ts)).where(deliveries.c.channel == channel, ~deliveries.c.delivered)
    since: datetime | None = connection.scalar(query if after is None else query.where(deliveries.c.ts > after))
    return since
