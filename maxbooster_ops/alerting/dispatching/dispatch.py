"""Dispatch: who is told what of which alert, or why not.

Belongs here: the order of the steps. Not here: the steps themselves: escalation, inhibition, the stages that judge one
alert for one channel, grouping, composing. All of it is pure: the time is an argument, and what was told stands in the
alerts, so that the same input gives the same output and asking again at once gives nothing more.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from maxbooster_ops.alerting.alert import Alert, Told
from maxbooster_ops.alerting.dispatching.composing import compose, told_after
from maxbooster_ops.alerting.dispatching.decision import Decision, Hold, Judgement, Reason, Tell, Verdict
from maxbooster_ops.alerting.dispatching.escalation import escalate
from maxbooster_ops.alerting.dispatching.grouping import Bundle, Recent, Telling, Waiting, bundle, release
from maxbooster_ops.alerting.dispatching.inhibition import Causes
from maxbooster_ops.alerting.dispatching.policy import Policy
from maxbooster_ops.alerting.dispatching.silence import Silence, first_match
from maxbooster_ops.alerting.dispatching.stages import Case, Situation, judge, told_of_episode
from maxbooster_ops.alerting.message import Message

__all__ = ["Decision", "Dispatch", "Reason", "Recent", "Verdict", "dispatch"]

Key = tuple[str, str]
"""An alert's id and a channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """What was decided. `alerts` are the given ones, in their order, as they stand once the messages are in the outbox.

    There is one decision for each open alert and each channel of the policy, and for each resolved alert likewise.
    """

    messages: tuple[Message, ...]
    decisions: tuple[Decision, ...]
    alerts: tuple[Alert, ...]


def dispatch(
    alerts: Sequence[Alert], silences: Sequence[Silence], policy: Policy, recent: Sequence[Recent], now: datetime
) -> Dispatch:
    """Decide for each alert and each channel whether it is told now; `recent` is what the last minute put out."""
    causes = Causes(policy.inhibitions, alerts)
    situations = [_situation(alert, silences, causes, policy, now) for alert in alerts]
    judged = {
        (situation.alert.id, route.channel): judge(Case(situation=situation, route=route))
        for situation in situations
        for route in policy.routes
    }
    most = {route.channel: route.most_per_window for route in policy.routes}
    released = release(bundle(_tellings(situations, judged)), recent, most, now)
    judged |= {key: hold for waiting in released.waiting for key, hold in _holds(waiting).items()}
    judged |= {key: hold for situation in situations for key, hold in _lost(situation.alert, policy).items()}
    after = _after([situation.alert for situation in situations], released.sent, judged, now)
    return Dispatch(
        messages=tuple(_messages(released.sent, after, policy, now)),
        decisions=tuple(Decision.of(alert_id, channel, judgement) for (alert_id, channel), judgement in judged.items()),
        alerts=after,
    )


def _situation(alert: Alert, silences: Sequence[Silence], causes: Causes, policy: Policy, now: datetime) -> Situation:
    """Find out what holds for an open alert whoever is told: silence, cause, escalation; in this order."""
    if alert.resolved_at:
        return Situation(alert=alert, silence=None, cause=None, policy=policy, now=now)
    silence, cause = first_match(silences, alert, now), causes.of(alert)
    if (silence is not None) is not alert.silenced:
        alert = replace(alert, silenced=silence is not None)
    if silence is None and cause is None:
        alert = escalate(alert, now)
    return Situation(alert=alert, silence=silence, cause=cause, policy=policy, now=now)


def _tellings(situations: Iterable[Situation], judged: Mapping[Key, Judgement]) -> list[Telling]:
    alerts = {situation.alert.id: situation.alert for situation in situations}
    return [
        Telling(alert=alerts[alert_id], channel=channel, tell=judgement)
        for (alert_id, channel), judgement in judged.items()
        if isinstance(judgement, Tell)
    ]


def _holds(waiting: Waiting) -> dict[Key, Hold]:
    """Hold everything in a bundle that waits."""
    channel, group = waiting.bundle.channel, waiting.bundle.group
    detail = (
        f"waits and goes with others: {channel} got {waiting.most} messages about {group} within a minute; there is "
        f"room again at {waiting.until.astimezone(UTC):%H:%M:%S UTC}"
    )
    hold = Hold(reason=Reason.GROUPED, detail=detail, until=waiting.until)
    return {(telling.alert.id, channel): hold for telling in waiting.bundle.tellings}


def _lost(alert: Alert, policy: Policy) -> dict[Key, Hold]:
    """Give up on channels that would have to be told of the end, but are no longer configured."""
    if alert.resolved_at is None:
        return {}
    known = {route.channel for route in policy.routes}
    lost = [channel for channel, told in alert.told.items() if channel not in known and not told.resolved]
    hold = Hold(reason=Reason.CHANNEL_GONE, detail="it is over, and the channel that was told is no longer configured")
    return {(alert.id, channel): hold for channel in lost}


def _after(
    alerts: Iterable[Alert], sent: Iterable[Bundle], judged: Mapping[Key, Judgement], now: datetime
) -> tuple[Alert, ...]:
    """Write down in the alerts what was told, and forget the channels that are gone."""
    told: dict[str, dict[str, Told]] = defaultdict(dict)
    for telling in (telling for each in sent for telling in each.tellings):
        told[telling.alert.id][telling.channel] = told_after(telling, now)
    return tuple(_with_told(alert, told.get(alert.id, {}), judged, now) for alert in alerts)


def _with_told(alert: Alert, told: Mapping[str, Told], judged: Mapping[Key, Judgement], now: datetime) -> Alert:
    kept = {
        channel: before
        for channel, before in alert.told.items()
        if (judgement := judged.get((alert.id, channel))) is None or judgement.reason is not Reason.CHANNEL_GONE
    }
    if not told and len(kept) == len(alert.told):
        return alert
    return replace(alert, told={**kept, **told}, first_told_at=alert.first_told_at or (now if told else None))


def _messages(sent: Iterable[Bundle], after: Iterable[Alert], policy: Policy, now: datetime) -> Iterator[Message]:
    """Compose what is sent; messages of one channel and group differ in their moment, so that their order is kept."""
    remaining = Counter(
        (channel, alert.component)
        for alert in after
        if alert.resolved_at is None
        for channel in alert.told
        if told_of_episode(alert, channel)
    )
    places: Counter[tuple[str, str]] = Counter()
    for each in sent:
        line = each.channel, each.group
        at = now + places[line] * timedelta(microseconds=1)
        places[line] += 1
        yield compose(each, remaining=remaining[line], on_call=policy.on_call, at=at)
