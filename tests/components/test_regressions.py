"""Regressions in a real lake: what is found, what is not, since when, and the alert that follows."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from support.beats import BEAT, store_beats
from support.facts import LIMITS, NOON, fact

from maxbooster_ops.alerting.alert import Change
from maxbooster_ops.alerting.evaluating.engine import advance
from maxbooster_ops.alerting.evaluating.series_reading import read_series
from maxbooster_ops.alerting.rulebook.rulebook import load_rulebook
from maxbooster_ops.analysis.baselines.keeping import load, version
from maxbooster_ops.analysis.baselines.saving import save, save_due
from maxbooster_ops.analysis.regressions.finding import compare_with_now, find_regressions
from maxbooster_ops.analysis.regressions.keeping import keep_regressions, latest_regressions
from maxbooster_ops.store.facts import TrackedExecution
from maxbooster_ops.store.findings import Regression
from maxbooster_ops.store.lake import open_lake

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SIX_HOURS = 720


@pytest.fixture
def lake(tmp_path, made_home):
    with open_lake(made_home(tmp_path)) as opened:
        yield opened


def noise(seed, count=SIX_HOURS, level=1.0):
    return level * np.random.default_rng(seed).lognormal(6, 0.3, count)


def saved_over(lake, values, **known):
    store_beats(lake, NOON, values, **known)
    return save(lake, "calm", length=24 * HOUR, now=NOON).baseline


def memory(found, statistic="typical"):
    (one,) = (one for one in found if one.series == "process_rss_mb" and one.statistic == statistic)
    return one


@pytest.mark.parametrize(
    ("level", "result"), [(1.15, "regressed"), (1.0, "unchanged"), (0.85, "improved")], ids=["+15 %", "same", "-15 %"]
)
def test_a_change_is_found_and_noise_is_not(lake, level, result):
    saved_over(lake, noise(1, 1000))
    store_beats(lake, NOON + 6 * HOUR, noise(2, level=level))
    found = find_regressions(lake, NOON + 6 * HOUR)
    one = memory(found)
    assert (one.result, one.is_significant) == (result, result == "regressed")
    assert one.change_percent == pytest.approx(100 * (level - 1), abs=4)
    assert (one.baseline, one.count_before, one.count_after) == ("calm", 1000, SIX_HOURS)
    assert {other.result for other in found if other.statistic == "typical" and other != one} == {"unchanged"}


def test_a_change_within_the_last_hours_is_judged_by_what_came_after_it(lake):
    """A mixture of both levels would look like a handful of independent values."""
    saved_over(lake, noise(1))
    store_beats(lake, NOON + 3 * HOUR, [*noise(2, 300), *noise(3, 60, level=2.0)])
    one = memory(find_regressions(lake, NOON + 3 * HOUR))
    assert one.result == "regressed"
    assert one.count_after == pytest.approx(60, abs=3)
    assert abs(one.started_at - (NOON + 3 * HOUR - 60 * BEAT)) <= 2 * MINUTE


def test_what_was_bad_and_is_good_again_is_no_regression(lake):
    saved_over(lake, noise(1))
    store_beats(lake, NOON + 3 * HOUR, [*noise(2, 200, level=2.0), *noise(3, 160)])
    assert memory(find_regressions(lake, NOON + 3 * HOUR)).result != "regressed"


def test_a_change_at_the_end_of_the_baseline_begins_there(lake):
    saved_over(lake, noise(1))
    store_beats(lake, NOON + HOUR, noise(2, 120, level=1.5))
    one = memory(find_regressions(lake, NOON + HOUR))
    assert one.result == "regressed"
    assert abs(one.started_at - NOON) <= MINUTE


def test_a_regression_that_goes_on_keeps_its_start(lake):
    saved_over(lake, noise(1))
    store_beats(lake, NOON + HOUR, noise(2, 120, level=1.5))
    first = find_regressions(lake, NOON + HOUR)
    keep_regressions(lake, first)
    store_beats(lake, NOON + 2 * HOUR, noise(3, 120, level=3.0))
    assert memory(find_regressions(lake, NOON + 2 * HOUR)).started_at == memory(first).started_at


def test_a_hit_ratio_that_falls_is_worse(lake):
    saved_over(lake, [100.0] * SIX_HOURS, hit_ratio=np.random.default_rng(1).normal(0.9, 0.01, SIX_HOURS).tolist())
    ratios = np.random.default_rng(2).normal(0.7, 0.01, SIX_HOURS).tolist()
    store_beats(lake, NOON + 6 * HOUR, [100.0] * SIX_HOURS, ratios)
    (one,) = (one for one in find_regressions(lake, NOON + 6 * HOUR) if one.is_significant)
    assert one.metric == 'redis_hit_ratio{server="db:6379"} typical'
    assert one.change_percent == pytest.approx(-22, abs=2)


def test_few_values_are_inconclusive_with_the_reason(lake):
    saved_over(lake, noise(1))
    store_beats(lake, NOON + 3 * MINUTE, noise(2, 6, level=3.0))
    found = find_regressions(lake, NOON + 3 * MINUTE)
    assert memory(found).result == "inconclusive"
    assert "6 values after are worth" in memory(found).reason
    assert memory(found).exceeds_naive, "the 10 % rule alone would have called it a regression"
    assert "800 are needed" in memory(found, "p95").reason


def test_a_job_that_runs_seldom_is_judged_by_its_last_executions(lake):

    def run(first, durations):
        rows = [
            fact(TrackedExecution, ts=first + n * HOUR, job="report", run_id=str(n), duration_ms=float(duration))
            for n, duration in enumerate(durations)
        ]
        lake.write(lambda transaction: transaction.insert(rows, batch_id=f"runs-{first}"))

    run(NOON, noise(1, 10))
    save_due(lake, NOON + 10 * HOUR)
    run(NOON + 11 * HOUR, noise(2, 40, level=3.0))
    (one, *_) = find_regressions(lake, NOON + 60 * HOUR)
    assert (one.metric, one.result) == ('job_duration_ms{job="report"} typical', "regressed")
    assert (one.baseline, one.count_after) == ("auto:report", 40)


def test_now_is_held_against_a_baseline(lake):
    saved_over(lake, noise(1))
    store_beats(lake, NOON + 2 * HOUR, [*noise(2, 120, level=3.0), *noise(3, 120, level=1.5)])
    (worst, *_) = compare_with_now(lake, load(lake, version(lake, "calm", NOON + HOUR)), HOUR, NOON + 2 * HOUR)
    assert (worst.series.name, worst.result) == ("process_rss_mb", "regressed")
    assert worst.comparison.change_percent == pytest.approx(50, abs=10)


def test_now_begins_after_the_baseline_however_far_it_is_looked_back(lake):
    baseline = saved_over(lake, noise(1))
    (at_once, *_) = compare_with_now(lake, baseline, 24 * HOUR, NOON)
    assert (at_once.count_after, at_once.result, at_once.comparison.reason) == (0, "inconclusive", "no values after")
    store_beats(lake, NOON + HOUR, noise(2, 120, level=1.3))
    (worst, *_) = compare_with_now(lake, baseline, 24 * HOUR, NOON + HOUR)
    assert (worst.series.name, worst.count_after, worst.result) == ("process_rss_mb", 120, "regressed")


def test_what_was_found_is_kept_once_per_half_hour(lake):
    saved_over(lake, noise(1))
    store_beats(lake, NOON + HOUR, noise(2, 120))
    runs = [NOON + HOUR + 5 * MINUTE, NOON + HOUR + 29 * MINUTE, NOON + HOUR + 31 * MINUTE]
    assert [keep_regressions(lake, find_regressions(lake, now)) for now in runs] == [True, False, True]
    assert {one.ts for one in latest_regressions(lake, runs[-1])} == {runs[-1]}
    assert {row["ts"] for row in lake.query("SELECT ts FROM regressions")} == {runs[0], runs[2]}


def test_without_a_baseline_nothing_is_compared_and_nothing_is_written(lake):
    store_beats(lake, NOON, noise(1))
    assert find_regressions(lake, NOON) == []
    assert not keep_regressions(lake, [])


def test_the_alert_fires_stays_through_doubt_and_resolves(lake):
    """A run every half hour; one that is inconclusive, or left out, is no news."""
    rule = load_rulebook(None, LIMITS, staging=False).rule("performance_regression")
    results = [(0, "regressed"), (30, "regressed"), (60, "inconclusive"), (90, "regressed"), (150, "unchanged")]
    for minutes, result in results:
        ts = NOON + minutes * MINUTE
        row = fact(
            Regression,
            ts=ts,
            metric="queue_waiting p95",
            change_percent=12.0,
            result=result,
            is_significant=result == "regressed",
        )
        keep_regressions(lake, [row])
    end = NOON + 160 * MINUTE
    (samples,) = read_series(lake, rule, NOON, end)
    beats = np.arange(NOON.timestamp() + 15, end.timestamp(), 30)
    _, transitions = advance(rule, None, samples, beats)
    assert [(one.change, one.value) for one in transitions] == [(Change.FIRING, 12), (Change.RESOLVED, 0)]
    assert transitions[1].at == NOON + 150 * MINUTE + timedelta(seconds=15)
