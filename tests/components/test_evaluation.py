"""From beats in a real lake to alerts, messages and decisions in a real state, tick by tick."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from support.facts import LIMITS
from support.watching import HALF_A_MINUTE, POLICY, Watch, firing

from maxbooster_ops.alerting.alert import AlertState, Change
from maxbooster_ops.alerting.evaluating.evaluation import evaluate
from maxbooster_ops.alerting.evaluating.watched_jobs import job_ended
from maxbooster_ops.alerting.rulebook.rulebook import parse_rules
from maxbooster_ops.store.alert_tables import outbox
from maxbooster_ops.store.opening import open_store


@pytest.fixture
def watch(tmp_path, made_home):
    with open_store(made_home(tmp_path / "home")) as store:
        yield Watch(store)


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
    told = [(row["channel"], row["kind"]) for row in watch.rows(outbox, outbox.c.channel, outbox.c.ts)]
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


def test_a_new_episode_respects_the_cooldown_of_the_last_one_of_its_own_series(watch):
    for forecast, exports in ((150, 1), (150, 1), (20, 1), (150, 1), (150, 1), (20, 1), (150, 150), (150, 150)):
        watch.beat(forecast=forecast, exports=exports)
        done = watch.tick()
    assert {alert.labels["queue"] for alert in done.begun} == {"forecast", "exports"}
    assert {notice.labels["queue"] for message in done.messages for notice in message.notices} == {"exports"}
    again, first = (
        [alert for alert in watch.alerts() if alert.labels["queue"] == "forecast" and alert.told][index]
        for index in (0, -1)
    )
    assert again.told["webhook"].at == first.told["webhook"].at, "what the first episode told is what the third knows"


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
