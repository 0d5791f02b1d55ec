"""Whole burn-ins as their checks, healthy unless said otherwise, for the verdict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import count

from maxbooster_ops.readiness.burn_in.judgement import Course
from maxbooster_ops.readiness.burn_in.part_names import PARTS
from maxbooster_ops.readiness.burn_in.plan import Plan
from maxbooster_ops.store.findings import BurnInCheck
from support.facts import NOON

REHEARSAL = Plan(duration=timedelta(minutes=20), interval=timedelta(seconds=10))
DAY = Plan()


def checks_of(plan: Plan, **columns: object) -> list[BurnInCheck]:
    """Give every check of a healthy burn-in; a column is one value for all of them, or a list with one for each."""
    lists = {
        name: column if isinstance(column, list) else [column] * plan.expected_checks
        for name, column in columns.items()
    }
    rows = (dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True))
    return [
        healthy(number, plan, **(row if lists else {}))
        for number, row in zip(range(1, plan.expected_checks + 1), rows if lists else count(), strict=False)
    ]


def healthy(number: int, plan: Plan, **changes: object) -> BurnInCheck:
    """Give one check as a platform that is well and at work answers it."""
    since_start = (number - 1) * plan.interval
    at = NOON + since_start
    first = number == 1
    usual = {
        "ts": at,
        "session_id": "bi-1",
        "number": number,
        "due": at,
        "duration_ms": 120.0,
        "ok": True,
        **dict.fromkeys(PARTS, "ok"),
        "problems": (),
        "redis_latency_ms": 0.4,
        "health_latency_ms": 12.0,
        "memory_mb": 401.0,
        "memory_low_mb": 400.0,
        "host_memory_percent": 40.0,
        "open_files": 60,
        "queues": 5,
        "waiting": 3,
        "active": 2,
        "delayed": 4,
        "completed_delta": None if first else 20,
        "failed_delta": None if first else 0,
        "stalled_delta": None if first else 0,
        "cache_utilization_percent": 55.0,
        "cache_evictions": 0,
        "pool_utilization_percent": 30.0,
        "pool_wait_ms_p95": 2.0,
        "redis_clients": 12,
        "requests_delta": None if first else 500.0,
        "errors_delta": None if first else 0.0,
        "request_ms_p95": 80.0,
        "platform_uptime_seconds": 7200.0 + since_start.total_seconds(),
        "redis_uptime_seconds": 90_000.0 + since_start.total_seconds(),
    }
    return BurnInCheck(**{**usual, **changes})


def failed(check: BurnInCheck, *parts: str) -> BurnInCheck:
    """Give the same check failed for these parts (all of them, unless named), without a number of any kind."""
    numbers = {
        name: None
        for name in BurnInCheck.__dataclass_fields__
        if name.endswith(("_ms", "_mb", "_percent", "_delta", "_p95", "_seconds", "_files", "_clients", "_evictions"))
        and name != "duration_ms"
    }
    gone = dict.fromkeys(("queues", "waiting", "active", "delayed"))
    return replace(check, ok=False, **numbers, **gone, **dict.fromkeys(parts or PARTS, "failed"))


def without(checks: Sequence[BurnInCheck], numbers: Iterable[int]) -> list[BurnInCheck]:
    """Leave out the checks of these numbers, as if nobody had taken them."""
    left_out = set(numbers)
    return [check for check in checks if check.number not in left_out]


def course_of(plan: Plan, **changes: object) -> Course:
    """Give the course of a burn-in that nothing disturbed."""
    usual = {"started_at": NOON, "ended_at": NOON + plan.duration, "ended_early": False}
    return Course(**{**usual, **changes})
