"""What each channel makes of a message: what its vendor takes, within its limits, whatever the texts say."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from support.facts import NOON
from support.messages import message, notice, notices
from support.vendor_shapes import SHAPES

from maxbooster_ops.alerting.channels.discord import DiscordChannel
from maxbooster_ops.alerting.channels.email import EmailChannel
from maxbooster_ops.alerting.channels.pagerduty import PagerDutyChannel, event_action
from maxbooster_ops.alerting.channels.posting import Target
from maxbooster_ops.alerting.channels.references import References
from maxbooster_ops.alerting.channels.slack import SlackChannel
from maxbooster_ops.alerting.channels.teams import TeamsChannel
from maxbooster_ops.alerting.channels.webhook import WebhookChannel
from maxbooster_ops.alerting.message import Kind
from maxbooster_ops.alerting.rule import Severity
from maxbooster_ops.errors import UsageError

NOWHERE = Target(url="https://example.com")
REFERENCES = References(
    dashboard_url="https://ops.example.com/",
    runbooks_url="https://docs.example.com/runbooks",
    runbook_text=lambda name: f"# {name}\n\nLook at <the workers> first & then at Redis.\n" * 60,
)
SLACK, TEAMS, DISCORD = (kind(NOWHERE, REFERENCES) for kind in (SlackChannel, TeamsChannel, DiscordChannel))
PAGERDUTY = PagerDutyChannel(NOWHERE, SecretStr("R0"), REFERENCES)
WEBHOOK = WebhookChannel(NOWHERE, REFERENCES)
EMAIL = EmailChannel(
    NOWHERE, SecretStr("SG"), REFERENCES, sender="ops@example.com", recipients=("one@example.com", "two@example.com")
)
DOCUMENTS = {
    "slack": SLACK.document,
    "teams": lambda told: json.loads(TEAMS.document(told)),
    "discord": DISCORD.document,
    "pagerduty": lambda told: PAGERDUTY.document(told, event_action(told)),
    "webhook": WEBHOOK.document,
    "email": EMAIL.document,
}

hostile = st.sampled_from(
    ["<!channel> ", "<script>x</script>", "*_~`|[a](http://e) ", "&", "😀", "\n", "@everyone ", "x"]
)
texts = st.builds(lambda piece, times: "t" + piece * times, hostile, st.integers(0, 1500))
hostile_notices = st.builds(
    lambda count, text, labels: (
        *notices(count, title=text, summary=text, description=text),
        notice(labels=labels, summary=text),
    ),
    st.integers(0, 80),
    texts,
    st.dictionaries(texts, texts, max_size=30),
)


@pytest.mark.parametrize("vendor", DOCUMENTS)
@settings(max_examples=25, deadline=None)
@given(told=hostile_notices, kind=st.sampled_from(Kind), group=texts, instead_of=st.none() | st.just("slack"))
def test_whatever_the_texts_say_the_vendor_takes_it(vendor, told, kind, group, instead_of):
    known = {"kind": kind, "group": group, "notices": told, "instead_of": instead_of, "remaining": 1}
    document = DOCUMENTS[vendor](message(severity=Severity.CRITICAL, **known))
    assert list(SHAPES[vendor](document, {"authorization": "Bearer x"})) == []


@pytest.mark.parametrize("vendor", DOCUMENTS)
def test_a_message_of_one_alert_says_what_value_where_and_what_to_do(vendor):
    text = json.dumps(DOCUMENTS[vendor](message())).replace("\\\\", "")
    for said in ("150 waiting jobs", "scheduled-posts", "queue_backlog", "a1"):
        assert said in text
    assert "https://docs.example.com/runbooks/queue-backlog.md" in text
    assert "https://ops.example.com/alerts/a1" in text


@pytest.mark.parametrize("vendor", [vendor for vendor in DOCUMENTS if vendor != "webhook"])
def test_what_people_read_quotes_the_runbook(vendor):
    assert "at Redis." in json.dumps(DOCUMENTS[vendor](message()))


def test_the_webhook_gets_the_document_of_the_spec():
    plain = WebhookChannel(NOWHERE, References())
    assert plain.document(message()) == {
        "severity": "warning",
        "title": "High Queue Backlog",
        "message": "Queue has 150 waiting jobs (threshold: 100)",
        "timestamp": "2026-11-21T12:00:00.000Z",
        "metadata": {
            "queueName": "scheduled-posts",
            "waiting": 150,
            "alertId": "a1",
            "rule": "queue_backlog",
            "labels": {"queue": "scheduled-posts"},
            "description": "Jobs wait longer than people do.",
            "threshold": 100,
            "since": "2026-11-21T12:00:00.000Z",
            "runbook": "queue-backlog",
            "key": "k1",
            "status": "firing",
            "component": "queues",
            "remaining": 0,
        },
        "source": "Max Booster Platform",
    }


def test_several_alerts_keep_the_shape_and_stand_in_the_metadata():
    document = WEBHOOK.document(message(notices=notices(12)))
    assert document["title"] == "12 × High Queue Backlog"
    alerts = document["metadata"]["alerts"]
    assert [alert["metadata"]["queueName"] for alert in alerts] == [f"queue-{n}" for n in range(12)]


@pytest.mark.parametrize(
    ("known", "metadata"),
    [
        pytest.param({"value": None}, {"waiting": None}, id="no data is null"),
        pytest.param({"value": 0.25}, {"waiting": 0.25}, id="a fraction"),
        pytest.param({"value": float("inf")}, {"waiting": "inf"}, id="an infinite value is a word: JSON has none"),
        pytest.param({"labels": {"status_code": "500"}}, {"statusCode": "500"}, id="labels in camel case"),
        pytest.param({"labels": {"rule": "x"}}, {"rule": "queue_backlog"}, id="a label never hides what is ours"),
        pytest.param({"resolved_at": NOON}, {"resolvedAt": "2026-11-21T12:00:00.000Z"}, id="when it ended"),
    ],
)
def test_metadata_is_what_json_readers_expect(known, metadata):
    found = WEBHOOK.document(message(notices=(notice(**known),)))["metadata"]
    assert {name: found[name] for name in metadata} == metadata


@pytest.mark.parametrize(
    ("kind", "remaining", "action"),
    [
        pytest.param(Kind.FIRING, 1, "trigger", id="firing"),
        pytest.param(Kind.REMINDER, 1, "trigger", id="a reminder"),
        pytest.param(Kind.ESCALATION, 1, "trigger", id="an escalation"),
        pytest.param(Kind.ACKNOWLEDGED, 1, "acknowledge", id="acknowledged"),
        pytest.param(Kind.RESOLVED, 1, "trigger", id="one resolved, another still fires"),
        pytest.param(Kind.RESOLVED, 0, "resolve", id="all resolved"),
    ],
)
def test_an_incident_ends_only_with_the_last_alert_of_its_group(kind, remaining, action):
    assert event_action(message(kind=kind, remaining=remaining)) == action


def test_every_event_of_a_group_is_about_the_same_incident():
    told = [message(kind=kind, key=kind.value, notices=notices(n + 1)) for n, kind in enumerate(Kind)]
    assert len({PAGERDUTY.document(each, event_action(each))["dedup_key"] for each in told}) == 1


def test_groups_with_long_names_are_different_incidents():
    first, second = (message(group="g" * 300 + last) for last in "ab")
    assert PAGERDUTY.document(first, "trigger")["dedup_key"] != PAGERDUTY.document(second, "trigger")["dedup_key"]


def test_mail_goes_to_the_fixed_recipients_and_to_who_is_on_call_each_once():
    document = EMAIL.document(message(on_call=("Two@Example.com", "three@example.com")))
    addresses = [to["email"].lower() for to in document["personalizations"][0]["to"]]
    assert sorted(addresses) == ["one@example.com", "three@example.com", "two@example.com"]


def test_mail_escapes_what_texts_say_and_has_the_colour_of_its_severity():
    told = message(severity=Severity.CRITICAL, notices=(notice(summary="<img src=x onerror=alert(1)>"),))
    plain, html = (part["value"] for part in EMAIL.document(told)["content"])
    assert "<img" in plain
    assert "<img" not in html
    assert "&lt;img" in html
    assert "#b3121d" in html


@pytest.mark.parametrize(
    ("known", "subject"),
    [
        pytest.param({"severity": Severity.ERROR}, "[ERROR] High Queue Backlog", id="firing"),
        pytest.param({"kind": Kind.RESOLVED}, "Resolved: High Queue Backlog", id="resolved"),
    ],
)
def test_the_subject_says_how_bad_it_is(known, subject):
    assert EMAIL.document(message(**known))["subject"] == subject


def test_a_message_whose_runbook_is_gone_leaves_without_it():
    def gone(name):
        raise UsageError(f"`{name}` is no runbook")

    document = SlackChannel(NOWHERE, References(runbook_text=gone)).document(message())
    assert [block["type"] for block in document["blocks"]] == ["header", "section", "context"]


def test_a_rule_may_name_the_address_of_its_runbook():
    assert References().runbook_page(notice(runbook="https://wiki.example.com/x")) == "https://wiki.example.com/x"
