"""What goes together in one message, and what waits while its group floods a channel."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.dispatching import CHAT, LOG, MAIL, PHONE, POLICY, REDIS_DOWN, TICK, Desk, an_alert, decided, told
from support.facts import NOON

from maxbooster_ops.alerting.dispatching.dispatch import Reason, Recent, dispatch
from maxbooster_ops.alerting.dispatching.policy import Policy, Route
from maxbooster_ops.alerting.message import Kind
from maxbooster_ops.alerting.rule import Severity

S, M = timedelta(seconds=1), timedelta(minutes=1)

LOG_ONLY = Policy(routes=(Route(channel=LOG, least=Severity.INFO),))


def recent(*seconds_ago: int, group: str = "queues", channel: str = LOG) -> list[Recent]:
    return [Recent(channel=channel, group=group, at=NOON - seconds * S) for seconds in seconds_ago]


def at_noon(alert, given):
    """The decision on one alert before the log, and how many messages it was sent."""
    dispatched = dispatch([alert], [], LOG_ONLY, given, NOON)
    return decided(dispatched, LOG), len(dispatched.messages)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(recent(40, 30), Reason.FIRES, id="two messages leave room for a third"),
        pytest.param(recent(40, 30, 20), Reason.GROUPED, id="three do not"),
        pytest.param(recent(59, 30, 20), Reason.GROUPED, id="the oldest 59 s ago"),
        pytest.param(recent(60, 30, 20), Reason.FIRES, id="the oldest 60 s ago"),
        pytest.param(recent(40, 30, 20, group="api"), Reason.FIRES, id="about another group"),
        pytest.param(recent(40, 30, 20, channel=MAIL), Reason.FIRES, id="to another channel"),
    ],
)
def test_a_fourth_message_about_a_group_waits_until_there_is_room(given, expected):
    decision, messages = at_noon(an_alert(), given)
    assert (decision.reason, messages) == (expected, int(expected is Reason.FIRES))


def test_a_channel_that_a_program_reads_takes_any_number():
    """What is told to it late is done late; nobody is worn out by the flood."""
    route = Route(channel=LOG, least=Severity.INFO, most_per_window=None)
    dispatched = dispatch([an_alert()], [], Policy(routes=(route,)), recent(5, 4, 3, 2, 1), NOON)
    assert decided(dispatched, LOG).reason is Reason.FIRES


def test_one_flood_reaches_a_program_at_every_tick_and_people_in_three_messages_a_minute():
    program = Route(channel="webhook", least=Severity.INFO, most_per_window=None)
    desk = Desk(policy=Policy(routes=(program, Route(channel=CHAT, least=Severity.INFO))))
    for tick in range(6):
        now = NOON + tick * TICK
        desk.alerts[str(tick)] = an_alert(id=str(tick), since=now)
        desk.tick(now)
    assert [message.at for message in desk.to("webhook")] == [NOON + tick * TICK for tick in range(6)]
    assert [message.at for message in desk.to(CHAT)] == [NOON, NOON + TICK, NOON + 2 * TICK]


def test_what_waits_says_until_when_and_for_what():
    decision, _ = at_noon(an_alert(), recent(40, 30, 20))
    assert decision.until == NOON + 20 * S
    assert decision.detail == (
        "waits and goes with others: log got 3 messages about queues within a minute; there is room again at "
        "12:00:20 UTC"
    )


@pytest.mark.parametrize(
    ("given", "since", "until"),
    [
        pytest.param(recent(50, 30, 20, 10), NOON, NOON + 30 * S, id="when the third last is a minute old"),
        pytest.param(recent(30, 20, 10), NOON - 55 * S, NOON + 5 * S, id="when it was due for a minute"),
    ],
)
def test_until_when_it_waits(given, since, until):
    decision, _ = at_noon(an_alert(since=since), given)
    assert decision.until == until


def test_the_one_that_waits_longest_takes_the_others_with_it():
    alerts = [an_alert(id="new"), an_alert(id="waiting", since=NOON - M)]
    (message,) = dispatch(alerts, [], LOG_ONLY, recent(3, 2, 1), NOON).messages
    assert len(message.notices) == 2


def test_getting_worse_while_a_reminder_waits_does_not_begin_the_wait_anew():
    alert = an_alert(value=900.0, since=NOON - 16 * M, told={LOG: told(at=NOON - 16 * M)})
    assert at_noon(alert, recent(3, 2, 1))[0].reason is Reason.GOT_WORSE


@pytest.mark.parametrize(
    ("due_ago", "expected"),
    [
        pytest.param(59 * S, Reason.GROUPED, id="59 s after it began to fire"),
        pytest.param(60 * S, Reason.FIRES, id="60 s"),
    ],
)
def test_nothing_waits_for_more_than_a_minute(due_ago, expected):
    decision, _ = at_noon(an_alert(since=NOON - due_ago), recent(4, 3, 2, 1))
    assert decision.reason is expected


@pytest.mark.parametrize(
    ("over_for", "expected"),
    [
        pytest.param(59 * S, Reason.GROUPED, id="59 s after the end"),
        pytest.param(60 * S, Reason.RESOLUTION, id="60 s"),
    ],
)
def test_an_end_waits_for_a_minute_at_most(over_for, expected):
    ended = NOON - over_for
    alert = an_alert(since=ended - M, told={LOG: told(at=ended - M)}, resolved_at=ended)
    assert at_noon(alert, recent(4, 3, 2, 1))[0].reason is expected


def test_a_p0_never_waits_and_takes_what_waits_with_it():
    alerts = [an_alert(id="p0", severity=Severity.CRITICAL), an_alert(id="other")]
    (message,) = dispatch(alerts, [], LOG_ONLY, recent(3, 2, 1), NOON).messages
    assert [notice.alert_id for notice in message.notices] == ["p0", "other"]
    assert message.severity is Severity.CRITICAL


def test_messages_of_one_tick_take_room_from_each_other_in_the_order_of_urgency():
    """Two of three places are taken: what fires goes, the end and the reminder wait."""
    alerts = [
        an_alert(id="new"),
        an_alert(id="over", since=NOON - M, told={LOG: told(at=NOON - M)}, resolved_at=NOON - S),
        an_alert(id="old", since=NOON - 15 * M, told={LOG: told(at=NOON - 15 * M)}),
    ]
    dispatched = dispatch(alerts, [], LOG_ONLY, recent(20, 10), NOON)
    assert [message.kind for message in dispatched.messages] == [Kind.FIRING]
    assert {decided(dispatched, LOG, each).reason for each in ("over", "old")} == {Reason.GROUPED}


def test_a_group_is_a_component_and_each_kind_is_a_message_of_its_own():
    alerts = [
        an_alert(id="1"),
        an_alert(id="2"),
        an_alert(id="3", component="api"),
        an_alert(id="4", since=NOON - 15 * M, told={LOG: told(at=NOON - 15 * M)}),
    ]
    messages = dispatch(alerts, [], LOG_ONLY, [], NOON).messages
    assert {(each.group, each.kind, len(each.notices)) for each in messages} == {
        ("queues", Kind.FIRING, 2),
        ("queues", Kind.REMINDER, 1),
        ("api", Kind.FIRING, 1),
    }


def test_of_one_group_the_end_comes_before_what_fires_again():
    """The last word about an alert is how it stands."""
    alerts = [
        an_alert(id="again", severity=Severity.CRITICAL, since=NOON),
        an_alert(id="over", since=NOON - M, told={LOG: told(at=NOON - M)}, resolved_at=NOON - S),
    ]
    messages = dispatch(alerts, [], LOG_ONLY, [], NOON).messages
    assert [message.kind for message in messages] == [Kind.RESOLVED, Kind.FIRING]
    assert messages[0].at < messages[1].at


class TestStorm:
    policy = Policy(routes=POLICY.routes, inhibitions=(REDIS_DOWN,))

    def test_a_thousand_at_once_are_a_few_messages_and_the_p0_is_in_the_first_tick(self):
        """500 queues inhibited by Redis, 499 pages, and Redis itself, the P0."""
        redis = an_alert(id="p0", rule="redis_down", component="redis", severity=Severity.CRITICAL)
        queues = [an_alert(id=f"q{number}", labels={"queue": f"q{number}"}) for number in range(500)]
        pages = [an_alert(id=f"page{number}", component="api", labels={"page": str(number)}) for number in range(499)]
        desk = Desk([*queues, redis, *pages], self.policy)
        first = desk.tick(NOON)
        assert {m.channel for m in first.messages if m.notices[0].alert_id == "p0"} == {PHONE, MAIL, CHAT, LOG}
        assert decided(first, MAIL, "q7").reason is Reason.INHIBITED
        desk.tick_until(NOON + TICK, NOON + 5 * M)
        for name in desk.alerts:
            desk.change(name, resolved_at=NOON + 5 * M)
        desk.tick_until(NOON + 5 * M, NOON + 10 * M)
        assert {channel: len(desk.to(channel)) for channel in (PHONE, MAIL, CHAT, LOG)} == {
            PHONE: 2,
            MAIL: 4,
            CHAT: 4,
            LOG: 4,
        }

    def test_a_thousand_that_trickle_in_are_four_messages_a_minute_at_most_and_nobody_waits_longer(self):
        desk = Desk(policy=LOG_ONLY)
        for tick in range(60):
            now = NOON + tick * TICK
            new = [an_alert(id=f"{tick}-{number}", since=now) for number in range(17)]
            desk.alerts |= {alert.id: alert for alert in new}
            desk.tick(now)
        desk.tick_until(NOON + 60 * TICK, NOON + 12 * M)
        sent = [message.at for message in desk.sent]
        assert max(sum(at - M < other <= at for other in sent) for at in sent) <= 4
        assert len(sent) <= 40
        waits = [message.at - notice.since for message in desk.sent for notice in message.notices]
        assert len(waits) == 1020
        assert max(waits) <= M
