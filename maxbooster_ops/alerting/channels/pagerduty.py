"""PagerDuty, the phone: events through its Events API v2, one incident per group.

Belongs here: which event a message is, and its payload. Not here: the request itself (`posting.py`).
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import SecretStr

from maxbooster_ops.alerting.channels.channel import Sent
from maxbooster_ops.alerting.channels.posting import Target, post
from maxbooster_ops.alerting.channels.references import References
from maxbooster_ops.alerting.channels.wording import SOURCE, body, clipped, facts, headline, iso, remark
from maxbooster_ops.alerting.message import Kind, Message
from maxbooster_ops.settings import Settings

_SUMMARY_CHARACTERS, _DEDUP_CHARACTERS = 1024, 255
_DETAILED = 100
"""Alerts in full; an event may have 512 KB, and a phone shows far less."""

_RUNBOOK_CHARACTERS = 4000


class PagerDutyChannel:
    """Opens, updates, acknowledges and resolves the incident of a message's group."""

    name = "pagerduty"

    def __init__(self, target: Target, routing_key: SecretStr, references: References) -> None:
        self._target = target
        self._routing_key = routing_key
        self._references = references

    @classmethod
    def from_settings(cls, settings: Settings, references: References) -> PagerDutyChannel | None:
        """Build it, None where it is not configured."""
        key = settings.pagerduty_routing_key
        if not key:
            return None
        url = f"{str(settings.pagerduty_api_url).rstrip('/')}/v2/enqueue"
        return cls(Target(url=url, secrets=(key.get_secret_value(),)), key, references)

    def send(self, message: Message) -> Sent:
        """Send its event; a repeat changes nothing, since the incident is known by its group.

        A test opens an incident of its own and resolves it at once.
        """
        sent = self._send(message, event_action(message))
        if message.kind is Kind.TEST and sent.delivered:
            return self._send(message, "resolve")
        return sent

    def _send(self, message: Message, action: str) -> Sent:
        document = self.document(message, action)
        return post(self._target, json.dumps(document).encode(), {"Idempotency-Key": message.key})

    def document(self, message: Message, action: str) -> dict[str, Any]:
        """Give the event; only a trigger says what is wrong."""
        event = {
            "routing_key": self._routing_key.get_secret_value(),
            "event_action": action,
            "dedup_key": _dedup_key(message),
        }
        if action != "trigger":
            return event
        first = message.notices[0]
        page = self._references.alert_page(first)
        links = [
            {"href": href, "text": text}
            for href, text in ((page, "Alert"), (self._references.runbook_page(first), "Runbook"))
            if href
        ]
        return {
            **event,
            "client": SOURCE,
            **({"client_url": page} if page else {}),
            "links": links,
            "payload": {
                "summary": clipped(_summary(message), _SUMMARY_CHARACTERS),
                "source": SOURCE,
                "severity": message.severity.word,
                "timestamp": iso(message.at),
                "component": message.group,
                "group": message.group,
                "class": first.rule,
                "custom_details": self._details(message),
            },
        }

    def _details(self, message: Message) -> dict[str, Any]:
        return {
            "status": message.kind.value,
            "remark": remark(message),
            "message": body(message),
            "alerts": [dict(facts(notice)) | {"summary": notice.summary} for notice in message.notices[:_DETAILED]],
            "count": len(message.notices),
            "runbook": clipped(self._references.runbook(message.notices[0]), _RUNBOOK_CHARACTERS),
        }


def event_action(message: Message) -> str:
    """Tell which event a message is: an end resolves the incident only when nothing of its group still fires."""
    if message.kind is Kind.ACKNOWLEDGED:
        return "acknowledge"
    return "resolve" if message.kind is Kind.RESOLVED and not message.remaining else "trigger"


def _summary(message: Message) -> str:
    alone = len(message.notices) == 1
    return f"{headline(message)}: {message.notices[0].summary}" if alone else headline(message)


def _dedup_key(message: Message) -> str:
    key = f"maxbooster-ops:{message.group}"
    return key if len(key) <= _DEDUP_CHARACTERS else f"maxbooster-ops:{hashlib.sha256(key.encode()).hexdigest()}"
