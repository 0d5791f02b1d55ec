"""What each vendor demands of a request, so that a fake refuses what the real one would refuse."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

SEVERITIES = {"critical", "error", "warning", "info"}
WEBHOOK_KEYS = {"severity", "title", "message", "timestamp", "metadata", "source"}

Document = Mapping[str, Any]


def webhook(document: Document, _: Mapping[str, str]) -> Iterator[str]:
    """Spec: alerts, "Channels"."""
    if set(document) != WEBHOOK_KEYS:
        yield f"expected exactly {sorted(WEBHOOK_KEYS)}, found {sorted(document)}"
    if document.get("severity") not in SEVERITIES:
        yield "unknown severity"
    if not str(document.get("timestamp", "")).endswith("Z"):
        yield "the timestamp does not end in Z"
    if not isinstance(document.get("metadata"), dict):
        yield "metadata is no object"


def slack(document: Document, _: Mapping[str, str]) -> Iterator[str]:
    """Incoming webhooks: `text` as the fallback, at most 50 blocks, 3000 characters a section."""
    blocks = document.get("blocks", [])
    if not document.get("text"):
        yield "no_text"
    if not 1 <= len(blocks) <= 50:
        yield f"{len(blocks)} blocks"
    for block in blocks:
        texts = block.get("elements", []) if block["type"] == "context" else [block["text"]]
        most = {"header": 150, "section": 3000, "context": 2000}.get(block["type"], 0)
        kind = "plain_text" if block["type"] == "header" else "mrkdwn"
        for text in texts:
            if not 1 <= len(text["text"]) <= most or text["type"] != kind:
                yield f"invalid_blocks: {block['type']} of {len(text['text'])} characters"
            if "<!" in text["text"] or "<@" in text["text"]:
                yield "a mention got through"


def teams(document: Document, _: Mapping[str, str]) -> Iterator[str]:
    """Workflows: one adaptive card as an attachment, about 28 KB."""
    if len(json.dumps(document, ensure_ascii=False).encode()) > 28 * 1024:
        yield "RequestEntityTooLarge"
    attachments = document.get("attachments", [])
    if document.get("type") != "message" or len(attachments) != 1:
        yield "no message with one attachment"
        return
    card = attachments[0].get("content", {})
    if (
        attachments[0].get("contentType") != "application/vnd.microsoft.card.adaptive"
        or card.get("type") != "AdaptiveCard"
    ):
        yield "no adaptive card"
    if not card.get("body") or not card.get("version"):
        yield "an empty card"
    if any(element["type"] != "RichTextBlock" for element in card.get("body", [])):
        yield "an element with markup"


def discord(document: Document, _: Mapping[str, str]) -> Iterator[str]:
    """Execute webhook: 10 embeds, 6000 characters over all of them."""
    embeds = document.get("embeds", [])
    if not 1 <= len(embeds) <= 10:
        yield f"{len(embeds)} embeds"
    if document.get("allowed_mentions") != {"parse": []}:
        yield "mentions are allowed"
    total = 0
    for embed in embeds:
        fields = embed.get("fields", [])
        title, description = embed.get("title", ""), embed.get("description", "")
        pairs = [(field["name"], field["value"]) for field in fields]
        total += len(title) + len(description) + sum(len(name) + len(value) for name, value in pairs)
        if len(title) > 256 or len(description) > 4096 or len(fields) > 25 or not isinstance(embed["color"], int):
            yield "an embed beyond its limits"
        if any(not 1 <= len(name) <= 256 or not 1 <= len(value) <= 1024 for name, value in pairs):
            yield "a field beyond its limits"
    if total > 6000:
        yield f"{total} characters"


def pagerduty(document: Document, _: Mapping[str, str]) -> Iterator[str]:
    """Events API v2."""
    if not document.get("routing_key"):
        yield "'routing_key' is missing"
    if not 1 <= len(document.get("dedup_key", "")) <= 255:
        yield "'dedup_key' is missing or too long"
    action = document.get("event_action")
    if action not in {"trigger", "acknowledge", "resolve"}:
        yield f"'event_action' is {action}"
    if action == "trigger":
        payload = document.get("payload", {})
        if not 1 <= len(payload.get("summary", "")) <= 1024 or not payload.get("source"):
            yield "'payload' lacks a summary or a source, or has too long a one"
        if payload.get("severity") not in SEVERITIES:
            yield "'severity' is unknown"


def sendgrid(document: Document, headers: Mapping[str, str]) -> Iterator[str]:
    """v3 mail/send."""
    if not headers.get("authorization", "").startswith("Bearer "):
        yield "Permission denied, wrong credentials"
    personalizations = document.get("personalizations", [])
    if len(personalizations) != 1:
        yield f"{len(personalizations)} personalizations"
        return
    addresses = [to["email"].lower() for to in personalizations[0].get("to", [])]
    if not 1 <= len(addresses) <= 1000:
        yield f"{len(addresses)} recipients"
    if len(set(addresses)) < len(addresses):
        yield "Each email address in the personalization block should be unique"
    if "@" not in document.get("from", {}).get("email", ""):
        yield "The from email does not contain a valid address"
    subject = document.get("subject", "")
    if not subject or "\n" in subject:
        yield "The subject is required and is one line"
    if [part["type"] for part in document.get("content", [])] != ["text/plain", "text/html"]:
        yield "expected text/plain, then text/html"


SHAPES: dict[str, Callable[[Document, Mapping[str, str]], Iterator[str]]] = {
    "webhook": webhook,
    "slack": slack,
    "teams": teams,
    "discord": discord,
    "pagerduty": pagerduty,
    "email": sendgrid,
}

ACCEPTED = {
    "webhook": (200, b"{}"),
    "slack": (200, b"ok"),
    "teams": (202, b""),
    "discord": (204, b""),
    "pagerduty": (202, b'{"status":"success"}'),
    "email": (202, b""),
    "heartbeat": (200, b"OK"),
}
"""How each vendor says that it took a request."""
