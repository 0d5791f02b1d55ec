"""An installation with a real Redis and a real platform, for tests of dead letters."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from maxbooster_ops.clock import utc_now
from maxbooster_ops.collecting import open_collector
from maxbooster_ops.dead_letters.by_hand import Editing
from maxbooster_ops.dead_letters.finding import Finder, Found
from maxbooster_ops.dead_letters.letter import Letter, LetterState
from maxbooster_ops.dead_letters.letter_store import chosen
from maxbooster_ops.dead_letters.queue_side import QueueSide, queue_side
from maxbooster_ops.dead_letters.redriving import Redrive, Redriven
from maxbooster_ops.dead_letters.selecting import Selection
from maxbooster_ops.dead_letters.settling import Settled, Settling
from maxbooster_ops.processes.waiting import wait_for
from maxbooster_ops.settings import Settings, variables
from maxbooster_ops.sources.collector import Collector
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.opening import Store, open_store
from support.node_platform import NodePlatform
from support.redis_process import RedisProcess

BROKEN = {"failWhile": "outage", "effects": "effects", "reason": "no connection to the bank"}
"""Data of a job that fails as long as there is an outage, and leaves a mark when it succeeds."""


@dataclass
class DeadLetterRig:
    """Time is the machine's, moved on by `ahead` where a test waits for hours."""

    redis: RedisProcess
    platform: NodePlatform
    collector: Collector
    store: Store
    side: QueueSide
    redacted: tuple[str, ...] = ()
    ahead: timedelta = field(default_factory=timedelta)

    def now(self):
        return utc_now() + self.ahead

    def look(self) -> Found:
        """Take a beat, and find and settle as every collecting run does."""
        wait_for(self._reads, seconds=120, what="a beat that has read the queues")
        lake, state = self.store.lake, self.store.state
        found = Finder(lake=lake, state=state, side=self.side, redacted=self.redacted).find(utc_now())
        self.settled: Settled = Settling(lake=lake, state=state, side=self.side, chance=random.Random(1).random).settle(
            self.now()
        )
        return found

    def _reads(self) -> bool:
        """Take a beat; what one could not read within its deadline, the next one reads."""
        return self.collector.beat(utc_now()).sources["bullmq"].error is None

    def redrive(self, **kept: Any) -> Redriven:
        """Bring back what is due."""
        now = self.now()
        with self.store.state.reading() as connection:
            due = chosen(connection, Selection(states=(LetterState.PENDING,), due_by=now), whole=True)
        return Redrive(state=self.store.state, side=self.side, actor="test", why="due", **kept).run(due, clock=self.now)

    def letters(self, **selection: Any) -> list[Letter]:
        with self.store.state.reading() as connection:
            return chosen(connection, Selection(**selection), whole=True)

    def letter(self) -> Letter:
        (letter,) = self.letters()
        return letter

    def until(self, queue: str, prefix: str = "bull", **counts: int) -> None:
        """Wait until the queue holds so many jobs of each state."""
        holds = lambda: counts.items() <= self.platform.tell("counts", queue=queue, prefix=prefix).items()  # noqa: E731
        wait_for(holds, seconds=300, what=f"{counts} in {queue}")


@contextmanager
def dead_letter_rig(folder: Path, major: int = 6, **settings: Any) -> Iterator[DeadLetterRig]:
    with ExitStack() as stack:
        (folder / "redis").mkdir()
        redis = RedisProcess(folder=folder / "redis", durable=True).start()
        stack.callback(redis.kill)
        platform = NodePlatform(redis, major)
        stack.callback(platform.close)
        home = Home(root=folder / "home")
        chosen_settings = Settings(_env_file=None, redis_url=redis.url, maxbooster_home=home.root, **settings)
        collector = stack.enter_context(open_collector(chosen_settings))
        store = stack.enter_context(open_store(home))
        side = stack.enter_context(queue_side(redis.url))
        yield DeadLetterRig(redis=redis, platform=platform, collector=collector, store=store, side=side)


def installed(rig: DeadLetterRig, monkeypatch: pytest.MonkeyPatch) -> DeadLetterRig:
    """Let commands and pipelines of this process find the rig, and nothing of the machine's."""
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(rig.store.home.root.parent)
    monkeypatch.setenv("REDIS_URL", rig.redis.url)
    monkeypatch.setenv("MAXBOOSTER_HOME", str(rig.store.home.root))
    return rig


def die(rig, *, jobs=1, opts=None, data=BROKEN, queue="mail", waits_for=None):
    """Let jobs use up their attempts, until the queue holds `waits_for` dead ones where it held some before."""
    with rig.redis.client() as client:
        client.set("outage", 1)
    rig.platform.tell("work", queue=queue)
    ids = rig.platform.tell("add", queue=queue, jobs=[{"name": "send", "data": data, "opts": opts or {}}] * jobs)
    rig.until(queue, failed=waits_for or jobs)
    return ids


def mend(rig):
    with rig.redis.client() as client:
        client.delete("outage")


def effects(rig):
    with rig.redis.client() as client:
        return sorted(client.lrange("effects", 0, -1))


def editing(rig):
    return Editing(state=rig.store.state, side=rig.side, redacted=rig.redacted)
