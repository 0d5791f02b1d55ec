"""A storm: a thousand label sets that fire at once, half of them consequences of one cause, which is the only P0.

Belongs here: making it and watching it. Not here: what is measured of it.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from maxbooster_ops.alerting.delivering import outbox as waiting
from maxbooster_ops.alerting.delivering.delivery import deliver_due
from maxbooster_ops.alerting.evaluating.evaluation import Evaluated, evaluate
from maxbooster_ops.alerting.installation import load_alerting
from maxbooster_ops.settings import Settings
from maxbooster_ops.store.alert_tables import alert_decisions, outbox
from maxbooster_ops.store.beats import Batch, beat_id
from maxbooster_ops.store.facts import BeatTaken, MetricSample
from maxbooster_ops.store.lake import Lake
from maxbooster_ops.store.opening import Store
from maxbooster_ops.store.state import State
from support.alert_receiver import AlertReceiver
from support.facts import fact

LABEL_SETS = 1000
INHIBITED = 500
BEAT = timedelta(seconds=30)
TICK = timedelta(seconds=10)
P0_SUMMARY = "Zone a is down"

RULES = """
rules:
  - name: zone_down
    title: Zone Is Down
    component: zones
    severity: critical
    series: {table: metric_samples, value: value, where: name = 'zone_down', labels: [labels.zone]}
    condition: "> 0"
    summary: "Zone {{ labels.zone }} is down"
  - name: worker_stuck
    title: Worker Is Stuck
    component: workers
    severity: error
    series: {table: metric_samples, value: value, where: name = 'worker_stuck', labels: [labels.zone, labels.worker]}
    condition: "> 0"
    summary: "Worker {{ labels.worker }} in zone {{ labels.zone }} is stuck"
inhibitions:
  - name: zone_down_over_its_workers
    source: [rule=zone_down]
    target: [rule=worker_stuck]
    equal: [zone]
