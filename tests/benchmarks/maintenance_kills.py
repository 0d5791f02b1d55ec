"""The upkeep killed at random moments while a writer collects: `python tests/benchmarks/maintenance_kills.py [kills]`.

Nothing that was acknowledged may be lost, nothing may be there twice. Files go without a grace time, the hardest case.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.facts import NOON, fact

from maxbooster_ops.store.facts import MetricSample
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.maintenance.lake_upkeep import Bounds
from maxbooster_ops.store.maintenance.retention import Retention
from maxbooster_ops.store.maintenance.upkeep import clean_up, tidy
from maxbooster_ops.store.opening import open_store


def clean_for_ever(root: str) -> None:
    """What the process does that is killed."""
    with open_store(Home(root=Path(root))) as store:
        print("ready", flush=True)
        while True:
            tidy(store, bounds())
            clean_up(store, bounds(), Retention())


def bounds() -> Bounds:
    now = datetime.now(UTC) + timedelta(seconds=1)
    return Bounds(now=NOON, snapshots_before=now, files_before=now)


def main(kills: int) -> int:
    waits_ms: list[float] = []
    written, chance = 0, random.Random(7)
    with tempfile.TemporaryDirectory() as folder, open_store(Home(root=Path(folder))) as store:
        for _ in range(kills):
            command = [sys.executable, __file__, "clean", folder]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) as cleaner:
                cleaner.stdout.readline()
                deadline = time.monotonic() + chance.uniform(0.05, 2.5)
                while time.monotonic() < deadline:
                    rows = 250 if written % 3 else 50
                    at = NOON + timedelta(seconds=30 * written)
                    facts = [fact(MetricSample, ts=at, name=f"m{n}", value=float(n)) for n in range(rows)]
                    began = time.perf_counter()
                    store.lake.write(
                        lambda transaction, facts=facts, beat=written: transaction.insert(
                            facts, batch_id=f"beat-{beat}"
                        )
                    )
                    waits_ms.append(1000 * (time.perf_counter() - began))
                    written += 1
                cleaner.kill()
        upkeep = clean_up(store, bounds(), Retention())
        found = store.lake.query(
            "SELECT batch_id, count(*) AS rows, sum(value) AS total FROM metric_samples GROUP BY ALL"
        )
        files = len(list(store.home.lake_files.rglob("*.parquet")))
    kept = {row["batch_id"]: (row["rows"], row["total"]) for row in found}
    expected = {f"beat-{n}": (rows, rows * (rows - 1) / 2) for n in range(written) for rows in [250 if n % 3 else 50]}
    wrong = sum(kept.get(beat) != value for beat, value in expected.items())
    print(f"{kills} kills, {written} beats acknowledged, {wrong} lost or doubled, {len(kept) - written} made up")
    print(f"a write took {sorted(waits_ms)[len(waits_ms) // 2]:.0f} ms at the median, {max(waits_ms):.0f} ms at most")
    print(f"{files} files at the end; problems of the last upkeep: {upkeep.problems or 'none'}")
    return 1 if wrong or kept.keys() != expected.keys() else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["clean"]:
        clean_for_ever(sys.argv[2])
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50))
