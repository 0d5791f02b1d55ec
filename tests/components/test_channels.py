"""Every channel, built from settings, against a receiver that takes only what its vendor would take."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
import structlog
from standardwebhooks import Webhook
from support.alert_receiver import alert_receiver
from support.facts import NOON
from support.messages import message, notice, notices
from support.scripted_channel import Clock

from maxbooster_ops.alerting.channels.posting import Target
from maxbooster_ops.alerting.channels.references import References
from maxbooster_ops.alerting.channels.registry import build_channels
from maxbooster_ops.alerting.channels.webhook import WebhookChannel
from maxbooster_ops.alerting.delivering import outbox
from maxbooster_ops.alerting.delivering.channel_test import send_test
from maxbooster_ops.alerting.delivering.delivery import deliver_due
from maxbooster_ops.alerting.message import Kind
from maxbooster_ops.alerting.rule import Severity
from maxbooster_ops.logs import configure_logs
from maxbooster_ops.settings import Settings
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.state import open_state

VENDORS = ("pagerduty", "email", "slack", "teams", "discord", "webhook")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def receiver():
    with alert_receiver() as running:
        yield running


@pytest.fixture
def state(tmp_path):
    with open_state(Home(root=tmp_path / "home")) as opened:
        yield opened


@pytest.fixture
def log(tmp_path):
    """A file with what is logged as in production; afterwards logs look as before."""
    configure_logs("DEBUG", service="test")
    with (tmp_path / "log").open("w") as file:
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(file))
        yield tmp_path / "log"
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def channels(receiver, **known):
    found = build_channels(Settings(_env_file=None, **{**receiver.settings(), **known}))
    assert found.problems == ()
    return {channel.name: channel for channel in found.usable}


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("kind", Kind)
def test_a_vendor_takes_every_kind_of_message_with_its_key(receiver, vendor, kind):
    told = message(channel=vendor, kind=kind, notices=notices(3, resolved_at=NOON), key=f"key-{kind.value}")
    assert channels(receiver)[vendor].send(told).delivered, receiver.refused
    assert {each.key for each in receiver.of(vendor)} == {f"key-{kind.value}"}


def test_an_incident_is_opened_acknowledged_and_resolved_under_one_key(receiver):
    phone, seen = channels(receiver)["pagerduty"], []
    for kind in (Kind.FIRING, Kind.ACKNOWLEDGED, Kind.RESOLVED):
        phone.send(message(kind=kind, group="redis"))
        seen.append(dict(receiver.incidents))
    assert seen == [{"maxbooster-ops:redis": action} for action in ("trigger", "acknowledge", "resolve")]


def test_a_test_of_the_phone_leaves_no_incident_open(receiver):
    assert channels(receiver)["pagerduty"].send(message(kind=Kind.TEST, group="test")).delivered
    assert receiver.incidents == {"maxbooster-ops:test": "resolve"}


def test_a_signed_webhook_is_verified_by_the_standard_library(receiver):
    hook = channels(receiver, alert_webhook_secret=SECRET)["webhook"]
    told = message(notices=(notice(summary="Größer als “100” 😀"),))
    assert hook.send(told).delivered
    (taken,) = receiver.of("webhook")
    body = json.dumps(taken.document, ensure_ascii=False)
    assert Webhook(SECRET).verify(body, taken.headers) == taken.document
    assert taken.headers["webhook-id"] == taken.key == "k1"


def test_without_a_secret_nothing_is_signed(receiver):
    channels(receiver)["webhook"].send(message())
    assert "webhook-signature" not in receiver.of("webhook")[0].headers


def test_what_is_critical_goes_to_slacks_channel_for_it(receiver):
    with alert_receiver() as critical_channel:
        url = f"{critical_channel.url}/slack/critical"
        slack = channels(receiver, slack_critical_webhook_url=url)["slack"]
        slack.send(message(key="usual"))
        slack.send(message(key="critical", severity=Severity.CRITICAL))
        assert [each.key for each in receiver.of("slack")] == ["usual"]
        assert [each.key for each in critical_channel.of("slack")] == ["critical"]


@pytest.mark.parametrize("vendor", ["webhook", "slack", "teams", "discord"])
def test_webhooks_stay_away_from_private_addresses_unless_allowed(receiver, vendor):
    guarded = channels(receiver, alert_allow_private_webhooks=False)[vendor]
    sent = guarded.send(message(channel=vendor))
    assert (sent.permanent, "ALERT_ALLOW_PRIVATE_WEBHOOKS=true" in sent.detail) == (True, True)
    assert receiver.tries[vendor] == 0


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(
    ("fault", "permanent", "said"),
    [
        pytest.param("500", False, "answered 500", id="broken"),
        pytest.param("429", False, "answered 429: slow down", id="too fast"),
        pytest.param("reset", False, "the connection failed: Connection reset by peer", id="reset"),
        pytest.param("400", True, "answered 400", id="refused"),
        pytest.param("redirect", True, "redirects are not followed", id="a redirect"),
    ],
)
def test_every_channel_understands_a_failure_alike(receiver, vendor, fault, permanent, said):
    receiver.faults.append(fault)
    sent = channels(receiver)[vendor].send(message(channel=vendor))
    assert (sent.delivered, sent.permanent) == (False, permanent)
    assert said in sent.detail


def test_no_secret_is_in_the_state_the_log_or_an_answer(receiver, state, log):
    """The receiver echoes the address in what it answers, as careless ones do."""
    usable = list(channels(receiver, alert_webhook_secret=SECRET).values())
    receiver.faults.extend(["500", "400", "429", "redirect", "reset", "500"] * 4)
    with state.writing() as connection:
        outbox.put(connection, [message(key=vendor, channel=vendor) for vendor in VENDORS], NOON)
    done = deliver_due(state, usable, now=Clock(), budget=timedelta(minutes=1))
    tested = send_test(state, usable, NOON)
    database = b"".join(file.read_bytes() for file in state.home.root.rglob("state.db*"))
    told = f"{done}{tested}{log.read_text()}{usable!r}".encode()
    assert sum(not each.delivered for each in done) >= 6
    assert b"answered 500: no luck at" in database
    assert b"alert_told" in told
    for secret in (b"s3cr3t", SECRET.removeprefix("whsec_").encode(), f":{receiver.port}".encode()):
        assert secret not in database
        assert secret not in told


def test_a_receiver_that_fails_a_third_of_the_time_gets_everything_in_order(state):
    """500, 429, silence and resets, before and after it took the request: nothing is lost, repeats carry their key."""
    clock = Clock()
    told = [
        message(key=f"{group}-{n}", group=group, at=NOON + timedelta(seconds=n)) for group in "abcd" for n in range(10)
    ]
    with alert_receiver(fail_ratio=1 / 3, hang_seconds=0.5) as receiver:
        hook = WebhookChannel(Target(url=f"{receiver.url}/webhook", read_seconds=0.2), References())
        with state.writing() as connection:
            outbox.put(connection, told, NOON)
        for _ in range(200):
            deliver_due(state, [hook], now=clock, budget=timedelta(minutes=1))
            clock.move(minutes=5)
            with state.reading() as connection:
                if not outbox.due(connection, clock() + timedelta(hours=1)):
                    break
        firsts = list(dict.fromkeys(each.key for each in receiver.of("webhook")))
    assert receiver.tries["webhook"] > 45
    assert {key for key in firsts if not key.endswith("-log")} == {each.key for each in told}
    for group in "abcd":
        assert [key for key in firsts if key.startswith(group)] == [f"{group}-{n}" for n in range(10)]
    assert len(receiver.accepted) > len(firsts), "some were repeated, under the same key"


def test_copies_of_a_failing_phone_say_so_wherever_they_arrive(receiver, state):
    receiver.faults.append("400")
    usable = list(channels(receiver).values())
    with state.writing() as connection:
        outbox.put(connection, [replace(message(), channel="pagerduty")], NOON)
    deliver_due(state, usable, now=Clock(), budget=timedelta(minutes=1))
    (mail,) = receiver.of("email")
    assert mail.key == "k1-email"
    assert "Sent here because pagerduty could not deliver it." in mail.document["content"][0]["value"]
