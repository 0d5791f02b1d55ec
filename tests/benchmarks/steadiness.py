"""Whether beats come on time while people read: `python tests/benchmarks/steadiness.py [minutes]`.

Starts `maxbooster-ops up` in a new home. Meanwhile DuckDB's shell holds a read transaction open and another process
asks in a loop. Prints the beats that came, how late each was, runs that failed, and how the readers fared.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.redis_process import free_port
from support.running_up import RunningUp

from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import open_lake

_READER = """
import sys, time
from pathlib import Path
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import open_lake
asked, slowest, ends = 0, 0.0, time.monotonic() + float(sys.argv[2])
while time.monotonic() < ends:
    with open_lake(Home(root=Path(sys.argv[1])), read_only=True) as lake:
        for _ in range(50):
            began = time.perf_counter()
            lake.query("SELECT queue, max(waiting) FROM queue_samples WHERE ts > now() - INTERVAL 1 HOUR GROUP BY ALL")
            asked, slowest = asked + 1, max(slowest, time.perf_counter() - began)
            time.sleep(0.05)
print(f"a process that reads in a loop: {asked} queries, none failed, the slowest {1000 * slowest:.0f} ms")
"""


def main(minutes: float) -> None:
    home = Path(tempfile.mkdtemp(prefix="steadiness-")) / "home"
    up = RunningUp(home=home, port=free_port()).start()
    shell = subprocess.Popen(
        [Path(sys.executable).with_name("duckdb"), "-init", home / "ops.sql"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    shell.stdin.write("BEGIN; SELECT count(*) FROM beats;\n")
    shell.stdin.flush()
    reader = subprocess.Popen(
        [sys.executable, "-c", _READER, str(home), str(60 * minutes)], stdout=subprocess.PIPE, text=True
    )
    print(reader.communicate()[0].strip())
    print(f"duckdb -init ops.sql with an open transaction: {'still there' if shell.poll() is None else 'ended'}")
    time.sleep(20)  # the run that took the last beat ends
    runs = [run["status"] for run in up.runs("collect")]
    with open_lake(Home(root=home), read_only=True) as lake:
        rows = lake.query(
            "SELECT due, epoch(ts - due) AS late_s, failures FROM beats WHERE date_part('second', due)::INT % 30 "
            "= 0 AND date_part('microsecond', due) % 1000000 = 0 ORDER BY due"
        )
    shell.kill()
    up.stop()
    distances = [(later["due"] - earlier["due"]).total_seconds() for earlier, later in pairwise(rows)]
    late = sorted(row["late_s"] for row in rows)
    print(f"{len(rows)} scheduled beats, {sum(distance != 30 for distance in distances)} distances other than 30 s")
    failures = sum(row["failures"] for row in rows)
    print(f"late by {late[len(late) // 2]:.3f} s in the median, {late[-1]:.3f} s at most; {failures} source failures")
    print(f"runs: {runs.count('SUCCESS')} succeeded, {runs.count('FAILURE')} failed")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 10)
