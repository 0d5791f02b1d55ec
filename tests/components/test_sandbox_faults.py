"""The sandbox's fault switches, its secrets and its end."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
import textwrap

import psutil
import pytest
import redis
import requests
from redis.backoff import NoBackoff
from redis.retry import Retry

from maxbooster_ops.processes import wait_for
from maxbooster_ops.sandbox.endpoints import live_endpoints


def test_ordered_errors_are_answered_and_counted(calm):
    before = calm.metric("http_requests_total", status_code="500")
    assert calm.order("trigger-errors", count=3).json()["remaining"] == 3
    wait_for(
        lambda: calm.get("/api/status").ok and not calm.get("/api/test/faults").json()["faults"],
        seconds=120,
        what="the end of the errors",
    )
    assert calm.metric("http_requests_total", status_code="500") == before + 3


def test_errors_of_a_duration_hit_all_but_metrics_and_switches_and_then_end(calm):
    assert calm.order("trigger-errors", duration=600).ok
    answer = calm.get("/health")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert calm.get("/api/metrics").ok
    assert calm.get("/api/test/faults").json()["faults"][0]["fault"] == "trigger-errors"
    assert calm.order("trigger-errors", duration=0.5).ok, "a second order takes the place of the first"
    wait_for(lambda: calm.get("/health").ok, seconds=120, what="the end of the errors")


def test_a_slow_platform_answers_late_until_it_is_reset(calm):
    assert calm.order("slow", milliseconds=1000, duration=600).ok
    assert calm.get("/api/status").elapsed.total_seconds() >= 1
    assert calm.order("reset").json()["switchedOff"][0]["fault"] == "slow"
    wait_for(lambda: calm.get("/api/health?quick=true").elapsed.total_seconds() < 1, seconds=120, what="a quick answer")


def test_a_leak_is_seen_in_the_metrics_and_given_back(calm):
    before = calm.metric("process_resident_memory_bytes")
    assert calm.order("leak", mb_per_minute=6000, duration=600).ok
    grown = before + 100 * 1024**2
    wait_for(lambda: calm.metric("process_resident_memory_bytes") > grown, seconds=120, what="100 MB more")
    assert calm.order("reset").ok
    wait_for(lambda: calm.metric("process_resident_memory_bytes") < grown, seconds=120, what="the memory back")


def test_a_stopped_queue_takes_no_jobs_but_gets_more_and_then_goes_on(calm):
    """What was taken before the workers saw the order is still worked off; five jobs never wait before idle workers."""
    queue = "scheduled-posts"
    with calm.redis() as client:

        def waiting_and_active() -> list[int]:
            with client.pipeline() as together:
                together.llen(f"bull:{queue}:wait").llen(f"bull:{queue}:active")
                return together.execute()

        def is_stopped() -> bool:
            waiting, active = waiting_and_active()
            return waiting >= 5 and active == 0

        assert calm.order("stop-queue", queue=queue, duration=600).ok
        wait_for(is_stopped, seconds=180, what="five jobs that wait while nobody works")
        assert calm.order("reset").ok
        wait_for(lambda: waiting_and_active()[0] == 0, seconds=180, what="no job that waits")


def test_a_thrashed_cache_is_full_and_evicts(calm):
    assert calm.order("thrash-cache", cache="advertising", duration=600).ok

    def evicts() -> bool:
        body = calm.get("/api/monitoring/ai-models").json()
        return body["advertising"]["utilizationPercent"] == 100.0 and body["advertising"]["totalEvictions"] > 0

    wait_for(evicts, seconds=120, what="evictions")
    newest = calm.get("/api/monitoring/ai-models").json()["recentEvictions"][-1]
    assert set(newest) == {"userId", "modelType", "reason", "idleMs", "timestamp"}


def test_flaky_health_endpoints_are_ill_exactly_as_often_as_ordered_all_at_once(calm):
    """Four asks a second; nobody else asks the health endpoints of this sandbox."""
    assert calm.order("flaky", share=0.25, duration=600).json()["fault"] == "flaky"
    asked = [[calm.get(path).status_code for path in ("/health", "/api/status")] for _ in range(8)]
    assert all(one == other for one, other in asked)
    assert sorted(one for one, _ in asked) == [200] * 6 + [503] * 2
    assert calm.get("/api/monitoring/ai-models").ok


def test_ordered_failures_of_jobs_are_for_good_until_it_is_reset(calm):
    queue = "scheduled-posts"
    with calm.redis() as client:
        before = client.zcard(f"bull:{queue}:failed")
        assert calm.order("fail-jobs", share=1, duration=600).ok
        wait_for(lambda: client.zcard(f"bull:{queue}:failed") > before, seconds=180, what="a job that failed for good")
        (job,) = client.zrevrange(f"bull:{queue}:failed", 0, 0)
        assert client.hget(f"bull:{queue}:{job}", "atm") == "3", "all its attempts were used"
        assert calm.order("reset").ok
        assert not client.exists("sandbox:failing-jobs")


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
        timeout=60,
    )
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert reason in answer.json()["detail"]
    assert calm.get("/api/test/faults").json()["faults"] == []


def test_a_host_name_that_was_made_to_point_here_is_refused(sandbox):
    url = f"{sandbox.endpoints.platform_url}/api/test/faults"
    assert requests.get(url, headers={"Host": "evil.example"}, timeout=60).status_code == 400


def command_of(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # one of an earlier test, which ended just now
        return ""


def test_the_password_is_secret(sandbox):
    """Neither `ps`, nor other users' eyes, nor our own logs show it."""
    password = re.search(r":([^:@]+)@", sandbox.endpoints.redis_url.get_secret_value())[1]
    assert password not in repr(sandbox.endpoints)
    assert password not in sandbox.endpoints.model_dump_json()
    ours = psutil.Process().children(recursive=True)
    assert len(ours) >= 4
    assert not [process for process in ours if password in command_of(process)]
    for path in sandbox.folder.rglob("*"):
        if path.is_file() and password.encode() in path.read_bytes():
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
        wait_for((tmp_path / "endpoints.json").exists, seconds=180, what="the second sandbox")
        assert live_endpoints(tmp_path)
        processes = psutil.Process(owner.pid).children(recursive=True)
        assert len(processes) >= 4, "Redis, workers, platform and guardian"
        owner.kill()
        owner.wait()
        wait_for(
            lambda: not [process for process in processes if is_alive(process)],
            seconds=120,
            what="the end of the sandbox",
        )
    assert json.loads((tmp_path / "endpoints.json").read_text())["owner_pid"] == owner.pid
    assert live_endpoints(tmp_path) is None
    wait_for(lambda: sandbox.get("/health").ok, seconds=120, what="the other sandbox, which goes on")
