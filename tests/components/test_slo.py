"""Objectives over a real lake and a real state: what is counted, what is told, and that nothing is counted twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from support.facts import LIMITS, NOON, fact
from support.service_past import MINUTE, ServicePast, judge_every_five_minutes

from maxbooster_ops.alerting.dispatching.silence import Silence, parse_matcher
from maxbooster_ops.alerting.evaluating.backtest import backtest
from maxbooster_ops.alerting.evaluating.series_reading import read_series
from maxbooster_ops.alerting.records.planned_work import planned_work
from maxbooster_ops.alerting.records.silence_store import add_silence
from maxbooster_ops.alerting.rulebook.rulebook import load_rulebook
from maxbooster_ops.slo.counting import count_events
from maxbooster_ops.slo.maintenance import Maintenance
from maxbooster_ops.slo.objective_file import load_objectives
from maxbooster_ops.slo.status import Verdict, judge_objectives
from maxbooster_ops.slo.windows import WORK, keep_windows
from maxbooster_ops.store.facts import MetricSample, ProbeResult, QueueJob
from maxbooster_ops.store.findings import SloWindow
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.opening import open_store
from maxbooster_ops.store.progress import Progress, note_progress

OBJECTIVES = {objective.key: objective for objective in load_objectives().active}
API, DATABASE = OBJECTIVES["API", "availability"], OBJECTIVES["Database", "availability"]
FAST, SLOW = map(load_rulebook(None, LIMITS, staging=False).rule, ("slo_fast_burn", "slo_slow_burn"))
BUSY = (500.0, 0.0)
ALL_FAIL = (0.0, 500.0)


@pytest.fixture
def store(tmp_path, made_home):
    with open_store(made_home(tmp_path)) as opened:
        yield opened


def told(store, minutes):
    """Give when the fast burn fired and when it ended, in minutes since noon."""
    episodes = backtest(store.lake, [FAST], NOON, NOON + minutes * MINUTE)
    return [(e.labels["service"], (e.started - NOON) / MINUTE, e.ended and (e.ended - NOON) / MINUTE) for e in episodes]


def during(start, end, then, otherwise):
    return lambda minute: then if start < minute <= end else otherwise


def test_errors_of_the_api_are_told_within_minutes_and_their_end_within_the_half_hour_that_follows(store):
    ServicePast(minutes=120, requests=during(60, 66, ALL_FAIL, BUSY)).fill(store)
    judge_every_five_minutes(store, [API], range(60, 111, 5))
    ((service, started, ended),) = told(store, 120)
    assert service == "API"
    assert 60 < started <= 66
    assert 90 < ended <= 106


def test_an_api_that_does_not_answer_at_all_is_told_by_its_monitor(store):
    """Requests that nobody could count weigh as many as are usual, or two probes would be lost among thousands."""
    outage = during(60, 84, None, BUSY)
    down = during(60, 84, then=True, otherwise=False)
    ServicePast(minutes=120, requests=outage, monitor="API Health Check", down=down).fill(store)
    windows = judge_every_five_minutes(store, [API], range(60, 81, 5))
    (blind, *_) = [window for window in windows if window.indicator == "probe API Health Check"]
    assert (blind.total, blind.bad, blind.weight) == (1, 1, pytest.approx(5000, rel=0.1))
    ((_, started, _),) = told(store, 120)
    assert 65 < started <= 76


@pytest.mark.parametrize(
    ("fails_until", "fires"), [pytest.param(66, [], id="one probe"), pytest.param(71, ["Database"], id="two in a row")]
)
def test_a_service_that_is_only_probed_is_told_by_the_second_bad_probe(store, fails_until, fires):
    ServicePast(minutes=90, down=during(64, fails_until, then=True, otherwise=False)).fill(store)
    judge_every_five_minutes(store, [DATABASE], range(60, 86, 5))
    assert [service for service, _, _ in told(store, 90)] == fires


def test_single_errors_in_a_quiet_night_wake_nobody(store):
    """Four of forty requests of an hour fail: two hundred times the rate that is allowed, and four requests."""
    ServicePast(minutes=120, requests=lambda minute: (0, 1) if minute % 30 == 14 else (float(minute % 3 == 0), 0)).fill(
        store
    )
    windows = judge_every_five_minutes(store, [API], range(60, 121, 5))
    assert max(window.burn_rate_1h for window in windows) > 100
    assert told(store, 120) == []


def test_catching_up_gives_what_running_every_five_minutes_gives(tmp_path):
    past = ServicePast(minutes=60, requests=during(20, 33, (450.0, 50.0), BUSY))
    with open_store(Home(root=tmp_path / "on time")) as store:
        past.fill(store)
        on_time = judge_every_five_minutes(store, [API, DATABASE], range(5, 61, 5))
    with open_store(Home(root=tmp_path / "late")) as store:
        past.fill(store)
        late = keep_windows(store, [API, DATABASE], [], now=NOON + 61 * MINUTE)
    assert sorted(map(repr, (replace(one, known_at=NOON) for one in late))) == sorted(
        map(repr, (replace(one, known_at=NOON) for one in on_time))
    )
    assert len(late) == 2 * 12


def test_a_run_that_died_before_it_noted_its_progress_is_not_counted_twice(store):
    ServicePast(minutes=30, requests=lambda _: BUSY).fill(store)
    judge_every_five_minutes(store, [API], range(5, 21, 5))
    note_progress(store.state, WORK, Progress(ts=NOON + 4 * MINUTE))
    again = keep_windows(store, [API], [], now=NOON + 30 * MINUTE)
    assert [(one.ts - NOON) / MINUTE for one in again] == [24, 29]
    assert store.lake.query("SELECT count(*) AS n, count(DISTINCT ts) AS ts FROM slo_windows") == [{"n": 6, "ts": 6}]


def test_a_clock_that_was_a_day_ahead_for_a_while_costs_no_window(store):
    past = ServicePast(minutes=60, requests=during(30, 50, (450.0, 50.0), BUSY))
    past.fill(store)
    judge_every_five_minutes(store, [API], range(5, 21, 5))
    keep_windows(store, [API], [], now=NOON + 21 * MINUTE + timedelta(days=1))
    blank = store.lake.query("SELECT count(*) AS n FROM slo_windows WHERE total IS NULL")
    store.lake.write(  # what came after the jump could not be seen by then
        lambda transaction: transaction.connection.execute(
            "UPDATE ops.slo_windows SET total = NULL, bad = NULL, weight = NULL WHERE ts > $jump",
            {"jump": NOON + 20 * MINUTE},
        )
    )
    assert blank[0]["n"] > 200
    judge_every_five_minutes(store, [API], range(25, 61, 5))
    rows = store.lake.query("SELECT ts, bad FROM slo_windows WHERE total > 0 ORDER BY ts")
    assert [(row["ts"] - NOON) / MINUTE for row in rows] == list(range(4, 60, 5))
    assert sum(row["bad"] for row in rows) == 40 * 50


def test_maintenance_spends_nothing_even_when_it_is_written_down_afterwards(store):
    now, past = NOON + 91 * MINUTE, ServicePast(minutes=90, requests=during(40, 60, ALL_FAIL, BUSY))
    work = Maintenance(start=NOON + 40 * MINUTE, end=NOON + 60 * MINUTE, services=frozenset({"API"}), why="Upgrade")
    past.fill(store)
    judge_every_five_minutes(store, [API], range(40, 91, 10), planned=[work])
    (planned,) = judge_objectives(store.lake, [API], [], now=now)
    assert (planned.spent_minutes, planned.verdict) == (0, Verdict.OK)
    assert told(store, 90) == []


def test_an_outage_that_is_excused_afterwards_gives_its_budget_back(store):
    now = NOON + 91 * MINUTE
    ServicePast(minutes=90, requests=during(40, 60, ALL_FAIL, BUSY)).fill(store)
    judge_every_five_minutes(store, [API], range(90, 91))
    (spent,) = judge_objectives(store.lake, [API], [], now=now)
    assert (spent.spent_minutes, spent.verdict) == (pytest.approx(20, abs=1), Verdict.FAST_BURN)
    work = Maintenance(start=NOON + 39 * MINUTE, end=NOON + 60 * MINUTE, services=None, why="Upgrade")
    (excused,) = judge_objectives(store.lake, [API], [work], now=now)
    assert excused.spent_minutes == 0


@pytest.mark.parametrize(
    ("matcher", "maintenance", "covered"),
    [
        pytest.param("service=API", True, {"API"}, id="of one service"),
        pytest.param('component=~".*"', True, {"API", "Search"}, id="of all"),
        pytest.param("queue=forecast", True, None, id="of a queue, which is no service"),
        pytest.param("service=API", False, None, id="a silence that is no maintenance"),
    ],
)
def test_a_silence_is_maintenance_only_where_it_says_so(store, matcher, maintenance, covered):
    silence = Silence(
        id="s1",
        matchers=(parse_matcher(matcher),),
        starts_at=NOON,
        ends_at=NOON + MINUTE,
        reason="Upgrade",
        author="ann",
        maintenance=maintenance,
    )
    with store.state.writing() as connection:
        add_silence(connection, silence, at=NOON)
        found = list(planned_work(connection, ("API", "Search"), NOON - MINUTE))
    assert [one.services for one in found] == ([covered] if covered else [])


def test_at_each_beat_the_newest_window_speaks_that_was_known_by_then(store):
    """It is written after its time and between two beats; a rule that went by its own time would never see it."""
    ServicePast(minutes=30).fill(store)
    rows = [_window(4, known=5.2, fast_burn=0.5), _window(9, known=10.2, fast_burn=1.5), _window(9, service="Search")]
    store.lake.write(lambda transaction: transaction.insert(rows, batch_id="slo"))
    read = {s.labels["service"]: s for s in read_series(store.lake, FAST, NOON, NOON + 30 * MINUTE)}
    assert {service: {*s.labels} for service, s in read.items()} == {
        "API": {"service", "objective"},
        "Search": {"service", "objective"},
    }
    minutes = {
        (ts - NOON.timestamp()) / 60: value for ts, value in zip(read["API"].ts, read["API"].values, strict=True)
    }
    assert (min(minutes), minutes[10], minutes[10.5], max(minutes)) == (5.5, 0.5, 1.5, 25)
    assert {samples.values[0] for samples in read_series(store.lake, SLOW, NOON, NOON + 30 * MINUTE)} == {2}


def _window(minute: float, *, known: float = 10.2, service: str = "API", fast_burn: float = 0.0) -> SloWindow:
    return fact(
        SloWindow,
        ts=NOON + minute * MINUTE,
        known_at=NOON + known * MINUTE,
        service=service,
        objective="availability",
        fast_burn=fast_burn,
        slow_burn=2.0,
    )


def test_the_first_error_of_a_kind_is_an_error(store):
    """Its series has no growth yet: the counter was not on the page before."""
    rows = [
        fact(MetricSample, ts=NOON, name="http_requests_total", labels={"status_code": "200"}, value=90.0),
        fact(
            MetricSample,
            ts=NOON + MINUTE,
            name="http_requests_total",
            labels={"status_code": "200"},
            value=99.0,
            increase=9.0,
        ),
        fact(MetricSample, ts=NOON + MINUTE, name="http_requests_total", labels={"status_code": "502"}, value=1.0),
    ]
    store.lake.write(lambda transaction: transaction.insert(rows, batch_id="past"))
    (count,) = count_events(store.lake, API, NOON - MINUTE, NOON + 4 * MINUTE).values()
    assert (count.total, count.bad) == (10, 1)


def test_a_job_that_failed_for_good_and_one_that_took_too_long_break_different_promises(store):
    known = {"queue": "content-generation", "outcome": "completed", "ts": NOON + MINUTE}
    jobs = [
        fact(QueueJob, **known, processing_ms=29_000.0),
        fact(QueueJob, **known, processing_ms=31_000.0),
        fact(QueueJob, **{**known, "outcome": "failed"}, processing_ms=5.0),
        fact(QueueJob, **{**known, "queue": "other"}, processing_ms=99_000.0),
    ]
    store.lake.write(lambda transaction: transaction.insert(jobs, batch_id="past"))
    for promise in ("availability", "latency"):
        (count,) = count_events(store.lake, OBJECTIVES["Generation", promise], NOON, NOON + 5 * MINUTE).values()
        assert (count.total, count.bad) == (3, 1)


def test_a_slow_answer_and_none_in_time_are_late_but_a_wrong_one_says_nothing(store):
    known = {"monitor": "Search Service", "ts": NOON + timedelta(seconds=1)}
    probes = [
        fact(ProbeResult, **known, up=True, outcome="healthy", latency_ms=900.0),
        fact(ProbeResult, **known, up=True, outcome="healthy", latency_ms=1100.0),
        fact(ProbeResult, **known, up=False, outcome="timeout"),
        fact(ProbeResult, **known, up=False, outcome="server_error", latency_ms=3.0),
    ]
    store.lake.write(lambda transaction: transaction.insert(probes, batch_id="past"))
    (count,) = count_events(store.lake, OBJECTIVES["Search", "latency"], NOON, NOON + 5 * MINUTE).values()
    assert (count.total, count.bad) == (3, 2)
