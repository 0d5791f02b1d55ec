"""What holds of dispatch whatever happens: alerts come, go, get worse, are taken and silenced in any order."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from support.dispatching import POLICY, REDIS_DOWN, TICK, Desk, a_silence, an_alert
from support.facts import NOON

from maxbooster_ops.alerting.dispatching.dispatch import Dispatch, Reason, Recent, Verdict, dispatch
from maxbooster_ops.alerting.dispatching.policy import Policy
from maxbooster_ops.alerting.message import Kind
from maxbooster_ops.alerting.rule import Severity

M = timedelta(minutes=1)

SERIES = {
    "redis": an_alert(rule="redis_down", component="redis", labels={}, severity=Severity.CRITICAL),
    "forecast": an_alert(labels={"queue": "forecast"}, severity=Severity.ERROR),
    "export": an_alert(labels={"queue": "export"}, severity=Severity.WARNING),
    "integrity": an_alert(component="api", labels={}, severity=Severity.WARNING, immediate=True),
    "usage": an_alert(component="api", labels={"page": "usage"}, severity=Severity.INFO, repeat_every_seconds=300.0),
    "errors": an_alert(component="api", labels={"page": "errors"}, severity=Severity.ERROR),
}
NAMES = st.sampled_from(sorted(SERIES))
TELLINGS = {Kind.FIRING, Kind.REMINDER, Kind.ESCALATION}
MAY_HOLD = {Reason.NOT_ROUTED, Reason.COOLING_DOWN, Reason.GROUPED}
"""What may keep an alert from being told that nobody silenced or took, and that has no cause."""


def series_of(alert_id: str) -> str:
    return alert_id.partition("-")[0]


class Watch(RuleBasedStateMachine):
    """A desk at which anything may happen between two ticks."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk()
        self.now = NOON
        self.episodes = 0
        self.last: Dispatch | None = None
        self.last_told: dict[str, dict] = {}
        self.waiting: dict[tuple[str, str, bool], int] = defaultdict(int)
        self.told = defaultdict(list)

    @initialize(cooldown=st.sampled_from([None, timedelta(), 5 * M]))
    def with_a_policy(self, cooldown) -> None:
        self.desk.policy = Policy(routes=POLICY.routes, inhibitions=(REDIS_DOWN,), cooldown=cooldown)

    def open(self, name: str):
        return next((a for a in self.desk.alerts.values() if series_of(a.id) == name and a.resolved_at is None), None)

    @rule(name=NAMES, value=st.sampled_from([101.0, 150.0, 200.0, 900.0]))
    def fires(self, name: str, value: float) -> None:
        if self.open(name) is None:
            self.episodes += 1
            alert_id = f"{name}-{self.episodes}"
            earlier = {channel: replace(told, resolved=True) for channel, told in self.last_told.get(name, {}).items()}
            new = replace(SERIES[name], id=alert_id, since=self.now, value=value, told=earlier)
            self.desk.alerts[alert_id] = new

    @rule(ticks=st.integers(4, 12), lasting=st.integers(1, 5))
    def floods(self, ticks: int, lasting: int) -> None:
        """With every tick another page fails, and after a while is well again."""
        flood = []
        for _ in range(ticks):
            self.episodes += 1
            flood.append(an_alert(id=f"page{self.episodes}-1", component="api", since=self.now))
            self.desk.alerts[flood[-1].id] = flood[-1]
            if len(flood) > lasting:
                self.desk.change(flood[-lasting - 1].id, resolved_at=self.now)
            self.pass_time(1)

    @rule(name=NAMES)
    def resolves(self, name: str) -> None:
        if alert := self.open(name):
            self.desk.change(alert.id, resolved_at=self.now)

    @rule(name=NAMES, value=st.sampled_from([90.0, 150.0, 400.0, None]))
    def has_another_value(self, name: str, value: float | None) -> None:
        if alert := self.open(name):
            self.desk.change(alert.id, value=value, no_data=value is None)

    @rule(name=NAMES)
    def is_acknowledged(self, name: str) -> None:
        if (alert := self.open(name)) and alert.acknowledged_at is None:
            self.desk.change(alert.id, acknowledged_at=self.now, acknowledged_by="ada")

    @rule(matcher=st.sampled_from(["queue=forecast", "component=api", "severity=critical"]), minutes=st.integers(1, 40))
    def is_silenced(self, matcher: str, minutes: int) -> None:
        self.desk.silences = [a_silence(matcher, starts_at=self.now, ends_at=self.now + minutes * M)]

    @rule(ticks=st.sampled_from([1, 1, 2, 7, 40, 100]))
    def time_passes(self, ticks: int) -> None:
        self.pass_time(ticks)

    def pass_time(self, ticks: int) -> None:
        for _ in range(ticks):
            self.now += TICK
            self.tick()

    def tick(self) -> None:
        before = dict(self.desk.alerts)
        backwards = self.dispatch(self.desk.unsettled()[::-1])
        self.last = self.desk.tick(self.now)
        again = self.dispatch(self.last.alerts)
        assert (again.messages, again.alerts) == ((), self.last.alerts)
        assert backwards.messages == self.last.messages
        assert set(backwards.decisions) == set(self.last.decisions)
        for alert in self.desk.alerts.values():
            self.last_told[series_of(alert.id)] = dict(alert.told)
        self.nothing_is_told_too_soon(before)
        self.ends_are_told_once_and_soon(before)
        self.nothing_waits_for_long()

    def dispatch(self, alerts) -> Dispatch:
        """Dispatch without keeping what comes of it."""
        recent = [Recent(channel=m.channel, group=m.group, at=m.at) for m in self.desk.sent]
        return dispatch(alerts, self.desk.silences, self.desk.policy, recent, self.now)

    def nothing_is_told_too_soon(self, before) -> None:
        for message in self.last.messages:
            for notice in message.notices if message.kind in TELLINGS else ():
                alert, told = self.desk.alerts[notice.alert_id], before[notice.alert_id].told.get(message.channel)
                if told is None:
                    continue
                pause = self.desk.policy.cooldown
                if pause is None:
                    pause = timedelta(seconds=alert.repeat_every_seconds) if alert.repeat_every_seconds else None
                pause = alert.level.cooldown if pause is None else pause
                further = (
                    None not in (alert.value, told.value)
                    and told.value > alert.threshold
                    and alert.value - alert.threshold >= 2 * (told.value - alert.threshold)
                )
                assert self.now >= told.at + pause or alert.level > told.severity or further

    def ends_are_told_once_and_soon(self, before) -> None:
        for message in self.last.messages:
            for notice in message.notices:
                heard = self.told[notice.alert_id, message.channel]
                assert Kind.RESOLVED not in heard
                if message.kind is Kind.RESOLVED:
                    assert set(heard) & TELLINGS
                    assert self.now - before[notice.alert_id].resolved_at <= M + TICK
                heard.append(message.kind)

    def nothing_waits_for_long(self) -> None:
        over = {alert.id for alert in self.last.alerts if alert.resolved_at}
        grouped = {
            (each.alert_id, each.channel, each.alert_id in over)
            for each in self.last.decisions
            if each.reason is Reason.GROUPED
        }
        self.waiting = defaultdict(int, {key: self.waiting[key] + 1 for key in grouped})
        assert max(self.waiting.values(), default=0) <= M / TICK

    @precondition(lambda self: self.last)
    @invariant()
    def every_open_alert_has_one_decision_for_each_channel_and_a_reason_in_words(self) -> None:
        decided = [(each.alert_id, each.channel) for each in self.last.decisions]
        alerts = [alert for alert in self.last.alerts if alert.resolved_at is None]
        assert len(decided) == len(set(decided))
        assert {(a.id, route.channel) for a in alerts for route in self.desk.policy.routes} <= set(decided)
        assert all(each.detail for each in self.last.decisions)

    @precondition(lambda self: self.last)
    @invariant()
    def what_nobody_silenced_or_took_is_told_or_held_for_a_moment(self) -> None:
        redis_is_down = any(a.rule == "redis_down" and a.resolved_at is None for a in self.last.alerts)
        alerts = {alert.id: alert for alert in self.last.alerts}
        for each in self.last.decisions:
            alert = alerts[each.alert_id]
            excused = alert.resolved_at or alert.silenced or alert.acknowledged_at
            if each.verdict is Verdict.HOLD and not excused and not (redis_is_down and alert.component == "queues"):
                assert each.reason in MAY_HOLD

    @invariant()
    def no_two_messages_share_a_key(self) -> None:
        keys = [message.key for message in self.desk.sent]
        assert len(keys) == len(set(keys))

    def teardown(self) -> None:
        """In the end everything is over: whoever was told that it fired was told so, and nobody else."""
        for alert in self.desk.alerts.values():
            if alert.resolved_at is None:
                self.desk.change(alert.id, resolved_at=self.now)
        self.pass_time(8)
        for heard in self.told.values():
            assert heard.count(Kind.RESOLVED) == 1
            assert heard[-1] is Kind.RESOLVED


TestWatch = Watch.TestCase
TestWatch.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
