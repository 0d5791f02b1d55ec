"""What the samples say, beside what BullMQ itself answers at the same moment."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.bullmq_truth import Collector, Truth, wait_for
from support.node_platform import NodePlatform

from maxbooster_ops.sources.bullmq import BullmqQueues
from maxbooster_ops.sources.source import Moment
from maxbooster_ops.store.facts import QueueSample

PYTHON_WORKER = Path(__file__).parents[1] / "support" / "bullmq_python_worker.py"


@pytest.fixture(params=[pytest.param(6, id="npm 6"), pytest.param(5, id="npm 5")])
def platform(request, redis_process):
    node = NodePlatform(redis_process, request.param)
    yield node
    node.close()


@pytest.fixture
def npm_6(redis_process):
    node = NodePlatform(redis_process, 6)
    yield node
    node.close()


def read_from(url, memory, **options):
    source = BullmqQueues(url, deadline_seconds=60, **options)
    return source.read(Moment(at=datetime.now(UTC), interval_seconds=30, memory=memory))


def finish(platform, server, queue, jobs, **work):
    """Let one job after the other be worked on until all have finished."""
    platform.tell("add", queue=queue, jobs=jobs)
    platform.tell("work", queue=queue, **work)
    with server.client() as client:
        wait_for(lambda: not client.llen(f"bull:{queue}:wait") and not client.llen(f"bull:{queue}:active"))
    platform.tell("stop")


@pytest.mark.parametrize("is_paused", [pytest.param(False, id="running"), pytest.param(True, id="paused")])
def test_counts_equal_those_of_bullmq_itself(redis_process, platform, is_paused):
    collector = Collector(redis_process.url)
    jobs = [{}, {}, {"opts": {"delay": 60_000}}, {"opts": {"priority": 3}}, {"opts": {"priority": 5}}]
    platform.tell("add", queue="mail", jobs=jobs)
    if is_paused:
        platform.tell("pause", queue="mail")
    collector.read()
    counts = platform.tell("counts", queue="mail")
    assert {state: getattr(collector.latest, state.replace("-", "_")) for state in counts} == counts
    assert collector.latest.is_paused == is_paused


def test_workers_and_concurrency_are_those_of_bullmq_itself(redis_process, platform):
    collector = Collector(redis_process.url)
    platform.tell("concurrency", queue="mail", value=4)
    platform.tell("work", queue="mail", name="eu-1")
    platform.tell("work", queue="mail")
    platform.tell("add", queue="mail", jobs=[{"data": {"hang": True}}, {"data": {"hang": True}}])
    with redis_process.client() as client:
        wait_for(lambda: client.llen("bull:mail:active") == 2)
    wait_for(lambda: platform.tell("workers", queue="mail") == 2)
    collector.read()
    assert (collector.latest.workers, collector.latest.concurrency, collector.latest.utilization) == (2, 4, 0.5)
    assert collector.latest.bullmq_version.startswith(str(platform.major))


def test_the_oldest_waiting_job_gives_the_age_of_the_backlog(redis_process, npm_6):
    """By the job's own time; one whose delay is over has waited since then, not since it was added."""
    collector = Collector(redis_process.url)
    collector.read()
    an_hour_ago = int(datetime.now(UTC).timestamp() * 1000) - 3_600_000
    npm_6.tell("add", queue="old", jobs=[{"opts": {"timestamp": an_hour_ago}}, {}])
    [job_id] = npm_6.tell("add", queue="due", jobs=[{"opts": {"timestamp": an_hour_ago, "delay": 1_800_000}}])
    npm_6.tell("promote", queue="due", id=job_id)
    for _ in ("with the events", "without news"):
        collector.read()
        ages = {sample.queue: sample.oldest_waiting_ms for sample in collector.samples}
        assert ages == {"old": pytest.approx(3_600_000, abs=600_000), "due": pytest.approx(0, abs=600_000)}


def test_the_first_reading_ever_looks_back_one_interval(redis_process, npm_6):
    """What finished before is not of this beat, though its events are still there."""
    finish(npm_6, redis_process, "mail", [{}, {}])
    long_after = Collector(redis_process.url)
    wait_for(lambda: not recent(long_after, interval_seconds=0.05))
    finish(npm_6, redis_process, "mail", [{}, {}, {}])
    soon_after = Collector(redis_process.url)
    soon_after.read(interval_seconds=3600)
    assert (soon_after.latest.completed_delta, soon_after.latest.gap) == (5, False)
    assert (long_after.latest.completed_delta, long_after.latest.gap) == (0, False)


