"""Messages for tests: complete ones of which a test names only what it is about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from maxbooster_ops.alerting.message import Kind, Message, Notice
from maxbooster_ops.alerting.rule import Severity
from support.facts import NOON

NOTICE = Notice(
    alert_id="a1",
    rule="queue_backlog",
    title="High Queue Backlog",
    summary="Queue has 150 waiting jobs (threshold: 100)",
    description="Jobs wait longer than people do.",
    severity=Severity.WARNING,
    labels={"queue": "scheduled-posts"},
    value=150.0,
    value_name="waiting",
    threshold=100.0,
    since=NOON,
    resolved_at=None,
    runbook="queue-backlog",
)


def notice(**known: Any) -> Notice:
    return replace(NOTICE, **known)


def notices(count: int, **known: Any) -> tuple[Notice, ...]:
    """That many alerts of one rule, each about a queue of its own."""
    return tuple(notice(alert_id=f"a{n}", labels={"queue": f"queue-{n}"}, **known) for n in range(count))


def message(**known: Any) -> Message:
    usual = {
        "key": "k1",
        "channel": "webhook",
        "kind": Kind.FIRING,
        "group": "queues",
        "severity": Severity.WARNING,
        "at": NOON,
        "notices": (NOTICE,),
        "remaining": 0,
    }
    return Message(**{**usual, **known})
