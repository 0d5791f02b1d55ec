"""What dead letters cost: `python tests/benchmarks/dead_letters.py [--letters 10000] [--huge 100000]`.

One job of npm's BullMQ dies for real; its hash is then laid down as often as wanted. Measured are finding all of them,
finding none and ten more, listing, bringing back, and twenty processes that bring back the same letters at once, after
which real workers run every job. Exits with 1 where a job was brought back by none or by two of them.
"""

from __future__ import annotations

import argparse
import logging
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parents[1])  # instead of this folder, whose bullmq.py hides the package

import structlog
from support.dead_letter_rig import DeadLetterRig, dead_letter_rig, die, mend

from maxbooster_ops.clock import utc_now
from maxbooster_ops.dead_letters.finding import Finder, Found
from maxbooster_ops.dead_letters.letter import Letter, LetterState
from maxbooster_ops.dead_letters.letter_store import chosen
from maxbooster_ops.dead_letters.queue_side import queue_side
from maxbooster_ops.dead_letters.redriving import Redrive
from maxbooster_ops.dead_letters.selecting import Selection
from maxbooster_ops.dead_letters.settling import Settling
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.opening import open_store

PROCESSES = 20
RACED = 2_000
EVERYTHING = Selection()
PENDING = Selection(states=(LetterState.PENDING,))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--letters", type=int, default=10_000)
    parser.add_argument("--huge", type=int, default=0, help="find so many in one failed set, and nothing else")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with dead_letter_rig(Path(tempfile.mkdtemp(prefix="dead-letters-"))) as rig:
        if options.huge:
            return huge(rig, options.huge)
        costs(rig, options.letters)
    with dead_letter_rig(Path(tempfile.mkdtemp(prefix="dead-letters-"))) as rig:
        return race(rig)


def costs(rig: DeadLetterRig, letters: int) -> None:
    lay_down(rig, letters, later_ms=-3_600_000)
    found, seconds = timed(lambda: find(rig))
    show(f"find {found.new} for the first time", f"{seconds:.2f} s, {found.new / seconds:.0f} letters/s")
    show_next_looks(rig, f"{letters} who died an hour ago")
    show("list all", f"{1000 * median(timed(lambda: listed(rig))[1] for _ in range(5)):.0f} ms")
    due, seconds = timed(lambda: listed(rig, PENDING))
    redriven, seconds = timed(
        lambda: Redrive(state=rig.store.state, side=rig.side, actor="benchmark", why="due").run(due, clock=utc_now)
    )
    assert redriven.returned == len(due), redriven
    show(f"bring back {redriven.returned}", f"{seconds:.2f} s, {redriven.returned / seconds:.0f} jobs/s")
    settling = Settling(lake=rig.store.lake, state=rig.store.state, side=rig.side, chance=lambda: 0.0)
    settled, seconds = timed(lambda: settling.settle(utc_now()))
    show(f"look what became of {settled.under_way} that wait", f"{seconds:.2f} s")
    lay_down(rig, letters)
    find(rig)
    show_next_looks(rig, f"{letters} who died within five minutes")


def show_next_looks(rig: DeadLetterRig, who: str) -> None:
    show(f"find 0 new among {who}", f"{1000 * median(timed(lambda: find(rig))[1] for _ in range(5)):.0f} ms")
    took = []
    for _ in range(5):
        lay_down(rig, 10)
        found, seconds = timed(lambda: find(rig))
        assert found.new == 10, found
        took.append(seconds)
    show(f"find 10 new among {who}", f"{1000 * median(took):.0f} ms")


def race(rig: DeadLetterRig) -> int:
    lay_down(rig, RACED - 1)
    find(rig)
    rig.platform.tell("stop")
    context = get_context("forkserver")
    context.set_forkserver_preload(["maxbooster_ops.dead_letters.redriving"])
    barrier, results = context.Barrier(PROCESSES), context.Queue()
    arguments = (rig.store.state.home.root, rig.redis.url, barrier, results)
    processes = [context.Process(target=bring_all_back, args=arguments) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    answers = [results.get(timeout=300) for _ in processes]
    for process in processes:
        process.join()
    returned, seconds = [count for count, _, _ in answers], max(took for _, took, _ in answers)
    mend(rig)
    rig.platform.tell("work", queue="mail", concurrency=50)
    rig.until("mail", completed=RACED, failed=0)
    with rig.redis.client() as client:
        effects = client.lrange("effects", 0, -1)
    show(f"{PROCESSES} processes, {RACED} letters, brought back", f"{sum(returned)} in {seconds:.1f} s {returned}")
    show("side effects, and of so many jobs", f"{len(effects)}, {len(set(effects))}")
    errors = [error for _, _, error in answers if error]
    show("processes that gave up", f"{len(errors)} {errors[:1]}")
    return int(not (sum(returned) == len(effects) == len(set(effects)) == RACED))


def bring_all_back(root: Path, redis_url: str, barrier: Any, results: Any) -> None:
    with open_store(Home(root=root)) as store, queue_side(redis_url) as side:
        with store.state.reading() as connection:
            due = chosen(connection, PENDING)
        redrive = Redrive(state=store.state, side=side, actor="benchmark", why="race")
        barrier.wait(120)
        began = time.monotonic()
        try:
            returned, error = redrive.run(due, clock=utc_now).returned, None
        except Exception as raised:  # noqa: BLE001 -- told to the one who counts
            returned, error = 0, str(raised)
        results.put((returned, time.monotonic() - began, error))


def huge(rig: DeadLetterRig, letters: int) -> int:
    lay_down(rig, letters)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found, seconds = timed(lambda: find(rig))
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    show(f"find {found.new} in one failed set", f"{seconds:.1f} s, {more:.0f} MB more memory at most")
    show("find 0 new among them", f"{1000 * timed(lambda: find(rig))[1]:.0f} ms")
    show("list all", f"{1000 * timed(lambda: listed(rig))[1]:.0f} ms")
    return 0


def lay_down(rig: DeadLetterRig, count: int, *, later_ms: int = 0) -> None:
    """Let one job die for real where none did yet, and lay its like down `count` times, each under an id of its own."""
    with rig.redis.client() as client:
        if not client.zcard("bull:mail:failed"):
            die(rig, opts={"attempts": 2})
        original = client.zrange("bull:mail:failed", 0, 0)[0]
        fields = client.hgetall(f"bull:mail:{original.decode()}")
        first = client.incrby("bull:mail:id", count) - count + 1
        died_at = client.zrange("bull:mail:failed", -1, -1, withscores=True)[0][1] + later_ms
        for start in range(0, count, 1000):
            with client.pipeline(transaction=False) as pipeline:
                for number in range(start, min(start + 1000, count)):
                    pipeline.hset(f"bull:mail:{first + number}", mapping=fields)
                    pipeline.zadd("bull:mail:failed", {str(first + number): died_at + 1 + number // 100})
                pipeline.execute()
    rig.collector.beat(utc_now())


def find(rig: DeadLetterRig) -> Found:
    return Finder(lake=rig.store.lake, state=rig.store.state, side=rig.side).find(utc_now())


def listed(rig: DeadLetterRig, selection: Selection = EVERYTHING) -> list[Letter]:
    with rig.store.state.reading() as connection:
        return chosen(connection, selection)


def timed(deed: Callable[[], Any]) -> tuple[Any, float]:
    began = time.monotonic()
    return deed(), time.monotonic() - began


def show(what: str, figure: str) -> None:
    print(f"{what:<60} {figure}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
