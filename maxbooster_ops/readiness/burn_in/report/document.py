"""The report as JSON: everything, for programs and for the next burn-in's comparison.

Belongs here: the document's fields (`docs/reports.md` describes them). Not here: how JSON is written.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from maxbooster_ops.readiness.burn_in.report.comparing import FORMAT, VERSION
from maxbooster_ops.readiness.burn_in.report.material import Material
from maxbooster_ops.readiness.burn_in.session import Session


def document_of(material: Material) -> dict[str, Any]:
    """Give the document; a field without a value is null, never left out."""
    judgement, comparison = material.judgement, material.comparison
    return {
        "format": FORMAT,
        "version": VERSION,
        "verdict": judgement.verdict,
        "valid_for_release": judgement.valid_for_release,
        "session": _session(material.session, material.target, material.ended_at),
        "checks_taken": judgement.checks,
        "checks_expected": judgement.expected_checks,
        "success_rate": judgement.success_rate,
        "coverage": judgement.coverage,
        "memory_growth_mb": judgement.memory_growth_mb,
        "memory_growth_mb_per_day": judgement.memory_growth_mb_per_day,
        "redis_latency_avg_ms": judgement.redis_latency_avg_ms,
        "failed_jobs": judgement.failed_jobs,
        "reasons": judgement.reasons,
        "figures": judgement.figures,
        "trends": judgement.drifts,
        "leak": judgement.leak,
        "gaps": judgement.gaps,
        "failures": material.failures,
        "comparison": {
            "with": comparison.earlier.session.id if comparison.earlier else None,
            "verdict_before": comparison.earlier.verdict if comparison.earlier else None,
            "remark": comparison.remark,
            "changes": comparison.changes,
        },
        "checks": material.checks,
    }


def _session(session: Session, target: str, ended_at: datetime) -> dict[str, Any]:
    return {
        "id": session.id,
        "target": target,
        "started_at": session.started_at,
        "ended_at": ended_at,
        "target_end_at": session.target_end_at,
        "duration_seconds": session.plan.duration,
        "interval_seconds": session.plan.interval,
        "thresholds": session.plan.thresholds.model_dump(),
        "launched_by": session.launched_by,
        "run_id": session.run_id,
        "takeovers": session.takeovers,
        "paused_seconds": session.paused_seconds,
    }
