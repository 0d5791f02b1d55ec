"""Who is told what: the channels with the least level that each takes, and what else dispatch must know.

Belongs here: the policy in force, from the settings. Not here: applying it (`stages.py`), or sending (`channels/`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from maxbooster_ops.alerting.dispatching.grouping import MOST_PER_WINDOW
from maxbooster_ops.alerting.dispatching.inhibition import Inhibition
from maxbooster_ops.alerting.dispatching.rotation import Rotation
from maxbooster_ops.alerting.rule import Severity
from maxbooster_ops.settings import Settings

LOG = "log"
"""The channel that is always there, so that an alert reaches somebody who looks even where nothing is configured."""

LEAST_LEVEL = {
    "pagerduty": Severity.CRITICAL,
    "email": Severity.ERROR,
    "slack": Severity.WARNING,
    "teams": Severity.WARNING,
    "discord": Severity.WARNING,
    "webhook": Severity.INFO,
    LOG: Severity.INFO,
}
"""Spec: alerts, "Severity, level, response". Teams and Discord are chats, as Slack is."""

_HEARS_ACKNOWLEDGEMENTS = frozenset({"pagerduty"})
"""A phone goes on ringing until it knows that somebody took the alert; in a chat it would be noise."""


_PROGRAMS = frozenset({"webhook", LOG})
"""Channels that a program reads. No flood wears it out, and what it does with news is as late as the news."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One channel, the least level that it takes, and whether it is told that somebody acknowledged.

    `most_per_window` is how many messages about one group it takes in a minute (`grouping.WINDOW`); None: any number.
    """

    channel: str
    least: Severity
    hears_acknowledgements: bool = False
    most_per_window: int | None = MOST_PER_WINDOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How alerts are dispatched. `cooldown` overrides those of rules and severities."""

    routes: tuple[Route, ...]
    inhibitions: tuple[Inhibition, ...] = ()
    cooldown: timedelta | None = None
    on_call: Rotation | None = None


def policy_of(
    settings: Settings, channel_names: Iterable[str], inhibitions: Sequence[Inhibition], on_call: Rotation | None
) -> Policy:
    """Give the policy for these channels and the log; a channel without a level of its own takes everything."""
    minutes = settings.alert_cooldown_minutes
    return Policy(
        routes=tuple(_route(channel) for channel in dict.fromkeys((*channel_names, LOG))),
        inhibitions=tuple(inhibitions),
        cooldown=None if minutes is None else timedelta(minutes=minutes),
        on_call=on_call,
    )


def _route(channel: str) -> Route:
    return Route(
        channel=channel,
        least=LEAST_LEVEL.get(channel, Severity.INFO),
        hears_acknowledgements=channel in _HEARS_ACKNOWLEDGEMENTS,
        most_per_window=None if channel in _PROGRAMS else MOST_PER_WINDOW,
    )
