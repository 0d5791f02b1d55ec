from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from redis import Redis
from support.http_server import drip, http_server, raw
from support.redis_process import PASSWORD, RedisProcess
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from maxbooster_ops.sources.redis_server import RedisServer
from maxbooster_ops.sources.source import Memory, Moment, Reading
from maxbooster_ops.store.facts import RedisSample, SourceFailure

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def moment(memory: Memory | None = None, *, seconds: int = 0) -> Moment:
    return Moment(
        at=NOON + timedelta(seconds=seconds), interval_seconds=30, memory=json.loads(json.dumps(memory or {}))
    )


def patient(url: str) -> RedisServer:
    """Give a source for what is not about its deadlines, which a machine with much else to do may miss."""
    return RedisServer(url, step_seconds=60, total_seconds=120)


def sampled(source: RedisServer, at: Moment) -> tuple[RedisSample, Memory]:
    reading = source.read(at)
    assert isinstance(reading, Reading), reading
    (sample,) = reading.rows
    assert isinstance(sample, RedisSample)
    return sample, reading.memory


def test_a_running_server_is_described(redis_process: RedisProcess):
    began = time.perf_counter()
    sample, _ = sampled(patient(redis_process.url), moment())
    took_ms = (time.perf_counter() - began) * 1000
    assert sample.server == f"127.0.0.1:{redis_process.port}"
    assert 0 < sample.ping_ms_median <= sample.ping_ms_max < took_ms
    assert (sample.role, sample.loading, sample.aof_enabled) == ("master", False, False)
    assert (sample.memory_max_bytes, sample.memory_ratio) == (None, None)
    assert (sample.hit_ratio, sample.evicted_per_minute) == (None, None)
    assert sample.maxmemory_policy == "noeviction"


def test_hits_are_those_since_the_previous_reading(redis_process: RedisProcess):
    source = patient(redis_process.url)
    with redis_process.client() as client:
        client.get("absent")
        _, memory = sampled(source, moment())
        client.set("present", 1)
        for key in ("present", "present", "present", "absent"):
            client.get(key)
    sample, _ = sampled(source, moment(memory, seconds=30))
    assert sample.hit_ratio == pytest.approx(0.75)


def test_without_look_ups_there_is_no_hit_ratio(redis_process: RedisProcess):
    source = patient(redis_process.url)
    _, memory = sampled(source, moment())
    sample, _ = sampled(source, moment(memory, seconds=30))
    assert (sample.hit_ratio, sample.evicted_per_minute) == (None, 0)


def test_evictions_are_counted_per_minute(redis_process: RedisProcess):
    source = patient(redis_process.url)
    with redis_process.client() as client:
        used = client.info("memory")["used_memory"]
        client.config_set("maxmemory", used + 2_000_000)
        client.config_set("maxmemory-policy", "allkeys-lru")
        _, memory = sampled(source, moment())
        for number in range(100):
            client.set(f"key:{number}", b"x" * 100_000)
        # A full server also evicts for a new connection, and later what took too long at once.
        before = client.info("stats")["evicted_keys"]
        sample, _ = sampled(source, moment(memory, seconds=30))
        after = client.info("stats")["evicted_keys"]
    assert before > 0
    assert before * 2 <= sample.evicted_per_minute <= after * 2
    assert sample.maxmemory_policy == "allkeys-lru"
    assert sample.memory_ratio is not None
    assert 0.5 < sample.memory_ratio <= 1.1


def test_a_restarted_server_starts_anew(redis_process: RedisProcess):
    source = patient(redis_process.url)
    with redis_process.client() as client:
        client.get("absent")
        _, memory = sampled(source, moment())
    redis_process.kill()
    redis_process.start()
    with redis_process.client() as client:
        for _ in range(10):
            client.get("absent")
    sample, _ = sampled(source, moment(memory, seconds=30))
    assert (sample.hit_ratio, sample.evicted_per_minute) == (None, None)


def test_counters_that_somebody_reset_start_anew(redis_process: RedisProcess):
    source = patient(redis_process.url)
    with redis_process.client() as client:
        client.get("absent")
        _, memory = sampled(source, moment())
        client.config_resetstat()
    sample, _ = sampled(source, moment(memory, seconds=30))
    assert sample.hit_ratio is None


@pytest.fixture
def loading_replica(redis_process: RedisProcess, tmp_path: Path) -> Iterator[RedisProcess]:
    """A server that copies another and takes a minute to load what it got."""
    folder = tmp_path / "replica"
    folder.mkdir()
    replica = RedisProcess(folder=folder).start()
    with redis_process.client() as original, replica.client() as copy:
        original.config_set("repl-diskless-sync-delay", 0)
        original.config_set("rdbcompression", "no")  # else it would listen to others only after every fifty keys
        original.mset({f"key:{number}": "x" * 1000 for number in range(5000)})
        for name, value in (
            ("masterauth", PASSWORD),
            ("key-load-delay", 12_000),
            ("loading-process-events-interval-bytes", 1024),
        ):
            copy.config_set(name, value)
        copy.replicaof("127.0.0.1", redis_process.port)
        _wait_until_loading(copy)
    yield replica
    replica.kill()


@retry(retry=retry_if_exception_type(AssertionError), stop=stop_after_delay(120), wait=wait_fixed(0.02), reraise=True)
def _wait_until_loading(client: Redis) -> None:
    assert client.info("persistence")["loading"] == 1


def test_a_loading_server_is_a_sample_and_no_failure(loading_replica: RedisProcess):
    sample, _ = sampled(patient(loading_replica.url), moment())
    assert (sample.loading, sample.role) == (True, "slave")
    assert sample.ping_ms_median > 0


def failed(source: RedisServer) -> SourceFailure:
    failure = source.read(moment())
    assert isinstance(failure, SourceFailure)
    return failure


def test_a_frozen_server_is_given_up(redis_process: RedisProcess):
    redis_process.freeze()
    failure = failed(RedisServer(redis_process.url))
    assert failure.error == "TimeoutError"
    assert failure.target == f"127.0.0.1:{redis_process.port}"


def test_a_dripping_server_is_given_up():
    """Each byte arrives in time, so no single wait ever ends; only the total does."""
    with http_server(greeting=drip(b"$1000\r\n")) as server:
        failure = failed(RedisServer(f"redis://127.0.0.1:{server.port}/0", step_seconds=60))
    assert (failure.error, failure.reason) == ("TimeoutError", "no complete answer within 4 s")


def test_a_killed_server_is_refused(redis_process: RedisProcess):
    redis_process.kill()
    failure = failed(patient(redis_process.url))
    assert failure.error == "ConnectionError"
    assert "refused" in failure.reason
    assert "REDIS_URL" in failure.hint


def test_a_wrong_password_is_named_and_not_shown(redis_process: RedisProcess):
    failure = failed(patient(f"redis://:wrong-word@127.0.0.1:{redis_process.port}/0"))
    assert failure.error == "AuthenticationError"
    assert "password" in failure.hint
    assert "wrong-word" not in repr(failure)


def test_a_url_that_is_none_is_a_failure():
    failure = failed(patient("redis://:hidden@127.0.0.1:port/0"))
    assert "REDIS_URL" in failure.hint
    assert "hidden" not in repr(failure)


def test_a_server_of_another_kind_is_a_failure():
    with http_server(greeting=raw(b"220 mail.example ESMTP\r\n" * 10)) as server:
        failure = failed(patient(f"redis://127.0.0.1:{server.port}/0"))
    assert failure.target == f"127.0.0.1:{server.port}"
