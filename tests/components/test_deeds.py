"""What people do to alerts, and what follows for who is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.facts import NOON
from support.watching import POLICY, Watch, firing

from maxbooster_ops.alerting.alert import AlertState
from maxbooster_ops.alerting.dispatching.silence import Silence, parse_matcher
from maxbooster_ops.alerting.evaluating.evaluation import decide
from maxbooster_ops.alerting.records import deeds, silence_store
from maxbooster_ops.alerting.records.explanation import explain
from maxbooster_ops.errors import UsageError
from maxbooster_ops.store.alert_tables import alert_transitions, outbox
from maxbooster_ops.store.opening import open_store


@pytest.fixture
def watch(tmp_path, made_home):
    with open_store(made_home(tmp_path / "home")) as store:
        yield Watch(store)


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
