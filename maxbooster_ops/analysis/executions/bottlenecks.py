"""Operations that are too slow, each with what to do about it.

Belongs here: reading the evidence. Not here: the limits (`store/migrations/lake/0006_executions.sql`) or the advice
(`recommending.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from maxbooster_ops.analysis.executions.metrics import QUERIES
from maxbooster_ops.analysis.executions.recommending import Evidence, Kind, Recommendation, Severity, recommend
from maxbooster_ops.store.lake import Lake
from maxbooster_ops.store.named_sql import named_queries


@dataclass(frozen=True, slots=True, kw_only=True)
class Bottleneck:
    """An operation that is too slow, and what to do about it."""

    evidence: Evidence
    recommendation: Recommendation


def bottlenecks(lake: Lake, start: datetime, until: datetime) -> list[Bottleneck]:
    """Give what was too slow with `start <= ts < until`, the one furthest beyond its limit first."""
    rows = lake.query(named_queries(QUERIES)["bottlenecks"], {"from": start, "until": until})
    found = [Evidence(**{**row, "kind": Kind(row["kind"]), "severity": Severity(row["severity"])}) for row in rows]
    return [Bottleneck(evidence=evidence, recommendation=recommend(evidence)) for evidence in found]
