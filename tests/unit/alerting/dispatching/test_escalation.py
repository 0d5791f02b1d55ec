"""What goes up a level, and when exactly."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.dispatching import CHAT, MAIL, PHONE, POLICY, REDIS_DOWN, Desk, a_silence, an_alert
from support.facts import NOON

from maxbooster_ops.alerting.dispatching.escalation import escalate
from maxbooster_ops.alerting.dispatching.policy import Policy
from maxbooster_ops.alerting.message import Kind
from maxbooster_ops.alerting.rule import Severity

S, M = timedelta(seconds=1), timedelta(minutes=1)


@pytest.mark.parametrize(
    ("level", "response", "next_level"),
    [
        pytest.param(Severity.ERROR, 15 * M, Severity.CRITICAL, id="an error after 15 minutes"),
        pytest.param(Severity.WARNING, 60 * M, Severity.ERROR, id="a warning after an hour"),
    ],
)
def test_it_goes_up_exactly_when_its_response_time_is_over(level, response, next_level):
    alert = an_alert(severity=level, first_told_at=NOON)
    assert escalate(alert, NOON + response - S) == alert
    raised = escalate(alert, NOON + response)
    assert (raised.level, raised.escalated_at, raised.severity) == (next_level, NOON + response, level)


def test_the_next_response_time_counts_from_the_last_escalation():
    alert = an_alert(severity=Severity.WARNING, level=Severity.ERROR, first_told_at=NOON, escalated_at=NOON + 60 * M)
    assert escalate(alert, NOON + 75 * M - S) == alert
    assert escalate(alert, NOON + 75 * M).level is Severity.CRITICAL


@pytest.mark.parametrize(
    "what",
    [
        pytest.param({"severity": Severity.INFO}, id="info asks nobody to respond"),
        pytest.param({"severity": Severity.CRITICAL}, id="there is nothing above critical"),
        pytest.param({"acknowledged_at": NOON + M}, id="somebody acknowledged it"),
        pytest.param({"resolved_at": NOON + M}, id="it is over"),
        pytest.param({"first_told_at": None}, id="nobody was told yet"),
    ],
)
def test_it_stays_where_it_is(what):
    alert = an_alert(**{"first_told_at": NOON, **what})
    assert escalate(alert, NOON + 600 * M) == alert


def test_an_immediate_alert_goes_to_the_top_before_anybody_is_told_and_only_once():
    raised = escalate(an_alert(severity=Severity.WARNING, immediate=True), NOON)
    assert (raised.level, raised.escalated_at) == (Severity.CRITICAL, NOON)
    assert escalate(raised, NOON + M) == raised


@pytest.mark.parametrize(
    "what",
    [
        pytest.param({"first_told_at": NOON}, id="told long ago"),
        pytest.param({"immediate": True}, id="immediate"),
    ],
)
def test_what_is_silenced_does_not_go_up(what):
    desk = Desk([an_alert(**what)], silences=[a_silence()])
    desk.tick(NOON + 30 * M)
    assert desk.alerts["a1"].level is Severity.ERROR


def test_an_immediate_alert_reaches_the_phone_in_its_first_tick_as_one_that_fires():
    desk = Desk([an_alert(severity=Severity.WARNING, immediate=True)])
    desk.tick(NOON)
    assert [message.kind for message in desk.to(PHONE)] == [Kind.FIRING]


def test_a_warning_that_nobody_takes_reaches_one_more_channel_with_every_level():
    desk = Desk([an_alert(severity=Severity.WARNING)])
    desk.tick_until(NOON, NOON + 76 * M)
    escalations = [(message.channel, message.at) for message in desk.sent if message.kind is Kind.ESCALATION]
    assert [at for channel, at in escalations if channel == MAIL] == [NOON + 60 * M, NOON + 75 * M]
    assert [at for channel, at in escalations if channel == PHONE] == [NOON + 75 * M]
    assert [message.at for message in desk.to(CHAT)] == [NOON, NOON + 30 * M, NOON + 60 * M, NOON + 75 * M]


@pytest.mark.parametrize(
    ("silences", "inhibitions"),
    [
        pytest.param([a_silence()], (), id="silenced"),
        pytest.param([], (REDIS_DOWN,), id="inhibited"),
    ],
)
def test_what_was_held_for_long_is_told_at_its_own_level_first(silences, inhibitions):
    """Nobody was asked to respond to what was held, so nobody failed to."""
    cause = an_alert(id="cause", rule="redis_down", component="redis", acknowledged_at=NOON)
    desk = Desk([an_alert(), cause], Policy(routes=POLICY.routes, inhibitions=inhibitions), silences)
    desk.tick_until(NOON, NOON + 60 * M)
    desk.change("cause", resolved_at=NOON + 60 * M)
    desk.tick(NOON + 60 * M)
    assert desk.alerts["a1"].level is Severity.ERROR
    desk.tick_until(NOON + 60 * M, NOON + 75 * M)
    assert desk.alerts["a1"].level is Severity.ERROR
    desk.tick(NOON + 75 * M)
    assert desk.alerts["a1"].level is Severity.CRITICAL