def recent(collector, *, interval_seconds):
    collector.memory = {}
    collector.read(interval_seconds=interval_seconds)
    return collector.latest.completed_delta


def test_a_queue_that_appears_later_is_counted_from_its_beginning(redis_process, npm_6):
    """However short the interval is: since the previous discovery nothing may be lost."""
    collector = Collector(redis_process.url)
    collector.read()
    finish(npm_6, redis_process, "new", [{}, {}, {}])
    wait_for(lambda: collector.read(interval_seconds=0.001).rows)
    assert (collector.latest.queue, collector.latest.completed_delta, collector.latest.gap) == ("new", 3, False)


def test_reading_again_from_an_old_memory_gives_the_same_answer(redis_process, npm_6):
    """So a beat that could not be stored is repeated; and what is remembered is never changed."""
    collector = Collector(redis_process.url)
    collector.read()
    finish(npm_6, redis_process, "mail", [{"data": {"failForGood": True}}, {}, {"data": {"failAttempts": 1}}])
    memory = collector.memory
    frozen = json.dumps(memory)
    first = collector.read()
    collector.memory = memory
    second = collector.read()
    assert json.dumps(memory) == frozen
    assert first.rows[1:] == second.rows[1:]
    assert first.memory["queues"] == second.memory["queues"]
    assert [sample.completed_delta for sample in collector.samples] == [1, 1]


def test_a_reading_of_many_entries_takes_them_all(redis_process, npm_6):
    """Their 2400 events are more than one command gives."""
    collector = Collector(redis_process.url)
    collector.read()
    finish(npm_6, redis_process, "mail", [{} for _ in range(600)])
    collector.read()
    assert (collector.latest.completed_delta, collector.latest.gap, len(collector.jobs)) == (600, False, 600)


def test_a_huge_return_value_is_no_obstacle(redis_process, npm_6):
    collector = Collector(redis_process.url)
    collector.read()
    finish(npm_6, redis_process, "mail", [{"data": {"returnBytes": 8_000_000}}, {}])
    collector.read()
    assert collector.latest.completed_delta == 2


def test_a_job_driven_again_is_counted_and_timed_by_attempt(redis_process, npm_6, tmp_path):
    collector, truth = Collector(redis_process.url), tmp_path / "truth"
    collector.read()
    jobs = [{"data": {"failAttempts": 1, "workMs": 30, "reason": "x" * 9000}}]
    finish(npm_6, redis_process, "mail", jobs, truth=str(truth))
    npm_6.tell("retry", queue="mail", id="1")
    collector.read()
    [failed] = collector.jobs
    assert (failed.outcome, failed.timed_by, failed.reason) == ("failed", "stream", "planned failure")
    assert Truth.written_in(truth).allows(failed), failed
    finish(npm_6, redis_process, "mail", [])
    collector.read()
    assert (collector.total("redriven"), collector.total("completed_delta"), collector.total("failed_delta")) == (
        1,
        1,
        1,
    )


def test_removed_jobs_are_forgotten(redis_process, npm_6):
    collector = Collector(redis_process.url)
    npm_6.tell("add", queue="mail", jobs=[{}, {}])
    collector.read()
    npm_6.tell("remove", queue="mail", id="1")
    collector.read()
    assert set(collector.memory["queues"]["bull:mail"]["open_jobs"]) == {"2"}


@pytest.mark.parametrize("keeps_metrics", [pytest.param(True, id="with metrics"), pytest.param(False, id="without")])
def test_events_trimmed_away_are_a_gap_filled_by_metrics_only(redis_process, npm_6, keeps_metrics):
    collector = Collector(redis_process.url)
    npm_6.tell("work", queue="mail", keepsMetrics=keeps_metrics)
    npm_6.tell("add", queue="mail", jobs=[{}, {}])
    with redis_process.client() as client:
        wait_for(lambda: client.zcard("bull:mail:completed") == 2)
        collector.read()
        npm_6.tell("add", queue="mail", jobs=[{"data": {"failForGood": True}}, {}, {}, {}])
        wait_for(lambda: client.zcard("bull:mail:completed") + client.zcard("bull:mail:failed") == 6)
        client.xtrim("bull:mail:events", maxlen=3, approximate=False)
    collector.read()
    assert collector.latest.gap
    told = (collector.latest.completed_delta, collector.latest.failed_delta)
    assert told == ((3, 1) if keeps_metrics else (None, None))
    assert (collector.latest.retried, collector.latest.stalled) == (None, None)
    npm_6.tell("add", queue="mail", jobs=[{}])
    with redis_process.client() as client:
        wait_for(lambda: client.zcard("bull:mail:completed") == 6)
    collector.read()
    assert (collector.latest.gap, collector.latest.completed_delta) == (False, 1)


