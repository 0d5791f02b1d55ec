"""A backtest over a real lake: equal to what live evaluation says beat by beat, and exact about when and how long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from support.facts import LIMITS, NOON, fact
from support.past import Past

from maxbooster_ops.alerting.alert import Change
from maxbooster_ops.alerting.evaluating.advancing import advance_all
from maxbooster_ops.alerting.evaluating.backtest import Episode, backtest
from maxbooster_ops.alerting.evaluating.builtin_series import Watching
from maxbooster_ops.alerting.evaluating.evaluation import LATENESS
from maxbooster_ops.alerting.evaluating.series_reading import read_evaluations, read_news
from maxbooster_ops.alerting.rule import labels_key
from maxbooster_ops.alerting.rulebook.rulebook import load_rulebook, parse_rules
from maxbooster_ops.errors import StoreError
from maxbooster_ops.store.facts import BeatTaken, QueueSample
from maxbooster_ops.store.lake import open_lake

BEATS = 64
HALF_MINUTE = timedelta(seconds=30)

KINDS_OF_RULES = (
    "queue_backlog",  # one sample, a series per queue
    "queue_failed_rate",  # a share over a window
    "redis_memory_warning",  # a `for`
    "high_latency",  # a quantile of a histogram, and a `for`
    "server_errors",  # growth of counters, kept firing
    "system_downtime",  # several in a row
    "cache_hit_rate_low",  # below its threshold
    "api_down",  # sampled every five minutes
)


@pytest.fixture
def lake(tmp_path, made_home):
    with open_lake(made_home(tmp_path)) as opened:
        yield opened


def live(lake, rules, start, end):
    """Advance beat by beat as the daemon does, knowing at each beat only what came before; give (key, change, at)."""
    memories, told, before = {}, [], start - timedelta(milliseconds=1)
    for moment in read_evaluations(lake, start, end).tolist():
        now = datetime.fromtimestamp(moment, UTC) + timedelta(milliseconds=1)
        watching = Watching(now=now, newest_beat=None, jobs=(), failing_channels=())
        news = read_news(lake, rules, before, now, lateness=LATENESS)
        advanced = advance_all(rules, memories, watching, news)
        memories, before = {**memories, **advanced.memories}, now
        told += advanced.transitions
    return [(one.rule, labels_key(one.labels), one.change, one.at) for one in told]


def test_a_backtest_is_what_live_evaluation_says_beat_by_beat(lake):
    """Alert by alert, for every kind of rule there is."""
    Past(start=NOON, beats=BEATS, queues=4, trouble="tick BETWEEN 5 AND 38 OR tick BETWEEN 50 AND 53").fill(lake)
    book = load_rulebook(None, LIMITS, staging=False)
    rules = [book.rule(name) for name in KINDS_OF_RULES]
    end = NOON + BEATS * HALF_MINUTE
    transitions = live(lake, rules, NOON, end)
    episodes = backtest(lake, rules, NOON, end)
    for change, moments in (
        (Change.FIRING, [(e.rule, labels_key(e.labels), e.started) for e in episodes]),
        (Change.RESOLVED, [(e.rule, labels_key(e.labels), e.ended) for e in episodes if e.ended]),
    ):
        assert sorted(moments) == sorted((rule, key, at) for rule, key, what, at in transitions if what is change)
    assert {episode.rule for episode in episodes} == set(KINDS_OF_RULES), (
        "every kind of rule fired, or nothing is shown"
    )


RULES = """
rules:
  - name: backlog
    title: Backlog
    component: queues
    severity: warning
    series: {table: queue_samples, value: waiting, labels: [queue]}
    condition: "> 100"
    for: 1m
    summary: much
    description: too much
    runbook: https://example.com/backlog
"""


def write(lake, waiting):
    """Write a beat every half minute with one queue; None where nothing was seen of it."""
    facts = []
    for number, value in enumerate(waiting):
        ts = NOON + number * HALF_MINUTE
        facts.append(fact(BeatTaken, ts=ts, kind="beat", due=ts))
        if value is not None:
            facts.append(fact(QueueSample, ts=ts, queue="forecast", waiting=value))
    for kind in (BeatTaken, QueueSample):
        lake.write(
            lambda transaction, kind=kind: transaction.insert([f for f in facts if type(f) is kind], batch_id="b")
        )


@pytest.mark.parametrize(
    ("waiting", "expected"),
    [
        pytest.param([50, 50], [], id="nothing happens"),
        pytest.param([50, 150, 900, 50], [], id="not for long enough"),
        pytest.param([50, 150, 900, 150, 50], [(90, 120, 30, 150)], id="from the evaluation that fires"),
        pytest.param([50, 150, 900, 150, 400, 300], [(90, None, 60, 400)], id="still fires at the end"),
        pytest.param([150, 150, 150, 50, 150, 150, 200], [(60, 90, 30, 150), (180, None, 0, 200)], id="twice"),
        pytest.param([150, 150, 150, *[None] * 20, 50], [(60, 690, 630, 150)], id="no data does not end it"),
    ],
)
def test_an_episode_has_its_start_its_end_its_length_and_its_peak(lake, waiting, expected):
    write(lake, waiting)
    rules = parse_rules(RULES, "rules.yaml", LIMITS, False).rules
    episodes = backtest(lake, rules, NOON, NOON + timedelta(hours=1))
    assert episodes == [
        Episode(
            rule="backlog",
            labels={"queue": "forecast"},
            started=NOON + timedelta(seconds=started),
            ended=None if ended is None else NOON + timedelta(seconds=ended),
            duration_s=duration,
            peak=peak,
        )
        for started, ended, duration, peak in expected
    ]


def test_a_range_without_beats_has_no_alerts(lake):
    write(lake, [150, 150, 150, 150])
    rules = parse_rules(RULES, "rules.yaml", LIMITS, False).rules
    assert backtest(lake, rules, NOON + timedelta(days=1), NOON + timedelta(days=2)) == []


def test_a_query_that_cannot_be_answered_is_named(lake):
    """Found only with rows: the check of the files sees none."""
    write(lake, [150])
    rules = parse_rules(
        RULES.replace("value: waiting", "value: CAST(queue AS DOUBLE)"), "mine.yaml", LIMITS, False
    ).rules
    with pytest.raises(StoreError, match=r"rule `backlog` \(mine\.yaml\) cannot be answered.*forecast"):
        backtest(lake, rules, NOON, NOON + timedelta(hours=1))
