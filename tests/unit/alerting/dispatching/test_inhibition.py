"""Which alert keeps which from being told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.dispatching import CHAT, LOG, MAIL, PHONE, POLICY, REDIS_DOWN, Desk, an_alert, decided
from support.facts import NOON

from maxbooster_ops.alerting.alert import Alert
from maxbooster_ops.alerting.dispatching.dispatch import Reason
from maxbooster_ops.alerting.dispatching.inhibition import Causes, Inhibition
from maxbooster_ops.alerting.dispatching.policy import Policy
from maxbooster_ops.alerting.dispatching.silence import parse_matcher

M = timedelta(minutes=1)


def inhibition(source: str, target: str, *equal: str) -> Inhibition:
    return Inhibition(name="i", source=(parse_matcher(source),), target=(parse_matcher(target),), equal=equal)


def cause_of(alert: Alert, inhibitions: Iterable[Inhibition], alerts: Iterable[Alert]) -> Alert | None:
    return Causes(inhibitions, alerts).of(alert)


REDIS = an_alert(id="redis", rule="redis_down", component="redis", labels={"server": "a"}, title="Redis is down")
QUEUE = an_alert(id="queue", labels={"server": "a"})


def test_a_cause_inhibits_its_consequence_and_nothing_else():
    others = [an_alert(id="page", component="pages"), REDIS, QUEUE]
    found = [cause_of(alert, [REDIS_DOWN], others) for alert in others]
    assert found == [None, None, REDIS]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param({"server": "a"}, REDIS, id="the same"),
        pytest.param({"server": "b"}, None, id="another"),
        pytest.param({}, None, id="absent on one side"),
    ],
)
def test_equal_labels_must_be_shared(labels, expected):
    target = an_alert(labels=labels)
    assert cause_of(target, [inhibition("rule=redis_down", "component=queues", "server")], [REDIS, target]) == expected


def test_labels_absent_on_both_sides_are_equal():
    rule = inhibition("rule=redis_down", "component=queues", "zone")
    assert cause_of(QUEUE, [rule], [REDIS, QUEUE]) == REDIS


def test_a_cause_that_is_over_inhibits_nothing():
    over = an_alert(id="redis", rule="redis_down", component="redis", resolved_at=NOON + M)
    assert cause_of(QUEUE, [REDIS_DOWN], [over, QUEUE]) is None


def test_no_alert_inhibits_itself():
    assert cause_of(QUEUE, [inhibition("component=queues", "component=queues")], [QUEUE]) is None


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param([inhibition("component=~.*", "component=~.*")], id="by one rule"),
        pytest.param(
            [inhibition("component=redis", "component=queues"), inhibition("component=queues", "component=redis")],
            id="by two rules",
        ),
    ],
)
def test_two_that_inhibit_each_other_are_both_told(rules):
    assert [cause_of(alert, rules, [REDIS, QUEUE]) for alert in (REDIS, QUEUE)] == [None, None]


def test_the_oldest_cause_is_named_whatever_the_order():
    older = an_alert(id="z", rule="redis_down", component="redis", since=NOON - M)
    assert cause_of(QUEUE, [REDIS_DOWN], [REDIS, older, QUEUE]) == older
    assert cause_of(QUEUE, [REDIS_DOWN], [older, REDIS, QUEUE]) == older


SIDES = st.sampled_from(["component=redis", "component=queues", "component=~.*", "rule=redis_down", "server=~a|b"])


@given(
    rules=st.lists(st.builds(lambda s, t, e: inhibition(s, t, *e), SIDES, SIDES, st.sampled_from([(), ("server",)]))),
    alerts=st.lists(
        st.builds(
            lambda key, rule, component, server: an_alert(
                id=str(key), rule=rule, component=component, labels={"server": server}
            ),
            st.integers(0, 99),
            st.sampled_from(["redis_down", "other"]),
            st.sampled_from(["redis", "queues"]),
            st.sampled_from(["a", "b", ""]),
        ),
        unique_by=lambda alert: alert.id,
        max_size=6,
    ),
)
def test_the_index_answers_as_the_definition_does(rules, alerts):
    """A rule holds one over another: source, target and equal labels; and none of them the other way round."""

    def holds(cause, over):
        return any(
            rule.is_source(cause)
            and rule.is_target(over)
            and all(cause.labels[name] == over.labels[name] for name in rule.equal)
            for rule in rules
        )

    causes = Causes(rules, alerts)
    for alert in alerts:
        expected = {
            other.id for other in alerts if other.id != alert.id and holds(other, alert) and not holds(alert, other)
        }
        found = causes.of(alert)
        assert (found.id in expected) if found else not expected


def test_the_consequences_are_held_with_the_cause_named_and_told_when_it_is_over():
    desk = Desk([QUEUE, REDIS], Policy(routes=POLICY.routes, inhibitions=(REDIS_DOWN,)))
    first = desk.tick(NOON)
    held = decided(first, MAIL, "queue")
    assert (held.reason, held.detail) == (
        Reason.INHIBITED,
        "its cause fires: Redis is down (redis_down, alert redis)",
    )
    assert {message.channel for message in first.messages} == {MAIL, CHAT, LOG}
    assert {notice.alert_id for message in first.messages for notice in message.notices} == {"redis"}
    desk.change("redis", resolved_at=NOON + M)
    second = desk.tick(NOON + M)
    assert decided(second, MAIL, "queue").reason is Reason.FIRES
    assert decided(second, PHONE, "queue").reason is Reason.NOT_ROUTED
