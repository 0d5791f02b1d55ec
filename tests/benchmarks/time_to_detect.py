"""How soon people hear, beside Prometheus and Alertmanager: `python tests/benchmarks/time_to_detect.py [minutes]`.

One page with 24 gauges that flip at random (on for 60 to 120 s, off for as long), read every 15 s by all systems in the
same run. Prints the seconds from each flip to the webhook that tells of it, and the CPU that each system took.

A message belongs to the flip whose state it dates: by its `since` or `resolvedAt`, Alertmanager's `startsAt` or
`endsAt`. So a message that comes after the gauge has flipped again counts as late, not as an early one of the next.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, pairwise
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.prometheus_stack import Grouping, alertmanager, prometheus
from support.redis_process import free_port
from support.running_up import RunningUp

GAUGES = 24
SHORTEST_S, LONGEST_S = 60.0, 120.0
INTERVAL_S = 15
SETTLE_S = 75
"""After the last flip, for what is still on its way; nothing of ours or of the quick Alertmanagers takes longer."""

CLOCKS_DIFFER_S = 1.0
"""A sample is dated when its reading begins; the page may flip before it is answered."""

RULE = """
rules:
  - name: demo_level
    title: Demo Level High
    component: demo
    severity: warning
    series: {table: metric_samples, value: value, labels: [labels.gauge], where: name = 'demo_level'}
    condition: "> 0.5"
    summary: "Gauge {{ labels.gauge }} is on"
    description: It flips at random.
    runbook: https://runbooks.example/demo
