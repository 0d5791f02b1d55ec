from __future__ import annotations

import re
import subprocess
import sys
import textwrap

import pytest
from prometheus_client.parser import text_string_to_metric_families
from support.sandbox_client import Sandbox

from maxbooster_ops.processes import Supervisor, wait_for
from maxbooster_ops.sandbox.platform import start_sandbox
from maxbooster_ops.sandbox.queues import NAMES

MONITORED_PATHS = {
    "/health": {"status", "timestamp", "version", "uptime_seconds", "checks"},
    "/api/generation/health": {
        "status",
        "model",
        "queue_size",
        "average_generation_time_ms",
        "tokens_today",
        "tokens_limit",
    },
    "/api/health/db": {"status", "response_time_ms", "connections", "max_connections"},
    "/api/auth/health": {"status", "timestamp"},
    "/api/status": {"status", "timestamp"},
    "/api/health/cache": {"status", "response_time_ms", "memory_used_mb", "max_memory_mb"},
    "/api/websocket/health": {"status", "timestamp"},
    "/api/upload/health": {"status", "timestamp"},
    "/api/search/health": {"status", "timestamp"},
}

SERIES_OF_THE_SPEC = {
    "http_request_duration_ms",
    "http_requests",
    "db_active_connections",
    "db_pool_utilization_percent",
    "db_connection_wait_time_ms",
    "db_query_duration_ms",
    "db_connection_errors",
    "cache_memory_usage_bytes",
    "cache_hit_rate_percent",
    "cache_eviction_rate_per_sec",
    "cache_operation_duration_ms",
    "forecast_queue_depth",
    "forecast_worker_utilization_percent",
    "forecast_job_duration_seconds",
    "forecast_jobs_failed",
    "active_users_concurrent",
    "forecasts_generated",
    "tier_limit_hits",
    "tier_upgrades",
    "trust_layer_usage",
    "process_resident_memory_bytes",
    "nodejs_heap_size_used_bytes",
}

BUCKETS = {
    "http_request_duration_ms": [10, 50, 100, 200, 500, 1000, 2000, 5000],
    "db_connection_wait_time_ms": [1, 5, 10, 25, 50, 100, 250, 500],
    "forecast_job_duration_seconds": [1, 2, 5, 8, 10, 15, 20, 30, 60],
}


@pytest.mark.parametrize(("path", "fields"), [pytest.param(*row, id=row[0]) for row in MONITORED_PATHS.items()])
def test_every_monitored_endpoint_answers_what_the_monitor_expects(sandbox, path, fields):
    answer = sandbox.get(path)
    body = answer.json()
    assert (answer.status_code, body["status"]) == (200, "ok")
    assert fields <= set(body)
    assert None not in body.values()


def test_the_health_of_all_parts_is_told_in_one_body(sandbox):
    assert sandbox.get("/health").json()["checks"] == {"database": "ok", "cache": "ok", "ai_service": "ok"}


def test_the_frontend_is_a_page(sandbox):
    answer = sandbox.get("/")
    assert answer.headers["content-type"].startswith("text/html")
    assert "<h1>The sandbox platform</h1>" in answer.text


def test_the_quick_health_asks_no_component(sandbox):
    assert "components" not in sandbox.get("/api/health?quick=true").json()
    assert set(sandbox.get("/api/health").json()["components"]) == {"database", "redis"}


def test_jobs_are_finished_in_every_queue(sandbox):
    """The event stream tells it even where completed jobs are not kept."""

    def all_completed() -> bool:
        return all("completed" in events(sandbox, queue) for queue in NAMES)

    wait_for(all_completed, seconds=180, what="a completed job in every queue")


def events(sandbox: Sandbox, queue: str) -> set[str]:
    with sandbox.redis() as client:
        return {fields["event"] for _, fields in client.xrange(f"bull:{queue}:events")}


