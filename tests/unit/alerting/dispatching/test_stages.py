"""One alert before one channel: each reason, and its edge just before, at and after."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from support.dispatching import CHAT, LOG, MAIL, PHONE, POLICY, a_silence, an_alert, decided, told
from support.facts import NOON

from maxbooster_ops.alerting.dispatching.dispatch import Reason, Verdict, dispatch
from maxbooster_ops.alerting.message import Kind
from maxbooster_ops.alerting.rule import Severity

S, M = timedelta(seconds=1), timedelta(minutes=1)


def before(alert, now=NOON, *, channel=MAIL, policy=POLICY, silences=()):
    """The decision on `alert` for one channel, and the kinds of what that channel is sent."""
    dispatched = dispatch([alert], silences, policy, [], now)
    return decided(dispatched, channel), [message.kind for message in dispatched.messages if message.channel == channel]


def test_what_fires_is_told_to_every_channel_that_takes_its_level():
    dispatched = dispatch([an_alert(severity=Severity.ERROR)], [], POLICY, [], NOON)
    assert {message.channel for message in dispatched.messages} == {MAIL, CHAT, LOG}
    assert decided(dispatched, MAIL).reason is Reason.FIRES
    assert decided(dispatched, PHONE).reason is Reason.NOT_ROUTED
    assert decided(dispatched, PHONE).detail == "pagerduty is told of level critical and above; this is error"


@pytest.mark.parametrize(
    ("severity", "channels"),
    [
        pytest.param(Severity.INFO, {LOG}, id="info"),
        pytest.param(Severity.WARNING, {LOG, CHAT}, id="warning"),
        pytest.param(Severity.ERROR, {LOG, CHAT, MAIL}, id="error"),
        pytest.param(Severity.CRITICAL, {LOG, CHAT, MAIL, PHONE}, id="critical"),
    ],
)
def test_the_least_level_of_a_channel_belongs_to_it(severity, channels):
    dispatched = dispatch([an_alert(severity=severity)], [], POLICY, [], NOON)
    assert {message.channel for message in dispatched.messages} == channels


@pytest.mark.parametrize(
    ("severity", "cooldown"),
    [
        pytest.param(Severity.CRITICAL, 15 * M, id="critical"),
        pytest.param(Severity.ERROR, 15 * M, id="error"),
        pytest.param(Severity.WARNING, 30 * M, id="warning"),
        pytest.param(Severity.INFO, 60 * M, id="info"),
    ],
)
def test_a_repeat_waits_for_the_cooldown_of_its_level_and_goes_exactly_when_it_ends(severity, cooldown):
    alert = an_alert(severity=severity, told={LOG: told(severity=severity)})
    decision, kinds = before(alert, NOON + cooldown - S, channel=LOG)
    assert (decision.reason, decision.until, kinds) == (Reason.COOLING_DOWN, NOON + cooldown, [])
    decision, kinds = before(alert, NOON + cooldown, channel=LOG)
    assert (decision.reason, kinds) == (Reason.STILL_FIRES, [Kind.REMINDER])


def test_a_held_repeat_says_until_when_and_what_was_told():
    decision, _ = before(an_alert(told={MAIL: told()}), NOON + M)
    assert decision.detail == "cooling down until 12:15 UTC: told email at 12:00 UTC and nothing got worse"
    assert decision.verdict is Verdict.HOLD


@pytest.mark.parametrize(
    ("overall", "of_rule", "cooldown"),
    [
        pytest.param(None, 1800.0, 30 * M, id="the rule's goes before the severity's"),
        pytest.param(7 * M, 1800.0, 7 * M, id="the policy's goes before the rule's"),
        pytest.param(timedelta(), None, 1 * M, id="none at all still leaves a minute between reminders"),
    ],
)
def test_the_cooldown_in_force(overall, of_rule, cooldown):
    alert = an_alert(repeat_every_seconds=of_rule, told={MAIL: told()})
    policy = replace(POLICY, cooldown=overall)
    assert before(alert, NOON + cooldown - S, policy=policy)[0].reason is Reason.COOLING_DOWN
    assert before(alert, NOON + cooldown, policy=policy)[0].reason is Reason.STILL_FIRES


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(199.9, Reason.COOLING_DOWN, id="not quite twice as far beyond 100 as 150"),
        pytest.param(200.0, Reason.GOT_WORSE, id="twice as far"),
        pytest.param(90.0, Reason.COOLING_DOWN, id="back within while it is kept firing"),
        pytest.param(-1000.0, Reason.COOLING_DOWN, id="far on the other side"),
        pytest.param(None, Reason.COOLING_DOWN, id="no data is not worse"),
    ],
)
def test_a_value_twice_as_far_beyond_the_threshold_is_told_within_the_cooldown(value, expected):
    decision, kinds = before(an_alert(value=value, told={MAIL: told(value=150.0)}), NOON + M)
    assert decision.reason is expected
    assert kinds == ([Kind.ESCALATION] if expected is Reason.GOT_WORSE else [])


@pytest.mark.parametrize(
    ("known", "value", "expected"),
    [
        pytest.param(101.0, 109.9, Reason.COOLING_DOWN, id="nine times as far, yet less than a tenth of 100"),
        pytest.param(101.0, 110.0, Reason.GOT_WORSE, id="a tenth of the threshold"),
        pytest.param(100.0, 900.0, Reason.COOLING_DOWN, id="nothing is twice as far as no distance"),
        pytest.param(None, 900.0, Reason.COOLING_DOWN, id="told without a value"),
        pytest.param(60.0, 20.0, Reason.GOT_WORSE, id="below a threshold: 80 below after 40 below"),
    ],
)
def test_noise_around_the_threshold_is_not_worse(known, value, expected):
    alert = an_alert(value=value, told={MAIL: told(value=known)})
    assert before(alert, NOON + M)[0].reason is expected


def test_what_got_worse_says_by_how_much():
    decision, _ = before(an_alert(value=450.0, told={MAIL: told()}), NOON + M)
    expected = "got worse: failed 450, 150 when email was told at 12:00 UTC (threshold 100)"
    assert decision.detail == expected


def test_a_higher_level_is_told_within_the_cooldown():
    alert = an_alert(
        severity=Severity.WARNING,
        level=Severity.ERROR,
        escalated_at=NOON + M,
        told={CHAT: told(severity=Severity.WARNING)},
    )
    decision, kinds = before(alert, NOON + M, channel=CHAT)
    assert (decision.reason, kinds) == (Reason.ESCALATED, [Kind.ESCALATION])
    assert decision.detail == "went up to error at 12:01 UTC: nobody acknowledged it"


def test_a_channel_that_first_hears_of_it_by_escalation_is_told_so():
    alert = an_alert(level=Severity.CRITICAL, escalated_at=NOON + M, told={MAIL: told()})
    decision, kinds = before(alert, NOON + M, channel=PHONE)
    assert (decision.reason, kinds) == (Reason.ESCALATED, [Kind.ESCALATION])


class TestEarlierEpisode:
    """The caller gives a new episode what was last told of the one before."""

    earlier = told(at=NOON - 5 * M, resolved=True)

    @pytest.mark.parametrize(
        ("now", "expected"),
        [
            pytest.param(NOON + 10 * M - S, Reason.COOLING_DOWN, id="a second before 15 minutes are over"),
            pytest.param(NOON + 10 * M, Reason.FIRES, id="exactly then"),
        ],
    )
    def test_a_new_episode_waits_for_the_cooldown_of_the_last(self, now, expected):
        decision, kinds = before(an_alert(told={MAIL: self.earlier}), now)
        assert decision.reason is expected
        assert kinds == ([Kind.FIRING] if expected is Reason.FIRES else [])

    def test_a_worse_episode_does_not_wait(self):
        worse = an_alert(severity=Severity.CRITICAL, told={MAIL: self.earlier})
        decision, kinds = before(worse, NOON)
        assert (decision.reason, kinds) == (Reason.GOT_WORSE, [Kind.FIRING])

    def test_one_that_is_further_beyond_does_not_wait_either(self):
        decision, kinds = before(an_alert(value=300.0, told={MAIL: self.earlier}), NOON)
        assert (decision.reason, kinds) == (Reason.GOT_WORSE, [Kind.FIRING])

    def test_without_any_cooldown_it_is_told_at_once(self):
        policy = replace(POLICY, cooldown=timedelta())
        decision, _ = before(an_alert(told={MAIL: told(at=NOON - S, resolved=True)}), NOON, policy=policy)
        assert decision.reason is Reason.FIRES

    def test_an_end_that_was_told_after_this_one_began_is_the_end_of_the_last(self):
        """Beats that are evaluated late end one episode and begin the next before anybody is told of either."""
        late = told(at=NOON + 2 * M, resolved=True)
        _, kinds = before(an_alert(told={MAIL: late}), NOON + 17 * M)
        assert kinds == [Kind.FIRING]

    def test_its_end_is_not_told_where_only_the_last_one_was(self):
        decision, kinds = before(an_alert(told={MAIL: self.earlier}, resolved_at=NOON + M), NOON + M)
        assert (decision.reason, kinds) == (Reason.NEVER_TOLD, [])


class TestSilence:
    @pytest.mark.parametrize(
        ("now", "expected"),
        [
            pytest.param(NOON - S, Reason.FIRES, id="a second before it starts"),
            pytest.param(NOON, Reason.SILENCED, id="when it starts"),
            pytest.param(NOON + 60 * M - S, Reason.SILENCED, id="a second before it ends"),
            pytest.param(NOON + 60 * M, Reason.FIRES, id="when it ends"),
        ],
    )
    def test_it_holds_from_its_start_until_just_before_its_end(self, now, expected):
        alert = an_alert(since=NOON - 2 * M)
        dispatched = dispatch([alert], [a_silence()], POLICY, [], now)
        assert decided(dispatched, MAIL).reason is expected
        assert dispatched.alerts[0].silenced is (expected is Reason.SILENCED)

    def test_it_names_itself_its_author_and_its_end(self):
        decision, _ = before(an_alert(), silences=[a_silence()])
        assert decision.detail == "silenced until 2026-11-21 13:00 UTC by ada: upgrade (silence s1)"
        assert decision.until == NOON + 60 * M

    def test_maintenance_is_called_so(self):
        decision, _ = before(an_alert(), silences=[a_silence(maintenance=True)])
        assert decision.detail.startswith("maintenance until ")

    def test_an_end_is_told_in_spite_of_it_to_whom_the_beginning_was_told(self):
        alert = an_alert(told={MAIL: told()}, resolved_at=NOON + M, silenced=True)
        decision, kinds = before(alert, NOON + M, silences=[a_silence()])
        assert (decision.reason, kinds) == (Reason.RESOLUTION, [Kind.RESOLVED])


class TestAcknowledged:
    taken = an_alert(
        severity=Severity.CRITICAL, acknowledged_at=NOON + M, acknowledged_by="ada", told={MAIL: told(), PHONE: told()}
    )

    def test_nobody_is_reminded(self):
        decision, kinds = before(self.taken, NOON + 600 * M)
        assert (decision.reason, kinds) == (Reason.ACKNOWLEDGED, [])
        assert decision.detail == "ada acknowledged it at 12:01 UTC; nobody is reminded"

    def test_not_even_when_it_gets_worse(self):
        decision, _ = before(replace(self.taken, value=9000.0), NOON + 2 * M)
        assert decision.reason is Reason.ACKNOWLEDGED

    def test_the_phone_that_rang_is_told_to_stop_once(self):
        first = dispatch([self.taken], [], POLICY, [], NOON + M)
        assert [(message.channel, message.kind) for message in first.messages] == [(PHONE, Kind.ACKNOWLEDGED)]
        assert decided(first, PHONE).reason is Reason.ACKNOWLEDGEMENT
        again = dispatch(first.alerts, [], POLICY, [], NOON + 2 * M)
        assert decided(again, PHONE).reason is Reason.ACKNOWLEDGED

    def test_a_phone_that_never_rang_is_not_told(self):
        decision, kinds = before(replace(self.taken, told={MAIL: told()}), NOON + M, channel=PHONE)
        assert (decision.reason, kinds) == (Reason.ACKNOWLEDGED, [])


class TestResolved:
    over = an_alert(told={MAIL: told()}, resolved_at=NOON + M)

    def test_whoever_was_told_that_it_fired_is_told_that_it_is_over_cooldown_or_not(self):
        dispatched = dispatch([self.over], [], POLICY, [], NOON + M)
        assert [(message.channel, message.kind) for message in dispatched.messages] == [(MAIL, Kind.RESOLVED)]
        assert decided(dispatched, MAIL).reason is Reason.RESOLUTION
        assert decided(dispatched, CHAT).reason is Reason.NEVER_TOLD

    def test_once(self):
        first = dispatch([self.over], [], POLICY, [], NOON + M)
        decision, kinds = before(first.alerts[0], NOON + 2 * M)
        assert (decision.reason, kinds) == (Reason.RESOLUTION_TOLD, [])

    def test_it_says_who_ended_it(self):
        decision, _ = before(replace(self.over, resolved_by="ada"), NOON + M)
        assert decision.detail == "resolved at 12:01 UTC by ada; email was told that it fired"

    def test_a_channel_below_whose_level_it_would_be_is_told_all_the_same(self):
        harmless = replace(self.over, level=Severity.INFO)
        assert before(harmless, NOON + M)[0].reason is Reason.RESOLUTION

    def test_the_level_that_was_told_remains_what_the_next_episode_is_held_against(self):
        over = replace(self.over, value=3.0)
        (after,) = dispatch([over], [], POLICY, [], NOON + M).alerts
        assert after.told[MAIL] == told(at=NOON + M, value=150.0, resolved=True)

    def test_a_channel_that_is_gone_is_forgotten(self):
        over = replace(self.over, told={MAIL: told(), "carrier pigeon": told()})
        dispatched = dispatch([over], [], POLICY, [], NOON + M)
        assert decided(dispatched, "carrier pigeon").reason is Reason.CHANNEL_GONE
        assert dispatched.alerts[0].told.keys() == {MAIL}


def test_an_alert_without_data_is_dispatched_as_it_would_be_with_data():
    for minutes in range(0, 40, 5):
        alert = an_alert(told={MAIL: told()})
        decision, kinds = before(replace(alert, no_data=True), NOON + minutes * M)
        assert (decision, kinds) == before(alert, NOON + minutes * M)