"""
PROMETHEUS_RULE = {"alert": "demo_level", "expr": "demo_level > 0.5"}

OURS = "maxbooster-ops"
ALERTMANAGERS = {
    "Prometheus + Alertmanager 0 s / 1 s": ("0s", "1s"),
    "Prometheus + Alertmanager 0 s / 15 s": ("0s", "15s"),
    "Prometheus + Alertmanager 30 s / 5 min": ("30s", "5m"),
}
"""Group wait and group interval: as quick as it gets, as often as it evaluates, its defaults."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """A gauge went on or off at `at` and stayed so until `until`, both epoch seconds."""

    gauge: str
    on: bool
    at: float
    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """A system told at `arrived` that a gauge is on or off, and dates that to `dated`."""

    system: str
    gauge: str
    on: bool
    dated: float
    arrived: float


@dataclass
class Demo:
    """The page and the webhook, in one server; `changes` are the moments at which each gauge flips."""

    changes: dict[str, list[float]] = field(default_factory=lambda: {str(number): [] for number in range(GAUGES)})
    news: list[News] = field(default_factory=list)
    port: int = 0

    def page(self, now: float) -> str:
        flipped = {gauge: sum(at <= now for at in moments) for gauge, moments in self.changes.items()}
        lines = [f'demo_level{{gauge="{gauge}"}} {count % 2}' for gauge, count in flipped.items()]
        return "\n".join(["# TYPE demo_level gauge", *lines, ""])

    def take(self, system: str, document: Mapping[str, Any], arrived: float) -> None:
        read = ours if system == OURS else alertmanagers
        self.news += [News(system=system, arrived=arrived, **told) for told in read(document)]

    def flips(self, end: float) -> list[Flip]:
        return [
            Flip(gauge=gauge, on=number % 2 == 0, at=at, until=until)
            for gauge, moments in self.changes.items()
            for number, (at, until) in enumerate(pairwise([*moments, float("inf")]))
            if at < end
        ]


def ours(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    metadata = document["metadata"]
    notices = [each["metadata"] for each in metadata["alerts"]] if "alerts" in metadata else [metadata]
    for notice in notices:
        if notice.get("rule") == "demo_level":
            on = metadata["status"] != "resolved"
            dated = seconds(notice["since" if on else "resolvedAt"])
            yield {"gauge": notice["labels"]["gauge"], "on": on, "dated": dated}


def alertmanagers(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for alert in document["alerts"]:
        on = alert["status"] == "firing"
        yield {
            "gauge": alert["labels"]["gauge"],
            "on": on,
            "dated": seconds(alert["startsAt" if on else "endsAt"]),
        }


def seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def schedule(start: float, end: float, chance: random.Random) -> dict[str, list[float]]:
    """Decide for each gauge when it flips; all of them are off at first."""
    changes = {}
    for number in range(GAUGES):
        moments = [start + chance.uniform(0, LONGEST_S)]
        while (following := moments[-1] + chance.uniform(SHORTEST_S, LONGEST_S)) < end:
            moments.append(following)
        changes[str(number)] = [at for at in moments if at < end]
    return changes


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, demo: Demo, *arguments: Any) -> None:
        self._demo = demo
        super().__init__(*arguments)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._answer(self._demo.page(time.time()) if self.path == "/api/metrics" else '{"status": "ok"}')

    def do_POST(self) -> None:
        arrived = time.time()
        document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._demo.take([OURS, *ALERTMANAGERS][int(self.path.strip("/"))], document, arrived)
        self._answer("ok")

    def _answer(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(text.encode())


@contextmanager
def serving(demo: Demo) -> Iterator[Demo]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, demo)) as server:
        demo.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield demo
        server.shutdown()


@contextmanager
def systems(folder: Path, demo: Demo) -> Iterator[dict[str, list[int]]]:
    """Run all of them until the block ends; gives the pids by system."""
    url = f"http://127.0.0.1:{demo.port}"
    with ExitStack() as stack:
        pids: dict[str, list[int]] = {}
        ports = []
        for number, (name, (wait, interval)) in enumerate(ALERTMANAGERS.items(), start=1):
            grouping = Grouping(by=("gauge",), wait=wait, interval=interval, url=f"{url}/{number}")
            process, port = stack.enter_context(alertmanager(folder / f"alertmanager-{number}", grouping))
            pids[name] = [process.pid]
            ports.append(port)
        theirs = prometheus(
            folder / "prometheus",
            page=f"127.0.0.1:{demo.port}/api/metrics",
            rules=[PROMETHEUS_RULE],
            interval=f"{INTERVAL_S}s",
            alertmanagers=ports,
        )
        pid = stack.enter_context(theirs).pid
        up = started_up(folder / "home", url)
        stack.callback(up.stop)
        yield {OURS: [up.process.pid], **{name: [pid, *own] for name, own in pids.items()}}


def started_up(home: Path, url: str) -> RunningUp:
    (home / "rules").mkdir(parents=True)
    (home / "rules" / "demo.yaml").write_text(RULE)
    variables = {
        "PLATFORM_URL": url,
        "MAXBOOSTER_COLLECT_INTERVAL_SECONDS": str(INTERVAL_S),
        "ALERT_COOLDOWN_MINUTES": "0",
        "ALERT_WEBHOOK_URL": f"{url}/0",
        "ALERT_ALLOW_PRIVATE_WEBHOOKS": "true",
    }
    return RunningUp(home=home, port=free_port(), variables=variables).start()


def cpu_s(pids: Iterable[int]) -> float:
    """Give the CPU seconds of these programs and everything they started, ended or not."""
    roots = [psutil.Process(pid) for pid in pids]
    total = 0.0
    for process in chain(roots, *(root.children(recursive=True) for root in roots)):
        try:
            total += sum(process.cpu_times()[:4])
        except psutil.Error:
            continue  # ended since; its parent has its time
    return total


def main(minutes: float) -> None:
    folder = Path(tempfile.mkdtemp(prefix="time-to-detect-"))
    with serving(Demo()) as demo, systems(folder, demo) as pids:
        time.sleep(60)  # the first run of ours compiles and warms what later ones find
        start = time.time()
        demo.changes = schedule(start, start + 60 * minutes, random.Random(1))
        before = {name: cpu_s(each) for name, each in pids.items()}
        time.sleep(60 * minutes)
        used = {name: cpu_s(each) - before[name] for name, each in pids.items()}
        time.sleep(SETTLE_S)
    print(f"{minutes:g} minutes, {GAUGES} gauges, every {INTERVAL_S} s; seconds from flip to webhook; {folder}\n")
    print(f"{'':<40}{'':<10}{'n':>5}{'least':>7}{'median':>8}{'p95':>7}{'max':>7}{'missed':>8}{'CPU s':>8}")
    for name in pids:
        for on in (True, False):
            flips = [flip for flip in demo.flips(start + 60 * minutes) if flip.on is on]
            print(f"{name:<40}{'fires' if on else 'resolved':<10}{row(flips, demo.news, name)}{used[name]:>8.1f}")
    waits = sorted(each.arrived - each.dated for each in first_news(demo.news, OURS))
    print(f"\nof ours, from the sample to the webhook: median {median(waits):.1f}, max {waits[-1]:.1f} s")


def first_news(news: Iterable[News], system: str) -> list[News]:
    """Give what each episode was told with, without reminders."""
    first: dict[tuple[str, bool, float], News] = {}
    for each in news:
        if each.system == system:
            first.setdefault((each.gauge, each.on, each.dated), each)
    return list(first.values())


def row(flips: list[Flip], news: Iterable[News], system: str) -> str:
    told = first_news(news, system)
    waits = sorted(wait for flip in flips if (wait := waited(flip, told)) is not None)
    missed = len(flips) - len(waits)
    if len(waits) < 2:
        return f"{len(flips):>5}{'':>29}{missed:>8}"
    p95 = quantiles(waits, n=20, method="inclusive")[-1]
    return f"{len(flips):>5}{waits[0]:>7.1f}{median(waits):>8.1f}{p95:>7.1f}{waits[-1]:>7.1f}{missed:>8}"


def waited(flip: Flip, told: Iterable[News]) -> float | None:
    """Give the seconds until somebody heard of this flip, None where nobody did."""
    arrivals = [
        each.arrived - flip.at
        for each in told
        if (each.gauge, each.on) == (flip.gauge, flip.on) and flip.at - CLOCKS_DIFFER_S <= each.dated < flip.until
    ]
    return min(arrivals, default=None)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 15)
