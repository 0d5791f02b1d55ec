"""Silences and maintenance windows: alerts that match are not told while they last.

Belongs here: matching. Not here: keeping them (`records/silence_store.py`) or what follows from a match
(`dispatch.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from maxbooster_ops.alerting.alert import Alert
from maxbooster_ops.errors import UsageError


class Match(Enum):
    """How a label is matched; regular expressions are anchored at both ends, as in Prometheus."""

    IS = "="
    IS_NOT = "!="
    LIKE = "=~"
    NOT_LIKE = "!~"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """`name operator value` on an alert's labels; `rule`, `severity` and `component` count as labels of every alert."""

    name: str
    match: Match
    value: str

    def holds(self, alert: Alert) -> bool:
        """Tell whether it matches; a label that is absent is the empty text."""
        found = label_of(alert, self.name)
        if self.match is Match.IS:
            return found == self.value
        if self.match is Match.IS_NOT:
            return found != self.value
        return (re.fullmatch(self.value, found) is not None) is (self.match is Match.LIKE)

    def __str__(self) -> str:
        return f'{self.name}{self.match.value}"{self.value}"'


_MATCHER = re.compile(r"""\s*([A-Za-z_]\w*)\s*(=~|!~|!=|=)\s*("?)(.*?)\3\s*""", re.DOTALL)


def parse_matcher(text: str) -> Matcher:
    """Read `queue=~"fore.*"`; the quotes may be left out. Raises `UsageError` that says what was expected."""
    found = _MATCHER.fullmatch(text)
    if not found:
        raise UsageError(f'`{text}` is no matcher. Expected a label, one of = != =~ !~, and a value: queue=~"fore.*"')
    name, match, _, value = found.groups()
    if match in {"=~", "!~"}:
        try:
            re.compile(value)
        except re.error as error:
            raise UsageError(f"`{text}`: `{value}` is no regular expression: {error}.") from error
    return Matcher(name=name, match=Match(match), value=value)


def label_of(alert: Alert, name: str) -> str:
    """Give a label as matchers see it."""
    match name:
        case "rule":
            return alert.rule
        case "severity":
            return alert.severity.word
        case "component":
            return alert.component
        case _:
            return alert.labels.get(name, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Alerts that match every matcher are not told from `starts_at` until `ends_at`."""

    id: str
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    reason: str
    author: str
    maintenance: bool = False

    def holds(self, alert: Alert, now: datetime) -> bool:
        """Tell whether it silences `alert` now."""
        return self.starts_at <= now < self.ends_at and all(matcher.holds(alert) for matcher in self.matchers)


def first_match(silences: Iterable[Silence], alert: Alert, now: datetime) -> Silence | None:
    """Give the silence that holds `alert` for the longest, None where none does."""
    holding = [silence for silence in silences if silence.holds(alert, now)]
    return max(holding, key=lambda silence: silence.ends_at, default=None)
