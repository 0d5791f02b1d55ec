"""What the running product costs: `python tests/benchmarks/stack.py [minutes]`.

Starts `maxbooster-ops up` with the sandbox in a new home, lets it run, and reads what the kernel accounts to each
program. CPU of scheduled runs is that of the run server's ended children; "between runs" is everything else but the
sandbox. Memory is the proportional set size: a page that two programs share counts half for each.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil
import requests

SANDBOX = ("redis-server", "maxbooster_ops.sandbox")
OURS = ("guardian", "dagster-webserver", "dagster-daemon", "api grpc", "run_server")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """CPU seconds of one program, of its ended children, and its memory."""

    own_s: float
    children_s: float
    mb: float


def cost(process: psutil.Process) -> Cost:
    times = process.cpu_times()
    return Cost(
        own_s=times.user + times.system,
        children_s=times.children_user + times.children_system,
        mb=process.memory_full_info().pss / 1024**2,
    )


def services(up: psutil.Process) -> dict[str, psutil.Process]:
    named = {"up": up}
    # The run server is the daemon's child; below it are keepers and runs, which come and go.
    daemons = [child for child in up.children() if "dagster-daemon" in " ".join(child.cmdline())]
    for child in [*up.children(), *(server for daemon in daemons for server in daemon.children())]:
        command = " ".join(child.cmdline())
        name = next((word for word in (*SANDBOX, *OURS) if word in command), command)
        named[f"{name} {child.pid}" if name in named else name] = child
    return named


def finished_runs(url: str) -> tuple[int, int]:
    query = "{runsOrError(limit: 500) {... on Runs {results {status jobName}}}}"
    runs = requests.post(f"{url}/graphql", json={"query": query}, timeout=30).json()["data"]["runsOrError"]["results"]
    return sum(run["status"] == "SUCCESS" for run in runs), sum(run["status"] == "FAILURE" for run in runs)


def costs(watched: dict[str, psutil.Process]) -> dict[str, Cost]:
    return {name: cost(process) for name, process in watched.items()}


def used_in_a_quiet_window(watched: dict[str, psutil.Process]) -> dict[str, float]:
    """Give each program's share of a core from second 12 to 52 of a minute, when its run waits for its beats."""
    wait_for_second(12)
    before = costs(watched)
    wait_for_second(52)
    return {name: (end.own_s - before[name].own_s) / 40 for name, end in costs(watched).items()}


def wait_for_second(second: float) -> None:
    time.sleep((second - time.time()) % 60)


def main(minutes: int) -> None:
    home = Path(tempfile.mkdtemp(prefix="stack-bench-"))
    command = [str(Path(sys.executable).with_name("maxbooster-ops")), "up", "--home", str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as up:
        try:
            url = next(line.split()[-1] for line in up.stdout if line.startswith("Dagster UI"))
            time.sleep(75)  # start-up and the first run, which compiles and warms what later ones find
            watched = services(psutil.Process(up.pid))
            before, runs_before, began = costs(watched), finished_runs(url), time.monotonic()
            quiet = [used_in_a_quiet_window(watched) for _ in range(minutes)]
            after, runs_after, took = costs(watched), finished_runs(url), time.monotonic() - began
        finally:
            up.send_signal(signal.SIGINT)
    runs = runs_after[0] - runs_before[0]
    print(f"{took / 60:.1f} minutes, {runs} runs succeeded, {runs_after[1] - runs_before[1]} failed\n")
    print(f"{'program':<32}{'% of a core':>12}{'MB':>8}")
    for name, end in after.items():
        print(f"{name:<32}{100 * (end.own_s - before[name].own_s) / took:>12.2f}{end.mb:>8.0f}")
    ours = [name for name in after if not any(part in name for part in SANDBOX)]
    between = median(sum(window[name] for name in ours) for window in quiet)
    in_runs = sum(after[name].children_s - before[name].children_s for name in ours)
    megabytes = sum(after[name].mb for name in ours)
    print(f"\nwithout the sandbox, between runs: {100 * between:.2f} % of a core, {megabytes:.0f} MB")
    print(f"a scheduled run: {in_runs / max(runs, 1):.2f} CPU-s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
