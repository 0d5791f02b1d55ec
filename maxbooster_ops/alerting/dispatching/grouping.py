"""Grouping: what goes together in one message, and what waits while its group floods a channel.

Belongs here: bundles and the limit on bursts. Not here: whether a single alert is told (`stages.py`), or what a message
says (`composing.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter

from maxbooster_ops.alerting.alert import Alert
from maxbooster_ops.alerting.dispatching.decision import Tell
from maxbooster_ops.alerting.message import Kind
from maxbooster_ops.alerting.rule import Severity

MOST_PER_WINDOW = 3
WINDOW = timedelta(seconds=60)
"""A person's channel gets this many messages about one group in this time; more would be one event told over and over.

With the waiting ones forced out after as long, a storm of one group costs four messages in its first minute, six with
the ends that follow.
"""

_PRECEDENCE = (Kind.ESCALATION, Kind.FIRING, Kind.RESOLVED, Kind.ACKNOWLEDGED, Kind.REMINDER)
"""Who goes first where not all can."""

_ARRIVAL = (Kind.RESOLVED, Kind.ACKNOWLEDGED, Kind.FIRING, Kind.ESCALATION, Kind.REMINDER)
"""In which order messages about one group arrive: the last word is about what still fires."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """A message that was put into a channel's outbox lately."""

    channel: str
    group: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """An alert that a channel is to be told of."""

    alert: Alert
    channel: str
    tell: Tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Everything of one channel, group and kind that is due at one moment: one message."""

    channel: str
    group: str
    kind: Kind
    tellings: tuple[Telling, ...]

    @property
    def due(self) -> datetime:
        """Since when the first of it is due."""
        return min(telling.tell.due for telling in self.tellings)

    @property
    def is_urgent(self) -> bool:
        """Whether a P0 is in it; the others ride along."""
        return any(telling.alert.level is Severity.CRITICAL for telling in self.tellings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A bundle that must wait, at most until then; its channel got `most` messages about the group lately."""

    bundle: Bundle
    most: int
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """What goes out now, in the order in which it is to arrive, and what waits."""

    sent: tuple[Bundle, ...]
    waiting: tuple[Waiting, ...]


def bundle(tellings: Iterable[Telling]) -> list[Bundle]:
    """Put together what has channel, group and kind in common; in the order of precedence."""
    together: dict[tuple[str, str, Kind], list[Telling]] = defaultdict(list)
    for telling in tellings:
        together[telling.channel, telling.alert.component, telling.tell.kind].append(telling)
    return [
        Bundle(channel=channel, group=group, kind=kind, tellings=tuple(members))
        for (channel, group, kind), members in sorted(
            together.items(), key=lambda item: (*item[0][:2], _PRECEDENCE.index(item[0][2]))
        )
    ]


def release(
    bundles: Sequence[Bundle], recent: Sequence[Recent], most: Mapping[str, int | None], now: datetime
) -> Released:
    """Let go what may go: a P0, what has waited for as long as the window, and what there is room for.

    `most` is how many messages about one group each channel takes in a window; None: any number. Nothing waits longer
    than the window after it was due, so neither a resolution nor a first notice can starve.
    """
    times: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for message in sorted(recent, key=attrgetter("at")):
        if message.at > now - WINDOW:
            times[message.channel, message.group].append(message.at)
    sent: list[Bundle] = []
    waiting: list[Waiting] = []
    # Those that go in any case go first, since they take room from the others.
    for waits in sorted(bundles, key=lambda each: not _must_go(each, now)):
        window, limit = times[waits.channel, waits.group], most[waits.channel]
        if limit is None or len(window) < limit or _must_go(waits, now):
            sent.append(waits)
            window.append(now)
        else:
            until = min(window[-limit], waits.due) + WINDOW
            waiting.append(Waiting(bundle=waits, most=limit, until=until))
    in_order = sorted(sent, key=lambda each: (each.channel, each.group, _ARRIVAL.index(each.kind)))
    return Released(sent=tuple(in_order), waiting=tuple(waiting))


def _must_go(each: Bundle, now: datetime) -> bool:
    return each.is_urgent or now >= each.due + WINDOW
