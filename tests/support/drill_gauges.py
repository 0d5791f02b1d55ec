"""Gauges that flip at random, the rules that watch them, and a platform that shows them on its page of metrics.

Belongs here: what the drills on alerting watch. Not here: what they kill, or how they judge what arrived.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from support.http_server import Talk, answer, answer_json, http_server

RULE = "drill"
"""How the name of every rule of the drill begins."""

METRIC = "drill_gauge"
PARTS = ("critical", "critical", "error", "warning")
"""A rule and a component each, by their severity: a P0 never waits, the others are grouped."""

_MONITORS = ("/", "/health", "/api/status", "/api/auth/health", "/api/health/db", "/api/health/cache")
_HEALTHY = {
    "status": "ok",
    "timestamp": "2026-11-21T12:00:00Z",
    "version": "1.0.0",
    "uptime_seconds": 1,
    "checks": {"database": "ok", "cache": "ok", "ai_service": "ok"},
    "response_time_ms": 1,
    "connections": 1,
    "max_connections": 200,
    "memory_used_mb": 1,
    "max_memory_mb": 2048,
}


@dataclass
class Gauges:
    """How each gauge stands at a time of the drill, and when it flips next: after `shortest_s` to `longest_s`."""

    count: int
    random: random.Random
    shortest_s: float
    longest_s: float
    levels: list[int] = field(init=False)
    flips: int = 0
    _due_s: list[float] = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.levels = [0] * self.count
        self._due_s = [self.random.uniform(0, self.longest_s) for _ in range(self.count)]

    def move_to(self, second: float) -> None:
        """Flip what was due to flip by `second`."""
        with self._lock:
            for number, due_s in enumerate(self._due_s):
                if second >= due_s:
                    self.levels[number] = 1 - self.levels[number]
                    self._due_s[number] = second + self.random.uniform(self.shortest_s, self.longest_s)
                    self.flips += 1

    def calm(self) -> None:
        """Put every gauge down for good, also one that another thread is about to flip."""
        with self._lock:
            self.levels = [0] * self.count
            self._due_s = [float("inf")] * self.count

    def labels(self, number: int) -> dict[str, str]:
        return {"part": str(number % len(PARTS)), "gauge": f"g{number:02}"}

    def page(self) -> str:
        """Give them as a page of metrics."""
        lines = [f"# TYPE {METRIC} gauge"]
        for number, level in enumerate(self.levels):
            labels = ",".join(f'{name}="{value}"' for name, value in self.labels(number).items())
            lines.append(f"{METRIC}{{{labels}}} {level}")
        return "\n".join(lines) + "\n"


def write_rules(folder: Path) -> None:
    """Write the rules on the gauges where a user puts them."""
    folder.mkdir(parents=True, exist_ok=True)
    rules = "".join(_rule(part, severity) for part, severity in enumerate(PARTS))
    (folder / "drill.yaml").write_text(f"rules:\n{rules}")


def _rule(part: int, severity: str) -> str:
    return f"""
  - name: {RULE}_{part}
    title: Gauge Is Up
    component: {RULE}_{part}
    severity: {severity}
    series:
      table: metric_samples
      value: value
      where: name = '{METRIC}' AND labels['part'] = '{part}'
      labels: [labels.gauge]
    condition: "> 0"
    summary: "Gauge {{{{ labels.gauge }}}} is up"
"""


@contextmanager
def platform(gauges: Gauges, second: Callable[[], float]) -> Iterator[str]:
    """Serve a healthy platform with the gauges as they stand at `second()`; gives its address."""

    def metrics(talk: Talk) -> None:
        gauges.move_to(second())
        answer(gauges.page(), kind="text/plain; version=0.0.4")(talk)

    with http_server() as server:
        server.on("/api/metrics", metrics)
        for path in _MONITORS:
            server.on(path, answer_json(_HEALTHY))
        yield server.url
