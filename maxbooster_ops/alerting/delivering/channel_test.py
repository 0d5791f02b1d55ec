"""Test alerts: one message to every channel, at once, to see that it arrives.

Belongs here: sending them, writing down what came of it, and when the weekly one is due. Not here: the channels.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from maxbooster_ops.alerting.channels.channel import Channel, Sent
from maxbooster_ops.alerting.delivering import outbox
from maxbooster_ops.alerting.delivering.delivery import attempt
from maxbooster_ops.alerting.message import Kind, Message, Notice
from maxbooster_ops.alerting.records.marks import Mark, marks, set_mark
from maxbooster_ops.alerting.rule import Severity
from maxbooster_ops.store.state import State

_MARK = "test:"
_WEEK = timedelta(weeks=1)
_OPENS, _CLOSES = 9, 17
_MONDAY = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What a channel did with the test alert. `detail` is what the receiver answered, without secrets."""

    channel: str
    delivered: bool
    detail: str


def send_test(state: State, channels: Sequence[Channel], now: datetime) -> list[Tested]:
    """Send a test alert through every channel at the same time; each try is recorded, none is repeated."""
    if not channels:
        return []
    with ThreadPoolExecutor(max_workers=len(channels), thread_name_prefix="test-alert") as pool:
        answers = list(pool.map(lambda channel: _test(state, channel, now), channels))
    return [Tested(channel=name, delivered=sent.delivered, detail=sent.detail) for name, sent in answers]


def is_test_due(state: State, now: datetime) -> bool:
    """Tell whether the weekly test alert is due: a week after the last one, between 9:00 and 17:00 UTC.

    It rings phones, so it keeps to working hours. The first one of an installation is on a Monday at nine.
    """
    clock = now.astimezone(UTC)
    if not _OPENS <= clock.hour < _CLOSES:
        return False
    with state.reading() as connection:
        tested = [mark.at for mark in marks(connection) if mark.name.startswith(_MARK)]
    if not tested:
        return clock.weekday() == _MONDAY and clock.hour == _OPENS
    return now - max(tested) >= _WEEK


def _test(state: State, channel: Channel, now: datetime) -> tuple[str, Sent]:
    message = _message(channel.name, now)
    sent, duration_ms = attempt(channel, message)
    with state.writing() as connection:
        set_mark(connection, Mark(name=f"{_MARK}{channel.name}", at=now, ok=sent.delivered, detail=sent.detail))
        outbox.note_try(connection, message, sent, attempt=1, at=now, duration_ms=duration_ms)
    return channel.name, sent


def _message(channel: str, now: datetime) -> Message:
    notice = Notice(
        alert_id="test",
        rule="test_alert",
        title="Test alert",
        summary=f"This is a test of the channel {channel}; nothing is wrong.",
        description="It is sent weekly and by `maxbooster-ops alerts test`. That it arrived is recorded.",
        severity=Severity.INFO,
        labels={"channel": channel},
        value=None,
        value_name="value",
        threshold=0.0,
        since=now,
        resolved_at=None,
        runbook="",
    )
    return Message(
        key=f"test-{uuid.uuid4().hex}",
        channel=channel,
        kind=Kind.TEST,
        group=f"test {channel}",
        severity=Severity.INFO,
        at=now,
        notices=(notice,),
    )
