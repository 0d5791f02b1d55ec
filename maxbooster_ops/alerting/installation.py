"""Alerting of one installation: its rules, channels and policy as the settings and the home's files say now.

Belongs here: putting the parts together. Not here: any part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from maxbooster_ops.alerting.channels.channel import Channel
from maxbooster_ops.alerting.channels.registry import build_channels
from maxbooster_ops.alerting.dispatching.on_call import read_on_call
from maxbooster_ops.alerting.dispatching.policy import Policy, policy_of
from maxbooster_ops.alerting.rulebook.rulebook import Rulebook, load_rulebook
from maxbooster_ops.analysis.thresholds import Limits
from maxbooster_ops.errors import SettingsError
from maxbooster_ops.settings import Environment, Settings
from maxbooster_ops.store.home import Home


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerting:
    """What holds now. `problems` are sentences about files and settings that cannot be used; the rest works."""

    rulebook: Rulebook
    channels: tuple[Channel, ...]
    policy: Policy
    problems: tuple[str, ...]


def load_alerting(settings: Settings, home: Home) -> Alerting:
    """Read the rules, the on-call rotation and the channels."""
    rulebook = load_rules(settings, home)
    channels = build_channels(settings)
    on_call, problems = None, [str(problem) for problem in (*rulebook.problems, *channels.problems)]
    try:
        on_call = read_on_call(home.on_call)
    except SettingsError as error:
        problems.append(str(error))
    names = [channel.name for channel in channels.usable]
    return Alerting(
        rulebook=rulebook,
        channels=channels.usable,
        policy=policy_of(settings, names, rulebook.inhibitions, on_call),
        problems=tuple(problems),
    )


def load_rules(settings: Settings, home: Home) -> Rulebook:
    """Read the rules in force."""
    staging = settings.maxbooster_env is Environment.STAGING
    return load_rulebook(home.rules, Limits.of(settings), staging=staging)


def edited(home: Home) -> Sequence[tuple[str, int]]:
    """Give the user's files that `load_alerting` reads with their times of change, so that its result can be kept."""
    files = [*sorted(home.rules.glob("*.yaml")), home.on_call]
    return [(str(file), file.stat().st_mtime_ns) for file in files if file.is_file()]
