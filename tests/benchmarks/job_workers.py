"""Four worker processes that are killed at random while they work on jobs with keys; and how fast one works.

Run it from the checkout: `python tests/benchmarks/job_workers.py [--jobs 300] [--kills 20] [--seed 1] [--again]`.
With `--again` the work may be repeated after a crash; without it, this fails where the work of any key began twice.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from random import Random

sys.path[0] = str(Path(__file__).parents[1])  # instead of this folder, whose bullmq.py hides the package

from support.job_workers import JobWorkers, eventually
from support.redis_process import RedisProcess

from maxbooster_ops.jobs import Producer
from maxbooster_ops.jobs.idempotency import interrupted_run

QUEUE = "thumbnails"
POLICIES = """policies:
- {{name: thumbnails, concurrency: 5, first_backoff: 100 ms, limits_all_workers: true, after_a_crash: {after_a_crash}}}
"""
LOCK_SECONDS = 2.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=300)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--again", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = RedisProcess(folder=Path(folder)).start()
        workers = JobWorkers(redis=server, home=Path(folder))
        (workers.home / "job_policies.yaml").write_text(
            POLICIES.format(after_a_crash="again" if options.again else "dead_letter")
        )
        try:
            measure_speed(workers)
            begun_twice = drill(workers, options.jobs, options.kills, Random(options.seed))
        finally:
            workers.kill()
            server.kill()
    assert options.again or not begun_twice, f"{begun_twice} keys began twice"


def measure_speed(workers: JobWorkers, jobs: int = 2000) -> None:
    """Let one worker work off jobs that do nothing, without keys and with."""
    for kind in ("without", "with"):
        began = time.perf_counter()
        add(workers, [({}, f"{kind} {number}" if kind == "with" else None) for number in range(jobs)])
        adding = jobs / (time.perf_counter() - began)
        before = len(workers.ledger("ended"))
        workers.start(QUEUE)
        eventually(lambda before=before: len(workers.ledger("ended")) == before + jobs, what="all ended")
        ended = workers.ledger("ended")[before:]
        print(f"{kind} keys: {adding:.0f} added/s, {jobs / (ended[-1]['at'] - ended[0]['at']):.0f} worked off/s")
        workers.kill()


def drill(workers: JobWorkers, jobs: int, kills: int, random: Random) -> int:
    """Kill a random worker again and again, start another for it, and give how many keys began twice."""
    (workers.home / "ledger").unlink()
    client = workers.redis.client()
    workers.processes.clear()
    workers.start(QUEUE, 4, lock_seconds=LOCK_SECONDS)
    add(workers, [({"workMs": random.uniform(50, 400)}, f"drill {number}") for number in range(jobs)])
    killed_at: dict[int, float] = {}
    for _ in range(kills):
        time.sleep(random.uniform(0.2, 1.0))
        victim = workers.processes.pop(random.randrange(len(workers.processes)))
        victim.kill()
        victim.wait()
        killed_at[victim.pid] = time.time()
        workers.start(QUEUE, lock_seconds=LOCK_SECONDS)
    eventually(
        lambda: len(client.keys(f"bull:{QUEUE}:k-*")) == client.zcard(f"bull:{QUEUE}:failed"),
        what="all completed or dead",
    )
    runs = defaultdict(list)
    for line in workers.ledger():
        runs[line["job"]].append(line)
    ended = [[line for line in lines if line["event"] == "ended"] for lines in runs.values()]
    again = [
        1000 * (killed_at.get(lines[0]["pid"], float("inf")) - lines[0]["at"]) for lines in ended if len(lines) > 1
    ]
    at_once = sum(overlaps(lines, killed_at) for lines in runs.values())
    begun = Counter(line["job"] for line in workers.ledger("began"))
    twice = sum(times > 1 for times in begun.values())
    dead = [job.decode() for job in client.zrange(f"bull:{QUEUE}:failed", 0, -1)]
    reasons = [client.hget(f"bull:{QUEUE}:{job}", "failedReason").decode() for job in dead]
    interrupted = sum(interrupted_run(reason) is not None for reason in reasons)
    unbegun = sum(job not in begun for job in dead)
    done = sum(map(bool, ended))
    print(f"{jobs} keys, 4 workers, {kills} kills: {begun.total()} begun, {twice} keys twice, {done} done")
    print(f"dead: {len(dead)}, of which interrupted {interrupted}, never begun {unbegun}")
    after = ", ".join(f"{milliseconds:.1f} ms" for milliseconds in again) or "-"
    print(f"at once: {at_once}; done twice: {len(again)}, since killed after the deed and before its note, by: {after}")
    return twice


def overlaps(lines: list[dict[str, object]], killed_at: dict[int, float]) -> int:
    """Count runs of one key that began while the one before was still at work, in a process that still lived."""
    spans = []
    for line in lines:
        if line["event"] == "began":
            spans.append([line["at"], killed_at.get(line["pid"], float("inf")), line["pid"]])
        else:
            span = next(span for span in reversed(spans) if span[2] == line["pid"])
            span[1] = line["at"]
    return sum(later[0] < earlier[1] for earlier, later in itertools.pairwise(spans))


def add(workers: JobWorkers, jobs: list[tuple[dict[str, float], str | None]]) -> None:
    async def adding() -> None:
        async with Producer(redis_url=workers.redis.url, home=workers.home) as producer:
            for data, key in jobs:
                await producer.add(QUEUE, data, idempotency_key=key)

    asyncio.run(adding())


if __name__ == "__main__":
    main()
