"""Burn-ins to report on: sessions, checks and judgements with plausible figures, each of which a test may change."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from maxbooster_ops.analysis.statistics.leak import Leak, LeakVerdict
from maxbooster_ops.readiness.burn_in.judgement import Drift, Figure, Gap, Judgement, Reason, Verdict, Weight
from maxbooster_ops.readiness.burn_in.part_names import PARTS
from maxbooster_ops.readiness.burn_in.plan import Plan
from maxbooster_ops.readiness.burn_in.session import Session, SessionStatus
from maxbooster_ops.store.findings import BurnInCheck

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def a_session(session_id="b7f3", *, plan=None, started_at=NOON, **changes) -> Session:
    plan = plan or Plan()
    fields = {
        "id": session_id,
        "status": SessionStatus.RUNNING,
        "plan": plan,
        "launched_by": "dagster",
        "run_id": "6f0c2e9e-9f3a-4b7e-8a55-0c2f51c6a3aa",
        "started_at": started_at,
        "target_end_at": started_at + plan.duration,
        "paused_seconds": 0.0,
        "checks_done": 0,
        "last_check_at": None,
        "memories": {},
        "unstored": [],
        "owner": None,
        "owner_pid": None,
        "owner_created": None,
        "owner_host": None,
        "heartbeat_at": None,
        "takeovers": 0,
        "cancel_asked_at": None,
        "ended_at": None,
        "verdict": None,
        "report": None,
    }
    return Session(**{**fields, **changes})


def a_check(number: int, *, at: datetime, **changes) -> BurnInCheck:
    """One check whose figures go up and down a little; a part that `changes` name as failed makes it fail."""
    wave = math.sin(number / 9)
    fields = {
        "ts": at,
        "session_id": "b7f3",
        "number": number,
        "due": at,
        "duration_ms": 84.0 + wave,
        **dict.fromkeys(PARTS, "ok"),
        "problems": [],
        "redis_latency_ms": 0.31 + 0.05 * wave,
        "health_latency_ms": 4.2 + wave,
        "memory_mb": 96.0 + 4 * abs(wave),
        "memory_low_mb": 92.0 + abs(wave),
        "host_memory_percent": 41.5,
        "open_files": 27,
        "queues": 12,
        "waiting": int(18 + 9 * wave),
        "active": int(6 + 3 * wave),
        "delayed": 4,
        "completed_delta": 512,
        "failed_delta": 0,
        "stalled_delta": 0,
        "cache_utilization_percent": 61.0 + 6 * wave,
        "cache_evictions": 0,
        "pool_utilization_percent": 34.0 + 5 * wave,
        "pool_wait_ms_p95": 1.4,
        "redis_clients": 31,
        "requests_delta": 2400.0,
        "errors_delta": 1.0,
        "request_ms_p95": 88.0 + 8 * wave,
        "platform_uptime_seconds": 300.0 * number,
        "redis_uptime_seconds": 300.0 * number,
    }
    failed = any(changes.get(part) == "failed" for part in PARTS)
    return BurnInCheck(**{**fields, "ok": not failed, **changes})


def checks_of(session: Session, count: int, *, failed=(), **changes) -> list[BurnInCheck]:
    """As many checks at the session's interval; those numbered in `failed` found Redis down."""
    down = {"redis": "failed", "redis_latency_ms": None, "problems": ["Redis does not answer: connection refused."]}
    return [
        a_check(
            number,
            at=session.started_at + (number - 1) * session.plan.interval,
            **{**changes, **(down if number in failed else {})},
        )
        for number in range(1, count + 1)
    ]


def a_judgement(verdict=Verdict.PASS, *, checks=289, **changes) -> Judgement:
    fields = {
        "verdict": verdict,
        "reasons": [Reason(weight=Weight.NOTE, kind="memory", text="Memory does not grow beyond noise.")],
        "checks": checks,
        "expected_checks": 289,
        "success_rate": 100.0,
        "coverage": 100.0,
        "gaps": [],
        "memory_growth_mb": 3.2,
        "memory_growth_mb_per_day": 3.1,
        "leak": Leak(verdict=LeakVerdict.HEALTHY, slope=None, reason="does not grow beyond noise"),
        "redis_latency_avg_ms": 0.31,
        "failed_jobs": 0,
        "figures": [
            Figure(name="success rate", value=100.0, limit=99.9, unit="%", ok=True),
            Figure(name="Redis latency, average", value=0.31, limit=100.0, unit="ms", ok=True),
            Figure(name="AI cache utilization, highest", value=67.0, limit=90.0, unit="%", ok=True),
            Figure(name="memory growth per 24 h", value=3.1, limit=500.0, unit="MB", ok=True),
            Figure(name="failed jobs", value=0, limit=50, unit="jobs", ok=True),
        ],
        "drifts": [
            Drift(
                name="memory",
                unit="MB",
                first=92.4,
                last=93.1,
                slope_per_hour=0.02,
                slope_low=-0.01,
                slope_high=0.05,
                verdict="stable",
            )
        ],
    }
    return Judgement(**{**fields, **changes})


def a_gap(start: datetime, length: timedelta, missed: int) -> Gap:
    return Gap(start=start, end=start + length, missed=missed)
