from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis
import requests
from prometheus_client.parser import text_string_to_metric_families
from redis.backoff import NoBackoff
from redis.retry import Retry
from support.need import lacking

from maxbooster_ops.processes import Supervisor, wait_for
from maxbooster_ops.sandbox.endpoints import Endpoints, live_endpoints
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


@dataclass(frozen=True)
class Sandbox:
    folder: Path
    endpoints: Endpoints
    supervisor: Supervisor

    def get(self, path: str) -> requests.Response:
        return requests.get(f"{self.endpoints.platform_url}{path}", timeout=10)

    def order(self, fault: str, **body: Any) -> requests.Response:
        return requests.post(f"{self.endpoints.platform_url}/api/test/{fault}", json=body, timeout=10)

    def redis(self) -> redis.Redis:
        return redis.Redis.from_url(self.endpoints.redis_url.get_secret_value(), decode_responses=True)

    def metric(self, name: str, **labels: str) -> float:
        """Add up the samples of a series that have these labels."""
        return sum(
            sample.value
            for family in text_string_to_metric_families(self.get("/api/metrics").text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    for package in ("bullmq", "starlette", "uvicorn"):
        try:
            __import__(package)
        except ImportError:
            lacking(package, "install the `sandbox` extra")
    folder = tmp_path_factory.mktemp("sandbox folder")
    with Supervisor(folder / "logs") as supervisor:
        yield Sandbox(folder=folder, endpoints=start_sandbox(supervisor, folder), supervisor=supervisor)
        assert supervisor.ended() == [], "no program of the sandbox ended by itself"


@pytest.fixture
def calm(sandbox: Sandbox) -> Iterator[Sandbox]:
    """The sandbox, without faults before and after."""
    assert sandbox.order("reset").ok
    yield sandbox
    assert sandbox.order("reset").ok


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

    wait_for(all_completed, seconds=60, what="a completed job in every queue")


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
    subprocess.run(
        [sys.executable, "-c", script, sandbox.endpoints.redis_url.get_secret_value()], check=True, timeout=30
    )
    with sandbox.redis() as client:
        wait_for(
            lambda: client.hget("bull:export-data:by-hand", "returnvalue"), seconds=60, what="the job's return value"
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
        lambda: sandbox.metric("forecast_job_duration_seconds_count") >= 1, seconds=60, what="a forecast in the metrics"
    )
    finished = sandbox.metric("forecast_job_duration_seconds_count")
    generated = sandbox.metric("forecasts_generated_total") + sandbox.metric("forecast_jobs_failed_total")
    assert generated >= finished


def test_the_crowd_uses_the_platform(sandbox):
    wait_for(lambda: sandbox.metric("active_users_concurrent") >= 5, seconds=30, what="five active users")
    wait_for(lambda: sandbox.metric("cache_hit_rate_percent") > 0, seconds=30, what="a hit in the page cache")
    body = sandbox.get("/api/monitoring/ai-models").json()
    assert (body["success"], body["social"]["maxSize"], body["advertising"]["maxSize"]) == (True, 100, 50)
    assert set(body) == {"success", "timestamp", "social", "advertising", "memory", "recentEvictions"}


def test_ordered_errors_are_answered_and_counted(calm):
    before = calm.metric("http_requests_total", status_code="500")
    assert calm.order("trigger-errors", count=3).json()["remaining"] == 3
    wait_for(
        lambda: calm.get("/api/status").ok and not calm.get("/api/test/faults").json()["faults"],
        seconds=20,
        what="the end of the errors",
    )
    assert calm.metric("http_requests_total", status_code="500") == before + 3


def test_errors_of_a_duration_hit_all_but_metrics_and_switches_and_then_end(calm):
    assert calm.order("trigger-errors", duration=1.5).ok
    answer = calm.get("/health")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert calm.get("/api/metrics").ok
    assert calm.get("/api/test/faults").json()["faults"][0]["fault"] == "trigger-errors"
    wait_for(lambda: calm.get("/health").ok, seconds=20, what="the end of the errors")


def test_a_slow_platform_answers_late_until_it_is_reset(calm):
    assert calm.order("slow", milliseconds=400, duration=60).ok
    assert calm.get("/api/status").elapsed.total_seconds() >= 0.4
    assert calm.order("reset").json()["switchedOff"][0]["fault"] == "slow"
    assert calm.get("/api/health?quick=true").elapsed.total_seconds() < 0.4


def test_a_leak_is_seen_in_the_metrics_and_given_back(calm):
    before = calm.metric("process_resident_memory_bytes")
    assert calm.order("leak", mb_per_minute=6000, duration=60).ok
    grown = before + 100 * 1024**2
    wait_for(lambda: calm.metric("process_resident_memory_bytes") > grown, seconds=30, what="100 MB more")
    assert calm.order("reset").ok
    wait_for(lambda: calm.metric("process_resident_memory_bytes") < grown, seconds=30, what="the memory back")


def test_a_stopped_queue_takes_no_jobs_but_gets_more_and_then_goes_on(calm):
    queue = "scheduled-posts"
    with calm.redis() as client:
        assert calm.order("stop-queue", queue=queue, duration=60).ok
        wait_for(lambda: client.llen(f"bull:{queue}:wait") >= 2, seconds=50, what="two jobs that wait")
        assert client.llen(f"bull:{queue}:active") == 0
        assert calm.order("reset").ok
        wait_for(lambda: client.llen(f"bull:{queue}:wait") == 0, seconds=50, what="no job that waits")


def test_a_thrashed_cache_is_full_and_evicts(calm):
    assert calm.order("thrash-cache", cache="advertising", duration=60).ok

    def evicts() -> bool:
        body = calm.get("/api/monitoring/ai-models").json()
        return body["advertising"]["utilizationPercent"] == 100.0 and body["advertising"]["totalEvictions"] > 0

    wait_for(evicts, seconds=30, what="evictions")
    newest = calm.get("/api/monitoring/ai-models").json()["recentEvictions"][-1]
    assert set(newest) == {"userId", "modelType", "reason", "idleMs", "timestamp"}


@pytest.mark.parametrize(
    ("content_type", "body", "status", "reason"),
    [
        pytest.param("application/json", "not json", 422, "Invalid JSON", id="no JSON at all"),
        pytest.param("application/json", "{}", 422, "give `count`", id="an order that says nothing"),
        pytest.param("text/plain", '{"count": 1}', 415, "application/json", id="what a web page may post unasked"),
        pytest.param("application/x-www-form-urlencoded", "count=1", 415, "application/json", id="a form"),
    ],
)
def test_a_bad_order_is_refused_with_the_reason(calm, content_type, body, status, reason):
    answer = requests.post(
        f"{calm.endpoints.platform_url}/api/test/trigger-errors",
        data=body,
        headers={"Content-Type": content_type},
        timeout=10,
    )
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert reason in answer.json()["detail"]
    assert calm.get("/api/test/faults").json()["faults"] == []


def test_a_host_name_that_was_made_to_point_here_is_refused(sandbox):
    url = f"{sandbox.endpoints.platform_url}/api/test/faults"
    assert requests.get(url, headers={"Host": "evil.example"}, timeout=10).status_code == 400


def test_the_password_is_secret(sandbox):
    """Neither `ps`, nor other users' eyes, nor our own logs show it."""
    password = re.search(r":([^:@]+)@", sandbox.endpoints.redis_url.get_secret_value())[1]
    assert password not in repr(sandbox.endpoints)
    assert password not in sandbox.endpoints.model_dump_json()
    ours = psutil.Process().children(recursive=True)
    assert len(ours) >= 4
    assert not [process for process in ours if password in " ".join(process.cmdline())]
    for path in sandbox.folder.rglob("*"):
        if path.is_file() and password in path.read_text():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_redis_asks_for_its_password(sandbox):
    port = int(sandbox.endpoints.redis_url.get_secret_value().rsplit(":", 1)[1].partition("/")[0])
    with redis.Redis(port=port, retry=Retry(NoBackoff(), 0)) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()


def test_the_pid_file_names_the_http_app(sandbox):
    process = psutil.Process(int((sandbox.folder / "platform.pid").read_text()))
    assert "maxbooster_ops.sandbox.http" in process.cmdline()


def test_a_client_finds_the_running_sandbox_by_its_folder(sandbox):
    assert live_endpoints(sandbox.folder) == sandbox.endpoints


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="there is none"),
        pytest.param("{", id="it was cut off"),
        pytest.param("{}", id="it says nothing"),
    ],
)
def test_no_usable_endpoints_file_means_no_sandbox(tmp_path, content):
    if content is not None:
        (tmp_path / "endpoints.json").write_text(content)
    assert live_endpoints(tmp_path) is None


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_killing_the_owner_ends_the_sandbox_and_makes_its_endpoints_stale(tmp_path, sandbox):
    owner_code = textwrap.dedent(
        f"""
        import time
        from pathlib import Path
        from maxbooster_ops.processes import Supervisor
        from maxbooster_ops.sandbox.platform import start_sandbox
        folder = Path({str(tmp_path)!r})
        with Supervisor(folder / "logs") as supervisor:
            start_sandbox(supervisor, folder)
            time.sleep(600)
        """
    )
    with subprocess.Popen([sys.executable, "-c", owner_code]) as owner:
        wait_for((tmp_path / "endpoints.json").exists, seconds=60, what="the second sandbox")
        assert live_endpoints(tmp_path)
        processes = psutil.Process(owner.pid).children(recursive=True)
        assert len(processes) >= 4, "Redis, workers, platform and guardian"
        owner.kill()
        owner.wait()
        wait_for(
            lambda: not [process for process in processes if is_alive(process)],
            seconds=30,
            what="the end of the sandbox",
        )
    assert json.loads((tmp_path / "endpoints.json").read_text())["owner_pid"] == owner.pid
    assert live_endpoints(tmp_path) is None
    assert sandbox.get("/health").ok, "the other sandbox goes on"
