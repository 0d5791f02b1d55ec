"""Killing the process that runs chaos scenarios, many times, and looking what is left after the next start.

Belongs here: the kills and the audit, which asks Redis, the process table, the file system and SQLite themselves and
none of our code. Not here: the life that is killed (`chaos_life.py`).
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from support.chaos_life import FAULT_POINTS, LEDGER_POINTS, NEVER
from support.redis_process import RedisProcess

LIMIT = 64 * 1024**2
_TESTS = Path(__file__).resolve().parents[1]

ON_SETTINGS = ("redis-full", "worker-crash", "slow-network", "queue-monitoring")
ON_STAND = ("posts-survive", "redis-restart", "slow-network", "redis-full", "store-full", "collector-killed")

_ENDED_WITHIN_S = 20.0
_LONGEST_LIFE_S = {"settings": 5.0, "sandbox": 12.0}


@dataclass
class Killing:
    """The drill: a home, a Redis that lives through all of it, and what was found."""

    root: Path
    seed: int
    random: random.Random = field(init=False)
    redis: RedisProcess = field(init=False)
    kills: Counter[str] = field(default_factory=Counter)
    open_faults: Counter[str] = field(default_factory=Counter)
    survived: int = 0
    wrong: list[str] = field(default_factory=list)
    start_s: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        (self.root / "redis").mkdir(parents=True)
        self.redis = RedisProcess(folder=self.root / "redis").start()
        with self.redis.client() as client:
            client.config_set("maxmemory-policy", "noeviction")
            client.config_set("maxmemory", LIMIT)
            client.set("bull:customers:meta", "not ours to touch")

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def environment(self) -> dict[str, str]:
        ours = {name: value for name, value in os.environ.items() if not name.startswith("MAXBOOSTER_")}
        return {
            **ours,
            "MAXBOOSTER_HOME": str(self.home),
            "MAXBOOSTER_ENV": "staging",
            "MAXBOOSTER_CHAOS_TARGETS": f"127.0.0.1:{self.redis.port}",
            "REDIS_URL": self.redis.url,
            "PYTHONPATH": str(_TESTS),
        }

    def kill_once(self, target: str, point: str) -> bool:
        """Live until killed, start anew, audit; False where it lived to its end."""
        scenario = self.random.choice(ON_SETTINGS if target == "settings" else ON_STAND)
        number = self.random.choice((1, 2, 2))
        command = [sys.executable, "-m", "support.chaos_life", target, point, str(number), scenario]
        log = self.root / "life.log"
        with log.open("ab") as output:
            life = subprocess.Popen(command, env=self.environment, stdout=output, stderr=output, cwd=self.root)
            if point == NEVER:
                self._kill_at_random(life, target)
            code = life.wait(timeout=180)
        if code != -signal.SIGKILL:
            self.survived += 1
            if code:
                self.wrong.append(f"{scenario} on {target} ended with {code}: {log.read_text()[-600:]}")
            return False
        where = "at random" if point == NEVER else point
        self.kills[f"{target}, {where}"] += 1
        self.open_faults.update(kind for _, kind in self._open_faults())
        self._start_anew()
        self.wrong += [f"{scenario} on {target}, {where} {number}: {left}" for left in self.left()]
        return True

    def _kill_at_random(self, life: subprocess.Popen[bytes], target: str) -> None:
        began = self._began(life)
        moment = time.monotonic() + self.random.uniform(0, _LONGEST_LIFE_S[target]) if began else time.monotonic()
        while life.poll() is None and time.monotonic() < moment:
            time.sleep(0.005)
        life.kill()

    def _began(self, life: subprocess.Popen[bytes]) -> bool:
        """Wait until the ledger has a fault under way: before that there is nothing to leave behind."""
        while life.poll() is None:
            if self._open_faults():
                return True
            time.sleep(0.01)
        return False

    def _start_anew(self) -> None:
        began = time.monotonic()
        command = [sys.executable, "-m", "maxbooster_ops", "chaos", "--roll-back"]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False, cwd=self.root)
        self.start_s.append(time.monotonic() - began)
        if done.returncode:
            self.wrong.append(f"the next start ended with {done.returncode}: {done.stdout}{done.stderr}")

    def left(self) -> Iterator[str]:
        """Tell everything that is left of a drill."""
        until = time.monotonic() + _ENDED_WITHIN_S
        while (alive := self._programs()) and time.monotonic() < until:
            time.sleep(0.05)
        yield from (f"process {one}" for one in alive)
        yield from (f"open fault {fault}" for fault in self._open_faults())
        with self.redis.client() as client:
            limit = int(client.config_get("maxmemory")["maxmemory"])
            if limit != LIMIT:
                yield f"Redis' limit is {limit}"
            yield from (f"key {key!r}" for key in client.keys("*") if key != b"bull:customers:meta")
            others = [one for one in client.client_list() if one["id"] != str(client.client_id())]
            yield from (f"connection to Redis {one['name'] or one['addr']}" for one in others)
        drills = self.home / "drills"
        yield from (f"folder {path.name}" for path in drills.iterdir() if path.is_dir())
        yield from (f"mount {line}" for line in Path("/proc/mounts").read_text().splitlines() if str(self.home) in line)

    def _programs(self) -> list[str]:
        """Find what names the home or a queue of a drill, or has the home in its environment; Redis of ours aside."""
        found = []
        for process in psutil.process_iter(["pid", "cmdline"]):
            command = " ".join(process.info["cmdline"] or ())
            try:
                environment = process.environ().get("MAXBOOSTER_HOME")
            except (psutil.Error, OSError):
                environment = None
            if process.pid != os.getpid() and (str(self.home) in command or environment == str(self.home)):
                found.append(f"{process.pid} {command[:200]}")
        return found

    def _open_faults(self) -> list[tuple[str, str]]:
        try:
            with sqlite3.connect(f"file:{self.home / 'state.db'}?mode=ro", uri=True) as state:
                return state.execute("SELECT id, kind FROM faults WHERE state <> 'rolled_back'").fetchall()
        except sqlite3.OperationalError:  # not there yet
            return []

    def run(self, wanted: int, *, on_stand: float, told: Callable[[str], None]) -> None:
        """Kill until `wanted` kills hit, every point in turn."""
        points = [*LEDGER_POINTS, *FAULT_POINTS, NEVER, NEVER, NEVER]
        turn = 0
        while sum(self.kills.values()) < wanted:
            target = "sandbox" if self.random.random() < on_stand else "settings"
            self.kill_once(target, points[turn % len(points)])
            turn += 1
            told(f"{sum(self.kills.values())} kills, {self.survived} survived, {len(self.wrong)} left behind")
