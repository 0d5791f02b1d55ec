"""Killing a process that looks for dead letters and brings them back, many times, and Redis with it.

Belongs here: the drill. Not here: judging what it left (`dead_letter_audit.py`). Its clock runs so fast that backoffs
of hours take seconds; what Redis, BullMQ and its workers do is real.
"""

from __future__ import annotations

import logging
import os
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

import structlog
from redis.exceptions import RedisError

from maxbooster_ops.clock import utc_now
from maxbooster_ops.collecting import open_collector
from maxbooster_ops.dead_letters.finding import Finder
from maxbooster_ops.dead_letters.letter import LetterState
from maxbooster_ops.dead_letters.letter_store import chosen
from maxbooster_ops.dead_letters.queue_side import QueueSide, queue_side
from maxbooster_ops.dead_letters.redriving import Redrive, return_of
from maxbooster_ops.dead_letters.selecting import Selection
from maxbooster_ops.dead_letters.settling import Settling
from maxbooster_ops.processes import wait_for
from maxbooster_ops.settings import Settings
from maxbooster_ops.sources.collector import Collector
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.opening import Store, open_store
from support.node_platform import NodePlatform
from support.redis_process import RedisProcess
from support.tick_kills import FastClock

QUEUES = ("mail", "report", "export", "image", "billing")
_STALLS = {"lockDuration": 3000, "stalledInterval": 1000, "maxStalledCount": 20, "concurrency": 5}
"""A worker that lost its lock while Redis was away is taken over soon, and never failed for it: stalls are BullMQ's."""

_LONGEST_LIFE_S = 2.5
_MENDED_WITHIN = timedelta(hours=10)
"""The fifth try comes after fifteen hours: what is mended before that has to recover."""

_OVER_WITHIN_S = 900.0
_STARTED_WITHIN_S = 300.0


class Dies(StrEnum):
    """When a process is killed: whenever the drill likes, or by itself right between two steps."""

    AT_RANDOM = "at random"
    CLAIMED = "claimed, not brought back"
    RETURNED = "brought back, not looked at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What the process that is killed must know."""

    root: Path
    redis_url: str
    clock: FastClock
    alive: Path
    dies: Dies
    seed: int


