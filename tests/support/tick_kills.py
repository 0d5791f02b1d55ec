"""Killing a process that does nothing but evaluate and deliver, many times, faster than life.

Belongs here: the drill on ticks alone. Not here: the one on the whole stack (`stack_kills.py`), or judging what
arrived (`alert_audit.py`).

The drill has a clock of its own that runs `speed` times as fast, so that cooldowns, leases and waits of a minute take
seconds. What the network takes is real.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

from maxbooster_ops.alerting.delivering.delivery import deliver_due
from maxbooster_ops.alerting.evaluating.evaluation import evaluate
from maxbooster_ops.alerting.installation import Alerting, load_alerting
from maxbooster_ops.errors import StoreBusyError
from maxbooster_ops.processes import wait_for
from maxbooster_ops.settings import Settings
from maxbooster_ops.store.beats import Batch, beat_id
from maxbooster_ops.store.facts import BeatTaken, MetricSample
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import open_lake
from maxbooster_ops.store.opening import Store, open_store
from maxbooster_ops.store.state import State, open_state
from support.alert_audit import is_settled
from support.drill_gauges import METRIC, Gauges, write_rules
from support.facts import fact
from support.receiver_process import ReceiverProcess

_GAUGES = 24
_BEAT = timedelta(seconds=5)
_PAUSE_S = 0.05
_LONGEST_LIFE_S = 1.5
_CALM_WITHIN_S = 600.0
_BUDGET = timedelta(seconds=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class FastClock:
    """The time of the drill: it began at `began` (s since the epoch) and runs `speed` times as fast since."""

    began: float
    speed: float

    def __call__(self) -> datetime:
        return datetime.fromtimestamp(self.began + self.seconds(), UTC)

    def seconds(self) -> float:
        return (time.time() - self.began) * self.speed


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What the process that is killed must know. `dies_decided`: it kills itself between deciding and sending."""

    root: Path
    receiver_url: str
    clock: FastClock
    alive: Path
    dies_decided: bool


def tick(task: Task) -> None:
    """Evaluate and deliver, each in a thread of its own as the two sensors do, until somebody kills this process."""
    home = Home(root=task.root)
    alerting = _alerting(home, task.receiver_url)
    with open_lake(home, read_only=True) as lake, open_state(home) as state:
        if not task.dies_decided:
            threading.Thread(target=_deliver, args=(state, alerting.channels, task.clock), daemon=True).start()
        task.alive.touch()
        while True:
            with suppress(StoreBusyError):  # the next tick goes on, as the sensors' does
                evaluated = evaluate(lake, state, alerting.rulebook, alerting.policy, now=task.clock())
                if evaluated.messages and task.dies_decided:
                    os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(_PAUSE_S)


def _alerting(home: Home, receiver_url: str) -> Alerting:
    settings = Settings(
        _env_file=None,
        alert_webhook_url=f"{receiver_url}/webhook/s3cr3t",
        alert_allow_private_webhooks=True,
        alert_cooldown_minutes=0,
    )
    return load_alerting(settings, home)


def _deliver(state: State, channels, clock: FastClock) -> None:
    while True:
        with suppress(StoreBusyError):
            deliver_due(state, channels, now=clock, budget=_BUDGET)
        time.sleep(_PAUSE_S)


@dataclass
class TickDrill:
    """One drill in a home of its own: `wanted` kills, of which `kills` counts those at random and those in between."""

    root: Path
    receiver: ReceiverProcess
    wanted: int
    speed: float
    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    flips: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Kill as often as wanted, then let one process live until all is told."""
        # Forked from a small process that has everything imported, each is there at once, and without our threads.
        self._context = get_context("forkserver")
        self._context.set_forkserver_preload([__name__])
        self._clock = FastClock(began=time.time(), speed=self.speed)
        chance = random.Random(self.seed)
        gauges = Gauges(count=_GAUGES, random=random.Random(self.seed), shortest_s=15, longest_s=90)
        write_rules(Home(root=self.root).rules)
        with open_store(Home(root=self.root)) as store:
            self._first_evaluation(store, gauges)
            beating = threading.Thread(target=self._beat, args=(store, gauges))
            beating.start()
            try:
                for _ in range(self.wanted):
                    self._one_life(decided=chance.random() < 1 / 3, seconds=chance.uniform(0, _LONGEST_LIFE_S))
                self.flips = gauges.flips
                gauges.calm()
                self._until_calm(store.state)
            finally:
                self._over.set()
                beating.join()

    def _first_evaluation(self, store: Store, gauges: Gauges) -> None:
        """Evaluate one beat: a first evaluation goes back for minutes only, which pass before a slow process lives."""
        self._store_beat(store, gauges)
        alerting = _alerting(store.home, self.receiver.url)
        evaluate(store.lake, store.state, alerting.rulebook, alerting.policy, now=self._clock())

    def _beat(self, store: Store, gauges: Gauges) -> None:
        """Store a beat every five seconds of the drill."""
        while not self._over.wait(_BEAT.total_seconds() / self.speed):
            self._store_beat(store, gauges)

    def _store_beat(self, store: Store, gauges: Gauges) -> None:
        gauges.move_to(self._clock.seconds())
        at = self._clock()
        samples = [
            fact(
                MetricSample,
                ts=at,
                source="platform",
                name=METRIC,
                kind="gauge",
                labels=gauges.labels(number),
                value=float(level),
            )
            for number, level in enumerate(gauges.levels)
        ]
        facts = [fact(BeatTaken, ts=at, due=at, kind="beat"), *samples]
        store.beats.store(Batch(id=beat_id(at), due=at, facts=facts), {})

    def _one_life(self, *, decided: bool, seconds: float) -> None:
        """Let a process live until it has decided something, or for so long, and see it dead."""
        process = self._start(dies_decided=decided)
        if not decided:
            time.sleep(seconds)
            process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL, f"it ended by itself: {process.exitcode}"
        self.kills["between deciding and sending" if decided else "at random"] += 1

    def _until_calm(self, state: State) -> None:
        survivor = self._start(dies_decided=False)
        try:
            wait_for(lambda: is_settled(state, "webhook"), seconds=_CALM_WITHIN_S, what="everything to be told")
        finally:
            survivor.kill()
            survivor.join()

    def _start(self, *, dies_decided: bool) -> BaseProcess:
        alive = self.root / "alive"
        alive.unlink(missing_ok=True)
        task = Task(
            root=self.root,
            receiver_url=self.receiver.url,
            clock=self._clock,
            alive=alive,
            dies_decided=dies_decided,
        )
        process = self._context.Process(target=tick, args=(task,), daemon=True)
        process.start()
        wait_for(alive.exists, seconds=300, what="a process that ticks")
        return process
