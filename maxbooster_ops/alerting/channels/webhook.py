"""The generic webhook: every alert as JSON to an address of the operator's, signed where a secret is set.

Belongs here: that payload and its signature (Standard Webhooks). Not here: the request itself (`posting.py`).
"""

from __future__ import annotations

import base64
import json
import math
from binascii import Error as BadBase64
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from maxbooster_ops.alerting.channels.channel import Sent
from maxbooster_ops.alerting.channels.posting import Target, post, webhook_target
from maxbooster_ops.alerting.channels.references import References
from maxbooster_ops.alerting.channels.wording import SOURCE, body, headline, iso, remark
from maxbooster_ops.alerting.message import Message, Notice
from maxbooster_ops.errors import SettingsError
from maxbooster_ops.settings import Settings

_RENAMED = {"queue": "queueName"}
"""What receivers of the platform's alerts know under another name (spec: alerts, "Channels")."""


class WebhookChannel:
    """Posts each message as one JSON document."""

    name = "webhook"

    def __init__(self, target: Target, references: References, *, secret: str | None = None) -> None:
        self._target = target
        self._references = references
        self._secret = secret

    @classmethod
    def from_settings(cls, settings: Settings, references: References) -> WebhookChannel | None:
        """Build it, None where it is not configured; raises `SettingsError` for a secret that cannot sign."""
        target = webhook_target(settings.alert_webhook_url, settings)
        if target is None:
            return None
        secret = settings.alert_webhook_secret.get_secret_value() if settings.alert_webhook_secret else None
        if secret:
            _check(secret)
        return cls(replace(target, secrets=(secret,) if secret else ()), references, secret=secret)

    def send(self, message: Message) -> Sent:
        """Post it; a receiver tells a repeat by `Idempotency-Key` and `webhook-id`."""
        document = json.dumps(self.document(message), ensure_ascii=False, allow_nan=False)
        headers = {"Idempotency-Key": message.key}
        if self._secret:
            headers |= _signature(self._secret, message.key, document)
        return post(self._target, document.encode(), headers)

    def document(self, message: Message) -> dict[str, Any]:
        """Give the document: that of the spec; several alerts stand as a list in its metadata."""
        alone = message.notices[0] if len(message.notices) == 1 else None
        common = {
            "key": message.key,
            "status": message.kind.value,
            "component": message.group,
            "remaining": message.remaining,
            **({"insteadOf": message.instead_of} if message.instead_of else {}),
        }
        several = {"alerts": [self._alert(notice) for notice in message.notices]}
        return {
            "severity": message.severity.word,
            "title": headline(message),
            "message": " ".join(filter(None, [body(message), remark(message)])),
            "timestamp": iso(message.at),
            "metadata": (self._metadata(alone) if alone else several) | common,
            "source": SOURCE,
        }

    def _alert(self, notice: Notice) -> dict[str, Any]:
        return {
            "severity": notice.severity.word,
            "title": notice.title,
            "message": notice.summary,
            "metadata": self._metadata(notice),
        }

    def _metadata(self, notice: Notice) -> dict[str, Any]:
        """Give the labels and the value under their own names; ours win where they are the same."""
        known = {
            "alertId": notice.alert_id,
            "rule": notice.rule,
            "labels": dict(notice.labels),
            "description": notice.description,
            "threshold": _number(notice.threshold),
            "since": iso(notice.since),
            "resolvedAt": iso(notice.resolved_at) if notice.resolved_at else None,
            "runbook": notice.runbook,
            "runbookUrl": self._references.runbook_page(notice),
            "dashboardUrl": self._references.alert_page(notice),
        }
        labels: Mapping[str, Any] = {_name(label): value for label, value in notice.labels.items()}
        value = {_camel(notice.value_name): None if notice.value is None else _number(notice.value)}
        return {**labels, **value, **{name: fact for name, fact in known.items() if fact is not None}}


def _name(label: str) -> str:
    return _RENAMED.get(label) or _camel(label)


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)


def _number(value: float) -> float | int | str:
    """Give a number that JSON has: whole ones without a fraction, infinite ones as words."""
    if not math.isfinite(value):
        return str(value)
    return int(value) if value.is_integer() else value


def _signature(secret: str, key: str, document: str) -> dict[str, str]:
    from standardwebhooks import Webhook  # noqa: PLC0415 -- few sign, and everybody would wait for its import

    now = datetime.now(UTC)
    return {
        "webhook-id": key,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(msg_id=key, timestamp=now, data=document),
    }


def _check(secret: str) -> None:
    encoded = secret.removeprefix("whsec_")
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except BadBase64:
        key = b""
    if not key:
        raise SettingsError(
            "ALERT_WEBHOOK_SECRET cannot sign: it is not base64. Expected `whsec_` and 24 to 64 bytes in base64, as "
            '`echo "whsec_$(openssl rand -base64 32)"` prints. Nothing is sent unsigned: the webhook is off until then.'
        )
