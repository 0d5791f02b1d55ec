"""Where the evaluation of each series stands, in the state.

Belongs here: reading, writing and forgetting it. Not here: what is remembered (`engine.SeriesMemory`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa

from maxbooster_ops.alerting.evaluating.episodes import SeriesKey
from maxbooster_ops.alerting.evaluating.series_memory import Phase, SeriesMemory
from maxbooster_ops.store.alert_tables import rule_series

FORGOTTEN_AFTER = timedelta(days=1)
"""A series that was not seen for so long, and is not firing, is gone."""

Memories = dict[SeriesKey, SeriesMemory]


def load_memories(connection: sa.Connection) -> Memories:
    """Give what is remembered of every series of every rule."""
    rows = connection.execute(sa.select(rule_series.c.rule, rule_series.c.labels_key, rule_series.c.memory))
    return {(rule, key): SeriesMemory.from_json(text) for rule, key, text in rows}


def keep_memories(
    connection: sa.Connection, new: Memories, old: Mapping[SeriesKey, SeriesMemory], *, now: datetime
) -> None:
    """Write the memories that changed, and forget the series that are gone."""
    gone = {key for key, memory in new.items() if _is_gone(memory, now)}
    changed = {key: memory for key, memory in new.items() if key not in gone and memory != old.get(key)}
    replaced = [{"old_rule": rule, "old_key": key} for rule, key in (*gone, *changed) if (rule, key) in old]
    if replaced:
        same = sa.and_(
            rule_series.c.rule == sa.bindparam("old_rule"), rule_series.c.labels_key == sa.bindparam("old_key")
        )
        connection.execute(sa.delete(rule_series).where(same), replaced)
    if changed:
        rows = [{"rule": rule, "labels_key": key, "memory": m.to_json()} for (rule, key), m in changed.items()]
        connection.execute(sa.insert(rule_series), rows)


def forget_rules(connection: sa.Connection, kept: set[str], old: Mapping[SeriesKey, SeriesMemory]) -> None:
    """Forget every series of rules that are not among `kept`."""
    removed = {rule for rule, _ in old} - kept
    if removed:
        connection.execute(sa.delete(rule_series).where(rule_series.c.rule.in_(removed)))


def _is_gone(memory: SeriesMemory, now: datetime) -> bool:
    if memory.phase is not Phase.INACTIVE:
        return False
    return memory.last_us is None or now.timestamp() - memory.last_us / 1e6 > FORGOTTEN_AFTER.total_seconds()
