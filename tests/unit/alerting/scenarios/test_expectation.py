"""How a scenario words what is not as expected."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.facts import NOON
from support.rules import rule

from maxbooster_ops.alerting.alert import Alert, AlertState, Change, Told, Transition
from maxbooster_ops.alerting.dispatching.decision import Decision, Reason, Verdict
from maxbooster_ops.alerting.evaluating.episodes import begin
from maxbooster_ops.alerting.rule import Severity
from maxbooster_ops.alerting.scenarios.expectation import Expectation, ExpectedAlert, ExpectedHold, Named, differences

BACKLOG = Named(rule="queue_backlog", labels={"queue": "a"})


def firing(**known) -> Alert:
    transition = Transition(rule="queue_backlog", labels={"queue": "a"}, at=NOON, change=Change.FIRING, value=150)
    told = known.pop("told", {})
    return begin(rule(**known), transition, told=told)


def expected(**known):
    return Expectation(**{"after": timedelta(), "alerts": None, "routes": {}, "held": (), **known})


NOT_OPEN = "but nothing was decided about it: it is not open, or there is no such channel"
TOLD = {"slack": Told(at=NOON, severity=Severity.WARNING, value=150)}
ALERT = firing(told=TOLD)
INHIBITED = Decision(alert_id=ALERT.id, channel="slack", verdict=Verdict.HOLD, reason=Reason.INHIBITED, detail="why")


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param({}, id="nothing is looked at"),
        pytest.param({"alerts": (ExpectedAlert(named=BACKLOG),)}, id="severity and level may be anything"),
        pytest.param({"alerts": (ExpectedAlert(named=BACKLOG, severity=Severity.WARNING),)}, id="severity as named"),
        pytest.param({"routes": {"slack": (BACKLOG,), "email": ()}}, id="told and not told"),
        pytest.param({"held": (ExpectedHold(named=BACKLOG, reason=Reason.INHIBITED),)}, id="held"),
    ],
)
def test_what_is_as_expected_has_no_difference(wanted):
    assert differences(expected(**wanted), [ALERT], [INHIBITED]) == []


@pytest.mark.parametrize(
    ("wanted", "lines"),
    [
        pytest.param(
            {"alerts": ()},
            ['alerts: found queue_backlog{queue="a"} firing warning, which is not expected'],
            id="one more",
        ),
        pytest.param(
            {"alerts": (ExpectedAlert(named=BACKLOG), ExpectedAlert(named=Named(rule="redis_down")))},
            ["alerts: expected redis_down firing, which is not there"],
            id="one missing",
        ),
        pytest.param(
            {"alerts": (ExpectedAlert(named=BACKLOG, state=AlertState.NO_DATA, severity=Severity.ERROR),)},
            [
                'alerts: expected queue_backlog{queue="a"} no_data error, which is not there',
                'alerts: found queue_backlog{queue="a"} firing warning, which is not expected',
            ],
            id="another state and severity",
        ),
        pytest.param(
            {"routes": {"slack": (), "email": (BACKLOG,)}},
            [
                'told to slack: found queue_backlog{queue="a"}, which is not expected',
                'told to email: expected queue_backlog{queue="a"}, which is not there',
            ],
            id="another channel",
        ),
        pytest.param(
            {"held": (ExpectedHold(named=BACKLOG, reason=Reason.SILENCED, channel="slack"),)},
            [
                f"held: expected {BACKLOG} to be held from slack as silenced; slack: hold as inhibited (why)",
            ],
            id="held for another reason",
        ),
        pytest.param(
            {"held": (ExpectedHold(named=Named(rule="redis_down"), reason=Reason.SILENCED),)},
            [
                f"held: expected redis_down to be held from every channel as silenced, {NOT_OPEN}",
            ],
            id="held, but not open",
        ),
    ],
)
def test_a_difference_says_what_was_expected_and_what_was_found(wanted, lines):
    assert differences(expected(**wanted), [ALERT], [INHIBITED]) == lines


@pytest.mark.parametrize(
    ("text", "named"),
    [
        pytest.param("redis_down", Named(rule="redis_down"), id="without labels"),
        pytest.param('b{queue="a b", x="1,2"}', Named(rule="b", labels={"queue": "a b", "x": "1,2"}), id="with labels"),
    ],
)
def test_an_alert_is_read_as_it_is_written(text, named):
    assert (Named.parse(text), str(named)) == (named, text)


@pytest.mark.parametrize("text", ["", "two words", "b{queue=a}", 'b{queue="a"', 'b{queue="a" x="1"}'])
def test_what_is_no_alert_is_refused(text):
    with pytest.raises(ValueError, match="is no alert"):
        Named.parse(text)
