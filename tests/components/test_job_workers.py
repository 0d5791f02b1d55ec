"""Real worker processes on a real Redis, with npm's BullMQ as the producer."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter

import pytest
import sqlalchemy as sa
from support.job_workers import JobWorkers, eventually, most_at_once
from support.node_platform import NodePlatform
from support.redis_process import RedisProcess

from maxbooster_ops.errors import UsageError
from maxbooster_ops.jobs import Producer, Worker, add
from maxbooster_ops.jobs.adding import QueuePausedError, job_id_of
from maxbooster_ops.jobs.breaker import BreakerState
from maxbooster_ops.jobs.breaker_store import BreakerStore
from maxbooster_ops.jobs.idempotency import interrupted_run
from maxbooster_ops.store.analysis_tables import execution_inbox
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.opening import open_store

QUICK = "policies:\n- {name: thumbnails, concurrency: 4, first_backoff: 100 ms, breaker_open_for: 2 s, retries: 20}\n"


@pytest.fixture
def workers(redis_process, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "job_policies.yaml").write_text(QUICK)
    processes = JobWorkers(redis=redis_process, home=home)
    yield processes
    processes.kill()


@pytest.fixture(params=[6, 5], ids=["npm bullmq 6", "npm bullmq 5"])
def platform(request, redis_process):
    node = NodePlatform(redis_process, request.param)
    yield node
    node.close()


def add_all(workers, queue, jobs):
    """Add (data, key) one after the other through one producer; gives the ids."""

    async def adding():
        async with Producer(redis_url=workers.redis.url, home=workers.home) as producer:
            return [await producer.add(queue, data, idempotency_key=key) for data, key in jobs]

    return asyncio.run(adding())


def test_jobs_of_a_platform_are_worked_off_within_the_limit_of_all_workers(workers, platform):
    jobs = [{"data": {"workMs": 30, "failAttempts": int(number < 3)}} for number in range(30)]
    platform.tell("add", queue="export-data", jobs=jobs)
    workers.start("export-data", 3)
    eventually(lambda: len(workers.ledger("ended")) == 30, what="all jobs ended")
    assert most_at_once(workers.ledger()) <= 3, "the policy's concurrency, in three processes together"
    assert len(workers.ledger("failed")) == 3, "they said nothing of attempts, so the policy's hold"
    eventually(lambda: platform.tell("counts", queue="export-data")["completed"] == 30, what="all jobs completed")
    assert workers.redis.client().hget("bull:export-data:meta", "concurrency") == b"3"


def test_four_processes_share_one_breaker_and_one_trial(workers):
    breakers = BreakerStore(workers.redis.client())
    workers.fail_all()
    workers.start("thumbnails", 4)
    add_all(workers, "thumbnails", [({"number": 0}, None)])
    eventually(lambda: breakers.look("thumbnails")[0].state is BreakerState.OPEN, what="five failures open it")
    add_all(workers, "thumbnails", [({"number": number, "workMs": 50}, None) for number in range(1, 41)])
    eventually(lambda: len(breakers.transitions()) >= 5, what="two trials failed")
    workers.fail_no_more()
    eventually(lambda: len(workers.ledger("ended")) == 41, what="all jobs ended")

    moves = [recorded.transition for recorded in breakers.transitions()]
    trials = sum(move.after is BreakerState.HALF_OPEN for move in moves)
    closed_at = next(move.at.timestamp() for move in moves if move.after is BreakerState.CLOSED)
    ledger = workers.ledger()
    while_not_closed = [line for line in ledger[10:] if line["at"] < closed_at]
    assert most_at_once(while_not_closed) == 1
    assert sum(line["event"] == "began" for line in while_not_closed) == trials
    opened = [move.at for move in moves if move.after is BreakerState.OPEN]
    before_it_opened = [line["event"] for line in ledger if line["at"] < opened[0].timestamp()]
    assert before_it_opened == ["began", "failed"] * 5
    half = [move.at for move in moves if move.after is BreakerState.HALF_OPEN]
    assert all((trial - before).total_seconds() >= 2 for before, trial in zip(opened, half, strict=True))
    assert set(Counter(line["job"] for line in workers.ledger("ended")).values()) == {1}
    assert breakers.transitions(after=breakers.transitions()[0].id) == breakers.transitions()[1:]


def test_no_key_is_begun_twice_though_it_is_added_often_and_a_worker_is_killed_at_work(workers):
    keys = [f"invoice {number}" for number in range(12)]
    queue = "thumbnails"
    workers.hold_all()
    processes = workers.start(queue, 4, lock_seconds=10)
    add_all(workers, queue, [({"workMs": 300, "number": key}, key) for key in keys])
    eventually(lambda: workers.ledger("began"), what="one is at work")
    (victim,) = (process for process in processes if process.pid == workers.ledger("began")[0]["pid"])
    victim.kill()
    workers.hold_no_more()
    for _ in range(3):
        add_all(workers, queue, [({"workMs": 300, "number": key}, key) for key in keys])
    ids, client = {job_id_of(key) for key in keys}, workers.redis.client()

    def is_over():
        jobs = {key.decode().removeprefix("bull:thumbnails:") for key in client.keys("bull:thumbnails:k-*")}
        return jobs == {job.decode() for job in client.zrange("bull:thumbnails:failed", 0, -1)}

    eventually(is_over, what="all jobs are completed or dead")
    add_all(workers, queue, [({"workMs": 300, "number": key}, key) for key in keys])
    eventually(is_over, what="again, by what their keys remember")

    assert set(Counter(line["job"] for line in workers.ledger("began")).values()) == {1}
    dead = {job.decode() for job in client.zrange("bull:thumbnails:failed", 0, -1)}
    assert dead, "what was killed at work waits for a person"
    assert {line["job"] for line in workers.ledger("ended")} == ids - dead
    assert not dead & {line["job"] for line in workers.ledger("began") if line["pid"] != victim.pid}
    reasons = [client.hget(f"bull:thumbnails:{job}", "failedReason").decode() for job in dead]
    assert all(map(interrupted_run, reasons)), reasons


def test_told_to_stop_a_worker_finishes_what_it_can_and_gives_the_rest_back(workers):
    short, long = add_all(workers, "thumbnails", [({"workMs": 100}, "short"), ({"workMs": 600_000}, "long")])
    workers.hold_all()
    (worker,) = workers.start("thumbnails", lock_seconds=12)
    eventually(lambda: len(workers.ledger("began")) == 2, what="both have begun")
    worker.send_signal(signal.SIGTERM)
    workers.hold_no_more()
    assert worker.wait() == 0
    assert [line["job"] for line in workers.ledger("ended")] == [short]
    client = workers.redis.client()
    assert client.zscore("bull:thumbnails:delayed", long) is not None, "back in the queue"
    assert client.hget(f"bull:thumbnails:{long}", "atm") is None, "no attempt is counted"
    assert not client.exists(f"bull:thumbnails:{long}:lock")
    workers.start("thumbnails")
    eventually(lambda: len(workers.ledger("began")) == 3, what="another worker takes it at once, its key is free")
    assert workers.ledger("began")[-1]["job"] == long


def test_a_restart_of_redis_loses_no_job_and_repeats_no_key(tmp_path):
    folder, home = tmp_path / "redis", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    (home / "job_policies.yaml").write_text(QUICK)
    server = RedisProcess(folder=folder, durable=True).start()
    workers = JobWorkers(redis=server, home=home)
    try:
        ids = add_all(workers, "thumbnails", [({"workMs": 100, "number": n}, f"key {n}") for n in range(40)])
        workers.start("thumbnails", 2, lock_seconds=20)
        eventually(lambda: len(workers.ledger("ended")) >= 10, what="some have ended")
        server.kill()
        server.start()
        eventually(lambda: len(workers.ledger("ended")) >= 40, what="all have ended")
        eventually(lambda: not server.client().keys("bull:thumbnails:k-*"), what="all jobs completed")
        assert Counter(line["job"] for line in workers.ledger("ended")) == Counter(ids)
    finally:
        workers.kill()
        server.kill()


def test_a_queue_that_bullmq_5_has_paused_is_neither_written_nor_worked_on_and_loses_nothing(workers, redis_process):
    platform = NodePlatform(redis_process, 5)
    client = redis_process.client()
    try:
        platform.tell("add", queue="thumbnails", jobs=[{"data": {"number": 1}}, {"data": {"number": 2}}])
        platform.tell("pause", queue="thumbnails")
        with pytest.raises(QueuePausedError, match=r"thumbnails: it is paused, and belongs to BullMQ 5"):
            asyncio.run(add("thumbnails", {}, redis_url=redis_process.url))
        client.hset("bull:thumbnails:stray", mapping={"name": "x", "data": "{}", "opts": "{}", "timestamp": "1"})
        client.lpush("bull:thumbnails:wait", "stray")  # as a writer that does not look would
        workers.start("thumbnails")
        eventually(lambda: client.lrange("bull:thumbnails:paused", 0, -1)[0] == b"stray", what="it is put back")
        assert workers.ledger() == []
        platform.tell("resume", queue="thumbnails")
        eventually(lambda: len(workers.ledger("ended")) == 3, what="nothing was lost")
    finally:
        platform.close()


def test_executions_are_tracked_where_the_home_is(workers):
    home = Home(root=workers.home)
    with open_store(home) as store:
        add_all(workers, "thumbnails", [({"failAttempts": 1}, "one")])
        (worker,) = workers.start("thumbnails")
        eventually(lambda: workers.ledger("ended"), what="it ended")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait() == 0
        with store.state.reading() as connection:
            rows = connection.execute(sa.select(execution_inbox)).mappings().all()
    assert [(row["job"], row["run_id"], row["success"], row["attempt"]) for row in rows] == [
        ("thumbnails (worker)", job_id_of("one"), False, 1),
        ("thumbnails (worker)", job_id_of("one"), True, 2),
    ]


def test_a_function_that_would_block_all_other_jobs_is_refused(workers):
    with pytest.raises(UsageError, match="expected `async def`"):
        Worker("thumbnails", lambda job: job, redis_url=workers.redis.url, home=workers.home)


def test_data_that_is_no_json_is_refused(workers):
    with pytest.raises(UsageError, match="Cannot add a job to thumbnails: its data is no JSON"):
        add_all(workers, "thumbnails", [({"when": object()}, None)])
