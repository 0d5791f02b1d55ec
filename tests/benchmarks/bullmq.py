"""What one sample of all queues costs, beside the loop over npm's `getJobCounts` that a platform would write itself.

Run it from the checkout: `python tests/benchmarks/bullmq.py [--rounds 9]`. Both sides talk to the same Redis in one
run, in turns. `busy` reads ten newly finished jobs per queue, again and again from the same memory; `idle` reads
queues without news.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.node_platform import NodePlatform
from support.redis_process import RedisProcess

from maxbooster_ops.sources.bullmq import BullmqQueues
from maxbooster_ops.sources.source import Memory, Moment, Reading

JOBS_PER_QUEUE = 10
SIZES = (10, 100, 1000)


def read_ms(source: BullmqQueues, memory: Memory) -> tuple[float, Reading]:
    """Time one reading from `memory`."""
    moment = Moment(at=datetime.now(UTC), interval_seconds=30, memory=memory)
    began = time.perf_counter()
    reading = source.read(moment)
    took_ms = (time.perf_counter() - began) * 1000
    assert isinstance(reading, Reading), reading
    return took_ms, reading


def without_scan(memory: Memory) -> Memory:
    """Put the next scan far away; its price is spread over many beats and shown in its own column."""
    discovery: Mapping[str, object] = {**memory["discovery"], "due_at": float("inf")}
    return {**memory, "discovery": discovery}


def measure(platform: NodePlatform, url: str, queues: int, rounds: int) -> tuple[float, float, float, float]:
    """Give the medians in ms of npm's loop, a busy sample, an idle sample, and an idle sample that scans."""
    names = [f"q{number}" for number in range(queues)]
    platform.tell("finish", names=names, jobs=1)
    source = BullmqQueues(url)
    _, reading = read_ms(source, {})
    before = without_scan(reading.memory)
    platform.tell("finish", names=names, jobs=JOBS_PER_QUEUE)
    _, reading = read_ms(source, before)
    assert len(reading.rows) == queues * (1 + JOBS_PER_QUEUE)
    after = reading.memory
    npm, busy, idle, scanning = [], [], [], []
    for _ in range(rounds):
        npm += platform.tell("countAll", names=names, rounds=1)
        busy.append(read_ms(source, before)[0])
        idle.append(read_ms(source, after)[0])
        scanning.append(read_ms(source, {**after, "discovery": {**after["discovery"], "due_at": 0.0}})[0])
    return median(npm), median(busy), median(idle), median(scanning)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--major", type=int, default=6, choices=(5, 6))
    chosen = parser.parse_args()
    table = Table("queues", "npm loop ms", "busy ms", "× npm", "idle ms", "× npm", "idle with scan ms")
    for queues in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            server = RedisProcess(folder=Path(folder)).start()
            with ExitStack() as ending:
                ending.callback(server.kill)
                platform = NodePlatform(server, chosen.major)
                ending.callback(platform.close)
                npm, busy, idle, scanning = measure(platform, server.url, queues, chosen.rounds)
        table.add_row(str(queues), *(f"{value:.2f}" for value in (npm, busy, busy / npm, idle, idle / npm, scanning)))
    Console().print(table)


if __name__ == "__main__":
    main()
