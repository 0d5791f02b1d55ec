"""What a burn-in costs: `python tests/benchmarks/burn_in_cost.py [--duration 11m] [--interval 5m]`.

Runs `maxbooster-ops burn-in` on a sandbox of its own and watches that process: its share of a core, and how much
memory it holds, while checks are taken and until its report is written. Promised are 1 % at an interval of five minutes
and 200 MB.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from maxbooster_ops.processes import Supervisor
from maxbooster_ops.sandbox.platform import start_sandbox
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.opening import open_store

_LOOK_SECONDS = 0.2
_MEGABYTE = 1e6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--duration", default="11m")
    parser.add_argument("--interval", default="5m")
    options = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="burn-in-cost-"))
    with open_store(Home(root=root)):
        pass  # made before, since only the first start in a home migrates
    with Supervisor(root / "logs") as supervisor:
        start_sandbox(supervisor, root / "sandbox")
        return watch(root, options.duration, options.interval)


def watch(root: Path, duration: str, interval: str) -> int:
    """Run one burn-in and print what it took."""
    command = [sys.executable, "-m", "maxbooster_ops", "burn-in", "--json", "--home", str(root)]
    command += ["--duration", duration, "--interval", interval]
    began = time.monotonic()
    environment = {name: value for name, value in os.environ.items() if name not in {"REDIS_URL", "PLATFORM_URL"}}
    with (root / "output").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, env=environment)
    watched, held, cpu_seconds = psutil.Process(process.pid), [], 0.0
    while process.poll() is None:
        try:
            times = watched.cpu_times()
            held.append(watched.memory_info().rss / _MEGABYTE)
        except psutil.Error:
            break
        cpu_seconds = times.user + times.system
        time.sleep(_LOOK_SECONDS)
    process.wait()
    seconds = time.monotonic() - began
    result = json.loads((root / "output").read_text().splitlines()[-1])
    held.sort()
    print(f"{duration} at {interval}: {result['verdict']}, {result['checks']} checks in {seconds:.0f} s")
    print(f"CPU {cpu_seconds:.2f} s, {100 * cpu_seconds / seconds:.2f} % of a core, start and report included")
    print(f"resident memory: median {held[len(held) // 2]:.0f} MB, most {held[-1]:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
