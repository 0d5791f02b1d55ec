"""Playing a scenario: the same evaluation and dispatch as live, moment by moment."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.rules import rule

from maxbooster_ops.alerting.alert import AlertState
from maxbooster_ops.alerting.dispatching.decision import Reason
from maxbooster_ops.alerting.dispatching.policy import Policy, Route
from maxbooster_ops.alerting.dispatching.silence import Silence, parse_matcher
from maxbooster_ops.alerting.rule import Severity
from maxbooster_ops.alerting.scenarios.expectation import Expectation, Named
from maxbooster_ops.alerting.scenarios.scenario import STARTS, Acknowledgement, RuleSeries, Scenario, play, rule_samples
from maxbooster_ops.alerting.scenarios.series_notation import expand

MINUTE = timedelta(minutes=1)
POLICY = Policy(routes=(Route(channel="slack", least=Severity.WARNING),))


def standings(values, *, rules=None, minutes=None, **known):
    """Play one rule with these values, a minute apart; give how things stand after each."""
    expanded = expand(values)
    last = (minutes or len(expanded) - 1) * MINUTE
    scenario = Scenario(
        **{
            "name": "one",
            "starts": STARTS,
            "interval": MINUTE,
            "rule_files": (),
            "channels": ("slack",),
            "series": (RuleSeries(rule="queue_backlog", labels={"queue": "a"}, values=expanded),),
            "columns": (),
            "silences": (),
            "acknowledgements": (),
            "expectations": (Expectation(after=last, alerts=None, routes={}, held=()),),
            **known,
        }
    )
    return list(play(scenario, rules or [rule()], POLICY, rule_samples(scenario)))


def story(played):
    """Tell the state of the only open alert, and why slack is told or not, minute by minute."""
    told = []
    for standing in played:
        alerts = [alert for alert in standing.alerts if alert.resolved_at is None]
        reasons = [one.reason for one in standing.decisions if one.alert_id in {alert.id for alert in alerts}]
        told.append((alerts[0].state, reasons[0]) if alerts else None)
    return told


FIRES = (AlertState.FIRING, Reason.FIRES)
COOLS = (AlertState.FIRING, Reason.COOLING_DOWN)


def test_an_alert_fires_cools_down_and_ends():
    assert story(standings("50 150x2 50")) == [None, FIRES, COOLS, COOLS, None]


def test_the_last_expectation_is_the_last_moment_played():
    played = standings("150x9", minutes=3)
    assert [standing.at - STARTS for standing in played] == [0 * MINUTE, MINUTE, 2 * MINUTE, 3 * MINUTE]


def test_a_new_episode_within_the_cooldown_is_held_as_it_is_live():
    assert story(standings("150 50 150")) == [FIRES, None, COOLS]


def test_a_series_that_ends_is_without_data_and_still_open():
    assert story(standings("150", minutes=6))[-2:] == [(AlertState.NO_DATA, Reason.COOLING_DOWN)] * 2


def test_a_silence_holds_until_it_ends():
    silence = Silence(
        id="s",
        matchers=(parse_matcher('queue="a"'),),
        starts_at=STARTS,
        ends_at=STARTS + 2 * MINUTE,
        reason="planned",
        author="ada",
    )
    silenced = (AlertState.SILENCED, Reason.SILENCED)
    assert story(standings("150x3", silences=(silence,))) == [silenced, silenced, FIRES, COOLS]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param({"queue": "a"}, (AlertState.ACKNOWLEDGED, Reason.ACKNOWLEDGED), id="this alert"),
        pytest.param({"queue": "b"}, COOLS, id="another alert"),
    ],
)
def test_an_acknowledgement_takes_the_alert_that_it_names(labels, expected):
    taken = Acknowledgement(after=MINUTE, named=Named(rule="queue_backlog", labels=labels), by="ada")
    assert story(standings("150x2", acknowledgements=(taken,))) == [FIRES, expected, expected]


def test_the_value_of_an_alert_is_the_newest_sample():
    assert [standing.alerts[0].value for standing in standings("150 170 190")] == [150, 170, 190]


def test_the_labels_of_the_rule_are_on_its_alerts():
    played = standings("150", rules=[rule(labels={"team": "queues"})])
    assert played[0].alerts[0].labels == {"team": "queues", "queue": "a"}
