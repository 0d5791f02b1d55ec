"""How a message reads, whatever the channel: its headline, its lines, what to do, colours, figures.

Belongs here: words that several channels share. Not here: any channel's markup; every text from here is plain, and
whoever puts it into markup escapes it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from maxbooster_ops.alerting.message import Kind, Message, Notice
from maxbooster_ops.alerting.rule import Severity

SOURCE = "Max Booster Platform"

_PREFIXES = {
    Kind.FIRING: "",
    Kind.REMINDER: "Still firing: ",
    Kind.ESCALATION: "Escalated: ",
    Kind.ACKNOWLEDGED: "Acknowledged: ",
    Kind.RESOLVED: "Resolved: ",
    Kind.TEST: "",
}

_COLOURS = {
    Severity.INFO: 0x2F6FB2,
    Severity.WARNING: 0xB58900,
    Severity.ERROR: 0xD9480F,
    Severity.CRITICAL: 0xB3121D,
}
_CALM = 0x2B8A3E
_TITLES_NAMED, _TITLE_CHARACTERS = 3, 100


def headline(message: Message) -> str:
    """Say in one line what the message is about: `Resolved: 12 × High Queue Backlog`."""
    return _PREFIXES[message.kind] + _titles(message.notices)


def body(message: Message, *, most: int = 10) -> str:
    """Give the summaries, one a line, `most` of them at most, then how many there are beside."""
    lines = [notice.summary for notice in message.notices[:most]]
    if len(message.notices) > most:
        lines.append(f"… and {len(message.notices) - most} more")
    return "\n".join(lines)


def remark(message: Message) -> str:
    """Say what else the reader must know: that others still fire, or that another channel failed; mostly nothing."""
    remarks = []
    if message.kind is Kind.RESOLVED and message.remaining:
        remarks.append(f"{message.remaining} of {clipped(message.group, _TITLE_CHARACTERS)} still firing.")
    if message.instead_of:
        remarks.append(f"Sent here because {message.instead_of} could not deliver it.")
    return " ".join(remarks)


def facts(notice: Notice) -> list[tuple[str, str]]:
    """Give what is known of an alert, by name: its labels first, then value, threshold, times and rule."""
    known = [
        *notice.labels.items(),
        (notice.value_name, "no data" if notice.value is None else figure(notice.value)),
        ("threshold", figure(notice.threshold)),
        ("since", stamp(notice.since)),
        *([("resolved", stamp(notice.resolved_at))] if notice.resolved_at else []),
        ("rule", notice.rule),
        ("alert", notice.alert_id),
    ]
    return [(name, value) for name, value in known if value]


def colour(message: Message) -> int:
    """Give its colour as RGB: that of its severity, green once it is over."""
    return _CALM if message.kind is Kind.RESOLVED else _COLOURS[message.severity]


def figure(value: float) -> str:
    """Write a number as people do: 150, not 150.0; six digits that count."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.6g}"  # noqa: PLR2004 -- a float's whole digits


def stamp(at: datetime) -> str:
    """Write a moment in UTC to the second: `2026-11-21 12:00:00 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def iso(at: datetime) -> str:
    """Write a moment as JSON's readers expect it: `2026-11-21T12:00:00.000Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def clipped(text: str, most: int) -> str:
    """Give `text` within `most` characters; an ellipsis stands for what is missing."""
    return text if len(text) <= most else text[: most - 1] + "…"


def fitted(text: str, most: int, escape: Callable[[str], str]) -> str:
    """Escape as much of `text` as fits into `most` characters afterwards; never cuts through an escape."""
    for characters in range(min(most, len(text)), 0, -1):
        if len(escaped := escape(clipped(text, characters))) <= most:
            return escaped
    return ""


def _titles(notices: Iterable[Notice]) -> str:
    counts = Counter(clipped(notice.title, _TITLE_CHARACTERS) for notice in notices).most_common()
    named = [title if count == 1 else f"{count} × {title}" for title, count in counts[:_TITLES_NAMED]]
    others = sum(count for _, count in counts[_TITLES_NAMED:])
    return ", ".join(named) + (f" and {others} more" if others else "")
