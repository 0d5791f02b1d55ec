"""Trends from a real lake and back into it, and as the command shows them."""

from __future__ import annotations

import json
from datetime import timedelta

import numpy as np
import pytest
from support.facts import NOON, fact
from typer.testing import CliRunner

from maxbooster_ops.analysis.trends.finding import find_trends, keep_trends
from maxbooster_ops.cli.main import app
from maxbooster_ops.clock import utc_now
from maxbooster_ops.store.facts import HostSample, QueueSample, RedisSample
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import open_lake

BEATS = 720


def fill(lake, until, beats=BEATS):
    """By the minute, twelve hours: memory leaks, a queue fills, another is worked off, Redis stays as it is."""
    random = np.random.default_rng(20261122)
    hosts, queues, servers = [], [], []
    for beat in range(beats):
        ts, hours = until - timedelta(minutes=beats - beat), beat / 60
        hosts.append(fact(HostSample, ts=ts, host="h", process_rss_mb=1000 + 10 * hours + random.normal()))
        for queue, waiting in (("fills", 40 * hours), ("empties", 1000 - 80 * hours)):
            queues.append(fact(QueueSample, ts=ts, prefix="bull", queue=queue, waiting=int(waiting)))
        servers.append(
            fact(RedisSample, ts=ts, server="r", ping_ms_median=1 + random.random(), memory_used_bytes=10**7)
        )
    for table in (hosts, queues, servers):
        lake.write(lambda transaction, table=table: transaction.insert(table, batch_id="made up"))


@pytest.fixture
def lake(tmp_path, made_home):
    with open_lake(made_home(tmp_path)) as opened:
        yield opened


def test_every_series_with_a_trend_is_judged_and_the_worst_comes_first(lake):
    fill(lake, NOON)
    found = find_trends(lake, NOON)
    verdicts = {trend.metric: trend.verdict for trend in found}
    assert verdicts == {
        'queue_waiting{queue="fills"}': "degrading",
        'process_rss_mb{host="h"}': "degrading",
        'queue_waiting{queue="empties"}': "improving",
        'redis_ping_ms_median{server="r"}': "stable",
        'redis_memory_used_bytes{server="r"}': "stable",
        'host_memory_used_mb{host="h"}': "stable",
    }
    assert [trend.verdict for trend in found] == ["degrading"] * 2 + ["improving"] + ["stable"] * 3
    memory = found[1]
    assert memory.slope_per_hour == pytest.approx(10, abs=0.2)
    assert memory.slope_low < memory.slope_per_hour < memory.slope_high
    assert (memory.unit, memory.count, memory.labels) == ("MiB", BEATS, {"host": "h"})
    assert memory.level == pytest.approx(1115, abs=2)


def test_a_value_that_is_no_number_stops_nothing(lake):
    fill(lake, NOON)
    odd = [
        fact(HostSample, ts=NOON - timedelta(minutes=5), host=host, process_rss_mb=value)
        for host, value in (("h", float("nan")), ("only", float("inf")))
    ]
    lake.write(lambda transaction: transaction.insert(odd, batch_id="odd"))
    (memory,) = (trend for trend in find_trends(lake, NOON) if trend.series == "process_rss_mb")
    assert (memory.labels, memory.count, memory.verdict) == ({"host": "h"}, BEATS, "degrading")


def test_what_was_not_collected_has_no_trend(lake):
    assert find_trends(lake, NOON) == []
    assert keep_trends(lake, []) is False


def test_the_trends_of_a_half_hour_are_kept_once(lake):
    fill(lake, NOON)
    found = find_trends(lake, NOON)
    assert keep_trends(lake, found) is True
    assert keep_trends(lake, find_trends(lake, NOON + timedelta(minutes=29))) is False
    assert keep_trends(lake, find_trends(lake, NOON + timedelta(minutes=30))) is True
    rows = lake.query("SELECT ts, count(*) AS series FROM trends GROUP BY ts ORDER BY ts")
    assert [row["series"] for row in rows] == [len(found)] * 2


def test_the_command_shows_trends_as_they_are_now(tmp_path):
    with open_lake(Home(root=tmp_path)) as lake:
        fill(lake, utc_now())
    shown = CliRunner().invoke(app, ["trends", "--home", str(tmp_path)])
    assert shown.exit_code == 0
    assert 'queue_waiting{queue="fills"}' in shown.output
    listed = json.loads(CliRunner().invoke(app, ["trends", "--json", "--home", str(tmp_path)]).output)
    assert listed[0]["verdict"] == "degrading"
    short = json.loads(CliRunner().invoke(app, ["trends", "--json", "--hours", "2", "--home", str(tmp_path)]).output)
    assert {trend["count"] for trend in short} <= set(range(60, 121)), "fewer the longer ago it was that they were made"


def test_of_a_new_home_the_command_says_once_that_it_is_too_early(tmp_path):
    now = utc_now()
    with open_lake(Home(root=tmp_path)) as lake:
        fill(lake, now, beats=12)
    shown = CliRunner().invoke(app, ["trends", "--home", str(tmp_path)]).output
    assert "unknown: 6 series: values of 11 min; a trend needs 2 h" in shown
    assert "verdict" not in shown, "a table without a row says nothing"


def test_the_view_has_what_the_newest_run_found(lake):
    now = utc_now()
    fill(lake, now)
    keep_trends(lake, find_trends(lake, now - timedelta(hours=1)))
    keep_trends(lake, find_trends(lake, now))
    newest = lake.query("SELECT DISTINCT ts FROM latest_trends")
    assert [row["ts"] for row in newest] == [now]
