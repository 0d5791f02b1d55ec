"""Rollups in a real lake: against numpy, with late rows, after outages, and done over again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import numpy as np
import pytest
from support.facts import NOON, fact
from support.made_homes import HomeMaker
from support.past import Past

from maxbooster_ops.analysis.rollups.rolling import roll_up, roll_up_day
from maxbooster_ops.store.facts import BeatTaken, Fact, MetricSample, ProbeResult, QueueJob, QueueSample
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.opening import Store, open_store

QUANTILES = {"p50": 0.5, "p75": 0.75, "p95": 0.95, "p99": 0.99, "p999": 0.999}
DAY, HALF_HOUR, SECOND = timedelta(days=1), timedelta(minutes=30), timedelta(seconds=1)
TODAY = NOON.date()


@pytest.fixture
def store(tmp_path: Path, made_home: HomeMaker) -> Iterator[Store]:
    with open_store(made_home(tmp_path)) as opened:
        yield opened


def beat(store: Store, at: datetime, facts: Sequence[Fact]) -> None:
    """Store `facts` with the beat at `at`, as a collector does."""
    rows = sorted([fact(BeatTaken, ts=at, due=at, kind="beat"), *facts], key=attrgetter("table"))
    groups = [list(group) for _, group in groupby(rows, key=attrgetter("table"))]
    batch_id = f"beat-{at:%Y%m%dT%H%M%S.%f}Z"
    store.lake.write(lambda transaction: [transaction.insert(group, batch_id=batch_id) for group in groups])


def gauge(at: datetime, value: float, name: str = "g") -> MetricSample:
    return fact(MetricSample, ts=at, source="platform", name=name, kind="gauge", value=value)


def job(at: datetime, ms: float, queue: str = "q") -> QueueJob:
    return fact(QueueJob, ts=at, prefix="bull", queue=queue, outcome="completed", processing_ms=ms)


def rolled(store: Store, series: str, width: str = "30m") -> list[dict]:
    return store.lake.query(
        "SELECT * EXCLUDE (batch_id, width) FROM rollups WHERE series = $series AND width = $width ORDER BY ts, labels",
        {"series": series, "width": width},
    )


def everything(store: Store) -> list[dict]:
    return store.lake.query("FROM rollups ORDER BY width, ts, series, kind, labels")


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([4.5], id="one value"),
        pytest.param([7.0] * 9, id="ties only"),
        pytest.param([1, 1, 2, 2, 2, 9], id="some ties"),
        pytest.param([-3, 0, 1e-9, 1e12], id="of every size"),
        pytest.param(list(np.random.default_rng(1).lognormal(3, 2, 1440)), id="a long tail"),
    ],
)
def test_a_window_holds_what_numpy_finds_in_its_values(store: Store, values: list[float]):
    start = NOON + DAY - timedelta(hours=12)
    moments = [start + number * (DAY / (len(values) + 1)) for number in range(len(values))]
    beat(store, NOON, [gauge(at, value) for at, value in zip(moments, values, strict=True)])
    roll_up_day(store, start.date(), start + DAY)
    (found,) = rolled(store, "g", "1d")
    assert (found["ts"], found["kind"], found["count"]) == (start, "gauge", len(values))
    assert (found["min"], found["max"]) == (min(values), max(values))
    assert found["avg"] == pytest.approx(np.mean(values), rel=1e-12)
    for name, quantile in QUANTILES.items():
        assert found[name] == pytest.approx(np.quantile(values, quantile), rel=1e-12), name


def test_a_value_that_is_no_number_has_no_window(store: Store):
    """No data is never zero: what was NaN, infinite or not known all the time has no row at all."""
    rows = [gauge(NOON, float("nan")), gauge(NOON + SECOND, float("inf"), name="i")]
    beat(store, NOON, [*rows, gauge(NOON, float("nan"), name="m"), gauge(NOON + SECOND, 3, name="m")])
    beat(store, NOON + SECOND, [fact(QueueSample, ts=NOON, queue="q", failed_rate=None)])
    roll_up(store, NOON + HALF_HOUR)
    assert [rolled(store, name) for name in ("g", "i", "queue_failed_rate")] == [[], [], []]
    assert [(row["count"], row["avg"], row["p999"]) for row in rolled(store, "m")] == [(1, 3, 3)]


def test_a_row_on_the_edge_belongs_to_the_window_that_it_begins(store: Store):
    edge = NOON + HALF_HOUR
    moments = [NOON, edge - timedelta(microseconds=1), edge]
    beat(store, NOON, [gauge(at, number) for number, at in enumerate(moments)])
    roll_up(store, edge + HALF_HOUR)
    assert [(row["ts"], row["min"], row["max"]) for row in rolled(store, "g")] == [(NOON, 0, 1), (edge, 2, 2)]
    minutes = [NOON, edge - timedelta(minutes=1), edge]
    assert [row["ts"] for row in rolled(store, "g", "1m")] == minutes


@pytest.mark.parametrize(
    ("now", "windows"),
    [
        pytest.param(NOON + HALF_HOUR - SECOND, 0, id="one second before it ends"),
        pytest.param(NOON + HALF_HOUR, 1, id="exactly when it ends"),
    ],
)
def test_only_a_window_that_has_ended_is_written(store: Store, now: datetime, windows: int):
    beat(store, NOON, [gauge(NOON, 1)])
    roll_up(store, now)
    assert len(rolled(store, "g")) == windows
    assert rolled(store, "g", "1d") == []


@pytest.mark.parametrize(("kind", "name"), [("counter", "c_total"), ("summary", "s_sum")])
def test_what_only_grows_is_rolled_up_as_its_rate_per_second(store: Store, kind: str, name: str):
    """Twelve requests in 30 s, 6 after a restart, then none; what is on the page first says nothing of its growth."""
    for number, increase in enumerate([None, 12, 6, 0]):
        at = NOON + timedelta(seconds=30 * number)
        row = fact(MetricSample, ts=at, source="p", name=name, kind=kind, value=1, increase=increase)
        beat(store, at, [row])
    roll_up(store, NOON + HALF_HOUR)
    (found,) = rolled(store, name)
    assert (found["kind"], found["count"], found["min"], found["max"]) == ("rate", 3, 0, 12 / 30)


def test_jobs_that_finished_before_they_were_seen_are_counted_where_they_finished(store: Store):
    beat(store, NOON, [job(NOON - SECOND, 100), gauge(NOON, 1)])
    roll_up(store, NOON + SECOND)
    late = NOON + timedelta(hours=5)
    roll_up(store, late)
    before = everything(store)
    # An outage of the platform's Redis: the queue's events of hours ago are read now.
    beat(store, late, [job(NOON + SECOND, 300), job(NOON + HALF_HOUR, 5), job(NOON - DAY, 7)])
    done = roll_up(store, late + HALF_HOUR)
    assert done.late_half_hours == 3
    found = {row["ts"]: row["p50"] for row in rolled(store, "queue_processing_ms")}
    assert found == {NOON - DAY: 7, NOON - HALF_HOUR: 100, NOON: 300, NOON + HALF_HOUR: 5}
    assert [row["p50"] for row in rolled(store, "queue_processing_ms", "1d")] == [7], "yesterday has ended"
    assert [row for row in everything(store) if row["series"] == "g"] == [row for row in before if row["series"] == "g"]


def test_an_answer_of_a_slow_probe_is_counted_where_it_was_asked(store: Store):
    asked = NOON - timedelta(hours=1)
    beat(store, NOON - timedelta(hours=2), [gauge(NOON, 1)])
    roll_up(store, NOON)
    result = fact(ProbeResult, ts=asked, monitor="m", up=True, latency_ms=900.0)
    taken = fact(BeatTaken, ts=NOON, due=NOON, kind="late")
    store.lake.write(lambda transaction: [transaction.insert([row], batch_id="late-2026") for row in (taken, result)])
    assert roll_up(store, NOON + HALF_HOUR).late_half_hours == 1
    assert [(row["ts"], row["p50"]) for row in rolled(store, "probe_latency_ms")] == [(asked, 900)]


def test_a_beat_that_was_stored_after_its_windows_were_rolled_up_is_counted(store: Store):
    """It had to wait for the store; nothing about it is late but its commit."""
    beat(store, NOON, [gauge(NOON, 1)])
    roll_up(store, NOON + HALF_HOUR + SECOND)
    stuck = NOON + HALF_HOUR - SECOND
    beat(store, stuck, [gauge(stuck, 5)])
    done = roll_up(store, NOON + 2 * HALF_HOUR)
    assert [(row["count"], row["max"]) for row in rolled(store, "g")] == [(2, 5)]
    assert done.removed == 1, "the half hour's row was exchanged"


def test_the_day_is_written_at_its_end_although_nothing_came_for_hours(store: Store):
    midnight = NOON + timedelta(hours=12)
    beat(store, NOON, [gauge(NOON, 1)])
    for half_hours in (1, 2, 12, 23):
        roll_up(store, NOON + HALF_HOUR * half_hours + SECOND)
        assert rolled(store, "g", "1d") == []
    roll_up(store, midnight + SECOND)
    assert [row["ts"] for row in rolled(store, "g", "1d")] == [midnight - DAY]


def past(store: Store, days: int, *, hours: int = 1) -> list[date]:
    """Fill so many hours of each of so many days before today; give the days."""
    starts = [NOON - (days - number) * DAY for number in range(days)]
    for start in starts:
        Past(start=start, beats=120 * hours, queues=2).fill(store.lake)
    return [start.date() for start in starts]


def test_a_first_start_makes_up_for_all_days_two_a_run_and_the_newest_first(store: Store):
    days = past(store, 5)
    runs = [roll_up(store, NOON + number * HALF_HOUR) for number in range(4)]
    assert [list(run.days_done) for run in runs] == [[days[4], days[3]], [days[2], days[1]], [days[0]], []]
    assert [len(run.days_left) for run in runs] == [3, 1, 0, 0]
    assert [row["ts"].date() for row in rolled(store, "redis_ping_ms_median", "1d")] == days
    assert runs[3].written == 0


def test_a_backfill_equals_what_the_runs_of_every_half_hour_wrote(tmp_path: Path):
    """Two lakes with the same past: one rolled up as time went by, rows coming in late, the other in one go."""
    with open_store(Home(root=tmp_path / "run by run")) as first:
        (day,) = past(first, 1, hours=4)
        begin = datetime(day.year, day.month, day.day, tzinfo=NOON.tzinfo)
        runs = [roll_up(first, begin + number * HALF_HOUR + SECOND) for number in range(25, 50, 3)]
        beat(first, begin + 50 * HALF_HOUR, [job(begin + 27 * HALF_HOUR, 77)])
        runs.append(roll_up(first, begin + 51 * HALF_HOUR))
        assert sum(run.written > 0 for run in runs) > 4
        by_runs = everything(first)
        again = [roll_up_day(first, day, NOON), roll_up_day(first, day, NOON)]
        assert [(run.written, run.removed) for run in again] == [(0, 0)] * 2
        assert everything(first) == by_runs
    with open_store(Home(root=tmp_path / "in one go")) as second:
        past(second, 1, hours=4)
        beat(second, begin + 50 * HALF_HOUR, [job(begin + 27 * HALF_HOUR, 77)])
        done = roll_up_day(second, day, NOON)
        assert everything(second) == by_runs
    assert done.written == len(by_runs) > 4000


def test_a_backfilled_day_is_no_longer_left(store: Store):
    days = past(store, 4)
    roll_up(store, NOON)
    roll_up_day(store, days[0], NOON)
    assert roll_up(store, NOON + HALF_HOUR).days_done == (days[1],)


def test_rows_that_were_taken_back_go_from_their_windows(store: Store):
    beat(store, NOON, [gauge(NOON, 1), gauge(NOON, 2, name="other")])
    roll_up_day(store, TODAY, NOON + HALF_HOUR)
    store.lake.write(
        lambda transaction: transaction.connection.execute("DELETE FROM ops.metric_samples WHERE name = 'g'")
    )
    done = roll_up_day(store, TODAY, NOON + HALF_HOUR)
    assert (done.written, done.removed) == (0, 2)
    assert {row["series"] for row in everything(store)} == {"other"}


def test_a_day_that_has_not_begun_has_nothing_to_roll_up(store: Store):
    assert roll_up_day(store, TODAY + DAY, NOON).written == 0
    assert roll_up(store, NOON).written == 0, "an empty lake"


def test_the_order_of_arrival_changes_nothing(store: Store):
    """To the last bit: the same values in any order, in any batches, whenever it was rolled up."""
    random = np.random.default_rng(3)
    times, values = random.integers(0, 7200, 400), random.normal(0, 1e9, 400)
    orders = [random.permutation(400) for _ in range(8)]
    for part in range(4):
        at = NOON + timedelta(hours=2) + part * SECOND
        facts = [
            job(NOON + int(times[row]) * SECOND, float(values[row]), queue=f"q{number}")
            for number, order in enumerate(orders)
            for row in order[part::4]
        ]
        beat(store, at, facts)
        roll_up(store, at)
    found = [
        [row for row in everything(store) if row.pop("labels").get("queue") == f"q{number}"] for number in range(8)
    ]
    assert len(found[0]) > 100
    assert all(rows == found[0] for rows in found)
