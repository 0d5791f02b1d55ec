"""What a message refers to: the page of an alert, and the runbook that says what to do.

Belongs here: addresses and the quoted text. Not here: the runbooks themselves (`runbooks/`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from maxbooster_ops.alerting.message import Notice
from maxbooster_ops.errors import UsageError


def _nothing(_: str) -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """The places that messages link to. `runbook_text` gives a runbook's Markdown, or raises `UsageError`."""

    dashboard_url: str | None = None
    runbooks_url: str | None = None
    runbook_text: Callable[[str], str] = _nothing

    def alert_page(self, notice: Notice) -> str | None:
        """Give the address of an alert's page, None where no dashboard is set."""
        return (
            f"{self.dashboard_url.rstrip('/')}/alerts/{quote(notice.alert_id, safe='')}" if self.dashboard_url else None
        )

    def runbook_page(self, notice: Notice) -> str | None:
        """Give the address of a rule's runbook, None where it is not published; a rule may name an address itself."""
        if notice.runbook.startswith(("https://", "http://")):
            return notice.runbook
        if not self.runbooks_url or not notice.runbook:
            return None
        return f"{self.runbooks_url.rstrip('/')}/{quote(notice.runbook, safe='')}.md"

    def links(self, notice: Notice) -> list[tuple[str, str]]:
        """Give the pages that there are, each with the word to show for it."""
        pages = (("Open", self.alert_page(notice)), ("Runbook", self.runbook_page(notice)))
        return [(word, url) for word, url in pages if url]

    def runbook(self, notice: Notice) -> str:
        """Give the text of a rule's runbook, empty where there is none: a message must leave without it, too."""
        try:
            return self.runbook_text(notice.runbook).strip() if notice.runbook else ""
        except UsageError:
            return ""
