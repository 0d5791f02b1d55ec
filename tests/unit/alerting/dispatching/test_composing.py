"""What a message says of itself: key, order, what remains, who is on call."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from support.dispatching import CHAT, LOG, MAIL, PHONE, POLICY, Desk, an_alert, told
from support.facts import NOON

from maxbooster_ops.alerting.dispatching.dispatch import dispatch
from maxbooster_ops.alerting.dispatching.rotation import Person, Rotation
from maxbooster_ops.alerting.message import Kind
from maxbooster_ops.alerting.rule import Severity

M = timedelta(minutes=1)

ON_CALL = replace(
    POLICY,
    on_call=Rotation(
        people=tuple(Person(name=name, email=f"{name}@example.com") for name in ("ada", "bob")),
        starts_on=date(2026, 11, 16),
    ),
)


def sent(alerts, now=NOON, *, channel=MAIL, policy=POLICY):
    """The messages to one channel."""
    return [message for message in dispatch(alerts, [], policy, [], now).messages if message.channel == channel]


def test_the_worst_comes_first_then_the_oldest_whatever_the_order_of_the_alerts():
    alerts = [
        an_alert(id="young", since=NOON - M),
        an_alert(id="old", since=NOON - 2 * M),
        an_alert(id="worst", severity=Severity.CRITICAL),
    ]
    for given in (alerts, alerts[::-1]):
        (message,) = sent(given)
        assert [notice.alert_id for notice in message.notices] == ["worst", "old", "young"]
        assert message.severity is Severity.CRITICAL


def test_a_notice_shows_the_level_that_the_alert_was_raised_to():
    raised = an_alert(severity=Severity.ERROR, level=Severity.CRITICAL, escalated_at=NOON)
    (message,) = sent([raised], channel=PHONE)
    assert (message.severity, message.notices[0].severity) == (Severity.CRITICAL, Severity.CRITICAL)


class TestKey:
    """A recomputation finds the same key, anything that is news another."""

    def key(self, *alerts, now=NOON, channel=MAIL):
        (message,) = sent(alerts, now, channel=channel)
        return message.key

    def test_deciding_again_later_after_a_crash_gives_the_same_key(self):
        assert self.key(an_alert(value=150.0)) == self.key(an_alert(value=170.0), now=NOON + 10 * M)

    def test_the_order_of_the_alerts_does_not_matter(self):
        one, other = an_alert(id="1"), an_alert(id="2")
        assert self.key(one, other) == self.key(other, one)

    def test_each_reminder_has_a_key_of_its_own(self):
        desk = Desk([an_alert(acknowledged_at=None, severity=Severity.CRITICAL)])
        desk.tick_until(NOON, NOON + 61 * M)
        keys = [message.key for message in desk.to(MAIL)]
        assert (len(keys), len(set(keys))) == (5, 5)

    @pytest.mark.parametrize(
        "other",
        [
            pytest.param(an_alert(id="a2"), id="another alert"),
            pytest.param(an_alert(component="api"), id="another group"),
            pytest.param(an_alert(told={MAIL: told()}, resolved_at=NOON + M), id="another kind"),
        ],
    )
    def test_another_message_has_another_key(self, other):
        assert self.key(other, now=NOON + M) != self.key(an_alert())

    def test_another_channel_has_another_key(self):
        assert self.key(an_alert(), channel=CHAT) != self.key(an_alert())


class TestRemaining:
    def test_it_counts_what_the_channel_knows_of_and_what_still_fires(self):
        alerts = [
            an_alert(id="over", told={MAIL: told()}, resolved_at=NOON + M),
            an_alert(id="fires", told={MAIL: told()}),
            an_alert(id="acknowledged", told={MAIL: told()}, acknowledged_at=NOON),
            an_alert(id="told to others", told={CHAT: told()}, acknowledged_at=NOON),
            an_alert(id="elsewhere", component="api", told={MAIL: told()}),
            an_alert(id="earlier episode", told={MAIL: told(at=NOON - M, resolved=True)}),
        ]
        (message,) = sent(alerts, NOON + M)
        assert (message.kind, message.remaining) == (Kind.RESOLVED, 2)

    def test_nothing_remains_after_the_last_one(self):
        alerts = [an_alert(id=name, told={MAIL: told()}, resolved_at=NOON + M) for name in "ab"]
        (message,) = sent(alerts, NOON + M)
        assert (len(message.notices), message.remaining) == (2, 0)

    def test_what_a_message_tells_of_remains_after_it(self):
        (message,) = sent([an_alert(id="1"), an_alert(id="2")])
        assert message.remaining == 2

    def test_what_begins_in_the_same_tick_remains_after_an_end(self):
        alerts = [an_alert(id="over", told={MAIL: told()}, resolved_at=NOON + M), an_alert(id="new", since=NOON + M)]
        assert {message.kind: message.remaining for message in sent(alerts, NOON + M)} == {
            Kind.RESOLVED: 1,
            Kind.FIRING: 1,
        }


class TestOnCall:
    @pytest.mark.parametrize(
        ("severity", "expected"),
        [
            pytest.param(Severity.CRITICAL, ("ada@example.com",), id="critical"),
            pytest.param(Severity.ERROR, ("ada@example.com",), id="error"),
            pytest.param(Severity.WARNING, (), id="warning"),
        ],
    )
    def test_errors_and_worse_go_to_whose_week_it_is(self, severity, expected):
        (message,) = sent([an_alert(severity=severity)], channel=LOG, policy=ON_CALL)
        assert message.on_call == expected

    def test_what_was_escalated_goes_to_the_next_one_too(self):
        raised = an_alert(level=Severity.CRITICAL, escalated_at=NOON)
        (message,) = sent([raised], policy=ON_CALL)
        assert message.on_call == ("ada@example.com", "bob@example.com")

    def test_a_critical_one_that_nobody_takes_reaches_the_next_one_with_its_first_reminder(self):
        desk = Desk([an_alert(severity=Severity.CRITICAL)], ON_CALL)
        desk.tick_until(NOON, NOON + 16 * M)
        assert [message.on_call for message in desk.to(MAIL)] == [
            ("ada@example.com",),
            ("ada@example.com", "bob@example.com"),
        ]

    def test_without_a_rotation_nobody_is(self):
        (message,) = sent([an_alert(severity=Severity.CRITICAL)], channel=PHONE)
        assert message.on_call == ()
