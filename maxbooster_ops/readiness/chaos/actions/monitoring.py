"""The platform's monitoring endpoints: whether each answers, with a body that is valid and true.

Belongs here: what must hold of their answers. Not here: how they are read (`sources/`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import requests

from maxbooster_ops.errors import DrillError
from maxbooster_ops.readiness.chaos.action import action
from maxbooster_ops.readiness.chaos.actions.reaching import redis_of
from maxbooster_ops.readiness.chaos.drill import Drill, ExpectationError
from maxbooster_ops.sources.ai_cache import AiCaches
from maxbooster_ops.sources.probes import Probes, load_monitors
from maxbooster_ops.sources.prometheus import PrometheusScrape
from maxbooster_ops.sources.source import Moment
from maxbooster_ops.store.facts import AiCacheSample, MetricSample, ProbeResult, SourceFailure

_ANSWER_WITHIN_SECONDS = 10.0
_AGE_SECONDS = 60.0
_MEMORY_SLACK = 0.3
"""Redis's memory moves while two readers look at it one after the other."""

_PERCENT_SLACK = 1.0


@action("monitoring.endpoints")
def endpoints(drill: Drill) -> str:
    """Ask every monitored endpoint, and hold status and body against its monitor."""
    base = _base(drill)
    monitors = load_monitors(Path("no monitors of a user"))
    source = Probes(monitors, platform_url=base)
    try:
        reading = source.read(Moment(at=drill.clock(), interval_seconds=30))
        late = source.drain(Moment(at=drill.clock(), interval_seconds=30, memory=reading.memory))
    finally:
        source.close()
    results = [row for row in (*reading.rows, *late.rows) if isinstance(row, ProbeResult)]
    if bad := [row for row in results if row.outcome != "healthy"]:
        said = "; ".join(f"{row.monitor}: {row.outcome}, {row.detail or 'no reason'}" for row in bad)
        raise ExpectationError(f"{len(bad)} of {len(results)} monitoring endpoints do not answer as they must: {said}.")
    if unasked := sorted({one.name for one in monitors.active} - {row.monitor for row in results}):
        raise ExpectationError(
            f"Of {len(monitors.active)} monitoring endpoints nothing is known: {', '.join(unasked)}."
        )
    return f"{len(results)} answer"


@action("monitoring.fresh")
def fresh(drill: Drill, *, path: str = "/health") -> bool:
    """Ask for health twice: its time must be now, and its uptime must grow."""
    first = _json(drill, path)
    drill.wait(0.2)
    second = _json(drill, path)
    age = (drill.clock() - datetime.fromisoformat(second["timestamp"])).total_seconds()
    if abs(age) > _AGE_SECONDS:
        raise ExpectationError(
            f"{path} says that it is {second['timestamp']}, which is {age:.0f} s ago: an old answer."
        )
    if not second["uptime_seconds"] > first["uptime_seconds"]:
        raise ExpectationError(f"{path} says the same uptime twice, {second['uptime_seconds']} s: an old answer.")
    return True


@action("monitoring.series")
def series(drill: Drill, names: list[str]) -> bool:
    """Find each of these series on the page of metrics, with numbers that can be.

    A counter with labels has no line before it first counts; then it is enough that the page declares it. Everything
    else needs a value.
    """
    found = _scrape(drill)
    there = {name for row in found for name in (row.name, _family(row.name))} | _declared_counters(drill)
    if missing := [name for name in names if name not in there]:
        raise ExpectationError(f"{len(missing)} of {len(names)} series are not on the page: {', '.join(missing)}.")
    known = [row for row in found if row.name in names or _family(row.name) in names]
    if wrong := sorted({row.name for row in known if not math.isfinite(row.value) or row.value < 0}):
        raise ExpectationError(f"Series have values that cannot be: {', '.join(wrong)}.")
    return True


@action("monitoring.counts_requests")
def counts_requests(drill: Drill, *, path: str = "/health", requests: int = 5) -> bool:
    """Make requests, and find at least as many more counted on the page of metrics."""
    before = _total(_scrape(drill), "http_requests_total")
    for _ in range(requests):
        _json(drill, path)
    counted = _total(_scrape(drill), "http_requests_total") - before
    if counted < requests:
        raise ExpectationError(
            f"The page of metrics is not true: {requests} requests were made, and http_requests_total counted "
            f"{counted:g} more."
        )
    return True


