"""How well each rule serves the people it tells: how often it fired, for how long, how soon somebody took it.

Belongs here: the figures by which a rule is tuned. Not here: reading alerts from the state (`alert_store.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from maxbooster_ops.alerting.alert import Alert


@dataclass(frozen=True, slots=True, kw_only=True)
class Effectiveness:
    """One rule over a time. Shares are 0-1.

    `fired` counts the episodes that fired at any moment of it; durations leave out what lies outside of it, and an
    episode that lasts counts up to its end. `to_acknowledge` is the median of those that somebody acknowledged, None
    where nobody did any; hence `acknowledged_share` beside it. `silenced_share`: silenced when they ended, or now.
    `untold_share`: over before anybody was told, as silences, causes and cooldowns have it.
    """

    rule: str
    fired: int
    open: int
    firing: timedelta
    firing_median: timedelta
    acknowledged_share: float
    to_acknowledge: timedelta | None
    silenced_share: float
    untold_share: float


def effectiveness(alerts: Iterable[Alert], start: datetime, end: datetime) -> list[Effectiveness]:
    """Sum up the episodes within [start, end) of each rule that had any; the one that fired most often first."""
    by_rule: dict[str, list[Alert]] = defaultdict(list)
    for alert in alerts:
        if alert.since < end and (alert.resolved_at is None or alert.resolved_at > start):
            by_rule[alert.rule].append(alert)
    rows = [_row(rule, episodes, start, end) for rule, episodes in by_rule.items()]
    return sorted(rows, key=lambda row: (-row.fired, -row.firing, row.rule))


def _row(rule: str, episodes: Sequence[Alert], start: datetime, end: datetime) -> Effectiveness:
    firing = [min(episode.resolved_at or end, end) - max(episode.since, start) for episode in episodes]
    waits = [episode.acknowledged_at - episode.since for episode in episodes if episode.acknowledged_at]
    return Effectiveness(
        rule=rule,
        fired=len(episodes),
        open=sum(episode.resolved_at is None for episode in episodes),
        firing=sum(firing, timedelta()),
        firing_median=_median(firing),
        acknowledged_share=len(waits) / len(episodes),
        to_acknowledge=_median(waits) if waits else None,
        silenced_share=_share(episode.silenced for episode in episodes),
        untold_share=_share(episode.first_told_at is None for episode in episodes),
    )


def _median(durations: Iterable[timedelta]) -> timedelta:
    return timedelta(seconds=median(duration.total_seconds() for duration in durations))


def _share(flags: Iterable[bool]) -> float:
    listed = list(flags)
    return sum(listed) / len(listed)
