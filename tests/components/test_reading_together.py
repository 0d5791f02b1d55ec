"""Rules that share a query see what each sees by its own: made-up rules over a made-up past with troubles."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pytest
from support.facts import LIMITS, NOON
from support.past import Past

from maxbooster_ops.alerting.evaluating.evaluation import LATENESS
from maxbooster_ops.alerting.evaluating.series_reading import read_news, read_series
from maxbooster_ops.alerting.rule import Rule
from maxbooster_ops.alerting.rulebook.rulebook import parse_rules
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import Lake, open_lake

BEATS = 90
MINUTE = timedelta(minutes=1)
JUST = timedelta(milliseconds=1)

TABLES = {
    "queue_samples": (
        ["waiting", "failed", "oldest_waiting_ms", "if(waiting > 40, NULL, waiting)"],
        ["queue", "prefix"],
    ),
    "redis_samples": (["ping_ms_median", "100 * memory_ratio"], ["server"]),
    "probe_results": (["CASE WHEN up THEN 0 ELSE 1 END", "latency_ms"], ["monitor"]),
    "metric_samples": (["value", "increase"], ["name", "labels.route"]),
}
ROWS = {
    "queue_samples": ["queue <> 'queue-2'", "waiting > 30", "queue = 'nowhere'"],
    "redis_samples": ["ping_ms_max > 2.5"],
    "probe_results": ["up", "monitor LIKE 'A%'"],
    "metric_samples": ["kind = 'gauge'", "name = 'http_requests_total'", "labels['status_code'] = '500'"],
}
COUNTERS = ["http_requests_total", "http_request_duration_ms_bucket", "nothing_total"]


def made_up(chance: random.Random) -> str:
    """Give a series as a rule file has it."""
    kind = chance.choice(["table", "table", "table", "events", "histogram"])
    if kind == "events":
        where = chance.choice(["true", "labels['status_code'] = '500'", "labels['route'] = '/a'"])
        names = chance.sample(COUNTERS, chance.randint(1, 2))
        return f'{{ events: {names}, where: "{where}", window: {chance.choice(["1m", "5m", "15m"])} }}'
    if kind == "histogram":
        names = chance.sample(["http_request_duration_ms", "nothing_ms"], chance.randint(1, 2))
        return (
            f"{{ histogram: {names}, quantile: {chance.choice([0.5, 0.95])}, window: {chance.choice(['1m', '2m'])} }}"
        )
    table = chance.choice([*TABLES])
    values, labels = TABLES[table]
    says = [f"table: {table}", f'value: "{chance.choice(values)}"']
    says.append(f"labels: {chance.choice([[], labels, labels[:1]])}")
    says.append(f'where: "{chance.choice(["true", *ROWS[table]])}"')
    if chance.random() < 0.6:
        says.append(f"window: {chance.choice(['1m', '5m', '10m'])}")
    if chance.random() < 0.3:
        says.append(f'percent_of: "{chance.choice(values)}", at_least: {chance.choice([1, 20])}')
    else:
        says.append(f"aggregate: {chance.choice(['avg', 'min', 'max', 'sum', 'count', 'last', 'p50', 'p95'])}")
    return "{ " + ", ".join(says) + " }"


def rules_on(*series: str) -> tuple[Rule, ...]:
    entries = [
        f"""\
  - name: r{number}
    title: T
    component: c
    severity: info
    condition: "> 0"
    summary: s
    series: {one}
"""
        for number, one in enumerate(series)
    ]
    book = parse_rules("rules:\n" + "".join(entries), "r.yaml", LIMITS, staging=False)
    assert book.problems == ()
    return book.rules


class Counted:
    """A lake that counts the questions it is asked."""

    def __init__(self, lake: Lake) -> None:
        self.held = lake.held
        self.questions = 0
        self._lake = lake

    def columns(self, *question):
        self.questions += 1
        return self._lake.columns(*question)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    with open_lake(Home(root=tmp_path_factory.mktemp("home"))) as opened:
        past = Past(start=NOON, beats=BEATS, queues=4, trouble="tick BETWEEN 30 AND 38 OR tick BETWEEN 60 AND 64")
        past.fill(opened, beats_per_write=40)
        opened.write(
            lambda transaction: transaction.connection.execute(
                "DELETE FROM ops.metric_samples WHERE name = 'http_requests_total' AND hash(ts) % 5 = 0"
            )
        )
        yield opened


@pytest.mark.parametrize("seed", range(4))
def test_rules_read_together_see_what_each_sees_alone(lake: Lake, seed: int):
    """Sums go in another order, so the last bit may differ; nothing else does."""
    chance = random.Random(seed)
    rules = rules_on(*(made_up(chance) for _ in range(40)))
    kinships = {rule.series.shorthand.kinship for rule in rules if rule.series.shorthand}
    some = 0
    for beats in (1, 5, 12):
        first = chance.randrange(BEATS - beats)
        start, end = NOON + first * MINUTE / 2, NOON + (first + beats) * MINUTE / 2
        counted = Counted(lake)
        news = read_news(counted, rules, start - JUST, end, lateness=LATENESS)
        together = news.samples
        assert len(news.moments) == beats
        assert counted.questions == 1 + len(kinships) < len({rule.series.sql for rule in rules})
        for rule in rules:
            alone, shared = read_series(lake, rule, start - JUST - LATENESS, end), together[rule.name]
            assert [samples.labels for samples in shared] == [samples.labels for samples in alone]
            for one, other in zip(shared, alone, strict=True):
                np.testing.assert_array_equal(one.ts, other.ts)
                np.testing.assert_allclose(one.values, other.values, rtol=1e-12)
            some += len(alone)
    assert some > 100


def test_a_value_is_asked_of_its_own_rows_only(lake: Lake):
    """Names of queues are no numbers; that of one rule's rows is none of the other's business."""
    number = "CAST(replace(queue, 'queue-', '') AS DOUBLE)"
    rules = rules_on(
        "{ table: queue_samples, value: waiting }",
        f'{{ table: queue_samples, value: "{number}", where: "queue = \'queue-3\'" }}',
        '{ table: queue_samples, value: "CAST(queue AS DOUBLE)", where: "queue LIKE \'nowhere%\'" }',
    )
    counted = Counted(lake)
    read = read_news(counted, rules, NOON - JUST, NOON + MINUTE, lateness=LATENESS).samples
    assert counted.questions == 1 + 1, "the beats, and all rules"
    assert [samples.values.tolist() for samples in read["r1"]] == [[3, 3]]
    assert [len(read[name]) for name in ("r0", "r2")] == [1, 0]
