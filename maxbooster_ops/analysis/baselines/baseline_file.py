"""The file of a baseline, `metrics-baseline/{name}-{timestamp}.json`: what a person or another program reads.

Belongs here: its content and putting it in place. Not here: the series that later values are held against; those are in
the table `baselines`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from maxbooster_ops.analysis.baselines.baseline import Baseline, checked_name
from maxbooster_ops.errors import StoreError
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import Lake
from maxbooster_ops.store.named_sql import named_queries

_QUERIES = named_queries(Path(__file__).with_name("snapshots.sql"))

_MOST_SNAPSHOTS = 1000
"""As many points as a chart shows of a series (spec: collection, "Kept how long")."""


def file_of(home: Home, name: str, ts: datetime) -> Path:
    """Say where the file of a saved baseline is."""
    return home.baselines / f"{checked_name(name)}-{ts:%Y-%m-%dT%H-%M-%S-%f}Z.json"


def write_file(home: Home, lake: Lake, baseline: Baseline) -> Path:
    """Put the file in its place in one step, and give its path; raises `StoreError` where that is not possible."""
    path = file_of(home, baseline.name, baseline.ts)
    text = json.dumps(content(lake, baseline), indent=2, allow_nan=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=".", delete=False) as fresh:
            fresh.write(text)
        Path(fresh.name).chmod(0o644)
        Path(fresh.name).replace(path)
    except OSError as error:
        if home.is_full(error):
            raise home.full(error) from error
        raise StoreError(f"The baseline's file {path} cannot be written: {error}. Nothing was saved.") from error
    return path


def content(lake: Lake, baseline: Baseline) -> dict[str, Any]:
    """Give what the file says. What was not seen is None."""
    bounds = {"from": baseline.start, "until": baseline.until}
    summary = lake.query(_query("summary"), bounds)[0]
    shown = lake.query(_query("snapshots"), {**bounds, "step_seconds": _step_seconds(baseline)})
    return {
        "name": baseline.name,
        "generatedAt": _iso(baseline.ts),
        "duration": duration_text(baseline.until - baseline.start),
        "summary": {
            "queue": {
                "avgWaiting": _rounded(summary["waiting"]),
                "avgLatency": _rounded(summary["latency"]),
                "totalFailed": summary["failed"],
            },
            "aiCache": {
                "avgSocialUtil": _rounded(summary["social"]),
                "avgAdUtil": _rounded(summary["advertising"]),
            },
            "system": {
                "avgMemoryMB": _rounded(summary["memory_mb"]),
                "maxMemoryMB": _rounded(summary["memory_max_mb"]),
            },
        },
        "snapshots": [_snapshot(row) for row in shown],
    }


def duration_text(length: timedelta) -> str:
    """Write a duration as the file does: `2h 30m`, to the nearest minute."""
    hours, minutes = divmod(round(length / timedelta(minutes=1)), 60)
    return f"{hours}h {minutes}m"


def _snapshot(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "timestamp": _iso(row["ts"]),
        "queue": {"waiting": row["waiting"], "active": row["active"], "redisLatency": _rounded(row["latency"])},
        "aiCache": {
            "socialUtilization": _rounded(row["social"]),
            "advertisingUtilization": _rounded(row["advertising"]),
        },
        "system": {"memoryMB": _rounded(row["memory_mb"]), "uptime": _rounded(row["uptime"])},
    }


def _step_seconds(baseline: Baseline) -> int:
    minutes = (baseline.until - baseline.start) / timedelta(minutes=1)
    return 60 * max(1, ceil(minutes / _MOST_SNAPSHOTS))


def _query(name: str) -> str:
    return _QUERIES[name].format(moments=_QUERIES["moments"])


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
