"""What tracking costs a job, and its executions a beat: import, a tracked call, one while the state is locked, taking.

python tests/benchmarks/tracking.py [--calls 1000]
"""

from __future__ import annotations

import argparse
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

from maxbooster_ops.jobs import track
from maxbooster_ops.sources.executions import Executions
from maxbooster_ops.sources.source import Moment
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.opening import open_store

_IMPORT = "import time; began = time.process_time(); import {}; print(1000 * (time.process_time() - began))"


def import_ms(module: str, rounds: int = 5) -> float:
    """Give the median CPU time in fresh processes; the first, which may compile, is left out."""
    command = [sys.executable, "-c", _IMPORT.format(module)]
    return median(
        [float(subprocess.run(command, capture_output=True, check=True).stdout) for _ in range(rounds + 1)][1:]
    )


def timed_ms(call: Callable[[], object], calls: int) -> list[float]:
    """Call it so often and give how long each call took."""
    taken = []
    for _ in range(calls):
        began = perf_counter()
        call()
        taken.append(1000 * (perf_counter() - began))
    return taken


def row(what: str, taken: list[float]) -> None:
    """Print one line of the table."""
    print(f"| {what} | {median(taken):.2f} | {quantiles(taken, n=100)[98]:.2f} | {max(taken):.1f} |")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1000)
    calls = parser.parse_args().calls
    for module in ("maxbooster_ops.jobs", "sqlalchemy", "maxbooster_ops.settings"):
        print(f"import {module}: {import_ms(module):.0f} ms of CPU")
    with tempfile.TemporaryDirectory() as folder, open_store(Home(root=Path(folder))) as store:
        tracked = track("small", home=folder, tenant="acme")(lambda: None)
        print("\n| a tracked call that does nothing | median ms | p99 ms | slowest ms |\n|---|---|---|---|")
        row("the state is free", timed_ms(tracked, calls))
        with closing(sqlite3.connect(store.home.state, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            row("another process holds it locked", timed_ms(tracked, calls))
            other.execute("ROLLBACK")
        source = Executions(store.state)
        now = datetime.now(UTC)
        began = perf_counter()
        reading = source.read(Moment(at=now, interval_seconds=30, memory={}))
        print(f"\ntaking {len(reading.rows)} executions: {1000 * (perf_counter() - began):.0f} ms")
        began = perf_counter()
        reading = source.read(Moment(at=now, interval_seconds=30, memory=reading.memory))
        print(f"removing them: {1000 * (perf_counter() - began):.0f} ms")
        idle = timed_ms(lambda: source.read(Moment(at=now, interval_seconds=30, memory=reading.memory)), 100)
        print(f"a beat without executions: {median(idle):.2f} ms")


if __name__ == "__main__":
    main()
