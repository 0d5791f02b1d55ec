"""The heartbeat: a call to a dead man's switch every minute for as long as collection works.

Belongs here: when to call, and writing down what came of it. Not here: what happens when it stops, which is for whoever
keeps the switch: that is its point.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from maxbooster_ops.alerting.channels.channel import Sent
from maxbooster_ops.alerting.channels.posting import Target, get
from maxbooster_ops.alerting.records.marks import Mark, mark, set_mark
from maxbooster_ops.settings import Settings
from maxbooster_ops.store.state import State

HEARTBEAT = "heartbeat"
"""The mark of the last call."""

EVERY = timedelta(minutes=1)
OLDEST_BEAT = timedelta(minutes=3)
"""Spec: alerts, "Rules", pipeline_failure; the switch must trip for the same reason as the alert."""


def beat(state: State, settings: Settings, newest_beat: datetime | None, now: datetime) -> Sent | None:
    """Call `HEARTBEAT_URL`, unless it was tried within the last minute; None where nothing was to be done.

    While collection is older than three minutes nothing is called, and the mark says so.
    """
    if not settings.heartbeat_url:
        return None
    with state.reading() as connection:
        last = mark(connection, HEARTBEAT)
    if last and now - last.at < EVERY:
        return None
    sent = _call(settings.heartbeat_url.get_secret_value(), newest_beat, now)
    with state.writing() as connection:
        set_mark(connection, Mark(name=HEARTBEAT, at=now, ok=sent.delivered, detail=sent.detail))
    return sent


def _call(url: str, newest_beat: datetime | None, now: datetime) -> Sent:
    if newest_beat is None:
        return Sent(delivered=False, detail="withheld: nothing was collected yet")
    age = now - newest_beat
    if age >= OLDEST_BEAT:
        return Sent(delivered=False, detail=f"withheld: the newest beat is {age.total_seconds():.0f} s old")
    return get(Target(url=url))