"""


class _LookedOnly(Exception):  # noqa: N818 -- it takes a transaction back, nothing went wrong
    pass


class TimedLake:
    """The lake, with the time that its answers take."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self.seconds = 0.0

    def columns(self, *arguments: Any) -> Any:
        return self._timed(lambda: self._lake.columns(*arguments))

    def query(self, *arguments: Any) -> Any:
        return self._timed(lambda: self._lake.query(*arguments))

    @contextmanager
    def held(self, since: Mapping[str, datetime], until: datetime) -> Iterator[None]:
        holding = self._lake.held(since, until)
        self._timed(holding.__enter__)
        try:
            yield
        finally:
            self._timed(lambda: holding.__exit__(None, None, None))

    def _timed(self, ask: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        try:
            return ask()
        finally:
            self.seconds += time.perf_counter() - began


class TimedState:
    """The state, with the time that its write transactions take from end to end."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.seconds = 0.0

    def reading(self) -> Any:
        return self._state.reading()

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        began = time.perf_counter()
        try:
            with self._state.writing() as connection:
                yield connection
        finally:
            self.seconds += time.perf_counter() - began


@dataclass(frozen=True, slots=True, kw_only=True)
class TickTimes:
    """What one evaluation took, in s: reading the lake, the transaction, and the rest, which is advancing."""

    whole: float
    lake: float
    transaction: float

    @property
    def advancing(self) -> float:
        return self.whole - self.lake - self.transaction


@dataclass
class Storm:
    """One store, its rules and its channels, with a clock that goes from beat to beat."""

    store: Store
    settings: Settings
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        rules: Path = self.store.home.rules
        rules.mkdir(parents=True, exist_ok=True)
        (rules / "storm.yaml").write_text(RULES)
        self.alerting = load_alerting(self.settings, self.store.home)
        assert self.alerting.problems == ()

    def beat(self, stuck: Callable[[int], bool], *, is_down: bool) -> None:
        """Store a beat half a minute later; `stuck` says it of a worker by its number, the first 500 in the zone."""
        self.now += BEAT
        workers = [self._gauge("worker_stuck", stuck(n), _zone(n), worker=f"w{n:03}") for n in range(LABEL_SETS - 1)]
        facts = [
            fact(BeatTaken, ts=self.now, due=self.now, kind="beat"),
            self._gauge("zone_down", is_down, "a"),
            *workers,
        ]
        self.store.beats.store(Batch(id=beat_id(self.now), due=self.now, facts=facts), {})

    def tick(self, *, later: timedelta = timedelta(seconds=2)) -> tuple[Evaluated, TickTimes]:
        """Evaluate `later` than the newest beat, and time it."""
        lake, state = TimedLake(self.store.lake), TimedState(self.store.state)
        began = time.perf_counter()
        done = evaluate(lake, state, self.alerting.rulebook, self.alerting.policy, now=self.now + later)
        whole = time.perf_counter() - began
        return done, TickTimes(whole=whole, lake=lake.seconds, transaction=state.seconds)

    def ticks(self) -> None:
        """Evaluate as often as happens between two beats."""
        for number in range(3):
            self.tick(later=timedelta(seconds=2) + number * TICK)

    def settle(self) -> None:
        """Let everything end, and three minutes pass."""
        for _ in range(6):
            self.beat(lambda _: False, is_down=False)
            self.ticks()

    def deliver(self) -> None:
        """Deliver everything that the ticks so far put out."""
        ahead = self.now + BEAT - datetime.now(UTC)
        deliver_due(
            self.store.state,
            self.alerting.channels,
            now=lambda: datetime.now(UTC) + ahead,
            budget=timedelta(hours=1),
        )

    def messages(self) -> Counter[str]:
        """Count the messages of each channel."""
        with self.store.state.reading() as connection:
            return Counter(connection.scalars(sa.select(outbox.c.channel)))

    def next_tries(self) -> dict[str, bool]:
        """Say of each channel whether what it tries next is the P0; nothing is claimed by that."""
        now, is_p0 = self.now + BEAT, {}
        with suppress(_LookedOnly), self.store.state.writing() as connection:
            for channel in waiting.due(connection, now):
                claim = waiting.claim(connection, channel, now)
                is_p0[channel] = claim is not None and P0_SUMMARY in claim.message.to_json()
            raise _LookedOnly
        return is_p0

    def inhibited(self) -> int:
        """Count the alerts that were held because their cause fires."""
        query = sa.select(sa.func.count(alert_decisions.c.alert_id.distinct())).where(
            alert_decisions.c.reason == "inhibited"
        )
        with self.store.state.reading() as connection:
            return int(connection.scalar(query) or 0)

    def _gauge(self, name: str, up: bool, zone: str, **labels: str) -> MetricSample:  # noqa: FBT001 -- one of three
        labels = {"zone": zone, **labels}
        return fact(
            MetricSample, ts=self.now, source="platform", name=name, kind="gauge", labels=labels, value=float(up)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StormAtOnce:
    """What one storm came to. `p0_s`: how long after its evaluation began the P0 arrived at each vendor.

    `p0_next`: by channel, whether the P0 was the first to be tried; several are on their way at once after it.
    """

    times: TickTimes
    begun: int
    inhibited: int
    p0_next: dict[str, bool]
    p0_s: dict[str, float]
    messages: dict[str, int]

    @classmethod
    def run(cls, storm: Storm, receiver: AlertReceiver) -> StormAtOnce:
        """Fire everything between two beats, go on for two minutes, let all of it end, and wait for the last word."""
        storm.beat(lambda _: False, is_down=False)
        storm.tick()
        storm.beat(lambda _: True, is_down=True)
        began = time.time()
        done, times = storm.tick()
        p0_next = storm.next_tries()
        storm.deliver()
        inhibited = storm.inhibited()
        p0_s = {each.vendor: each.at - began for each in receiver.accepted if P0_SUMMARY in json.dumps(each.document)}
        for _ in range(4):
            storm.beat(lambda _: True, is_down=True)
            storm.ticks()
        storm.settle()
        return cls(
            times=times,
            begun=len(done.begun),
            inhibited=inhibited,
            p0_next=p0_next,
            p0_s=p0_s,
            messages=storm.messages(),
        )


def _zone(number: int) -> str:
    return "a" if number < INHIBITED else "b"
