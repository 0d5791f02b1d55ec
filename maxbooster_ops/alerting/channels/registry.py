"""Every channel there is, in the order in which they stand in for one another.

Belongs here: one line per channel, and building those that are configured. Not here: who is told through which
(`dispatching/policy.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from maxbooster_ops.alerting.channels.channel import Channel
from maxbooster_ops.alerting.channels.discord import DiscordChannel
from maxbooster_ops.alerting.channels.email import EmailChannel
from maxbooster_ops.alerting.channels.log import LogChannel
from maxbooster_ops.alerting.channels.pagerduty import PagerDutyChannel
from maxbooster_ops.alerting.channels.references import References
from maxbooster_ops.alerting.channels.slack import SlackChannel
from maxbooster_ops.alerting.channels.teams import TeamsChannel
from maxbooster_ops.alerting.channels.webhook import WebhookChannel
from maxbooster_ops.alerting.rulebook.runbooks import runbook_text
from maxbooster_ops.errors import SettingsError
from maxbooster_ops.settings import Settings

_CHANNELS: dict[str, Callable[[Settings, References], Channel | None]] = {
    PagerDutyChannel.name: PagerDutyChannel.from_settings,
    EmailChannel.name: EmailChannel.from_settings,
    SlackChannel.name: SlackChannel.from_settings,
    TeamsChannel.name: TeamsChannel.from_settings,
    DiscordChannel.name: DiscordChannel.from_settings,
    WebhookChannel.name: WebhookChannel.from_settings,
    LogChannel.name: lambda _, __: LogChannel(),
}

CHANNEL_NAMES = tuple(_CHANNELS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSet:
    """The channels that can be used, each a stand-in for those before it failing; the log is always the last.

    `problems` are sentences about settings that keep a channel from being used; the others work.
    """

    usable: tuple[Channel, ...]
    problems: tuple[str, ...] = ()


def build_channels(settings: Settings) -> ChannelSet:
    """Build every channel that the settings configure; `ALERT_BACKUP_CHANNEL` comes first of the stand-ins."""
    references = References(
        dashboard_url=str(settings.maxbooster_dashboard_url) if settings.maxbooster_dashboard_url else None,
        runbooks_url=str(settings.maxbooster_runbook_url) if settings.maxbooster_runbook_url else None,
        runbook_text=runbook_text,
    )
    usable: list[Channel] = []
    problems: list[str] = []
    for build in _CHANNELS.values():
        try:
            channel = build(settings, references)
        except SettingsError as problem:
            problems.append(str(problem))
            continue
        if channel:
            usable.append(channel)
    names = [channel.name for channel in usable]
    backup = settings.alert_backup_channel
    if backup and backup not in names:
        problems.append(_no_backup(backup, names))
    return ChannelSet(
        usable=tuple(sorted(usable, key=lambda channel: channel.name != backup)), problems=tuple(problems)
    )


def _no_backup(backup: str, names: list[str]) -> str:
    why = "is not configured" if backup in CHANNEL_NAMES else "is no channel"
    return f"ALERT_BACKUP_CHANNEL: `{backup}` {why}; expected one of {', '.join(names)}. The first of these is used."
