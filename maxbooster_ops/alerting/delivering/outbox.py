"""The outbox: messages from the transaction that decided them until they arrived or were given up.

Belongs here: its rows. Not here: sending (`delivery.py`), or what follows from a failed try (`backoff.py`). Every
function works inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from maxbooster_ops.alerting.channels.channel import Sent
from maxbooster_ops.alerting.delivering.backoff import Next
from maxbooster_ops.alerting.dispatching.grouping import WINDOW, Recent
from maxbooster_ops.alerting.message import Message
from maxbooster_ops.store.alert_tables import deliveries, outbox, outbox_alerts

LEASE = timedelta(seconds=60)
"""How long a try may take before another process takes its message over; a try ends within about 20 s."""

_OPEN = sa.and_(outbox.c.delivered_at.is_(None), outbox.c.failed_at.is_(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A message that the holder alone may try until `until`; this is its `attempt`-th try."""

    message: Message
    attempt: int
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One try as it went; `at` is when it began."""

    claim: Claim
    sent: Sent
    at: datetime
    duration_ms: float


def put(connection: sa.Connection, messages: Iterable[Message], now: datetime) -> None:
    """Add messages, to be tried at once; one whose key is known already is left as it is."""
    wanted = {message.key: message for message in messages}
    known = set(connection.scalars(sa.select(outbox.c.key).where(outbox.c.key.in_(list(wanted)))))
    fresh = [message for key, message in wanted.items() if key not in known]
    if not fresh:
        return
    connection.execute(sa.insert(outbox), [_row(message, now) for message in fresh])
    links = [
        {"key": message.key, "alert_id": alert_id}
        for message in fresh
        for alert_id in dict.fromkeys(notice.alert_id for notice in message.notices)
    ]
    if links:
        connection.execute(sa.insert(outbox_alerts), links)


def recent(connection: sa.Connection, now: datetime) -> list[Recent]:
    """Give the messages of the time in which dispatch limits bursts."""
    rows = connection.execute(
        sa.select(outbox.c.channel, outbox.c.group_name, outbox.c.ts).where(outbox.c.ts > now - WINDOW)
    )
    return [Recent(channel=channel, group=group, at=at) for channel, group, at in rows]


def due(connection: sa.Connection, now: datetime) -> dict[str, int]:
    """Count by channel the messages that could be tried now."""
    query = sa.select(outbox.c.channel, sa.func.count()).where(_is_due(now)).group_by(outbox.c.channel)
    return {channel: int(count) for channel, count in connection.execute(query)}


def waiting(connection: sa.Connection) -> dict[str, int]:
    """Count by channel the messages that have neither arrived nor been given up."""
    query = sa.select(outbox.c.channel, sa.func.count()).where(_OPEN).group_by(outbox.c.channel)
    return {channel: int(count) for channel, count in connection.execute(query)}


def claim(connection: sa.Connection, channel: str, now: datetime) -> Claim | None:
    """Take the most urgent message of `channel` that is due, None where there is none.

    Only the oldest open message of a group is ever due: a resolution never overtakes what it resolves.
    """
    order = (outbox.c.severity.desc(), outbox.c.ts, outbox.c.key)
    query = sa.select(outbox).where(outbox.c.channel == channel, _is_due(now)).order_by(*order).limit(1)
    row = connection.execute(query).mappings().first()
    if row is None:
        return None
    until = now + LEASE
    taken = connection.execute(
        sa.update(outbox)
        .where(outbox.c.key == row["key"], outbox.c.attempts == row["attempts"], _OPEN)
        .values(attempts=row["attempts"] + 1, leased_until=until)
    )
    if taken.rowcount != 1:
        return None
    return Claim(message=Message.from_json(row["payload"]), attempt=row["attempts"] + 1, until=until)


def record(connection: sa.Connection, tried: Try, step: Next, now: datetime) -> None:
    """Write down a try and what follows from it.

    A success always counts. A failure changes nothing about a message that somebody else has taken over meanwhile.
    """
    message, sent = tried.claim.message, tried.sent
    note_try(connection, message, sent, attempt=tried.claim.attempt, at=tried.at, duration_ms=tried.duration_ms)
    change = sa.update(outbox).where(outbox.c.key == message.key, _OPEN)
    if sent.delivered:
        connection.execute(change.values(delivered_at=now, leased_until=None, last_detail=sent.detail))
        return
    outcome: Mapping[str, Any] = {"failed_at": now} if step.given_up else {"due_at": step.due_at}
    still_ours = outbox.c.attempts == tried.claim.attempt
    connection.execute(change.where(still_ours).values(**outcome, leased_until=None, last_detail=sent.detail))


def note_try(
    connection: sa.Connection, message: Message, sent: Sent, *, attempt: int, at: datetime, duration_ms: float
) -> None:
    """Write down a try that began `at`, and nothing else: a test alert has no row in the outbox."""
    connection.execute(
        sa.insert(deliveries).values(
            key=message.key,
            channel=message.channel,
            ts=at,
            attempt=attempt,
            delivered=sent.delivered,
            permanent=sent.permanent,
            detail=sent.detail,
            duration_ms=duration_ms,
        )
    )


def without_backup(connection: sa.Connection, message: Message) -> list[Message]:
    """Give `message` and those that wait behind it, as far as no backup has a copy yet."""
    waits_behind = sa.and_(outbox.c.channel == message.channel, outbox.c.group_name == message.group, _OPEN)
    query = (
        sa.select(outbox.c.payload)
        .where(sa.or_(outbox.c.key == message.key, waits_behind), outbox.c.handed_to.is_(None))
        .order_by(outbox.c.ts, outbox.c.key)
    )
    return [Message.from_json(payload) for payload in connection.scalars(query)]


def hand_over(connection: sa.Connection, message: Message, backup: str, now: datetime) -> None:
    """Put a copy for `backup` into the outbox, under a key of its own that is the same whoever does it."""
    copy = replace(message, key=f"{message.key}-{backup}", channel=backup, instead_of=message.channel)
    put(connection, [copy], now)
    connection.execute(sa.update(outbox).where(outbox.c.key == message.key).values(handed_to=backup))


def channels_told(connection: sa.Connection, message: Message) -> frozenset[str]:
    """Give the channels that a message of the same kind about any of the same alerts was put in for, this one included.

    Also those that gave it up: a copy that two broken channels hand to each other would never end.
    """
    alerts = {notice.alert_id for notice in message.notices}
    query = (
        sa.select(outbox.c.channel)
        .join(outbox_alerts, outbox_alerts.c.key == outbox.c.key)
        .where(outbox_alerts.c.alert_id.in_(alerts), outbox.c.kind == message.kind.value)
    )
    return frozenset({*connection.scalars(query), message.channel})


def _is_due(now: datetime) -> sa.ColumnElement[bool]:
    earlier = outbox.alias("earlier")
    first_of_its_group = ~sa.exists().where(
        earlier.c.channel == outbox.c.channel,
        earlier.c.group_name == outbox.c.group_name,
        earlier.c.delivered_at.is_(None),
        earlier.c.failed_at.is_(None),
        sa.tuple_(earlier.c.ts, earlier.c.key) < sa.tuple_(outbox.c.ts, outbox.c.key),
    )
    free = sa.or_(outbox.c.leased_until.is_(None), outbox.c.leased_until <= now)
    return sa.and_(_OPEN, outbox.c.due_at <= now, free, first_of_its_group)


def _row(message: Message, now: datetime) -> dict[str, Any]:
    return {
        "key": message.key,
        "channel": message.channel,
        "group_name": message.group,
        "kind": message.kind.value,
        "severity": int(message.severity),
        "ts": message.at,
        "payload": message.to_json(),
        "attempts": 0,
        "due_at": now,
        "last_detail": "",
    }
