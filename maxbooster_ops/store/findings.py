"""One frozen dataclass per lake table that analysis fills; its fields are the table's columns, in name and type.

Belongs here: what one row of such a table is. Not here: what is collected (`facts.py`), or how a finding comes to be
(`analysis/`, `slo/`). As with facts, None means "not known" or "nothing to measure", never zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from maxbooster_ops.store.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollup(Fact):
    """One series over one window that has ended; `ts` is where the window begins, `width` is `1m`, `30m` or `1d`.

    `kind` says what was counted: samples of a gauge, rates per second of a counter, single observations (a finished
    job), or a histogram, whose percentiles follow `histogram_quantile` and whose extremes nobody knows.
    """

    table: ClassVar[str] = "rollups"
    width: str
    series: str
    kind: str
    labels: Mapping[str, str]
    count: int
    avg: float | None
    min: float | None
    max: float | None
    p50: float | None
    p75: float | None
    p95: float | None
    p99: float | None
    p999: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineMetric(Fact):
    """One series as it was while a baseline was taken, from `start` to `until`; `ts` is when it was saved.

    `quantiles` are at most 1001 evenly spaced quantiles of the values, from the least to the greatest: enough to test
    against later. `effective_count` is how many independent values the `count` correlated ones are worth.
    """

    table: ClassVar[str] = "baselines"
    name: str
    kind: str
    start: datetime
    until: datetime
    series: str
    labels: Mapping[str, str]
    count: int
    effective_count: float
    avg: float
    min: float
    max: float
    p50: float
    p95: float
    p99: float
    quantiles: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression(Fact):
    """One statistic of one series held against its baseline at `ts`.

    `result` is regressed, improved, unchanged or inconclusive; `exceeds_naive` is the 10 % rule alone, without a test.
    """

    table: ClassVar[str] = "regressions"
    baseline: str
    series: str
    labels: Mapping[str, str]
    metric: str
    statistic: str
    unit: str
    before: float | None
    after: float | None
    change_percent: float | None
    count_before: int
    count_after: int
    p_value: float | None
    result: str
    is_significant: bool
    exceeds_naive: bool
    started_at: datetime | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend(Fact):
    """Where one series is going, over the `hours` that end at `ts`.

    `verdict` is improving, stable, degrading or unknown.

    The slope is the median of the pairwise slopes, `slope_low` to `slope_high` its 95 % confidence interval.
    """

    table: ClassVar[str] = "trends"
    series: str
    labels: Mapping[str, str]
    metric: str
    unit: str
    hours: float
    count: int
    level: float | None
    slope_per_hour: float | None
    slope_low: float | None
    slope_high: float | None
    change_percent_per_day: float | None
    verdict: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SloWindow(Fact):
    """One objective of one service over five minutes that end at `ts`, and how fast its budget burns by then.

    `total` are the events (requests, probes, jobs) that `indicator` saw, `bad` those that broke the objective; None
    where nothing saw any. `weight` is how many events the window stands for, and `evidence` how far the bad ones
    suffice to judge. `fast_burn` and `slow_burn` are multiples of the limits beyond which people are told.
    """

    table: ClassVar[str] = "slo_windows"
    known_at: datetime
    service: str
    objective: str
    target: float
    indicator: str | None
    total: float | None
    bad: float | None
    weight: float | None
    evidence: float | None
    in_maintenance: bool
    burn_rate_5m: float | None
    burn_rate_30m: float | None
    burn_rate_1h: float | None
    burn_rate_2h: float | None
    burn_rate_6h: float | None
    burn_rate_1d: float | None
    burn_rate_3d: float | None
    fast_burn: float | None
    slow_burn: float | None
    budget_minutes: float
    spent_minutes: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterSample(Fact):
    """Dead letters of one queue at one moment, by state, and its stuck jobs."""

    table: ClassVar[str] = "dead_letter_samples"
    prefix: str
    queue: str
    pending: int
    retrying: int
    parked: int
    recovered: int
    discarded: int
    oldest_open_seconds: float | None
    stuck: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnInCheck(Fact):
    """One check of a burn-in: how each part was found, and the numbers that its verdict rests on.

    A part is ok, warning, failed, or missing where it could not be read or nothing is configured to read; `ok` is
    whether no part failed or is missing that the plan asks for. Deltas are since the previous check of the session.
    `memory_low_mb` is the least resident memory of the platform's process seen since then, which is what garbage
    collection leaves.
    """

    table: ClassVar[str] = "burn_in_checks"
    session_id: str
    number: int
    due: datetime
    duration_ms: float
    ok: bool
    queue_health: str
    ai_caches: str
    system_health: str
    memory: str
    redis: str
    failed_jobs: str
    problems: Sequence[str]
    redis_latency_ms: float | None
    health_latency_ms: float | None
    memory_mb: float | None
    memory_low_mb: float | None
    host_memory_percent: float | None
    open_files: int | None
    queues: int | None
    waiting: int | None
    active: int | None
    delayed: int | None
    completed_delta: int | None
    failed_delta: int | None
    stalled_delta: int | None
    cache_utilization_percent: float | None
    cache_evictions: int | None
    pool_utilization_percent: float | None
    pool_wait_ms_p95: float | None
    redis_clients: int | None
    requests_delta: float | None
    errors_delta: float | None
    request_ms_p95: float | None
    platform_uptime_seconds: float | None
    redis_uptime_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillResult(Fact):
    """What came of one drill, or of one scenario of it; `ts` is when it ended.

    `drill` is burn_in or chaos; `scenario` is empty for a drill as a whole. `verdict` is PASS, CONDITIONAL PASS, FAIL
    or PARTIAL of a burn-in; ready, review, not ready or partial of a chaos drill; passed, failed or not run of one
    scenario.
    """

    table: ClassVar[str] = "drill_results"
    drill: str
    drill_id: str
    scenario: str
    target: str
    started_at: datetime
    verdict: str
    valid_for_release: bool
    reasons: Sequence[str]
    numbers: Mapping[str, float]
    report: str | None


FINDINGS: tuple[type[Fact], ...] = (
    Rollup,
    BaselineMetric,
    Regression,
    Trend,
    SloWindow,
    DeadLetterSample,
    BurnInCheck,
    DrillResult,
)