@action("monitoring.memory_is_true")
def memory_is_true(drill: Drill) -> bool:
    """Hold what the platform tells of Redis's memory, twice, against what Redis itself tells."""
    with redis_of(drill) as client:
        used = float(client.info("memory")["used_memory"])
    told = {
        "cache_memory_usage_bytes on the page of metrics": _total(_scrape(drill), "cache_memory_usage_bytes"),
        "memory_used_mb of /api/health/cache": _json(drill, "/api/health/cache")["memory_used_mb"] * 1024 * 1024,
    }
    for where, value in told.items():
        if abs(value - used) > _MEMORY_SLACK * used:
            raise ExpectationError(f"{where} is not true: it tells {value:.0f} bytes, Redis itself {used:.0f}.")
    return True


@action("monitoring.ai_caches")
def ai_caches(drill: Drill) -> str:
    """Read the AI model caches, and find numbers that fit together."""
    reading = AiCaches(f"{_base(drill)}/api/monitoring/ai-models").read(Moment(at=drill.clock(), interval_seconds=30))
    if isinstance(reading, SourceFailure):
        raise ExpectationError(f"The AI model caches cannot be read: {reading.error}: {reading.reason}")
    caches = [row for row in reading.rows if isinstance(row, AiCacheSample)]
    for cache in caches:
        utilization = 100 * cache.current_size / cache.max_size
        if cache.current_size > cache.max_size or abs(utilization - cache.utilization_percent) > _PERCENT_SLACK:
            raise ExpectationError(
                f"The cache {cache.cache} tells {cache.current_size} of {cache.max_size} models and a utilization of "
                f"{cache.utilization_percent:g} %, which does not fit."
            )
    if failures := [failure.reason for failure in reading.failures]:
        raise ExpectationError(f"Parts of the AI model caches cannot be read: {'; '.join(failures)}")
    if not caches:
        raise ExpectationError("The platform tells of no AI model cache.")
    return f"{len(caches)} caches"


def _scrape(drill: Drill) -> list[MetricSample]:
    reading = PrometheusScrape(f"{_base(drill)}/api/metrics").read(Moment(at=drill.clock(), interval_seconds=30))
    if isinstance(reading, SourceFailure):
        raise ExpectationError(f"The page of metrics cannot be read: {reading.error}: {reading.reason}")
    if reading.failures:
        raise ExpectationError(f"The page of metrics is not valid: {reading.failures[0].reason}")
    return [row for row in reading.rows if isinstance(row, MetricSample)]


def _declared_counters(drill: Drill) -> set[str]:
    """Give the counters of the page's TYPE lines; OpenMetrics leaves their `_total` away there."""
    page = _get(drill, "/api/metrics").text
    lines = [line.split() for line in page.splitlines() if line.startswith("# TYPE ")]
    return {name for _, _, declared, *kind in lines if kind == ["counter"] for name in (declared, f"{declared}_total")}


def _family(name: str) -> str:
    """Give the name of the histogram that a series belongs to."""
    return next((name.removesuffix(end) for end in ("_bucket", "_sum", "_count") if name.endswith(end)), name)


def _total(rows: Sequence[MetricSample], name: str) -> float:
    found = [row.value for row in rows if row.name == name]
    if not found:
        raise ExpectationError(f"{name} is not on the page of metrics.")
    return sum(found)


def _json(drill: Drill, path: str) -> dict[str, Any]:
    try:
        body: dict[str, Any] = _get(drill, path).json()
    except ValueError as error:
        raise ExpectationError(f"{path} answered no valid JSON.") from error
    return body


def _get(drill: Drill, path: str) -> requests.Response:
    try:
        with requests.Session() as session:
            session.trust_env = False  # a proxy would answer for the platform
            answer = session.get(f"{_base(drill)}{path}", timeout=_ANSWER_WITHIN_SECONDS)
    except requests.RequestException as error:
        raise ExpectationError(f"{path} has no answer: {type(error).__name__}") from error
    if not answer.ok:
        raise ExpectationError(f"{path} answered {answer.status_code}.")
    return answer


def _base(drill: Drill) -> str:
    if drill.target.platform_url is None:
        raise DrillError("The target has no HTTP API; let the scenario need one (`needs: [platform]`).")
    return drill.target.platform_url.rstrip("/")
