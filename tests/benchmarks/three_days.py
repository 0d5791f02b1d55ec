"""Days of per-minute operation as fast as it goes: `python tests/benchmarks/three_days.py [--days 3] [--parts 6]`.

Writes every beat as collection does (223 rows in one transaction), with the half-hourly roll-ups and the upkeep at
their simulated times, and prints how long questions take and how large the store is, `--parts` times on the way.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.facts import fact

from maxbooster_ops.analysis.rollups.rolling import roll_up
from maxbooster_ops.store.beats import Batch, beat_id
from maxbooster_ops.store.facts import (
    AiCacheSample,
    BeatTaken,
    Fact,
    HostSample,
    MetricSample,
    QueueJob,
    QueueSample,
    RedisSample,
)
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import open_lake
from maxbooster_ops.store.maintenance.freed import Upkeep
from maxbooster_ops.store.maintenance.lake_upkeep import Bounds
from maxbooster_ops.store.maintenance.retention import Retention
from maxbooster_ops.store.maintenance.upkeep import clean_up, tidy
from maxbooster_ops.store.opening import Store, open_store

START = datetime(2026, 11, 20, tzinfo=UTC)
BEAT = timedelta(seconds=30)
BEATS_PER_HOUR = 120
MILLION = 1024**2


def beat(number: int) -> list[Fact]:
    """Give the rows of one beat as the sandbox has them."""
    at = START + number * BEAT
    queues = [f"queue-{index}" for index in range(7)]
    return [
        fact(BeatTaken, ts=at, kind="beat", due=at),
        fact(RedisSample, ts=at, ping_ms_median=1 + number % 7 / 10),
        fact(HostSample, ts=at, cpu_percent=float(number % 50)),
        *(fact(AiCacheSample, ts=at, cache=cache, total_loads=number) for cache in ("social", "advertising")),
        *(fact(QueueSample, ts=at, prefix="bull", queue=queue, waiting=number % 90) for queue in queues),
        *(
            fact(QueueJob, ts=at, prefix="bull", queue=queues[n % 7], job_id=f"{number}-{n}", processing_ms=7.0 * n)
            for n in range(30)
        ),
        *(
            fact(
                MetricSample,
                ts=at,
                source="platform",
                name=f"metric_{n // 9}",
                kind="counter",
                labels={"route": f"/{n % 9}"},
                value=float(number * n + number % 13),
                increase=float(n + number % 13),
            )
            for n in range(181)
        ),
    ]


QUESTIONS = {
    "last 60 min, queues": (
        "SELECT queue, avg(waiting) FROM queue_samples WHERE ts > $until - INTERVAL 1 HOUR GROUP BY ALL"
    ),
    "last 60 min, metrics": (
        "SELECT name, sum(increase) FROM metric_samples WHERE ts > $until - INTERVAL 1 HOUR GROUP BY ALL"
    ),
    "30 min of jobs, p95": (
        "SELECT queue, quantile_cont(processing_ms, 0.95) FROM queue_jobs WHERE ts > $until - INTERVAL 30 MINUTE "
        "GROUP BY ALL"
    ),
    "newest of each queue": (
        "SELECT queue, arg_max(waiting, ts) FROM queue_samples WHERE ts > $until - INTERVAL 1 HOUR GROUP BY ALL"
    ),
}


def report(home: Home, number: int, took_ms: list[float], rolled_ms: list[float], upkeeps: list[Upkeep]) -> None:
    with open_lake(home, read_only=True) as lake:
        times = []
        for sql in QUESTIONS.values():
            measured = []
            for _ in range(5):
                began = time.perf_counter()
                lake.query(sql, {"until": START + number * BEAT})
                measured.append(1000 * (time.perf_counter() - began))
            times.append(median(measured))
    size = sum(file.stat().st_size for file in home.lake.rglob("*") if file.is_file())
    files = len(list(home.lake_files.rglob("*.parquet")))
    locked = max((upkeep.longest_lock_seconds for upkeep in upkeeps), default=0.0)
    cells = [f"{number / 24 / BEATS_PER_HOUR:.2f}", *(f"{ms:.0f}" for ms in times), f"{size / MILLION:.1f}", str(files)]
    cells += [f"{median(took_ms):.0f}", f"{median(rolled_ms):.0f}", f"{max(rolled_ms):.0f}", f"{1000 * locked:.0f}"]
    print("| " + " | ".join(cells) + " |", flush=True)


def upkeep_of(store: Store, number: int, real: dict[int, datetime]) -> Upkeep:
    """Do what is due after beat `number`; what was written a simulated day ago may be forgotten."""
    then = real.get(number - 24 * BEATS_PER_HOUR, datetime(2000, 1, 1, tzinfo=UTC))
    bounds = Bounds(now=START + number * BEAT, snapshots_before=then, files_before=then)
    daily = (START + number * BEAT).hour == 2
    return clean_up(store, bounds, Retention()) if daily else tidy(store, bounds)


def main(days: float, parts: int) -> None:
    total = int(days * 24 * BEATS_PER_HOUR)
    print(
        "| day | "
        + " | ".join(f"{name} ms" for name in QUESTIONS)
        + " | lake MB | files | a beat ms | a roll-up ms | the longest ms | longest lock ms |"
    )
    print("|" + "---|" * (len(QUESTIONS) + 7))
    real: dict[int, datetime] = {}
    with tempfile.TemporaryDirectory() as folder, open_store(Home(root=Path(folder))) as store:
        took_ms: list[float] = []
        rolled_ms: list[float] = []
        upkeeps: list[Upkeep] = []
        for number in range(total):
            due = START + number * BEAT
            recalled, began = store.beats.recall(), time.perf_counter()
            batch = Batch(id=beat_id(due), due=due, facts=beat(number), memories={"counter": {"n": number}})
            store.beats.store(batch, recalled)
            took_ms.append(1000 * (time.perf_counter() - began))
            real[number] = datetime.now(UTC)
            if (number + 1) % (BEATS_PER_HOUR // 2) == 0:
                began = time.perf_counter()
                roll_up(store, due + BEAT)
                rolled_ms.append(1000 * (time.perf_counter() - began))
            if (number + 1) % BEATS_PER_HOUR == 0:
                upkeeps.append(upkeep_of(store, number, real))
            if (number + 1) % (total // parts) == 0:
                report(store.home, number + 1, took_ms, rolled_ms, upkeeps)
                took_ms.clear()
                rolled_ms.clear()
        problems = [problem for upkeep in upkeeps for problem in upkeep.problems]
        print(f"{len(upkeeps)} upkeeps, problems: {problems or 'none'}")
        (row,) = store.lake.query("SELECT count(*) AS beats, count(DISTINCT batch_id) AS ids FROM beats")
        print(f"{total} beats written, {row['beats']} there, {row['ids']} different")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=float, default=3.0)
    parser.add_argument("--parts", type=int, default=6)
    options = parser.parse_args()
    main(options.days, options.parts)
