"""What must have arrived, by what the lake saw and the state decided, held against what a receiver took.

Belongs here: the accounts of a drill. Not here: the drill.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from maxbooster_ops.store.alert_tables import alert_decisions, alerts, outbox, outbox_alerts
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import open_lake
from maxbooster_ops.store.state import State, open_state
from support.drill_gauges import METRIC, RULE

OPENING = frozenset({"firing", "escalation"})
"""The kinds that tell a channel of an alert for the first time."""

Episode = tuple[str, datetime, datetime | None]
"""A gauge, and from when to when it was up at a beat."""


@dataclass
class Audit:
    """The accounts; every list must be empty. `untold`: over before anybody could be told, and recorded as such."""

    alerts: int = 0
    firings: int = 0
    resolves: int = 0
    untold: int = 0
    deliveries: int = 0
    repeats: int = 0
    missing: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    twice_decided: list[str] = field(default_factory=list)
    other_keys: list[str] = field(default_factory=list)
    out_of_order: list[str] = field(default_factory=list)
    not_as_the_lake_saw: list[str] = field(default_factory=list)

    def faults(self) -> dict[str, list[str]]:
        """Give what is wrong, by its name."""
        return {name: found for name, found in vars(self).items() if isinstance(found, list) and found}

    def lines(self) -> list[str]:
        """Give the accounts as lines to print."""
        counts = [f"{name.replace('_', ' '):>20}: {value}" for name, value in vars(self).items() if type(value) is int]
        lists = [(name, found) for name, found in vars(self).items() if isinstance(found, list)]
        return [*counts, *(f"{name.replace('_', ' '):>20}: {len(found)} {found[:5] or ''}" for name, found in lists)]


def taken(log: Path) -> list[dict[str, Any]]:
    """Read what a receiver took, in its order; the last line may still be under way."""
    lines = log.read_text().splitlines(keepends=True) if log.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def is_settled(state: State, channel: str) -> bool:
    """Tell whether no alert of the drill is left open or untold, and nothing is left to deliver."""
    waiting = sa.and_(outbox.c.channel == channel, outbox.c.delivered_at.is_(None), outbox.c.failed_at.is_(None))
    unsettled = sa.and_(alerts.c.rule.startswith(RULE), sa.not_(alerts.c.settled))
    with state.reading() as connection:
        left = [connection.scalar(sa.select(sa.func.count()).where(each)) for each in (waiting, unsettled)]
    return left == [0, 0]


def audit(root: Path, accepted: Sequence[Mapping[str, Any]], channel: str = "webhook") -> Audit:
    """Hold the drill's alerts against the lake, and what the receiver took against what was decided."""
    with open_state(Home(root=root)) as state, state.reading() as connection:
        known = list(connection.execute(sa.select(alerts).where(alerts.c.rule.startswith(RULE))).mappings())
        told = sa.select(outbox_alerts.c.alert_id, outbox.c.kind, outbox.c.key).where(
            outbox_alerts.c.key == outbox.c.key, outbox.c.channel == channel
        )
        decided = _keys((row.alert_id, row.kind, row.key) for row in connection.execute(told))
        explained = set(connection.scalars(sa.select(alert_decisions.c.alert_id)))
    arrived = _keys(_notices(accepted))
    result = Audit(alerts=len(known), deliveries=len(accepted))
    for alert in known:
        _account(result, alert, decided, arrived, explained)
    _hold_keys(result, decided, arrived, accepted)
    result.out_of_order = _out_of_order(accepted)
    seen, followed = _episodes_in_lake(root), {_episode(alert) for alert in known}
    result.not_as_the_lake_saw = [str(episode) for episode in sorted(seen ^ followed, key=str)]
    return result


Keys = dict[tuple[str, str], set[str]]
"""The keys of messages by alert and kind."""


def _keys(rows: Iterable[tuple[str, str, str]]) -> Keys:
    found: Keys = defaultdict(set)
    for alert_id, kind, key in rows:
        found[alert_id, kind].add(key)
    return found


