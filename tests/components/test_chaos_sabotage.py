"""Each of the five scenarios fails, with the right reason, where the platform does not bear the fault."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from support.lying_platform import lying_platform
from support.stand_rig import open_rig

SUPPORT = Path(__file__).parents[1] / "support"


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    """A stand whose posts service forgets."""
    forgetful = (sys.executable, str(SUPPORT / "forgetful_posts.py"))
    with open_rig(tmp_path_factory.mktemp("sabotage"), posts_program=forgetful) as opened:
        yield opened


def test_a_worker_that_drops_jobs_is_found_out(rig):
    result = rig.run("worker-crash", program=str(SUPPORT / "dropping_worker.py"))
    assert result.outcome == "failed"
    assert re.search(r"no job is lost: \d of 10 jobs are lost: \d.* are in no state of the queue", result.reason)


def test_a_worker_that_ends_by_itself_is_told_with_its_last_words(rig, tmp_path):
    (tmp_path / "worker.py").write_text("raise SystemExit('no such dependency')\n")
    result = rig.run("worker-crash", program=str(tmp_path / "worker.py"))
    assert result.outcome == "failed"
    assert "no such dependency" in result.reason


def test_a_service_that_forgets_posts_is_found_out(rig):
    result = rig.run("posts-survive")
    assert result.outcome == "failed"
    assert re.search(r"(\d+) of \1 scheduled posts are gone after the restart, though .* answered 201", result.reason)


def test_a_job_without_retries_is_found_out(rig):
    result = rig.run("retry-policy", program=str(SUPPORT / "resigned_worker.py"))
    assert result.outcome == "failed"
    assert "was to be tried exactly 3 times, and was tried 1 times (BullMQ counts 1)" in result.reason


@pytest.mark.parametrize(
    ("factor", "reason"),
    [
        pytest.param(
            "0.5", r"waited \d+, \d+ ms; its exponential backoff of 1000 ms says 1000, 2000 ms\.", id="too soon"
        ),
        pytest.param("3", r"was put off for (2\d{3}|3000), \d+ ms; its backoff says 1000, 2000 ms", id="too late"),
    ],
)
def test_a_backoff_that_is_not_the_configured_one_is_found_out(rig, tmp_path, factor, reason):
    worker = tmp_path / "worker.py"
    worker.write_text((SUPPORT / "wayward_worker.py").read_text().replace("FACTOR = 1.0", f"FACTOR = {factor}"))
    result = rig.run("retry-policy", program=str(worker))
    assert result.outcome == "failed"
    assert re.search(reason, result.reason)


def test_a_queue_that_hides_its_events_is_found_out(rig):
    result = rig.run("queue-monitoring", program=str(SUPPORT / "hiding_worker.py"))
    assert result.outcome == "failed"
    assert re.search(r"of 21 metrics of the queue cannot be read: .*stalled, retried", result.reason)


def tells_a_tenth(status: int, body: bytes) -> tuple[int, bytes]:
    return status, re.sub(rb"(?m)^cache_memory_usage_bytes .*$", b"cache_memory_usage_bytes 1234.0", body)


def hides_a_series(status: int, body: bytes) -> tuple[int, bytes]:
    return status, b"\n".join(line for line in body.splitlines() if b"db_query_duration_ms" not in line) + b"\n"


def declares_only(status: int, body: bytes) -> tuple[int, bytes]:
    return status, re.sub(rb"(?m)^db_active_connections.*\n", b"", body)


def counts_nothing(status: int, body: bytes) -> tuple[int, bytes]:
    return status, re.sub(rb"(?m)^(http_requests_total\{.*\}) .*$", rb"\1 7.0", body)


@pytest.mark.parametrize(
    ("path", "lie", "reason"),
    [
        pytest.param(
            "/api/metrics", tells_a_tenth, "is not true: it tells 1234 bytes, Redis itself", id="a metric that lies"
        ),
        pytest.param(
            "/api/metrics",
            counts_nothing,
            "5 requests were made, and http_requests_total counted",
            id="a counter that does not",
        ),
        pytest.param(
            "/api/metrics",
            hides_a_series,
            "1 of 15 series are not on the page: db_query_duration_ms",
            id="a hidden metric",
        ),
        pytest.param(
            "/api/metrics",
            declares_only,
            "1 of 15 series are not on the page: db_active_connections",
            id="a gauge without a value",
        ),
        pytest.param(
            "/api/monitoring/ai-models", lambda *_: (200, b"{}"), "AI model cache", id="caches that are not told of"
        ),
        pytest.param(
            "/api/search/health",
            lambda *_: (503, b"{}"),
            "1 of 10 monitoring endpoints do not answer as they must: Search Service: maintenance",
            id="an endpoint that is down",
        ),
        pytest.param(
            "/api/health/db",
            lambda *_: (200, b'{"status": "ok"}'),
            "Database Connection: bad_body",
            id="an endpoint with half a body",
        ),
    ],
)
def test_a_platform_whose_monitoring_lies_is_found_out(rig, path, lie, reason):
    with lying_platform(rig.target.platform_url, {path: lie}) as url:
        result = rig.run("monitoring-endpoints", target=rig.with_platform(url))
    assert result.outcome == "failed"
    assert reason in result.reason


def test_a_health_that_comes_from_a_cache_is_no_steady_state(rig):
    answers = []

    def cached(status: int, body: bytes) -> tuple[int, bytes]:
        answers.append(body)
        return status, answers[0]

    with lying_platform(rig.target.platform_url, {"/health": cached}) as url:
        result = rig.run("monitoring-endpoints", target=rig.with_platform(url))
    assert result.outcome == "failed"
    assert "No steady state before the fault" in result.reason
    assert "says the same uptime twice" in result.reason
