"""From beats in a real lake to alerts, messages and decisions in a real state, tick by tick."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from support.facts import LIMITS, NOON, fact

from maxbooster_ops.alerting import alert_store, deeds, silence_store
from maxbooster_ops.alerting.alert import AlertState, Change
from maxbooster_ops.alerting.evaluation import decide, evaluate
from maxbooster_ops.alerting.explanation import explain
from maxbooster_ops.alerting.policy import policy_of
from maxbooster_ops.alerting.rulebook import parse_rules
from maxbooster_ops.alerting.silence import Silence, parse_matcher
from maxbooster_ops.alerting.watched_jobs import job_ended
from maxbooster_ops.errors import UsageError
from maxbooster_ops.settings import Settings
from maxbooster_ops.store.alert_tables import alert_transitions, outbox
from maxbooster_ops.store.beats import Batch, beat_id
from maxbooster_ops.store.facts import BeatTaken, QueueSample
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.opening import open_store

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


@pytest.fixture
def store(tmp_path):
    with open_store(Home(root=tmp_path / "home")) as opened:
        yield opened


@pytest.fixture
def watch(store):
    return Watch(store)


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


def changes(done):
    return [(transition.change, transition.labels) for transition in done.transitions]


def test_a_backlog_is_pending_then_fires_then_resolves(watch):
    watch.beat(forecast=150, exports=3)
    assert changes(watch.tick()) == [(Change.PENDING, {"queue": "forecast"})]
    watch.beat(forecast=160, exports=3)
    assert changes(watch.tick()) == [(Change.FIRING, {"queue": "forecast"})]
    (alert,) = watch.alerts()
    assert (alert.state, alert.since, alert.value) == (AlertState.FIRING, watch.now, 160)
    assert alert.summary == "Queue forecast has 160 waiting jobs"
    watch.beat(forecast=20, exports=3)
    assert changes(watch.tick()) == [(Change.RESOLVED, {"queue": "forecast"})]
    assert watch.alerts()[0].state is AlertState.RESOLVED


def test_a_tick_without_a_new_beat_changes_nothing(watch):
    watch.beat(forecast=150)
    watch.tick()
    watch.beat(forecast=150)
    assert len(watch.tick().begun) == 1
    again = watch.tick(timedelta(seconds=12))
    assert (again.beats, again.transitions, again.messages, again.open) == (0, (), (), 1)


def test_whoever_was_told_that_it_fires_is_told_once_that_it_resolved(watch):
    for waiting in (150, 150, 150, 20, 20):
        watch.beat(forecast=waiting)
        watch.tick()
    told = [(row["channel"], row["kind"]) for row in watch.rows(outbox, outbox.c.channel, outbox.c.at)]
    assert told == [("log", "firing"), ("log", "resolved"), ("webhook", "firing"), ("webhook", "resolved")]


def test_an_alert_shows_its_newest_value(watch):
    for waiting in (150, 150, 170):
        watch.beat(forecast=waiting)
        watch.tick()
    assert (watch.alerts()[0].value, watch.alerts()[0].summary) == (170, "Queue forecast has 170 waiting jobs")


def test_beats_missed_meanwhile_are_evaluated_afterwards_with_their_own_times(watch):
    watch.beat(forecast=1)
    watch.tick()
    for waiting in (150, 150, 20):
        watch.beat(forecast=waiting)
    done = watch.tick()
    assert [change for change, _ in changes(done)] == [Change.PENDING, Change.FIRING, Change.RESOLVED]
    assert [t.at for t in done.transitions] == [watch.now - 2 * HALF_A_MINUTE, watch.now - HALF_A_MINUTE, watch.now]
    assert done.messages == (), "what is over before anybody could be told is recorded, not told"
    assert watch.alerts()[0].resolved_at == watch.now


def test_an_alert_that_ended_and_fires_again_between_two_ticks_is_two_episodes(watch):
    first = firing(watch)
    for waiting in (20, 150, 150):
        watch.beat(forecast=waiting)
    assert [change for change, _ in changes(watch.tick())] == [Change.RESOLVED, Change.PENDING, Change.FIRING]
    second, before = watch.alerts()
    assert (before.id, before.resolved_at) == (first.id, watch.now - 2 * HALF_A_MINUTE)
    assert (second.since, second.resolved_at) == (watch.now, None)


def test_a_queue_that_is_not_seen_any_more_goes_on_firing_without_data(watch):
    for _ in range(2):
        watch.beat(forecast=150)
        watch.tick()
    for _ in range(4):
        watch.beat(exports=1)
        done = watch.tick()
    assert changes(done) == [(Change.NO_DATA, {"queue": "forecast"})]
    assert watch.alerts()[0].state is AlertState.NO_DATA
    watch.beat(forecast=150)
    assert changes(watch.tick()) == [(Change.DATA_AGAIN, {"queue": "forecast"})]
    assert watch.alerts()[0].state is AlertState.FIRING


def test_collection_that_stops_resolves_nothing_and_fires_only_its_own_rule(watch):
    for _ in range(2):
        watch.beat(forecast=150, exports=1)
        watch.tick()
    exactly, beyond = watch.tick(timedelta(seconds=180)), watch.tick(timedelta(seconds=181))
    assert (changes(exactly), changes(beyond)) == ([], [(Change.FIRING, {})])
    assert {(alert.rule, alert.state) for alert in watch.alerts()} == {
        ("backlog", AlertState.FIRING),
        ("collection_stopped", AlertState.FIRING),
    }
    for _ in range(8):
        watch.beat(forecast=150, exports=1)
    watch.tick()
    assert {(alert.rule, alert.state) for alert in watch.alerts()} == {
        ("backlog", AlertState.FIRING),
        ("collection_stopped", AlertState.RESOLVED),
    }


def test_a_run_of_ours_that_fails_is_an_alert_until_one_succeeds(watch):
    for failed in (True, False):
        with watch.store.state.writing() as connection:
            job_ended(connection, "collect", run_id="1", failed=failed, detail="killed", at=watch.now)
        watch.now += timedelta(seconds=10)
        watch.tick()
        assert (watch.alerts()[0].rule, watch.alerts()[0].resolved_at is None) == ("job_of_ours", failed)


def test_of_two_evaluators_at_once_one_counts(watch):
    watch.beat(forecast=150)
    watch.tick()
    watch.beat(forecast=150)
    read_before = _Overtaken(watch)
    done = evaluate(read_before, watch.store.state, watch.rulebook, POLICY, now=watch.now)
    assert done.overtaken
    assert len(watch.alerts()) == 1
    assert len(watch.rows(outbox)) == 2


class _Overtaken:
    """The lake, with another evaluator finishing while this one reads."""

    def __init__(self, watch):
        self._watch = watch
        self._is_first = True

    def __getattr__(self, name):
        if self._is_first:
            self._is_first = False
            self._watch.tick()
        return getattr(self._watch.store.lake, name)


def test_an_alert_whose_rule_was_removed_is_resolved_and_says_so(watch):
    for _ in range(2):
        watch.beat(forecast=150)
        watch.tick()
    watch.rulebook = replace(watch.rulebook, rules=watch.rulebook.rules[1:])
    watch.tick()
    assert watch.alerts()[0].resolved_by == "rule removed"


def test_a_broken_rule_file_resolves_nothing(watch):
    for _ in range(2):
        watch.beat(forecast=150)
        watch.tick()
    broken = parse_rules("rules: [{name: backlog}]", "test.yaml", LIMITS, False)
    watch.rulebook = replace(watch.rulebook, rules=watch.rulebook.rules[1:], problems=broken.problems)
    watch.tick()
    assert watch.alerts()[0].state is AlertState.FIRING


def firing(watch):
    for _ in range(2):
        watch.beat(forecast=150)
        watch.tick()
    return watch.alerts()[0]


def test_an_acknowledged_alert_is_recorded_with_who_took_it(watch):
    alert = firing(watch)
    with watch.store.state.writing() as connection:
        deeds.acknowledge(connection, alert, who="dana", now=watch.now)
    assert watch.alerts()[0].state is AlertState.ACKNOWLEDGED
    assert watch.rows(alert_transitions, alert_transitions.c.id)[-1]["who"] == "dana"
    with watch.store.state.writing() as connection, pytest.raises(UsageError, match="acknowledged by dana already"):
        deeds.acknowledge(connection, watch.alerts()[0], who="eli", now=watch.now)


def test_an_alert_resolved_by_hand_fires_again_only_after_it_was_over(watch):
    alert = firing(watch)
    with watch.store.state.writing() as connection:
        deeds.resolve(connection, alert, who="dana", now=watch.now)
    watch.beat(forecast=150)
    assert watch.tick().begun == ()
    for waiting in (20, 150, 150):
        watch.beat(forecast=waiting)
        done = watch.tick()
    assert len(done.begun) == 1
    assert [a.resolved_by for a in sorted(watch.alerts(), key=lambda a: a.since)] == ["dana", None]


def test_a_silence_is_why_nobody_is_told(watch):
    with watch.store.state.writing() as connection:
        asked = Silence(
            id="",
            matchers=(parse_matcher("queue=forecast"),),
            starts_at=NOON,
            ends_at=NOON + timedelta(hours=1),
            reason="planned import",
            author="dana",
        )
        made = deeds.silence(connection, asked, now=NOON)
        assert silence_store.current_silences(connection, NOON) == [made]
    alert = firing(watch)
    assert (alert.state, watch.rows(outbox)) == (AlertState.SILENCED, [])
    with watch.store.state.reading() as connection:
        steps = explain(connection, alert, watch.rulebook.rule("backlog"), now=watch.now)
    assert [step.topic for step in steps] == [
        "rule",
        "value",
        "state",
        "state",
        "silence",
        "decision",
        "decision",
    ]
    assert "planned import" in steps[4].text
    assert "silenced" in steps[5].text
    with watch.store.state.writing() as connection:
        assert silence_store.end_silence(connection, made.id, at=watch.now)
    assert {m.kind.value for m in decide(watch.store.state, watch.rulebook, POLICY, now=watch.now).messages} == {
        "firing"
    }
