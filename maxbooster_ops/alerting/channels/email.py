"""E-mail through SendGrid: HTML in the severity's colour beside plain text, the runbook quoted.

Belongs here: the mail. Not here: its layout (`templates/`), or the request itself (`posting.py`). The library builds
the mail and we send it: its own client follows redirects with the key in hand, and writes the key to its debug log.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from pydantic import SecretStr

from maxbooster_ops.alerting.channels.channel import Sent
from maxbooster_ops.alerting.channels.posting import Target, post
from maxbooster_ops.alerting.channels.references import References
from maxbooster_ops.alerting.channels.wording import SOURCE, clipped, colour, facts, headline, remark, stamp
from maxbooster_ops.alerting.message import Kind, Message, Notice
from maxbooster_ops.errors import SettingsError
from maxbooster_ops.settings import Settings

_TEMPLATES = Path(__file__).with_name("templates")
_SUBJECT_CHARACTERS = 200
_DETAILED, _LISTED = 50, 500
_RUNBOOKS = 3
_MOST_RECIPIENTS = 1000
"""SendGrid's, of one mail."""


class EmailChannel:
    """Mails each message to the fixed recipients and to whoever is on call."""

    name = "email"

    def __init__(
        self, target: Target, api_key: SecretStr, references: References, *, sender: str, recipients: tuple[str, ...]
    ) -> None:
        self._target = target
        self._api_key = api_key
        self._references = references
        self._sender = sender
        self._recipients = recipients
        self._templates = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    @classmethod
    def from_settings(cls, settings: Settings, references: References) -> EmailChannel | None:
        """Build it, None where it is not configured; raises `SettingsError` where it lacks a sender or recipients."""
        key = settings.sendgrid_api_key
        if not key:
            return None
        if not settings.alert_email_from:
            raise SettingsError(
                "SENDGRID_API_KEY is set, but no mail can leave: set ALERT_EMAIL_FROM to a verified sender."
            )
        if not settings.alert_email_recipients:
            raise SettingsError("SENDGRID_API_KEY is set, but nobody gets mail: set ALERT_EMAIL_RECIPIENTS.")
        url = f"{str(settings.sendgrid_api_url).rstrip('/')}/v3/mail/send"
        return cls(
            Target(url=url, secrets=(key.get_secret_value(),)),
            key,
            references,
            sender=settings.alert_email_from,
            recipients=settings.alert_email_recipients,
        )

    def send(self, message: Message) -> Sent:
        """Mail it; SendGrid itself does not recognize a repeat, the mail carries the key."""
        headers = {
            "Authorization": f"Bearer {self._api_key.get_secret_value()}",
            "Idempotency-Key": message.key,
        }
        return post(self._target, json.dumps(self.document(message)).encode(), headers)

    def document(self, message: Message) -> dict[str, Any]:
        """Give SendGrid's document of the mail."""
        from sendgrid.helpers.mail import Mail  # noqa: PLC0415 -- a tenth of a second that only mailing is worth

        what = self._what(message)
        mail = Mail(
            from_email=(self._sender, SOURCE),
            to_emails=[*_distinct((*self._recipients, *message.on_call))],
            subject=clipped(_subject(message), _SUBJECT_CHARACTERS),
            plain_text_content=self._templates.get_template("mail.txt").render(what),
            html_content=self._templates.get_template("mail.html").render(what),
        )
        document: dict[str, Any] = mail.get()
        document["custom_args"] = {"message_key": message.key}
        document["headers"] = {"X-Maxbooster-Key": message.key}
        # Rewritten links would lead readers, and the addresses of our pages, through the vendor.
        document["tracking_settings"] = {"click_tracking": {"enable": False}, "open_tracking": {"enable": False}}
        return document

    def _what(self, message: Message) -> dict[str, Any]:
        beyond = message.notices[_DETAILED:]
        return {
            "headline": headline(message),
            "severity": message.severity.word,
            "group": message.group,
            "at": stamp(message.at),
            "colour": f"#{colour(message):06x}",
            "remark": remark(message),
            "alerts": [self._told(notice) for notice in message.notices[:_DETAILED]],
            "beyond": len(beyond),
            "beyond_summaries": [notice.summary for notice in beyond[:_LISTED]],
            "runbooks": [] if message.kind is Kind.RESOLVED else self._runbooks(message),
            "key": message.key,
            "source": SOURCE,
        }

    def _told(self, notice: Notice) -> dict[str, Any]:
        return {
            "summary": notice.summary,
            "description": notice.description,
            "facts": facts(notice),
            "page": self._references.alert_page(notice),
            "runbook_page": self._references.runbook_page(notice),
        }

    def _runbooks(self, message: Message) -> list[dict[str, str]]:
        by_name = {notice.runbook: self._references.runbook(notice) for notice in message.notices}
        return [{"name": name, "text": text} for name, text in by_name.items() if text][:_RUNBOOKS]


def _subject(message: Message) -> str:
    line = " ".join(headline(message).split())
    return line if message.kind is Kind.RESOLVED else f"[{message.severity.word.upper()}] {line}"


def _distinct(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Give each address once, as SendGrid demands; upper and lower case are the same mailbox to it."""
    return tuple({address.lower(): address for address in addresses}.values())[:_MOST_RECIPIENTS]
