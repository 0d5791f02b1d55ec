"""A past of services for objectives: requests, probes and jobs by the minute, and the runs that judged it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from maxbooster_ops.slo.maintenance import Maintenance
from maxbooster_ops.slo.objective import Objective
from maxbooster_ops.slo.windows import keep_windows
from maxbooster_ops.store.facts import BeatTaken, Fact, MetricSample, ProbeResult
from maxbooster_ops.store.findings import SloWindow
from maxbooster_ops.store.opening import Store
from support.facts import NOON, fact

BEAT = timedelta(seconds=30)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class ServicePast:
    """So many minutes from `start` on; what happens is by the minute since then.

    `requests` gives the good and the bad ones of a beat, None where the page cannot be read; `down` tells whether the
    monitor, asked every five minutes, fails.
    """

    minutes: int
    start: datetime = NOON
    requests: Callable[[float], tuple[float, float] | None] = lambda _: None
    monitor: str = "Database Connection"
    down: Callable[[float], bool] = lambda _: False

    def fill(self, store: Store) -> None:
        for kind in (BeatTaken, MetricSample, ProbeResult):
            rows = [row for row in self._rows() if isinstance(row, kind)]
            store.lake.write(lambda transaction, rows=rows: transaction.insert(rows, batch_id="past"))

    def _rows(self) -> Iterator[Fact]:
        for number in range(2 * self.minutes + 1):
            ts, minute = self.start + number * BEAT, number / 2
            yield fact(BeatTaken, ts=ts, due=ts, kind="beat")
            for status, grown in zip(("200", "500"), self.requests(minute) or (), strict=False):
                yield _counter(ts, status, grown)
            if number % 10 == 0:
                yield fact(ProbeResult, ts=ts, monitor=self.monitor, up=not self.down(minute), every_seconds=300.0)


def _counter(ts, status: str, grown: float) -> MetricSample:
    labels = {"route": "/a", "status_code": status}
    return fact(
        MetricSample,
        ts=ts,
        source="platform",
        name="http_requests_total",
        kind="counter",
        labels=labels,
        increase=grown,
    )


def judge_every_five_minutes(
    store: Store, objectives: Sequence[Objective], minutes: range, planned: Sequence[Maintenance] = ()
) -> list[SloWindow]:
    """Run as the schedule does, some seconds after every fifth minute since noon."""
    found: list[SloWindow] = []
    for minute in minutes:
        found += keep_windows(store, objectives, planned, now=NOON + minute * MINUTE + timedelta(seconds=7))
    return found