def _notices(accepted: Iterable[Mapping[str, Any]]) -> Iterable[tuple[str, str, str]]:
    """Give alert, kind and key of every notice in webhook documents."""
    for each in accepted:
        metadata = each["document"]["metadata"]
        for notice in metadata.get("alerts", [{"metadata": metadata}]):
            if alert_id := notice["metadata"].get("alertId"):
                yield alert_id, metadata["status"], each["key"]


def _account(result: Audit, alert: Mapping[str, Any], decided: Keys, arrived: Keys, explained: set[str]) -> None:
    """Account for one alert: told as decided, or never told and recorded why."""
    alert_id = alert["id"]
    opened = [kind for kind in OPENING if decided.get((alert_id, kind))]
    if not opened:
        result.untold += 1
        if alert["resolved_at"] is None or alert_id not in explained:
            result.unexplained.append(alert_id)
        return
    result.firings += 1
    if not any(arrived.get((alert_id, kind)) for kind in opened):
        result.missing.append(f"{alert_id} firing")
    if alert["resolved_at"] is None:
        return
    result.resolves += 1
    if not arrived.get((alert_id, "resolved")):
        result.missing.append(f"{alert_id} resolved")


def _hold_keys(result: Audit, decided: Keys, arrived: Keys, accepted: Sequence[Mapping[str, Any]]) -> None:
    """One decision has one key, and every delivery of it carries that key and says the same."""
    for (alert_id, kind), keys in decided.items():
        if kind in {"firing", "resolved"} and len(keys) > 1:
            result.twice_decided.append(f"{alert_id} {kind}")
    for (alert_id, kind), keys in arrived.items():
        if not keys <= decided.get((alert_id, kind), set()):
            result.other_keys.append(f"{alert_id} {kind}")
    documents: dict[str, set[str]] = defaultdict(set)
    for each in accepted:
        documents[each["key"]].add(json.dumps(each["document"], sort_keys=True))
        if each["document"]["metadata"]["key"] != each["key"]:
            result.other_keys.append(each["key"])
    result.other_keys += [f"{key} says two things" for key, said in documents.items() if len(said) > 1]
    counts = Counter(each["key"] for each in accepted)
    result.repeats = sum(count - 1 for count in counts.values())


def _out_of_order(accepted: Iterable[Mapping[str, Any]]) -> list[str]:
    """Name the alerts whose end arrived before their beginning."""
    opened: set[str] = set()
    early: list[str] = []
    for alert_id, kind, _ in _notices(accepted):
        if kind in OPENING:
            opened.add(alert_id)
        elif kind == "resolved" and alert_id not in opened:
            early.append(alert_id)
    return early


def _episode(alert: Mapping[str, Any]) -> Episode:
    return json.loads(alert["labels"])["gauge"], alert["since"], alert["resolved_at"]


def _episodes_in_lake(root: Path) -> set[Episode]:
    """Find the stretches in which each gauge was up at the beats."""
    query = f"""
        SELECT metric_samples.labels['gauge'] AS gauge, beats.ts AS ts, metric_samples.value > 0 AS up
        FROM metric_samples JOIN beats USING (batch_id)
        WHERE name = '{METRIC}' AND beats.kind = 'beat' ORDER BY gauge, beats.ts"""
    levels: dict[str, list[tuple[datetime | None, bool]]] = defaultdict(lambda: [(None, False)])
    with open_lake(Home(root=root), read_only=True) as lake:
        for row in lake.query(query):
            levels[row["gauge"]].append((row["ts"], row["up"]))
    return {episode for gauge, seen in levels.items() for episode in _stretches(gauge, seen)}


def _stretches(gauge: str, seen: Sequence[tuple[datetime | None, bool]]) -> Iterable[Episode]:
    began = None
    for (_, before), (ts, up) in pairwise(seen):
        if up and not before:
            began = ts
        elif before and not up and began:
            yield gauge, began, ts
            began = None
    if began:
        yield gauge, began, None
