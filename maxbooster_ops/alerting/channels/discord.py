"""Discord: embeds to a webhook.

Belongs here: the embeds and Discord's limits. Not here: the request itself (`posting.py`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from maxbooster_ops.alerting.channels.channel import Sent
from maxbooster_ops.alerting.channels.posting import Target, post, webhook_target
from maxbooster_ops.alerting.channels.references import References
from maxbooster_ops.alerting.channels.wording import colour, facts, fitted, headline, iso, remark
from maxbooster_ops.alerting.message import Kind, Message, Notice
from maxbooster_ops.settings import Settings

_EMBEDS = 10
_ALL_CHARACTERS = 6000
"""Over all embeds of a message, names and values of fields included."""

_TITLE_CHARACTERS, _FIELD_NAME_CHARACTERS, _FIELD_CHARACTERS, _FIELDS = 256, 256, 1024, 25
_RUNBOOK_CHARACTERS, _LINK_CHARACTERS = 900, 120
_MARKUP = re.compile(r"([\\`*_~|>\[\]()#-])")


class DiscordChannel:
    """Posts each message as embeds; nobody is mentioned, whatever a text says."""

    name = "discord"

    def __init__(self, target: Target, references: References) -> None:
        self._target = target
        self._references = references

    @classmethod
    def from_settings(cls, settings: Settings, references: References) -> DiscordChannel | None:
        """Build it, None where it is not configured."""
        target = webhook_target(settings.discord_webhook_url, settings)
        return cls(target, references) if target else None

    def send(self, message: Message) -> Sent:
        """Post it; Discord itself does not recognize a repeat."""
        return post(self._target, json.dumps(self.document(message)).encode(), {"Idempotency-Key": message.key})

    def document(self, message: Message) -> dict[str, Any]:
        """Give the document: one alert with all its facts, or one embed for each of several."""
        embeds = [self._alone(message)] if len(message.notices) == 1 else list(self._several(message))
        return {"embeds": embeds, "allowed_mentions": {"parse": []}}

    def _alone(self, message: Message) -> dict[str, Any]:
        notice = message.notices[0]
        parts = [_escaped(part, 700) for part in (notice.summary, notice.description, remark(message)) if part]
        if message.kind is not Kind.RESOLVED and (runbook := self._references.runbook(notice)):
            parts.append(_escaped(runbook, _RUNBOOK_CHARACTERS))
        title = _escaped(headline(message), _TITLE_CHARACTERS)
        description = "\n\n".join([*parts, *self._links(notice)])
        fields = _fields(notice, room=_ALL_CHARACTERS - len(title) - len(description))
        return _embed(message, title, description) | {"fields": list(fields)}

    def _several(self, message: Message) -> Iterator[dict[str, Any]]:
        shown = message.notices[: _EMBEDS - 1]
        beyond = len(message.notices) - len(shown)
        also = [remark(message), f"… and {beyond} more" if beyond else ""]
        yield _embed(message, _escaped(headline(message), _TITLE_CHARACTERS), "\n".join(filter(None, also)))
        for notice in shown:
            known = " · ".join(f"{name}: {value}" for name, value in facts(notice))
            yield _embed(
                message, "", "\n".join([_escaped(notice.summary, 200), _escaped(known, 100), *self._links(notice)])
            )

    def _links(self, notice: Notice) -> list[str]:
        links = self._references.links(notice)
        shown = [f"[{word}](<{url}>)" for word, url in links if len(url) <= _LINK_CHARACTERS and ">" not in url]
        return [" · ".join(shown)] if shown else []


def _embed(message: Message, title: str, description: str) -> dict[str, Any]:
    embed = {"title": title, "description": description, "color": colour(message), "timestamp": iso(message.at)}
    return {name: value for name, value in embed.items() if value != ""}


def _fields(notice: Notice, *, room: int) -> Iterator[dict[str, Any]]:
    """Give the facts as fields, as many as `room` characters hold."""
    for name, value in facts(notice)[:_FIELDS]:
        field = {"name": _escaped(name, _FIELD_NAME_CHARACTERS), "value": _escaped(value, _FIELD_CHARACTERS)}
        room -= len(field["name"]) + len(field["value"])
        if room < 0:
            return
        yield {**field, "inline": True}


def _escaped(text: str, most: int) -> str:
    """Make `text` plain in Discord's markup, within `most` characters as Discord counts them."""
    return fitted(text, most, lambda clear: _MARKUP.sub(r"\\\1", clear))
