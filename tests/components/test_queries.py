"""Every query of docs/queries.md, asked as a person asks, of a real store with a past in all of its tables."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.facts import fact
from support.past import Past

from maxbooster_ops.store.alert_tables import alerts, deliveries
from maxbooster_ops.store.asking import ask
from maxbooster_ops.store.facts import QueueJob, SourceFailure, TrackedExecution
from maxbooster_ops.store.findings import BaselineMetric, Regression, Rollup, SloWindow, Trend
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.opening import open_store

DOCS = Path(__file__).resolve().parents[2] / "docs"
GUIDE = (DOCS / "queries.md").read_text()
QUERY = re.compile(r"\n([^\n]+)\n\n```sql\n(.+?)```", re.DOTALL)
QUERIES = QUERY.findall(GUIDE)

WAITING = {"prefix": "bull", "queue": "queue-0"}
JOB = {"job": "export"}


@pytest.fixture(scope="module")
def ago():
    """Gives the moment so long before these questions were begun with, which is long after they were read."""
    now = datetime.now(UTC)
    return lambda **length: now - timedelta(**length)


def facts(ago):
    """Give, for every table that a made-up past leaves empty, rows that the questions are about."""
    midnight = ago().replace(hour=0, minute=0, second=0, microsecond=0)
    # Yesterday and the week before, also where tomorrow begins before the question is asked.
    days = [midnight - timedelta(days=days) for days in (0, 1, 7, 8)]
    half_hours = [ago(minutes=30 * number) for number in range(1, 49)]
    regression = {"series": "job_duration_ms", "labels": JOB, "metric": "job_duration_ms export p95"}
    window = {"service": "API", "objective": "availability", "target": 0.9995, "total": 1000.0, "budget_minutes": 21.6}
    return [
        *(fact(QueueJob, ts=ago(hours=h), queue="export", outcome="completed", processing_ms=9e4) for h in (1, 30)),
        fact(TrackedExecution, ts=ago(hours=2), job="nightly", metadata={"tenant": "acme"}, duration_ms=5.0),
        fact(SourceFailure, ts=ago(hours=1), source="redis", error="ConnectionError", hint="look"),
        *(fact(Rollup, ts=ts, width="1d", series="queue_waiting", labels=WAITING, avg=9.0) for ts in days),
        *(
            fact(Rollup, ts=ts, width="30m", series="queue_waiting", labels=WAITING, count=60, avg=9.0, p95=12.0)
            for ts in half_hours
        ),
        fact(BaselineMetric, ts=ago(days=3), name="launch", series="queue_waiting", labels=WAITING, p95=10.0),
        fact(BaselineMetric, ts=ago(days=3), name="launch", series="job_duration_ms", labels=JOB, p95=10.0),
        fact(
            Regression,
            ts=ago(minutes=5),
            result="regressed",
            is_significant=True,
            exceeds_naive=True,
            change_percent=30.0,
            started_at=ago(hours=5),
            **regression,
        ),
        fact(
            Trend,
            ts=ago(minutes=5),
            series="process_rss_mb",
            metric="process_rss_mb",
            verdict="degrading",
            level=1500.0,
            slope_per_hour=10.0,
            slope_low=8.0,
            slope_high=12.0,
        ),
        fact(Trend, ts=ago(hours=6), series="process_rss_mb", metric="process_rss_mb", verdict="stable"),
        *(
            fact(SloWindow, ts=ago(minutes=5 * n), bad=3.0, burn_rate_5m=6.0, spent_minutes=4.0, **window)
            for n in range(24)
        ),
    ]


@pytest.fixture(scope="module")
def home(tmp_path_factory, ago):
    place = Home(root=tmp_path_factory.mktemp("questions"))
    with open_store(place) as store:
        # Three hours, with a hole of some minutes in them.
        Past(start=ago(hours=2), beats=230, trouble="tick % 40 = 0").fill(store.lake)
        Past(start=ago(hours=3), beats=20).fill(store.lake)
        rows = facts(ago)
        for kind in dict.fromkeys(map(type, rows)):
            mine = [row for row in rows if type(row) is kind]
            store.lake.write(lambda transaction, mine=mine: transaction.insert(mine, batch_id="made up"))
        with store.state.writing() as connection:
            alert = {"rule": "queue_backlog", "component": "queues", "labels": '{"queue": "queue-0"}'}
            insert_whole(connection, alerts, id="a", since=ago(hours=1), **alert)
            insert_whole(connection, deliveries, channel="slack", ts=ago(hours=1), detail="429", delivered=False)
    return place


def insert_whole(connection, table, **known):
    """Insert a row; what is not named and must be there is empty or zero."""
    plain = {sa.String: "", sa.Text: "", sa.Double: 0.0, sa.Integer: 0, sa.Boolean: False}
    rest = {
        column.name: plain[type(column.type)]
        for column in table.columns
        if column.name not in known and not column.nullable and not column.primary_key
    }
    connection.execute(sa.insert(table).values({**rest, **known}))


def test_there_are_questions_on_everything():
    asked = " ".join(query for _, query in QUERIES)
    subjects = ("baselines", "regressions", "slo", "queue_samples", "rollups", "trends", "job_", "state.alerts")
    assert [subject for subject in subjects if subject not in asked] == []
    assert len(QUERIES) == GUIDE.count("```sql") >= 20


def test_every_question_says_in_one_sentence_what_it_asks():
    assert [words for words, _ in QUERIES if not words.endswith(".") or words.startswith(("#", "|"))] == []


EVERY = [*QUERIES, *QUERY.findall((DOCS / "operations.md").read_text())]


@pytest.mark.parametrize(("words", "query"), EVERY, ids=[words[:50] for words, _ in EVERY])
def test_the_question_is_answered(home, words, query):
    answer = ask(home, query)
    assert answer.rows, f"nothing answers: {words}"


@pytest.mark.parametrize(
    "name", re.findall(r"`([a-z_0-9]+)`", "".join(re.findall(r"^\| (`.+?) \|", GUIDE, re.MULTILINE)))
)
def test_every_view_of_the_guide_can_be_asked(home, name):
    ask(home, f"FROM {name} LIMIT 1")
