"""Killing what `maxbooster-ops up` runs, at random moments, while it watches gauges that flip.

Belongs here: the drill on the whole stack. Not here: the one on ticks alone (`tick_kills.py`), or judging what arrived.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from maxbooster_ops.store.home import Home
from maxbooster_ops.store.state import open_state
from support.alert_audit import is_settled
from support.drill_gauges import Gauges, platform, write_rules
from support.receiver_process import ReceiverProcess
from support.redis_process import free_port
from support.running_up import RunningUp, eventually

COMMANDS = {"daemon": ("dagster-daemon", "run"), "code server": ("dagster", "api", "grpc")}
"""What is killed besides `up` itself, by the words of its command line."""

_GAUGES = 24
_CALM_WITHIN_S = 600.0


@dataclass
class StackDrill:
    """One drill in a home of its own. `wanted` says how often what is killed, `kills` how often it was."""

    root: Path
    receiver: ReceiverProcess
    wanted: Mapping[str, int]
    pause_s: tuple[float, float]
    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    starts: int = 0
    flips: int = 0
    _up: RunningUp | None = None

    def run(self) -> None:
        """Kill everything as often as wanted, then wait until all is told."""
        chance = random.Random(self.seed)
        gauges = Gauges(count=_GAUGES, random=random.Random(self.seed), shortest_s=20, longest_s=90)
        write_rules(Home(root=self.root).rules)
        began = time.monotonic()
        with platform(gauges, lambda: time.monotonic() - began) as url:
            try:
                self._keep_up(url)
                order = [name for name, count in self.wanted.items() for _ in range(count)]
                for name in chance.sample(order, len(order)):
                    self._run_on(url, seconds=chance.uniform(*self.pause_s))
                    self._kill(name, url)
                self.flips = gauges.flips
                gauges.calm()
                self._wait_for_calm(url)
            finally:
                self._up.stop() if self._up else None

    def _run_on(self, url: str, *, seconds: float) -> None:
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            self._keep_up(url)
            time.sleep(0.2)

    def _keep_up(self, url: str) -> None:
        """Start `up` where it does not run, as a service manager does: it ends when a program of its died too often."""
        if self._up and self._up.process.poll() is None:
            return
        variables = {
            "PLATFORM_URL": url,
            "MAXBOOSTER_COLLECT_INTERVAL_SECONDS": "5",
            "ALERT_COOLDOWN_MINUTES": "0",
            "ALERT_WEBHOOK_URL": f"{self.receiver.url}/webhook/s3cr3t",
            "ALERT_ALLOW_PRIVATE_WEBHOOKS": "true",
        }
        self._up = RunningUp(home=self.root, port=free_port(), variables=variables).start()
        self.starts += 1

    def _kill(self, name: str, url: str) -> None:
        """Kill it as soon as it runs."""

        def victim() -> psutil.Process | None:
            self._keep_up(url)
            up = psutil.Process(self._up.process.pid)
            return up if name == "up" else _child(up, COMMANDS[name])

        eventually(victim, seconds=120, what=f"a running {name}").kill()
        self.kills[name] += 1

    def _wait_for_calm(self, url: str) -> None:
        deadline = time.monotonic() + _CALM_WITHIN_S
        with open_state(Home(root=self.root)) as state:
            while not is_settled(state, "webhook"):
                self._run_on(url, seconds=2)
                assert time.monotonic() < deadline, f"not calm within {_CALM_WITHIN_S:g} s"


def _child(up: psutil.Process, words: tuple[str, ...]) -> psutil.Process | None:
    for child in up.children():
        try:
            line = " ".join(child.cmdline())
            if child.status() != psutil.STATUS_ZOMBIE and " ".join(words) in line:
                return child
        except psutil.NoSuchProcess:
            continue
    return None
