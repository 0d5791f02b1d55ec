"""A real lake with the rows that rules read, each case of a test in hours of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from maxbooster_ops.store.facts import BeatTaken, Fact, MetricSample
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import Lake, open_lake
from support.facts import NOON, fact

BEAT = timedelta(seconds=30)


@dataclass(frozen=True, kw_only=True)
class Case:
    """What one rule reads: rows by the beat that brought them, and what the last sample of one series must be."""

    rule: str
    beats: Sequence[Sequence[Fact]]
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


def starts(cases: Sequence[Case]) -> dict[str, datetime]:
    """Give each case its own time: three hours apart, so that no window reaches another case."""
    return {case.rule: NOON + number * timedelta(hours=3) for number, case in enumerate(cases)}


def at(start: datetime, rows: Sequence[Fact], number: int) -> list[Fact]:
    """Give the rows of one beat their time; what happened before its beat keeps its distance from noon."""
    moment = start + number * BEAT
    return [replace(row, ts=moment + (row.ts - NOON)) for row in rows]


@contextmanager
def lake_with(folder: Path, cases: Sequence[Case]) -> Iterator[Lake]:
    """Open a lake that holds the rows of all cases, each beat stored as a collector does."""
    with open_lake(Home(root=folder)) as lake:
        lake.write(lambda transaction: [store(transaction, start, case) for case, start in _timed(cases)])
        yield lake


def _timed(cases: Sequence[Case]) -> list[tuple[Case, datetime]]:
    times = starts(cases)
    return [(case, times[case.rule]) for case in cases]


def store(transaction, start: datetime, case: Case) -> None:
    for number, rows in enumerate(case.beats):
        moment = start + number * BEAT
        facts = [fact(BeatTaken, ts=moment, due=moment, kind="beat"), *at(start, rows, number)]
        for _, same in groupby(sorted(facts, key=attrgetter("table")), key=attrgetter("table")):
            transaction.insert(list(same), batch_id=f"beat-{moment:%Y%m%dT%H%M%S}")


def metric(name: str, value: float = 0.0, increase: float | None = None, kind: str = "gauge", **labels: str) -> Fact:
    """Give one series of the platform's page at noon; with an `increase` it is a counter."""
    return fact(
        MetricSample,
        source="platform",
        name=name,
        kind="counter" if increase is not None and kind == "gauge" else kind,
        value=value,
        increase=increase,
        labels=labels,
    )


def histogram(name: str, growth: Mapping[str, float], **labels: str) -> list[Fact]:
    """Give the buckets of a histogram by their bound, each with its growth since the beat before."""
    return [metric(f"{name}_bucket", increase=grown, kind="histogram", le=le, **labels) for le, grown in growth.items()]
