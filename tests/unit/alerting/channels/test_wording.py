from __future__ import annotations

import pytest
from support.facts import NOON
from support.messages import message, notice, notices

from maxbooster_ops.alerting.channels.wording import body, colour, facts, figure, fitted, headline, remark
from maxbooster_ops.alerting.message import Kind
from maxbooster_ops.alerting.rule import Severity


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        pytest.param(Kind.FIRING, "High Queue Backlog", id="firing"),
        pytest.param(Kind.REMINDER, "Still firing: High Queue Backlog", id="a reminder"),
        pytest.param(Kind.ESCALATION, "Escalated: High Queue Backlog", id="escalated"),
        pytest.param(Kind.ACKNOWLEDGED, "Acknowledged: High Queue Backlog", id="acknowledged"),
        pytest.param(Kind.RESOLVED, "Resolved: High Queue Backlog", id="resolved"),
        pytest.param(Kind.TEST, "High Queue Backlog", id="a test"),
    ],
)
def test_a_headline_says_what_happened_to_what(kind, said):
    assert headline(message(kind=kind)) == said


def test_alerts_of_one_title_are_counted():
    assert headline(message(notices=notices(12))) == "12 × High Queue Backlog"


def test_the_three_most_frequent_titles_are_named_and_the_others_counted():
    told = [*notices(3, title="A"), *notices(2, title="B"), notice(title="C"), notice(title="D"), notice(title="E")]
    assert headline(message(notices=tuple(told))) == "3 × A, 2 × B, C and 2 more"


def test_summaries_beyond_the_first_ten_are_counted():
    lines = body(message(notices=notices(13, summary="it waits"))).splitlines()
    assert lines == ["it waits"] * 10 + ["… and 3 more"]


@pytest.mark.parametrize(
    ("known", "said"),
    [
        pytest.param({}, "", id="nothing beside"),
        pytest.param({"kind": Kind.RESOLVED, "remaining": 2}, "2 of queues still firing.", id="an end of some"),
        pytest.param({"kind": Kind.FIRING, "remaining": 2}, "", id="others fire anyway"),
        pytest.param(
            {"instead_of": "pagerduty"}, "Sent here because pagerduty could not deliver it.", id="a copy for a backup"
        ),
    ],
)
def test_a_remark_says_what_else_must_be_known(known, said):
    assert remark(message(**known)) == said


def test_no_data_is_said_and_is_no_zero():
    assert ("waiting", "no data") in facts(notice(value=None))


def test_an_alert_that_ended_says_when():
    assert ("resolved", "2026-11-21 12:00:00 UTC") in facts(notice(resolved_at=NOON))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        pytest.param(150.0, "150", id="whole"),
        pytest.param(0.1 + 0.2, "0.3", id="with a float's noise"),
        pytest.param(1e20, "1e+20", id="large"),
        pytest.param(float("inf"), "inf", id="infinite"),
        pytest.param(-0.0, "0", id="negative zero"),
    ],
)
def test_figures_are_written_as_people_do(value, written):
    assert figure(value) == written


def test_what_is_over_is_green_and_each_severity_has_its_own_colour():
    colours = {colour(message(severity=severity)) for severity in Severity}
    resolved = colour(message(kind=Kind.RESOLVED, severity=Severity.CRITICAL))
    assert len({resolved, *colours}) == 5


@pytest.mark.parametrize(
    ("most", "written"),
    [
        pytest.param(15, "&amp;&amp;&amp;", id="all of it, exactly"),
        pytest.param(14, "&amp;…", id="one too few: no escape is cut"),
        pytest.param(6, "&amp;…", id="room for one escape and the ellipsis"),
        pytest.param(5, "…", id="room for an escape alone"),
        pytest.param(0, "", id="no room"),
    ],
)
def test_text_is_shortened_before_it_is_escaped(most, written):
    assert fitted("&&&", most, lambda text: text.replace("&", "&amp;")) == written
