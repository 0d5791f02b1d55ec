"""Microsoft Teams: an adaptive card to a workflow's URL.

Belongs here: the card and Teams' limits. Not here: the request itself (`posting.py`). What comes from outside stands in
text runs, which know no markup; a text block would follow its links.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from maxbooster_ops.alerting.channels.channel import Sent
from maxbooster_ops.alerting.channels.posting import Target, post, webhook_target
from maxbooster_ops.alerting.channels.references import References
from maxbooster_ops.alerting.channels.wording import clipped, facts, headline, remark, stamp
from maxbooster_ops.alerting.message import Kind, Message, Notice
from maxbooster_ops.alerting.rule import Severity
from maxbooster_ops.settings import Settings

_LARGEST_BYTES = 27 * 1024
"""Teams takes about 28 KB, its own envelope included."""

_DETAILED = 20
_RUNBOOK_CHARACTERS = 2000
_COLOURS = {
    Severity.INFO: "accent",
    Severity.WARNING: "warning",
    Severity.ERROR: "attention",
    Severity.CRITICAL: "attention",
}


class TeamsChannel:
    """Posts each message as one adaptive card."""

    name = "teams"

    def __init__(self, target: Target, references: References) -> None:
        self._target = target
        self._references = references

    @classmethod
    def from_settings(cls, settings: Settings, references: References) -> TeamsChannel | None:
        """Build it, None where it is not configured."""
        target = webhook_target(settings.teams_webhook_url, settings)
        return cls(target, references) if target else None

    def send(self, message: Message) -> Sent:
        """Post it; Teams itself does not recognize a repeat."""
        return post(self._target, self.document(message), {"Idempotency-Key": message.key})

    def document(self, message: Message) -> bytes:
        """Give the document with as many alerts in detail as Teams has room for."""
        for detailed in range(min(len(message.notices), _DETAILED), 0, -1):
            document = _attached(self._card(message, detailed, with_runbook=True))
            if len(document) <= _LARGEST_BYTES:
                return document
        return _attached(self._card(message, 1, with_runbook=False))

    def _card(self, message: Message, detailed: int, *, with_runbook: bool) -> dict[str, Any]:
        links = self._references.links(message.notices[0])
        return {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "fallbackText": clipped(headline(message), 500),
            "msteams": {"width": "Full"},
            "body": list(self._body(message, detailed, with_runbook=with_runbook)),
            "actions": [{"type": "Action.OpenUrl", "title": word, "url": url} for word, url in links],
        }

    def _body(self, message: Message, detailed: int, *, with_runbook: bool) -> Iterator[dict[str, Any]]:
        colour = "good" if message.kind is Kind.RESOLVED else _COLOURS[message.severity]
        yield _text(clipped(headline(message), 500), size="large", weight="bolder", color=colour)
        yield _text(f"{message.severity.word} · {clipped(message.group, 200)} · {stamp(message.at)}", isSubtle=True)
        if also := remark(message):
            yield _text(also)
        for notice in message.notices[:detailed]:
            yield from _told(notice)
        if beyond := len(message.notices) - detailed:
            yield _text(f"… and {beyond} more")
        if (
            with_runbook
            and message.kind is not Kind.RESOLVED
            and (runbook := self._references.runbook(message.notices[0]))
        ):
            yield _text(clipped(runbook, _RUNBOOK_CHARACTERS), size="small")


def _told(notice: Notice) -> Iterator[dict[str, Any]]:
    yield _text(clipped(notice.summary, 1000), weight="bolder")
    if notice.description:
        yield _text(clipped(notice.description, 1000))
    yield _text(clipped(" · ".join(f"{name}: {value}" for name, value in facts(notice)), 1000), isSubtle=True)


def _text(text: str, **style: Any) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **style}]}


def _attached(card: dict[str, Any]) -> bytes:
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return json.dumps({"type": "message", "attachments": [attachment]}, ensure_ascii=False).encode()
