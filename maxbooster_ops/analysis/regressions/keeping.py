"""Keeping what was found, once per half hour, and reading the newest of it.

Belongs here: both. Not here: finding it (`finding.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from maxbooster_ops.store.findings import Regression
from maxbooster_ops.store.lake import Lake, LakeTransaction
from maxbooster_ops.store.named_sql import named_queries

_RUN = timedelta(minutes=30)
_SHOWN_FOR = timedelta(days=1)
_QUERIES = named_queries(Path(__file__).with_name("regressions.sql"))


def keep_regressions(lake: Lake, found: Sequence[Regression]) -> bool:
    """Write what one run found and tell whether it was written: a second run of the same half hour is not."""
    if not found:
        return False
    begun = _half_hour(found[0].ts)
    batch_id = f"regressions-{begun:%Y%m%dT%H%M}"

    def write(transaction: LakeTransaction) -> bool:
        row = transaction.connection.execute(_QUERIES["is_kept"], {"from": begun, "batch_id": batch_id}).fetchone()
        if row and row[0]:
            return False
        transaction.insert(found, batch_id=batch_id)
        return True

    return lake.write(write)


def latest_regressions(lake: Lake, now: datetime) -> list[Regression]:
    """Give what the newest run of the last day found; none where there was no run."""
    bounds = {"from": now - _SHOWN_FOR, "until": now + timedelta(seconds=1)}
    return [Regression(**row) for row in lake.query(_QUERIES["latest"], bounds)]


def _half_hour(moment: datetime) -> datetime:
    return moment.replace(minute=moment.minute // 30 * 30, second=0, microsecond=0)
