"""Series read from a real lake: windows, quantiles against an own computation, first events, late facts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from support.facts import LIMITS, NOON, fact
from support.made_homes import HomeMaker
from support.rule_lake import Case, histogram, lake_with, metric

from maxbooster_ops.alerting.evaluating.series_reading import read_evaluations, read_news, read_series
from maxbooster_ops.alerting.rule import Rule
from maxbooster_ops.alerting.rulebook.rulebook import parse_rules
from maxbooster_ops.alerting.samples import Samples
from maxbooster_ops.errors import StoreError
from maxbooster_ops.store.facts import BeatTaken, Fact, ProbeResult, QueueSample
from maxbooster_ops.store.lake import Lake

END = NOON + timedelta(hours=1)
BEFORE = NOON - timedelta(seconds=1)


@pytest.fixture
def folder(tmp_path: Path, made_home: HomeMaker) -> Path:
    return made_home(tmp_path).root


def rule(series: str, condition: str = "> 0", name: str = "r") -> Rule:
    text = f"""\
rules:
  - name: {name}
    title: T
    component: c
    severity: info
    condition: "{condition}"
    summary: s
    labels: {{ team: web }}
    {series}
"""
    book = parse_rules(text, "r.yaml", LIMITS, staging=False)
    assert book.problems == ()
    return book.rules[0]


def beats(*rows: Sequence[Fact]) -> list[Case]:
    return [Case(rule="r", beats=rows, value=0)]


def offsets(samples: Samples) -> list[tuple[float, float]]:
    """Give the samples as seconds since noon and value."""
    return [(ts - NOON.timestamp(), value) for ts, value in zip(samples.ts, samples.values, strict=True)]


def waiting(queue: str, jobs: int) -> QueueSample:
    return fact(QueueSample, queue=queue, waiting=jobs)


def test_each_label_set_is_a_series_with_the_rules_own_labels(folder: Path):
    rows = beats([waiting("a", 1), waiting("b", 2), waiting("", 3)], [waiting("b", 4)])
    with lake_with(folder, rows) as lake:
        read = read_series(lake, rule("series: { table: queue_samples, value: waiting, labels: [queue] }"), NOON, END)
    assert [(dict(samples.labels), offsets(samples)) for samples in read] == [
        ({"team": "web"}, [(0, 3)]),
        ({"team": "web", "queue": "a"}, [(0, 1)]),
        ({"team": "web", "queue": "b"}, [(0, 2), (30, 4)]),
    ]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        pytest.param(0, 60, [0, 30], id="the start belongs to it, the end does not"),
        pytest.param(0.001, 60.001, [30, 60], id="just after both"),
    ],
)
def test_a_range_is_half_open(folder: Path, start: float, end: float, expected: list[float]):
    with lake_with(folder, beats(*[[waiting("a", 1)]] * 3)) as lake:
        since, until = NOON + timedelta(seconds=start), NOON + timedelta(seconds=end)
        (samples,) = read_series(lake, rule("series: { table: queue_samples, value: waiting }"), since, until)
        assert [ts for ts, _ in offsets(samples)] == expected
        assert [ts - NOON.timestamp() for ts in read_evaluations(lake, since, until)] == expected


@pytest.mark.parametrize(
    ("condition", "expected"), [("> 0", 7), ("< 100", 2)], ids=["too much is bad", "too little is bad"]
)
def test_of_rows_that_share_a_moment_the_worst_counts(folder: Path, condition: str, expected: float):
    with lake_with(folder, beats([waiting("a", 2), waiting("b", 7)])) as lake:
        (samples,) = read_series(lake, rule("series: { table: queue_samples, value: waiting }", condition), NOON, END)
    assert offsets(samples) == [(0, expected)]


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    [
        ("sum", [1, 3, 6, 9]), ("avg", [1, 1.5, 2, 3]), ("min", [1, 1, 1, 2]), ("max", [1, 2, 3, 4]),
        ("count", [1, 2, 3, 3]), ("last", [1, 2, 3, 4]), ("p50", [1, 1.5, 2, 3]),
    ],
)  # fmt: skip
def test_a_window_holds_what_is_younger_than_it_is_long(folder: Path, aggregate: str, expected: list[float]):
    """With beats at :00 and :30, a window of 90 s holds three; the fourth is exactly as old as it is long."""
    rows = beats(*([waiting("a", number)] for number in (1, 2, 3, 4)))
    series = f"series: {{ table: queue_samples, value: waiting, aggregate: {aggregate}, window: 90s }}"
    with lake_with(folder, rows) as lake:
        (whole,) = read_series(lake, rule(series), NOON, END)
        (newest,) = read_series(lake, rule(series), NOON + timedelta(seconds=90), END)
    assert [value for _, value in offsets(whole)] == expected
    assert offsets(newest) == [(90, expected[-1])], "a window reads back beyond the range that is asked for"


def quantile_of(bounds: Sequence[float], growth: Sequence[float], quantile: float) -> float | None:
    """Compute histogram_quantile by walking the buckets one by one, as its definition reads."""
    counts = np.maximum.accumulate(growth)
    rank = quantile * counts[-1]
    if rank == 0:
        return None
    for number, (bound, count) in enumerate(zip(bounds, counts, strict=True)):
        if count >= rank:
            if np.isinf(bound):
                return bounds[number - 1]
            lower, below = (bounds[number - 1], counts[number - 1]) if number else (0.0, 0.0)
            return float(lower + (bound - lower) * (rank - below) / (count - below))
    raise AssertionError("no bucket holds the rank")


@pytest.mark.parametrize("quantile", [0.5, 0.95, 0.999])
def test_quantiles_are_those_of_prometheus(folder: Path, quantile: float):
    """Random growth of two routes, summed; compared with a computation that shares nothing with the query."""
    random = np.random.default_rng(7)
    names = ["5", "10", "100", "1000", "+Inf"]
    growth = np.cumsum(random.integers(0, 20, size=(12, 2, len(names))), axis=2).astype(float)
    growth[3:8] = 0  # five beats without a request, more than the window is long
    rows = beats(
        *(
            [
                row
                for route, grown in zip("ab", beat, strict=True)
                for row in histogram("h", dict(zip(names, grown, strict=True)), route=route)
            ]
            for beat in growth
        )
    )
    series = f"series: {{ histogram: h, quantile: {quantile}, window: 2m }}"
    with lake_with(folder, rows) as lake:
        (samples,) = read_series(lake, rule(series), NOON, END)
    windows = [growth[max(0, last - 3) : last + 1].sum(axis=(0, 1)) for last in range(len(growth))]
    expected = [quantile_of([5, 10, 100, 1000, np.inf], window, quantile) for window in windows]
    known = [(30 * number, value) for number, value in enumerate(expected) if value is not None]
    assert len(known) < len(growth), "the quiet time has windows without a request"
    assert offsets(samples) == [(ts, pytest.approx(value)) for ts, value in known]


@pytest.mark.parametrize(
    ("growth", "expected"),
    [
        pytest.param({"10": 0, "+Inf": 4}, [10], id="beyond the last bound it is that bound"),
        pytest.param({"10": 4, "20": 2, "+Inf": 4}, [5], id="counts that fall are levelled"),
        pytest.param({"10": 4, "20": 4}, [], id="without +Inf there is none"),
        pytest.param({"+Inf": 4}, [], id="+Inf alone tells nothing"),
        pytest.param({"10": 0, "+Inf": 0}, [], id="of nothing there is none"),
    ],
)
def test_the_edges_of_a_histogram(folder: Path, growth: dict[str, float], expected: list[float]):
    with lake_with(folder, beats(histogram("h", growth))) as lake:
        read = read_series(lake, rule("series: { histogram: h, quantile: 0.5, window: 1m }"), NOON, END)
    assert [value for samples in read for _, value in offsets(samples)] == expected


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        pytest.param([["up"], ["up", "e"]], [0, 5], id="a counter that came to be with its first event"),
        pytest.param([["up", "e"]], [0], id="the first page of all says nothing of growth"),
        pytest.param([["up"], *[[]] * 21, ["up", "e"]], [0, 0], id="the page before is more than ten minutes old"),
        pytest.param([["up"], ["up"]], [0, 0], id="no such counter is no event"),
        pytest.param([["e"], []], [0], id="no page is no sample"),
    ],
)
def test_events_count_from_the_very_first(folder: Path, pages: list[list[str]], expected: list[float]):
    rows = beats(*([metric(name, 5, kind="counter" if name == "e" else "gauge") for name in page] for page in pages))
    with lake_with(folder, rows) as lake:
        (samples,) = read_series(lake, rule("series: { events: e, window: 1m }"), NOON, END)
    assert [value for _, value in offsets(samples)] == expected


def test_what_was_known_late_counts_from_then(folder: Path):
    """The probe of the first beat timed out and came with the second: nobody could have seen it before."""
    late = fact(ProbeResult, ts=NOON - timedelta(seconds=30), monitor="a", latency_ms=9.0)
    series = "series: { table: probe_results, value: latency_ms, labels: [monitor] }"
    with lake_with(folder, beats([], [late])) as lake:
        (samples,) = read_series(lake, rule(series), NOON, END)
        assert read_series(lake, rule(series), NOON, NOON + timedelta(seconds=30)) == []
    assert offsets(samples) == [(30, 9)]


def test_late_batches_are_no_moments_of_judgement(folder: Path):
    with lake_with(folder, beats([], [])) as lake:
        late = fact(BeatTaken, ts=NOON + timedelta(seconds=10), kind="late")
        lake.write(lambda transaction: transaction.insert([late], batch_id="late"))
        assert [ts - NOON.timestamp() for ts in read_evaluations(lake, NOON, END)] == [0, 30]


def broken(lake: Lake) -> list[Rule]:
    """Give two sound rules with one between them whose query fails on the values that are there."""
    sound = "series: { table: queue_samples, value: waiting }"
    failing = "series: { table: queue_samples, value: CAST(queue AS DOUBLE) }"
    with pytest.raises(StoreError, match="Could not convert string 'a' to DOUBLE"):
        read_series(lake, rule(failing), NOON, END)
    return [rule(sound, name="first"), rule(failing, name="failing"), rule(sound, name="last")]


@pytest.mark.parametrize("hours", [0.1, 3], ids=["a short range, read from memory", "a long range"])
def test_a_rule_that_cannot_be_read_holds_up_no_other(folder: Path, hours: float):
    with lake_with(folder, beats([waiting("a", 1)])) as lake:
        news = read_news(lake, broken(lake), BEFORE, NOON + timedelta(hours=hours), lateness=timedelta())
        assert {name: [offsets(samples) for samples in found] for name, found in news.samples.items()} == {
            "first": [[(0, 1)]],
            "last": [[(0, 1)]],
        }


def test_a_builtin_series_is_not_read_from_the_lake(folder: Path):
    with lake_with(folder, beats([])) as lake:
        builtin = rule("builtin: job_failed")
        news = read_news(lake, [builtin], BEFORE, END, lateness=timedelta())
        assert (read_series(lake, builtin, NOON, END), news.samples, len(news.moments)) == ([], {}, 1)


def test_without_a_beat_after_the_last_no_rule_is_read(folder: Path):
    """Also where samples came since: they are judged with the next beat."""
    with lake_with(folder, beats([waiting("a", 1)])) as lake:
        news = read_news(
            lake, [rule("series: { table: queue_samples, value: waiting }")], NOON, END, lateness=END - NOON
        )
    assert (len(news.moments), news.samples) == (0, {})