def live(life: Life) -> None:
    """Find, settle and bring back in a loop, until somebody kills this process."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    settings = Settings(_env_file=None, redis_url=life.redis_url, maxbooster_home=life.root)
    with open_collector(settings) as collector, open_store(Home(root=life.root)) as store:
        life.alive.touch()
        while True:
            try:
                with queue_side(life.redis_url) as side:
                    _rounds(life, collector, store, side)
            except Exception as error:
                if not isinstance(error.__cause__, RedisError):
                    raise
                time.sleep(0.2)  # Redis is away: the next run goes on


def _rounds(life: Life, collector: Collector, store: Store, side: QueueSide) -> None:
    chance = random.Random(life.seed).random
    finder = Finder(lake=store.lake, state=store.state, side=side)
    settling = Settling(lake=store.lake, state=store.state, side=side, chance=chance)
    redrive = Redrive(state=store.state, side=side, actor="drill", why="due")
    while True:
        collector.beat(utc_now())
        finder.find(utc_now())
        settling.settle(life.clock())
        with store.state.reading() as connection:
            due = chosen(connection, Selection(states=(LetterState.PENDING,), due_by=life.clock()))
        if due and life.dies is not Dies.AT_RANDOM:
            claimed = redrive.claim(due, life.clock())
            if life.dies is Dies.RETURNED:
                side.bring_back([return_of(letter, letter.try_token or "") for letter in claimed])
            os.kill(os.getpid(), signal.SIGKILL)
        redrive.run(due, clock=life.clock)
        time.sleep(0.05)


@dataclass
class LetterDrill:
    """One drill with a home, a Redis and a platform of its own; `kills` and `redis_kills` say what was done."""

    root: Path
    major: int
    jobs: int
    wanted: int
    redis_wanted: int
    speed: float
    seed: int
    kills: Counter[Dies] = field(default_factory=Counter)
    redis_kills: int = 0
    mortal: dict[str, set[str]] = field(default_factory=dict)
    """Ids per queue of the jobs that never succeed."""
    mendable: dict[str, set[str]] = field(default_factory=dict)
    """Ids per queue of those that succeed as soon as their outage is over."""
    attempts: dict[tuple[str, str], int] = field(default_factory=dict)

    def run(self) -> None:
        """Let jobs die, kill as often as wanted, then let one process live until nothing more can happen."""
        self._context = get_context("forkserver")
        self._context.set_forkserver_preload([__name__])
        self._clock = FastClock(began=time.time(), speed=self.speed)
        self._chance = random.Random(self.seed)
        (self.root / "redis").mkdir(parents=True)
        self.redis = RedisProcess(folder=self.root / "redis", durable=True).start()
        with open_store(Home(root=self.root / "home")):
            pass
        platform = NodePlatform(self.redis, self.major)
        try:
            for queue in QUEUES:
                platform.tell("work", queue=queue, **_STALLS)
            self._lives(platform)
            self._survive()
        finally:
            platform.kill()

    def _lives(self, platform: NodePlatform) -> None:
        batches = max(self.wanted // 2, 1)
        without_redis = set(self._chance.sample(range(1, self.wanted + 1), self.redis_wanted))
        kinds = [Dies.CLAIMED, Dies.RETURNED, Dies.AT_RANDOM, Dies.AT_RANDOM]
        for number in range(self.wanted):
            if number < batches:
                self._add(platform, number, self.jobs * (number + 1) // batches - self.jobs * number // batches)
            self._one_life(self._chance.choice(kinds), restarts_redis=number + 1 in without_redis)

    def _add(self, platform: NodePlatform, batch: int, count: int) -> None:
        """Add jobs that die, half of them until their outage is over."""
        outage, ids = f"outage:{batch}", list[tuple[str, str]]()
        with self.redis.client() as client:
            client.mset({outage: 1, "outage:ever": 1})
            for number in range(count):
                queue = QUEUES[(batch + number) % len(QUEUES)]
                is_mortal = (batch + number) // len(QUEUES) % 2 == 0
                data = {
                    "workMs": self._chance.choice([0, 5, 40]),
                    "failWhile": "outage:ever" if is_mortal else outage,
                    "runs": f"runs:{queue}",
                    "marks": f"marks:{queue}",
                }
                attempts = self._chance.choice([2, 3])
                opts = {"attempts": attempts, "backoff": {"type": "fixed", "delay": self._chance.choice([0, 50, 300])}}
                opts |= self._chance.choice([{}, {"priority": self._chance.randint(1, 9)}, {"lifo": True}])
                (job,) = platform.tell("add", queue=queue, jobs=[{"name": "send", "data": data, "opts": opts}])
                (self.mortal if is_mortal else self.mendable).setdefault(queue, set()).add(job)
                self.attempts[queue, job] = attempts
                ids.append((queue, job))
            died = lambda: all(client.zscore(f"bull:{queue}:failed", job) for queue, job in ids)  # noqa: E731
            wait_for(died, seconds=_OVER_WITHIN_S, what="the first death of each job")
            # Ended by Redis, on time, whatever waits here for a process to start or to die.
            lasts_s = self._chance.uniform(0, _MENDED_WITHIN.total_seconds()) / self.speed
            client.pexpire(outage, max(1, round(lasts_s * 1000)))

    def _one_life(self, dies: Dies, *, restarts_redis: bool) -> None:
        process = self._start(dies)
        seconds = self._chance.uniform(0, _LONGEST_LIFE_S)
        if restarts_redis:
            time.sleep(seconds / 2)
            self._restart_redis()
        if dies is Dies.AT_RANDOM:
            time.sleep(seconds)
            process.kill()
        process.join(60)
        if process.is_alive():  # nothing was due within a minute: kill it where it is
            process.kill()
            process.join()
            dies = Dies.AT_RANDOM
        assert process.exitcode == -signal.SIGKILL, f"it ended by itself: {process.exitcode}"
        self.kills[dies] += 1

    def _restart_redis(self) -> None:
        self.redis.kill()
        self.redis_kills += 1
        time.sleep(self._chance.uniform(0, 1))
        self.redis.start()

    def _survive(self) -> None:
        """Let one process live until every letter has come to its end."""
        survivor = self._start(Dies.AT_RANDOM)
        expected = self.jobs

        def is_over() -> bool:
            assert survivor.is_alive(), f"the survivor ended: {survivor.exitcode}"
            with open_store(Home(root=self.root / "home")) as store, store.state.reading() as connection:
                letters = chosen(connection, Selection())
            moving = {LetterState.PENDING, LetterState.RETRYING}
            return len(letters) >= expected and not any(letter.state in moving for letter in letters)

        try:
            wait_for(is_over, seconds=_OVER_WITHIN_S, what="every letter to come to its end")
        finally:
            survivor.kill()
            survivor.join()

    def _start(self, dies: Dies) -> BaseProcess:
        alive = self.root / "alive"
        alive.unlink(missing_ok=True)
        life = Life(
            root=self.root / "home",
            redis_url=self.redis.url,
            clock=self._clock,
            alive=alive,
            dies=dies,
            seed=self._chance.randrange(2**32),
        )
        process = self._context.Process(target=live, args=(life,), daemon=True)
        process.start()
        wait_for(alive.exists, seconds=_STARTED_WITHIN_S, what="a process that looks for dead letters")
        return process
