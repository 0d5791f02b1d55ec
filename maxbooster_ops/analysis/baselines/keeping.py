"""Keeping baselines in the lake, and finding them again.

Belongs here: writing once, and reading by name, by version, by series. Not here: measuring (`taking.py`), the file for
people (`baseline_file.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from maxbooster_ops.analysis.baselines.baseline import Baseline, Kind, key_of
from maxbooster_ops.analysis.baselines.taking import VALID_FOR
from maxbooster_ops.analysis.series.series import SeriesKey
from maxbooster_ops.analysis.statistics.comparing import LEAST_EFFECTIVE
from maxbooster_ops.errors import UsageError
from maxbooster_ops.store.findings import BaselineMetric
from maxbooster_ops.store.lake import Lake, LakeTransaction
from maxbooster_ops.store.named_sql import named_queries

_QUERIES = named_queries(Path(__file__).with_name("baselines.sql"))
_A_MOMENT = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One saved baseline, without its series: what a list shows."""

    name: str
    kind: Kind
    ts: datetime
    start: datetime
    until: datetime
    series: int
    values: int


def keep(lake: Lake, *baselines: Baseline) -> tuple[Baseline, ...]:
    """Write baselines in one transaction; give those that were not there yet."""

    def write(transaction: LakeTransaction) -> tuple[Baseline, ...]:
        new = tuple(baseline for baseline in baselines if not _is_kept(transaction, baseline))
        for baseline in new:
            transaction.insert(baseline.metrics, batch_id=baseline.batch_id)
        return new

    return lake.write(write) if baselines else ()


def _is_kept(transaction: LakeTransaction, baseline: Baseline) -> bool:
    bounds = {"ts": baseline.ts, "batch_id": baseline.batch_id}
    row = transaction.connection.execute(_QUERIES["is_kept"], bounds).fetchone()
    return bool(row and row[0])


def versions(lake: Lake, now: datetime) -> list[Version]:
    """Give every saved baseline, the newest first."""
    rows = lake.query(_QUERIES["versions"], {"until": now + _A_MOMENT})
    return [Version(**{**row, "kind": Kind(row["kind"])}) for row in rows]


def version(lake: Lake, reference: str, now: datetime) -> Version:
    """Find a baseline: `NAME` is its newest version, `NAME@2026-11-22T06:35` the newest that was saved then.

    Raises `UsageError` where there is none, with the names that there are.
    """
    name, _, saved = reference.partition("@")
    known = versions(lake, now)
    for found in known:
        if found.name == name and f"{found.ts:%Y-%m-%dT%H:%M:%S.%f}".startswith(saved.replace(" ", "T").rstrip("Z")):
            return found
    names = list(dict.fromkeys(found.name for found in known))
    listed = (
        f"There are {', '.join(names[:10])}" if names else "None was saved yet; `maxbooster-ops baseline save NAME`"
    )
    raise UsageError(f"There is no baseline `{reference}`. {listed}. `maxbooster-ops baseline list` shows all.")


def load(lake: Lake, found: Version) -> Baseline:
    """Read a saved baseline with all its series."""
    rows = lake.query(_QUERIES["metrics"], {"ts": found.ts, "name": found.name})
    return Baseline(
        name=found.name,
        kind=found.kind,
        ts=found.ts,
        start=found.start,
        until=found.until,
        metrics=tuple(_metric(row) for row in rows),
    )


def references(lake: Lake, now: datetime) -> dict[SeriesKey, BaselineMetric]:
    """Give for each series the baseline to hold it against.

    That is the newest one that was taken on purpose or weekly and has values enough, else the automatic one of the job.
    """
    bounds = {"from": now - VALID_FOR, "until": now}
    rows = lake.query(_QUERIES["references"], {**bounds, "least": LEAST_EFFECTIVE})
    chosen = {(_key(row), row["batch_id"]) for row in rows}
    batches = json.dumps(sorted({batch_id for _, batch_id in chosen}))
    rows = lake.query(_QUERIES["of_batches"], {**bounds, "batches": batches}) if chosen else []
    kept = [(row.pop("batch_id"), _metric(row)) for row in rows]
    return {key_of(metric): metric for batch_id, metric in kept if (key_of(metric), batch_id) in chosen}


def _key(row: Mapping[str, Any]) -> SeriesKey:
    return SeriesKey.of(row["series"], row["labels"])


def _metric(row: Mapping[str, Any]) -> BaselineMetric:
    return BaselineMetric(**{name: value for name, value in row.items() if name != "batch_id"})
