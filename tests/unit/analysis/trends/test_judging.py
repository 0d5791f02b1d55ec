from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from support.noise import autocorrelated, over_time

from maxbooster_ops.analysis.series.catalog import BY_SERIES, Measure, Worse
from maxbooster_ops.analysis.trends.judging import Verdict, judge_at, judge_trend

MEMORY = BY_SERIES["process_rss_mb"]
BACKLOG = BY_SERIES["queue_waiting"]
PING = BY_SERIES["redis_ping_ms_median"]
HITS = Measure(series="hits", unit="%", worse=Worse.LOWER, has_trend=True)
HOURS = np.arange(2880) / 120


def noise(scale):
    return scale * autocorrelated(np.random.default_rng(20261122), 2880, 0.9)


@pytest.mark.parametrize(
    ("measure", "values", "verdict", "reason"),
    [
        pytest.param(MEMORY, 1500 + 5 * HOURS + noise(5), Verdict.DEGRADING, "rises by", id="memory grows"),
        pytest.param(MEMORY, 1500 - 5 * HOURS + noise(5), Verdict.IMPROVING, "falls by", id="memory shrinks"),
        pytest.param(MEMORY, 1500 + 0.1 * HOURS / 24, Verdict.STABLE, "less than the 10 MiB", id="memory by 0.1 MiB"),
        pytest.param(MEMORY, 4000 + 2 * HOURS, Verdict.STABLE, "less than the 5 %", id="memory by 1 %"),
        pytest.param(MEMORY, 1500 + noise(20), Verdict.STABLE, "beyond noise", id="memory wanders"),
        pytest.param(BACKLOG, 40 * HOURS, Verdict.DEGRADING, "960 jobs", id="a backlog grows from nothing"),
        pytest.param(
            BACKLOG, np.maximum(0, 500 - 30 * HOURS), Verdict.IMPROVING, "jobs per day", id="one is worked off"
        ),
        pytest.param(BACKLOG, np.zeros(2880), Verdict.STABLE, "no slope", id="no backlog at all"),
        pytest.param(BACKLOG, 3 + (HOURS > 12), Verdict.STABLE, "noise", id="3 jobs, then 4"),
        pytest.param(PING, 0.2 + HOURS / 240, Verdict.STABLE, "less than the 1 ms", id="a tenth of a millisecond"),
        pytest.param(PING, 2 + HOURS / 6, Verdict.DEGRADING, "rises by", id="Redis slows down"),
        pytest.param(HITS, 90 - HOURS, Verdict.DEGRADING, "falls by", id="hits get rarer"),
        pytest.param(HITS, 60 + HOURS, Verdict.IMPROVING, "rises by", id="hits get more frequent"),
    ],
)
def test_a_series_is_judged_by_what_it_does_in_a_day(measure, values, verdict, reason):
    judged = judge_trend(measure, over_time(values))
    assert (judged.verdict, reason in judged.reason) == (verdict, True), judged


def test_a_warm_up_that_ended_goes_nowhere():
    judged = judge_trend(MEMORY, over_time(np.minimum(500 + 150 * HOURS, 1400) + noise(3)))
    assert judged.verdict is Verdict.STABLE


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        pytest.param(over_time(np.arange(200.0)), "values of 1.7 h; a trend needs 2 h", id="less than two hours"),
        pytest.param(over_time(np.arange(20.0)), "values of 10 min; a trend needs 2 h", id="some minutes"),
        pytest.param(over_time([1.0, 2.0], every=36000), "2 values over 10.0 h are too sparse", id="two in ten hours"),
        pytest.param(over_time([1.0]), "values of 0 min", id="one value"),
    ],
)
def test_too_little_is_unknown_and_never_stable(values, reason):
    judged = judge_trend(MEMORY, values)
    assert (judged.verdict, judged.slope) == (Verdict.UNKNOWN, None)
    assert reason in judged.reason


def test_two_hours_must_bring_more_than_a_day_does_per_hour():
    grown = 1500 + 6 * HOURS
    assert judge_trend(MEMORY, over_time(grown[:250])).verdict is Verdict.STABLE
    assert judge_trend(MEMORY, over_time(grown)).verdict is Verdict.DEGRADING


def test_two_hours_of_values_are_enough_though_their_ends_are_a_beat_less_apart():
    assert judge_trend(BACKLOG, over_time(np.arange(240.0))).verdict is Verdict.DEGRADING


@pytest.mark.parametrize(("silent", "verdict"), [(2.9, Verdict.DEGRADING), (3.1, Verdict.UNKNOWN)])
def test_a_series_that_ended_goes_nowhere_now(silent, verdict):
    leaked = over_time((1500 + 20 * HOURS)[:1440])
    now = datetime.fromtimestamp(leaked.moments[-1], UTC) + timedelta(hours=silent)
    judged = judge_at(MEMORY, leaked, now=now, looked_at=timedelta(hours=24))
    assert judged.verdict is verdict
    assert ("no value for 3.1 h" in judged.reason) == (verdict is Verdict.UNKNOWN)
