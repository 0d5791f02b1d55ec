"""The command `collect` while the world misbehaves: what it says, and that totals stay true."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.http_server import Script, answer, http_server, reset, silence
from support.need import mounting
from support.node_platform import NodePlatform
from support.redis_process import PASSWORD
from support.running_up import COMMAND, environment, eventually

JOBS = 300
KILLS = 20
"""In turn after one, two and three acknowledged beats."""

UNDER_A_DEADLINE_MS = 30_000
"""What never ends goes on for a minute and more; a source gives up after 4 s of a machine that is not held up."""


def start(home: Path, *options: str, **variables: str) -> subprocess.Popen[str]:
    command = [COMMAND, "collect", "--home", str(home), "--json", *options]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # What is tried here are the sources' own deadlines; this one lies far behind them, on a slow machine too.
        env=environment(MAXBOOSTER_SOURCE_DEADLINE_SECONDS="30", **variables),
        cwd=home.parent,
    )


def beats(home: Path, *options: str, **variables: str) -> list[dict[str, Any]]:
    """Run `collect` to its end and give what it printed."""
    with start(home, *options, **variables) as process:
        printed, complaints = process.communicate()
    assert process.returncode == 0, complaints
    return [json.loads(line) for line in printed.splitlines()]


def read_all(home: Path, redis_url: str) -> None:
    """Take beats until one has read the queues: what it could not read in time, the next one reads."""

    def is_read() -> bool:
        (beat,) = beats(home, REDIS_URL=redis_url)
        return beat["sources"]["bullmq"]["error"] is None

    eventually(is_read, seconds=120, what="a beat that has read the queues")


def ask(home: Path, query: str) -> list[dict[str, Any]]:
    run = subprocess.run(
        [COMMAND, "sql", query, "-f", "json", "--home", str(home)],
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
    )
    return json.loads(run.stdout)


def totals(home: Path) -> dict[str, int]:
    (row,) = ask(
        home, "SELECT sum(completed_delta)::INT AS completed, sum(failed_delta)::INT AS failed FROM queue_samples"
    )
    (jobs,) = ask(home, "SELECT count(*) AS rows, count(DISTINCT job_id) AS jobs FROM queue_jobs")
    return {**row, **jobs}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def platform(redis_process: Any) -> Iterator[NodePlatform]:
    node = NodePlatform(redis=redis_process, major=6)
    yield node
    node.close()


def all_done(platform: NodePlatform) -> bool:
    counts = platform.tell("counts", queue="forecast")
    return counts["completed"] + counts["failed"] == JOBS


def set_going(platform: NodePlatform) -> None:
    """Start a worker on jobs of which every tenth fails for good."""
    platform.tell("work", queue="forecast", concurrency=2)
    jobs = [{"data": {"workMs": 40, "failForGood": number % 10 == 0}} for number in range(JOBS)]
    platform.tell("add", queue="forecast", jobs=jobs)


def test_kills_lose_no_acknowledged_beat_and_count_no_job_twice(home, platform, redis_process):
    """Real SIGKILLs of the collector while a real platform works."""
    read_all(home, redis_process.url)
    acknowledged = []
    set_going(platform)
    for kill in range(KILLS):
        with start(home, "--beats", "1000", "--every", "20ms", REDIS_URL=redis_process.url) as collector:
            acknowledged += [json.loads(collector.stdout.readline())["batch_id"] for _ in range(1 + kill % 3)]
            collector.kill()
            acknowledged += [json.loads(line)["batch_id"] for line in collector.stdout if line.endswith("\n")]
    eventually(lambda: all_done(platform), seconds=300, what="the jobs")
    read_all(home, redis_process.url)
    assert totals(home) == {"completed": JOBS * 9 // 10, "failed": JOBS // 10, "rows": JOBS, "jobs": JOBS}
    stored = [row["batch_id"] for row in ask(home, "SELECT batch_id FROM beats")]
    assert len(stored) == len(set(stored))
    assert set(acknowledged) <= set(stored)


def test_two_collectors_at_once_count_every_job_once(home, platform, redis_process):
    read_all(home, redis_process.url)
    set_going(platform)
    collectors = [start(home, "--beats", "8", "--every", "1s", REDIS_URL=redis_process.url) for _ in range(2)]
    printed = [collector.communicate()[0] for collector in collectors]
    eventually(lambda: all_done(platform), seconds=300, what="the jobs")
    read_all(home, redis_process.url)
    # One that the other overtakes again and again says that it did not store a beat; no job is lost with it.
    said = [any(json.loads(line)["outcome"] == "not stored" for line in each.splitlines()) for each in printed]
    assert [(len(each.splitlines()), bool(one.returncode)) for each, one in zip(printed, collectors, strict=True)] == [
        (8, said[0]),
        (8, said[1]),
    ]
    assert totals(home) == {"completed": JOBS * 9 // 10, "failed": JOBS // 10, "rows": JOBS, "jobs": JOBS}


def test_a_redis_that_never_answers_costs_its_deadline_and_nothing_else(home, redis_process):
    redis_process.freeze()
    (beat,) = beats(home, REDIS_URL=redis_process.url)
    redis_process.thaw()
    assert "TimeoutError" in beat["sources"]["redis"]["error"]
    assert beat["sources"]["bullmq"]["error"]
    assert beat["sources"]["host"] == {**beat["sources"]["host"], "rows": 1, "error": None}
    assert max(source["duration_ms"] for source in beat["sources"].values()) < UNDER_A_DEADLINE_MS


def test_a_wrong_password_is_named_without_repeating_it(home, redis_process):
    url = redis_process.url.replace(PASSWORD, "a-wrong-secret")
    (beat,) = beats(home, REDIS_URL=url)
    assert (
        "WRONGPASS" in beat["sources"]["redis"]["error"].upper()
        or "invalid" in beat["sources"]["redis"]["error"].lower()
    )
    (row,) = ask(home, "SELECT string_agg(COLUMNS(*)::VARCHAR, ' ') FROM source_failures")
    assert "a-wrong-secret" not in json.dumps([beat, row])


def test_a_redis_that_comes_back_is_read_again_by_the_same_collector(home, redis_process):
    options = ("--beats", "1000", "--every", "100ms")
    with start(home, *options, REDIS_URL=redis_process.url) as collector:

        def next_error() -> str | None:
            return json.loads(collector.stdout.readline())["sources"]["redis"]["error"]

        eventually(lambda: next_error() is None, seconds=120, every=0, what="Redis to be read")
        redis_process.kill()
        eventually(lambda: next_error() is not None, seconds=120, every=0, what="the failure to be seen")
        redis_process.start()
        eventually(lambda: next_error() is None, seconds=120, every=0, what="Redis to be read again")
        collector.kill()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        pytest.param(answer(b"x" * 100 * 1024**2), "", id="a body of 100 MB"),
        pytest.param(answer(b"{ not json, not metrics \x00"), "", id="malformed bodies"),
        pytest.param(silence, "", id="no answer ever"),
        pytest.param(reset, "", id="a reset connection"),
        pytest.param(answer(b"broken", status=500), "500", id="server errors"),
    ],
)
def test_a_hostile_platform_is_a_reason_in_a_row(home: Path, script: Script, said: str):
    with http_server() as server:
        for path in ("/api/metrics", "/api/monitoring/ai-models"):
            server.on(path, script)
        (beat,) = beats(home, PLATFORM_URL=server.url)
    for name in ("metrics", "ai_caches"):
        assert beat["sources"][name]["rows"] == 0
        assert said in beat["sources"][name]["error"]
        assert beat["sources"][name]["duration_ms"] < UNDER_A_DEADLINE_MS
    assert beat["sources"]["host"]["error"] is None
    failures = ask(home, "SELECT source, reason, hint FROM source_failures")
    assert {row["source"] for row in failures} >= {"metrics", "ai_caches"}
    assert all(row["reason"] and row["hint"] for row in failures)


def test_a_platform_that_is_down_is_probed_as_unreachable(home):
    (beat,) = beats(home, PLATFORM_URL="http://127.0.0.1:1")  # no other test is ever given this port
    assert beat["sources"]["probes"]["rows"] == 10
    assert ask(home, "SELECT DISTINCT outcome FROM probe_results") == [{"outcome": "unreachable"}]


def test_a_slow_platform_delays_no_other_source_and_is_judged_by_its_own_time_out(home):
    """6 s is more than the beat waits for, and less than the monitor's minute: late, but healthy."""
    home.mkdir()
    (home / "monitors.yaml").write_text("monitors:\n  - {name: API Gateway, timeout: 1 min}\n")
    with http_server() as server:
        server.on("/api/status", answer(b'{"status": "ok"}', kind="application/json", delay_seconds=6))
        (beat,) = beats(home, PLATFORM_URL=server.url)
    assert beat["sources"]["probes"]["rows"] < 10
    assert beat["sources"]["probes"]["error"] is None
    assert ask(home, "SELECT count(*) AS probed FROM probe_results") == [{"probed": 10}]
    query = "SELECT outcome, latency_ms > 6000 AS slow FROM probe_results WHERE monitor = 'API Gateway'"
    assert ask(home, query) == [{"outcome": "healthy", "slow": True}]


def test_a_home_on_a_read_only_disk_is_refused_with_what_to_do(tmp_path):
    home = tmp_path / "disk"
    home.mkdir()
    inside = f"mount -t tmpfs -o ro tmpfs {home} && exec {COMMAND} collect --home {home}/home"
    run = subprocess.run(
        [*mounting(), inside],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )
    assert run.returncode == 2
    assert "cannot be written" in run.stderr
    assert "MAXBOOSTER_HOME" in run.stderr
