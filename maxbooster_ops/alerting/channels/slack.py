"""Slack: blocks to an incoming webhook, what is critical to a channel of its own.

Belongs here: the blocks and Slack's limits. Not here: the request itself (`posting.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from maxbooster_ops.alerting.channels.channel import Sent
from maxbooster_ops.alerting.channels.posting import Target, post, webhook_target
from maxbooster_ops.alerting.channels.references import References
from maxbooster_ops.alerting.channels.wording import facts, fitted, headline, remark, stamp
from maxbooster_ops.alerting.message import Kind, Message, Notice
from maxbooster_ops.alerting.rule import Severity
from maxbooster_ops.settings import Settings

_HEADER_CHARACTERS, _SECTION_CHARACTERS = 150, 3000
_DETAILED = 20
"""Alerts with a section of their own; Slack takes 50 blocks, and nobody reads more than these."""

_LISTED = 60
_RUNBOOK_CHARACTERS = 1000
"""Every line of it gets two more for the quote: still a section where each is empty."""

_LINK_CHARACTERS = 200
_MARKS = {Severity.INFO: "🔵", Severity.WARNING: "🟡", Severity.ERROR: "🟠", Severity.CRITICAL: "🔴"}


class SlackChannel:
    """Posts each message as blocks."""

    name = "slack"

    def __init__(self, target: Target, references: References, *, critical: Target | None = None) -> None:
        self._target = target
        self._critical = critical or target
        self._references = references

    @classmethod
    def from_settings(cls, settings: Settings, references: References) -> SlackChannel | None:
        """Build it, None where it is not configured; either URL alone serves for both."""
        critical = webhook_target(settings.slack_critical_webhook_url, settings)
        usual = webhook_target(settings.slack_webhook_url, settings) or critical
        return cls(usual, references, critical=critical) if usual else None

    def send(self, message: Message) -> Sent:
        """Post it; Slack itself does not recognize a repeat."""
        target = self._critical if message.severity is Severity.CRITICAL else self._target
        return post(target, json.dumps(self.document(message)).encode(), {"Idempotency-Key": message.key})

    def document(self, message: Message) -> dict[str, Any]:
        """Give the document; `text` is what a notification and a screen reader show."""
        title = f"{_mark(message)} {headline(message)}"
        return {"text": _escaped(title, _SECTION_CHARACTERS), "blocks": list(self._blocks(message, title))}

    def _blocks(self, message: Message, title: str) -> Iterator[dict[str, Any]]:
        header = {"type": "plain_text", "text": _escaped(title, _HEADER_CHARACTERS), "emoji": True}
        yield {"type": "header", "text": header}
        if also := remark(message):
            yield _section(_escaped(also, _SECTION_CHARACTERS))
        for notice in message.notices[:_DETAILED]:
            yield _section(self._told(notice, alone=len(message.notices) == 1))
        if beyond := message.notices[_DETAILED:]:
            lines = [f"• {_escaped(notice.summary, 40)}" for notice in beyond[:_LISTED]]
            more = [f"… and {len(beyond) - _LISTED} more"] if len(beyond) > _LISTED else []
            yield _section("\n".join([*lines, *more]))
        if message.kind is not Kind.RESOLVED and (runbook := self._references.runbook(message.notices[0])):
            yield _section(_quoted(_escaped(runbook, _RUNBOOK_CHARACTERS)))
        yield _context(f"{message.severity.word} · {_escaped(message.group, 200)} · {stamp(message.at)}")

    def _told(self, notice: Notice, *, alone: bool) -> str:
        lines = [f"*{_escaped(notice.summary, 1000)}*"]
        if alone and notice.description:
            lines.append(_escaped(notice.description, 800))
        known = " · ".join(f"{name}: {value}" for name, value in facts(notice))
        lines.append(_escaped(known, 600))
        links = self._references.links(notice)
        shown = [f"<{_escaped(url, 250)}|{word}>" for word, url in links if len(url) <= _LINK_CHARACTERS]
        return "\n".join([*lines, " · ".join(shown)] if shown else lines)


def _mark(message: Message) -> str:
    return "✅" if message.kind is Kind.RESOLVED else _MARKS[message.severity]


def _section(text: str) -> dict[str, Any]:
    # Verbatim: Slack would otherwise make links and mentions of what merely looks like them.
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _context(text: str) -> dict[str, Any]:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.splitlines())


def _escaped(text: str, most: int) -> str:
    """Make `text` harmless in Slack's markup, within `most` characters as Slack counts them."""
    return fitted(text, most, lambda clear: clear.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
