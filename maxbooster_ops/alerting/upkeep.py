"""What shows that alerting itself works: the heartbeat, and the weekly test of every channel.

Belongs here: doing what is due. Not here: how either is done (`delivering/`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from maxbooster_ops.alerting.channels.channel import Channel
from maxbooster_ops.alerting.delivering.channel_test import is_test_due, send_test
from maxbooster_ops.alerting.delivering.heartbeat import beat
from maxbooster_ops.alerting.evaluating.evaluation import EVALUATED
from maxbooster_ops.alerting.records.marks import mark
from maxbooster_ops.settings import Settings
from maxbooster_ops.store.state import State


def keep_up(state: State, settings: Settings, channels: Sequence[Channel], *, now: datetime) -> Iterator[str]:
    """Do what is due now, and tell what was done. The heartbeat tells of beats that were evaluated, not only taken."""
    with state.reading() as connection:
        evaluated = mark(connection, EVALUATED)
    newest_beat = evaluated.at if evaluated else None
    if (sent := beat(state, settings, newest_beat, now)) is not None:
        yield f"heartbeat: {sent.detail}"
    if is_test_due(state, now):
        for answer in send_test(state, channels, now):
            yield f"weekly test, {answer.channel}: {'delivered' if answer.delivered else 'failed'} ({answer.detail})"
