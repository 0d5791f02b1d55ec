"""Why somebody was, or was not, told of an alert: everything that is on record, in order.

Belongs here: putting the records into words. Not here: any decision; these are the ones that were made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from maxbooster_ops.alerting.alert import Alert
from maxbooster_ops.alerting.dispatching.silence import Silence
from maxbooster_ops.alerting.records import alert_store, silence_store
from maxbooster_ops.alerting.rule import Rule
from maxbooster_ops.store.alert_tables import deliveries, outbox, outbox_alerts


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that led to who was told. `topic`: rule, value, state, silence, decision, message or delivery."""

    topic: str
    at: datetime | None
    channel: str | None
    text: str


def explain(connection: sa.Connection, alert: Alert, rule: Rule | None, *, now: datetime) -> list[Step]:
    """Give every step: the rule, its value, the states, silences, then decisions, messages and answers by time."""
    silences = silence_store.current_silences(connection, now)
    later = [*_decisions(connection, alert), *_messages(connection, alert), *_answers(connection, alert)]
    later.sort(key=lambda step: step.at or now)
    return [_rule(alert, rule), _value(alert), *_states(connection, alert), *_silences(alert, silences, now), *later]


def _rule(alert: Alert, rule: Rule | None) -> Step:
    if rule is None:
        return _step("rule", f"{alert.rule}: no such rule is in force now")
    lasting = f" for {rule.for_.total_seconds():g} s" if rule.for_ else ""
    repeated = f", {rule.consecutive} samples in a row" if rule.consecutive > 1 else ""
    origin = "" if rule.origin == "default" else f" ({rule.origin})"
    text = f"{rule.name}{origin}: {rule.value_name} {rule.condition}{lasting}{repeated}, {rule.severity.word}"
    return _step("rule", text)


def _value(alert: Alert) -> Step:
    value = "no value" if alert.value is None else f"{alert.value_name} {alert.value:g}"
    return _step("value", f"{value}, threshold {alert.threshold:g}; {alert.summary}")


def _states(connection: sa.Connection, alert: Alert) -> Iterator[Step]:
    for row in alert_store.history(connection, alert):
        value = "" if row["value"] is None else f" at {row['value']:g}"
        by = f" by {row['who']}" if row["who"] else ""
        yield _step("state", f"{row['change']}{value}{by}", at=row["ts"])


def _silences(alert: Alert, silences: Sequence[Silence], now: datetime) -> Iterator[Step]:
    for silence in silences:
        if silence.holds(alert, now):
            matchers = ", ".join(str(matcher) for matcher in silence.matchers)
            kind = "maintenance" if silence.maintenance else "silence"
            until = f"until {silence.ends_at:%Y-%m-%d %H:%M} UTC"
            text = f"{kind} {silence.id} by {silence.author} {until}: {silence.reason} ({matchers})"
            yield _step("silence", text, at=silence.starts_at)


def _decisions(connection: sa.Connection, alert: Alert) -> Iterator[Step]:
    for row in alert_store.decisions_on(connection, alert.id):
        until = f", until {row['until']:%H:%M:%S} UTC" if row["until"] else ""
        text = f"{row['verdict']} – {row['reason']}: {row['detail']}{until}"
        yield _step("decision", text, at=row["ts"], channel=row["channel"])


def _messages(connection: sa.Connection, alert: Alert) -> Iterator[Step]:
    of_alert = sa.select(outbox_alerts.c.key).where(outbox_alerts.c.alert_id == alert.id)
    for row in connection.execute(sa.select(outbox).where(outbox.c.key.in_(of_alert))).mappings():
        fate = "waits"
        if row["delivered_at"]:
            fate = f"delivered at {row['delivered_at']:%H:%M:%S} UTC"
        elif row["failed_at"]:
            fate = f"given up at {row['failed_at']:%H:%M:%S} UTC"
        handed = f", a copy went to {row['handed_to']}" if row["handed_to"] else ""
        text = f"{row['kind']} message {row['key'][:12]}, group {row['group_name']}: {fate}{handed}"
        yield _step("message", text, at=row["ts"], channel=row["channel"])


def _answers(connection: sa.Connection, alert: Alert) -> Iterator[Step]:
    of_alert = sa.select(outbox_alerts.c.key).where(outbox_alerts.c.alert_id == alert.id)
    for row in connection.execute(sa.select(deliveries).where(deliveries.c.key.in_(of_alert))).mappings():
        verdict = "delivered" if row["delivered"] else "refused for good" if row["permanent"] else "failed"
        text = f"try {row['attempt']} {verdict} in {row['duration_ms']:.0f} ms: {row['detail']}"
        yield _step("delivery", text, at=row["ts"], channel=row["channel"])


def _step(topic: str, text: str, *, at: datetime | None = None, channel: str | None = None) -> Step:
    return Step(topic=topic, at=at, channel=channel or None, text=text)
