"""An installation that is fed by hand: beats with queues, each followed by an evaluation."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from maxbooster_ops.alerting.dispatching.policy import policy_of
from maxbooster_ops.alerting.evaluating.evaluation import evaluate
from maxbooster_ops.alerting.records import alert_store
from maxbooster_ops.alerting.rulebook.rulebook import parse_rules
from maxbooster_ops.settings import Settings
from maxbooster_ops.store.beats import Batch, beat_id
from maxbooster_ops.store.facts import BeatTaken, QueueSample
from support.facts import LIMITS, NOON, fact

RULES = """
rules:
  - name: backlog
    title: High Queue Backlog
    component: queues
    severity: warning
    series: {table: queue_samples, value: waiting, labels: [queue]}
    condition: "> 100"
    for: 30s
    stale_after: 2m
    summary: "Queue {{ labels.queue }} has {{ value | number }} waiting jobs"
    description: Jobs come faster than they are done.
    runbook: https://runbooks.example/queue_backlog
  - name: job_of_ours
    title: A run failed
    component: watching
    severity: error
    builtin: job_failed
    condition: "> 0"
    summary: "{{ labels.job }} failed"
    description: A run of ours failed.
    runbook: https://runbooks.example/pipeline_failure
  - name: collection_stopped
    title: Collection stopped
    component: watching
    severity: error
    builtin: collection_age_seconds
    condition: "> 180"
    summary: "The newest beat is {{ value | number }} s old"
    description: Nothing is watched.
    runbook: https://runbooks.example/pipeline_failure
"""
HALF_A_MINUTE = timedelta(seconds=30)
POLICY = policy_of(Settings(_env_file=None), ["webhook"], (), None)


class Watch:
    """Beats with one queue, each followed by a tick two seconds later."""

    def __init__(self, store, rules=RULES):
        self.store = store
        self.rulebook = parse_rules(rules, "test.yaml", LIMITS, False)
        assert self.rulebook.problems == ()
        self.now = NOON

    def beat(self, **waiting):
        self.now += HALF_A_MINUTE
        samples = [fact(QueueSample, ts=self.now, queue=queue, waiting=count) for queue, count in waiting.items()]
        facts = [fact(BeatTaken, ts=self.now, due=self.now, kind="beat"), *samples]
        self.store.beats.store(Batch(id=beat_id(self.now), due=self.now, facts=facts), {})

    def tick(self, later=timedelta(seconds=2)):
        self.now += later
        done = evaluate(self.store.lake, self.store.state, self.rulebook, POLICY, now=self.now)
        self.now -= later
        return done

    def alerts(self):
        with self.store.state.reading() as connection:
            return alert_store.recent_alerts(connection, NOON, limit=100)

    def rows(self, table, *order):
        with self.store.state.reading() as connection:
            return list(connection.execute(sa.select(table).order_by(*order)).mappings())


def firing(watch):
    """Give an alert on a backlog that has just begun to fire."""
    for _ in range(2):
        watch.beat(forecast=150)
        watch.tick()
    return watch.alerts()[0]
