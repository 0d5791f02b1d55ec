"""What is kept of chaos drills for good: the report, a row of the drill, a row of each scenario.

Belongs here: keeping that, once, and the newest drill that counts. Not here: what the rows say (`results.py`), how a
drill that died is known (`dead_drills.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from maxbooster_ops.errors import StoreError
from maxbooster_ops.logs import get_logger
from maxbooster_ops.readiness.chaos.results import facts
from maxbooster_ops.readiness.report.chaos import write_chaos_report
from maxbooster_ops.readiness.report.chaos_summary import ChaosSummary
from maxbooster_ops.readiness.report.files import kept_path
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import Lake
from maxbooster_ops.store.named_sql import named_queries

_QUERIES = Path(__file__).with_suffix(".sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDrill:
    """A drill as the lake has it; `passed` and `total` are of the scenarios that count."""

    ts: datetime
    drill_id: str
    verdict: str
    valid_for_release: bool
    passed: float
    total: float


def keep(lake: Lake, summary: ChaosSummary) -> Path | None:
    """Write the report and the rows of a drill; give the report's path, None where it cannot be written.

    Raises `StoreError` where the rows cannot be kept.
    """
    report = _report(lake.home, summary)
    rows = list(facts(summary, kept_path(lake.home, report) if report else None))
    lake.write(lambda transaction: transaction.insert(rows, batch_id=_batch(summary.drill_id)))
    return report


def is_kept(lake: Lake, drill_id: str, began: datetime) -> bool:
    """Tell whether the lake has the rows of a drill."""
    bounds = {"since": began, "batch_id": _batch(drill_id)}
    return bool(lake.query(named_queries(_QUERIES)["kept_rows"], bounds)[0]["kept"])


def newest_whole(lake: Lake) -> KeptDrill | None:
    """Give the newest drill that says anything about a release."""
    rows = lake.query(named_queries(_QUERIES)["newest_whole"])
    return KeptDrill(**rows[0]) if rows else None


def _batch(drill_id: str) -> str:
    return f"chaos-{drill_id}"


def _report(home: Home, summary: ChaosSummary) -> Path | None:
    try:
        return write_chaos_report(home, summary)
    except StoreError as error:
        get_logger().warning("chaos_report_not_written", drill=summary.drill_id, reason=str(error))
        return None