def test_a_job_that_somebody_else_adds_is_done_without_instructions(sandbox):
    script = textwrap.dedent(
        """
        import asyncio, sys
        from bullmq import Queue
        async def add():
            queue = Queue("export-data", {"connection": sys.argv[1]})
            await queue.add("by-hand", {"anything": 1}, {"jobId": "by-hand", "removeOnComplete": False})
            await queue.close()
        asyncio.run(add())
        """
    )
    subprocess.run([sys.executable, "-c", script, sandbox.endpoints.redis_url.get_secret_value()], check=True)
    with sandbox.redis() as client:
        wait_for(
            lambda: client.hget("bull:export-data:by-hand", "returnvalue"), seconds=180, what="the job's return value"
        )


def test_the_metrics_page_has_every_series_of_the_spec_and_parses(sandbox):
    families = {family.name for family in text_string_to_metric_families(sandbox.get("/api/metrics").text)}
    assert families >= SERIES_OF_THE_SPEC
    assert not [name for name in families if name.endswith("_created")]


@pytest.mark.parametrize(("series", "bounds"), [pytest.param(*row, id=row[0]) for row in BUCKETS.items()])
def test_histograms_have_the_buckets_of_the_spec(sandbox, series, bounds):
    page = sandbox.get("/api/metrics").text
    found = {float(bound) for bound in re.findall(rf'{series}_bucket{{[^}}]*?le="([^"]+)"', page)}
    assert sorted(found) == [*bounds, float("inf")]


def test_a_request_is_counted_under_its_route(calm):
    labels = {"method": "GET", "route": "/api/search/health", "status_code": "200"}
    before = calm.metric("http_requests_total", **labels)
    calm.get("/api/search/health")
    assert calm.metric("http_requests_total", **labels) == before + 1
    assert calm.metric("http_request_duration_ms_count", **labels) == before + 1


def test_unknown_paths_share_one_label(sandbox):
    answer = sandbox.get("/no/such/path")
    assert (answer.status_code, answer.json()["status"]) == (404, 404)
    assert sandbox.metric("http_requests_total", route="unmatched", status_code="404") >= 1
    assert "/no/such/path" not in sandbox.get("/api/metrics").text


def test_finished_forecasts_become_metrics(sandbox):
    wait_for(
        lambda: sandbox.metric("forecast_job_duration_seconds_count") >= 1,
        seconds=180,
        what="a forecast that is counted",
    )
    finished = sandbox.metric("forecast_job_duration_seconds_count")
    generated = sandbox.metric("forecasts_generated_total") + sandbox.metric("forecast_jobs_failed_total")
    assert generated >= finished


@pytest.mark.usefixtures("sandbox")  # which tells what a machine lacks
def test_it_opens_with_caches_in_use_so_that_nothing_is_degraded_before_anything_broke(tmp_path):
    with Supervisor(tmp_path / "logs") as supervisor:
        endpoints = start_sandbox(supervisor, tmp_path / "sandbox")
        fresh = Sandbox(folder=tmp_path / "sandbox", endpoints=endpoints, supervisor=supervisor)
        assert fresh.metric("cache_hit_rate_percent") > 80
        body = fresh.get("/api/monitoring/ai-models").json()
    for name in ("social", "advertising"):
        assert body[name]["hitRatePercent"] > 50
        assert 30 < body[name]["utilizationPercent"] < 80


def test_the_crowd_uses_the_platform(sandbox):
    wait_for(lambda: sandbox.metric("active_users_concurrent") >= 5, seconds=120, what="five active users")
    wait_for(lambda: sandbox.metric("cache_hit_rate_percent") > 0, seconds=120, what="a hit in the page cache")
    body = sandbox.get("/api/monitoring/ai-models").json()
    assert (body["success"], body["social"]["maxSize"], body["advertising"]["maxSize"]) == (True, 100, 50)
    assert set(body) == {"success", "timestamp", "social", "advertising", "memory", "recentEvictions"}
