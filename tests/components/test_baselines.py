"""Baselines in a real lake: what is measured, kept, written as a file, and saved by itself."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from support.beats import BEAT, store_beats
from support.facts import NOON, fact

from maxbooster_ops.analysis.baselines.baseline import Kind
from maxbooster_ops.analysis.baselines.baseline_file import content
from maxbooster_ops.analysis.baselines.keeping import load, references, version, versions
from maxbooster_ops.analysis.baselines.saving import renew, save, save_due
from maxbooster_ops.analysis.series.series import SeriesKey
from maxbooster_ops.errors import UsageError
from maxbooster_ops.store.facts import AiCacheSample, BeatTaken, HostSample, QueueSample, RedisSample, TrackedExecution
from maxbooster_ops.store.lake import open_lake

MEMORY = SeriesKey.of("process_rss_mb", {"host": "web"})
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MONDAY = NOON.replace(hour=0) + 2 * DAY


@pytest.fixture
def lake(tmp_path, made_home):
    with open_lake(made_home(tmp_path / "home")) as opened:
        yield opened


def store(lake, *facts):
    def write(transaction):
        for number, one in enumerate(facts):
            transaction.insert([one], batch_id=f"test-{one.ts:%Y%m%dT%H%M%S}-{number}")

    lake.write(write)


def lasted(number):
    """As if by chance, and different for each of a hundred executions."""
    return 1000.0 + number * 7919 % 101


def extremes(numbers):
    return min(map(lasted, numbers)), max(map(lasted, numbers))


def executions(lake, job, count, *, until=NOON):
    store(
        lake,
        *(
            fact(TrackedExecution, ts=until - (count - n) * HOUR, job=job, run_id=f"{n:03}", duration_ms=lasted(n))
            for n in range(count)
        ),
    )


def names(saved):
    return [one.baseline.name for one in saved]


def test_the_file_is_as_the_specification_has_it(lake):
    """Three beats in two minutes; the second one saw no queues, no Redis and only one cache."""
    start = NOON - timedelta(minutes=2)
    at = [start, start + BEAT, start + timedelta(minutes=1)]
    store(
        lake,
        *(fact(BeatTaken, ts=ts, due=ts, kind="beat") for ts in at),
        *(
            fact(QueueSample, ts=ts, queue=queue, waiting=waiting, active=2, failed_delta=1)
            for ts in (at[0], at[2])
            for queue, waiting in (("a", 10), ("b", 31))
        ),
        *(fact(RedisSample, ts=ts, ping_ms_median=latency) for ts, latency in ((at[0], 0.5), (at[2], 1.5))),
        *(fact(AiCacheSample, ts=ts, cache="social", utilization_percent=40.0) for ts in at),
        *(
            fact(HostSample, ts=ts, memory_used_mb=9.0, process_rss_mb=mb, process_uptime_seconds=60.0)
            for ts, mb in zip(at, (100.0, 300.0, 200.0), strict=True)
        ),
    )
    saved = save(lake, "production-launch-baseline", length=timedelta(hours=2, minutes=30), now=NOON)
    assert saved.file.parent == lake.home.baselines
    assert saved.file.name == "production-launch-baseline-2026-11-21T12-00-00-000000Z.json"
    expected = {
        "name": "production-launch-baseline",
        "generatedAt": "2026-11-21T12:00:00.000Z",
        "duration": "0h 2m",
        "summary": {
            "queue": {"avgWaiting": 41.0, "avgLatency": 1.0, "totalFailed": 4},
            "aiCache": {"avgSocialUtil": 40.0, "avgAdUtil": None},
            "system": {"avgMemoryMB": 200.0, "maxMemoryMB": 300.0},
        },
        "snapshots": [
            {
                "timestamp": "2026-11-21T11:58:30.000Z",
                "queue": {"waiting": None, "active": None, "redisLatency": None},
                "aiCache": {"socialUtilization": 40.0, "advertisingUtilization": None},
                "system": {"memoryMB": 300.0, "uptime": 60.0},
            },
            {
                "timestamp": "2026-11-21T11:59:00.000Z",
                "queue": {"waiting": 41, "active": 4, "redisLatency": 1.5},
                "aiCache": {"socialUtilization": 40.0, "advertisingUtilization": None},
                "system": {"memoryMB": 200.0, "uptime": 60.0},
            },
        ],
    }
    found = json.loads(saved.file.read_text())
    assert found == expected
    assert list(found) == list(expected)


def test_a_series_is_kept_with_its_quantiles_as_numpy_has_them(lake):
    values = np.random.default_rng(1).lognormal(4, 0.5, 2000)
    store_beats(lake, NOON, values)
    save(lake, "calm", length=DAY, now=NOON)
    kept = references(lake, NOON + HOUR)[MEMORY]
    assert (kept.name, kept.count, kept.min, kept.max) == ("calm", 2000, values.min(), values.max())
    assert [kept.p50, kept.p95, kept.p99] == pytest.approx(list(np.quantile(values, [0.5, 0.95, 0.99])))
    assert len(kept.quantiles) == 1001
    assert kept.quantiles[500] == pytest.approx(np.median(values))


def test_a_name_that_exists_gets_a_version_and_the_newest_one_counts(lake):
    store_beats(lake, NOON, [100.0] * 120)
    store_beats(lake, NOON + HOUR, [200.0] * 120)
    for now in (NOON, NOON + HOUR):
        save(lake, "calm", now=now)
    later = NOON + DAY
    assert [one.ts for one in versions(lake, later)] == [NOON + HOUR, NOON]
    assert load(lake, version(lake, "calm", later)).metrics[0].ts == NOON + HOUR
    assert version(lake, "calm@2026-11-21T12:00", later).ts == NOON
    assert references(lake, later)[MEMORY].p50 == 200
    assert len(list(lake.home.baselines.iterdir())) == 2


def test_saving_for_the_same_moment_again_changes_nothing(lake):
    store_beats(lake, NOON, [100.0] * 10)
    first, second = (save(lake, "calm", now=NOON) for _ in range(2))
    assert first.file == second.file
    assert len(versions(lake, NOON)) == 1
    assert len(load(lake, versions(lake, NOON)[0]).metrics) == len(first.baseline.metrics)


@pytest.mark.parametrize(
    "name",
    ["../calm", "/tmp/calm", "a/b", "..", ".hidden", "", "a\x00b", "a" * 101, "auto:forecast", "calm\n", "kälte"],
)
def test_a_name_that_is_no_part_of_a_file_name_is_refused_before_anything_is_written(lake, name, tmp_path):
    store_beats(lake, NOON, [100.0] * 10)
    before = set(tmp_path.rglob("*.json"))
    with pytest.raises(UsageError):
        save(lake, name, now=NOON)
    assert versions(lake, NOON) == []
    assert set(tmp_path.rglob("*.json")) == before


def test_a_time_without_two_beats_is_refused_with_what_to_do(lake):
    store_beats(lake, NOON, [100.0])
    with pytest.raises(UsageError, match=r"holds 1 beats, and at least 2 are needed.*maxbooster-ops up"):
        save(lake, "calm", now=NOON)
    assert not lake.home.baselines.exists()


def test_saving_at_the_same_time_keeps_every_one(lake):
    store_beats(lake, NOON, np.linspace(100, 200, 120))

    def one(number):
        with open_lake(lake.home) as own:
            return save(own, "calm", now=NOON + timedelta(milliseconds=number)).file

    with ThreadPoolExecutor(4) as pool:
        files = list(pool.map(one, range(8)))
    assert len(set(files)) == 8
    assert {json.loads(file.read_text())["name"] for file in files} == {"calm"}
    found = versions(lake, NOON + HOUR)
    assert len(found) == 8
    assert {one.series for one in found} == {5}


def test_a_long_time_is_shown_by_at_most_a_thousand_moments(lake):
    store_beats(lake, NOON, np.linspace(100, 200, 7 * 2880))
    saved = save(lake, "long", kind=Kind.WEEKLY, now=NOON)
    shown = content(lake, saved.baseline)
    assert shown["duration"] == "168h 0m"
    assert 900 < len(shown["snapshots"]) <= 1000


def test_the_weekly_baseline_comes_by_itself_once(lake):
    store_beats(lake, MONDAY - DAY, [100.0] * 120)
    assert save_due(lake, MONDAY - HOUR) == []
    assert save_due(lake, MONDAY + timedelta(minutes=19)) == [], "the schedule's own run comes first"
    (saved,) = save_due(lake, MONDAY + 2 * DAY)
    assert (saved.baseline.name, saved.baseline.kind, saved.baseline.until) == ("weekly", Kind.WEEKLY, MONDAY)
    assert saved.baseline.start == MONDAY - DAY - HOUR, "it begins where beats do"
    assert save_due(lake, MONDAY + 3 * DAY) == []


def test_a_day_after_a_launch_its_baseline_comes_by_itself_once(lake):
    store_beats(lake, NOON, [100.0] * 120)
    save(lake, "pre-launch", kind=Kind.PRE_LAUNCH, now=NOON)
    store_beats(lake, NOON + HOUR, [200.0] * 120)
    assert save_due(lake, NOON + DAY - HOUR) == []
    (saved,) = save_due(lake, NOON + DAY)
    assert (saved.baseline.kind, saved.baseline.start) == (Kind.POST_LAUNCH, NOON)
    assert save_due(lake, NOON + DAY + HOUR) == []


def test_a_job_gets_its_baseline_after_ten_executions_and_keeps_it(lake):
    executions(lake, "report", 9)
    assert save_due(lake, NOON) == []
    executions(lake, "report", 3, until=NOON + 3 * HOUR)
    executions(lake, "seldom", 2)
    assert names(save_due(lake, NOON + 3 * HOUR)) == ["auto:report"]
    kept = references(lake, NOON + 4 * HOUR)[SeriesKey.of("job_duration_ms", {"job": "report"})]
    assert (kept.kind, kept.count, (kept.min, kept.max)) == ("automatic", 10, extremes([*range(9), 0]))
    assert kept.until > NOON
    executions(lake, "report", 20, until=NOON + DAY)
    assert save_due(lake, NOON + DAY) == []


def test_an_automatic_baseline_can_be_renewed(lake):
    executions(lake, "report", 30)
    save_due(lake, NOON)
    renewed = renew(lake, "report", now=NOON + HOUR).baseline
    assert (renewed.metrics[0].min, renewed.metrics[0].max) == extremes(range(20, 30))
    key = SeriesKey.of("job_duration_ms", {"job": "report"})
    assert references(lake, NOON + DAY)[key] == replace(renewed.metrics[0], kind="automatic")
    with pytest.raises(UsageError, match="fewer than 10 executions"):
        renew(lake, "unknown", now=NOON)


@pytest.mark.parametrize(
    ("executions_in_it", "expected"),
    [pytest.param(3, "auto:report", id="too few of them"), pytest.param(9, "calm", id="enough of them")],
)
def test_a_baseline_taken_on_purpose_comes_before_an_automatic_one(lake, executions_in_it, expected):
    executions(lake, "report", 20)
    save_due(lake, NOON + HOUR)
    store_beats(lake, NOON, [100.0] * 120 * executions_in_it)
    save(lake, "calm", length=DAY, now=NOON)
    key = SeriesKey.of("job_duration_ms", {"job": "report"})
    assert references(lake, NOON + DAY)[key].name == expected