def test_a_window_trimmed_at_first_sight_is_a_gap(redis_process, npm_6):
    finish(npm_6, redis_process, "mail", [{}, {}])
    with redis_process.client() as client:
        client.xtrim("bull:mail:events", maxlen=2, approximate=False)
        if "entries-added" not in client.xinfo_stream("bull:mail:events"):
            pytest.skip("Redis 6 does not count what was trimmed by hand")
    collector = Collector(redis_process.url)
    collector.read()
    assert (collector.latest.gap, collector.latest.completed_delta) == (True, None)


def test_an_obliterated_queue_disappears_and_starts_anew(redis_process, npm_6):
    collector = Collector(redis_process.url)
    finish(npm_6, redis_process, "mail", [{}, {}, {}])
    collector.read()
    npm_6.tell("obliterate", queue="mail")
    assert collector.read().rows == []
    finish(npm_6, redis_process, "mail", [{}])
    collector.read()
    assert (collector.latest.completed_delta, collector.latest.gap) == (1, False)


def test_a_queue_made_anew_between_two_readings_is_read_from_its_beginning(redis_process, npm_6):
    collector = Collector(redis_process.url)
    finish(npm_6, redis_process, "mail", [{}, {}, {}])
    collector.read()
    npm_6.tell("obliterate", queue="mail")
    finish(npm_6, redis_process, "mail", [{}, {}])
    collector.read()
    with redis_process.client() as client:
        if "entries-added" not in client.xinfo_stream("bull:mail:events"):
            assert collector.latest.gap, "Redis 6 cannot tell a new stream from a trimmed one"
            return
    assert (collector.latest.completed_delta, collector.latest.gap) == (2, False)


def test_only_named_queues_and_configured_prefixes_are_read(redis_process, npm_6):
    for prefix, queue in [("bull", "mail"), ("bull", "other"), ("{shop}", "mail"), ("elsewhere", "mail")]:
        npm_6.tell("add", queue=queue, prefix=prefix, jobs=[{}])
    reading = read_from(redis_process.url, {}, prefixes=("bull", "{shop}"), only=("mail",))
    assert {(row.prefix, row.queue, row.waiting) for row in reading.rows} == {
        ("bull", "mail", 1),
        ("{shop}", "mail", 1),
    }


@pytest.mark.parametrize("part", ["meta", "wait", "failed", "events"])
def test_a_key_that_is_not_bullmqs_takes_only_its_queue_down(redis_process, npm_6, part):
    npm_6.tell("add", queue="good", jobs=[{}])
    npm_6.tell("add", queue="spoilt", jobs=[{}])
    with redis_process.client() as client:
        client.set(f"bull:spoilt:{part}", "no BullMQ")
    reading = read_from(redis_process.url, {})
    assert [row.queue for row in reading.rows if isinstance(row, QueueSample)] == ["good"]
    [failure] = reading.failures
    assert failure.reason.startswith("WRONGTYPE")
    assert failure.target.endswith("/0 bull:spoilt")


def test_jobs_of_python_workers_are_seen_as_any_other(redis_process):
    """They name their connections and emit their events in their own way."""
    pytest.importorskip("bullmq", reason="install the `sandbox` extra")
    collector = Collector(redis_process.url)
    collector.read()
    program = [sys.executable, PYTHON_WORKER, redis_process.url, "mail", "12"]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
        before = int(worker.stdout.readline())
        collector.read()
        worker.stdin.close()
        after = int(worker.stdout.readline())
    assert 0 < before <= collector.latest.workers <= after, "its pool may grow, and never shrinks"
    told = {name: getattr(collector.latest, name) for name in ("completed_delta", "failed_delta", "retried")}
    assert told == {"completed_delta": 11, "failed_delta": 1, "retried": 4}
    assert [job.outcome for job in collector.jobs if job.processing_ms is None] == []
