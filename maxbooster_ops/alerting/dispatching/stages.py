"""The stages that judge one alert for one channel: the first that has an answer decides.

Belongs here: every reason to tell or to hold that concerns one alert alone; `STAGES` is their order. Not here: what
concerns several at once (`grouping.py`), and what is found out once per alert (`dispatch.py`). `docs/dispatch.md`
explains them to users.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from maxbooster_ops.alerting.alert import Alert, Told
from maxbooster_ops.alerting.dispatching.decision import Hold, Judgement, Reason, Tell
from maxbooster_ops.alerting.dispatching.policy import Policy, Route
from maxbooster_ops.alerting.dispatching.silence import Silence
from maxbooster_ops.alerting.dispatching.worsening import is_level_higher, is_value_worse
from maxbooster_ops.alerting.message import Kind

_SHORTEST_PAUSE = timedelta(minutes=1)
"""Between reminders of an alert that lasts, however short its cooldown: dispatch looks every few seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """How an alert stands now, whoever is to be told."""

    alert: Alert
    silence: Silence | None
    cause: Alert | None
    policy: Policy
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One alert before one channel."""

    situation: Situation
    route: Route

    @property
    def alert(self) -> Alert:
        """The alert."""
        return self.situation.alert

    @property
    def told_before(self) -> Told | None:
        """What the channel was last told of this alert, in whichever episode."""
        return self.alert.told.get(self.route.channel)

    @property
    def told(self) -> Told | None:
        """What the channel was last told of this episode."""
        return told_of_episode(self.alert, self.route.channel)


def told_of_episode(alert: Alert, channel: str) -> Told | None:
    """Give what `channel` was last told of this very episode, None where that was nothing.

    What was told before it began, or of an end while it still lasts, is of an earlier episode.
    """
    told = alert.told.get(channel)
    if told is None or told.at < alert.since or (told.resolved and alert.resolved_at is None):
        return None
    return told


Stage = Callable[[Case], Judgement | None]


def judge(case: Case) -> Judgement:
    """Let the stages decide, in their order; the last one always does."""
    for stage in STAGES:
        if judgement := stage(case):
            return judgement
    raise AssertionError("the last stage answers every case")


def resolved(case: Case) -> Judgement | None:
    """Tell what ended to exactly those who were told that it began, once, whatever else holds."""
    alert, channel, told = case.alert, case.route.channel, case.told
    if alert.resolved_at is None:
        return None
    if told is None:
        return Hold(reason=Reason.NEVER_TOLD, detail=f"it is over, and {channel} was never told that it fired")
    if told.resolved:
        return Hold(reason=Reason.RESOLUTION_TOLD, detail=f"{channel} was told at {_clock(told.at)} that it is over")
    by = f" by {alert.resolved_by}" if alert.resolved_by else ""
    detail = f"resolved at {_clock(alert.resolved_at)}{by}; {channel} was told that it fired"
    return Tell(kind=Kind.RESOLVED, reason=Reason.RESOLUTION, detail=detail, due=alert.resolved_at)


def silenced(case: Case) -> Judgement | None:
    """Hold what a silence covers."""
    silence = case.situation.silence
    if silence is None:
        return None
    what = "maintenance" if silence.maintenance else "silenced"
    ends = silence.ends_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    detail = f"{what} until {ends} by {silence.author}: {silence.reason} (silence {silence.id})"
    return Hold(reason=Reason.SILENCED, detail=detail, until=silence.ends_at)


def inhibited(case: Case) -> Judgement | None:
    """Hold a consequence while its cause fires: that is what people are told of."""
    cause = case.situation.cause
    if cause is None:
        return None
    return Hold(reason=Reason.INHIBITED, detail=f"its cause fires: {cause.title} ({cause.rule}, alert {cause.id})")


def not_routed(case: Case) -> Judgement | None:
    """Hold what is below the least level that the channel takes."""
    level, route = case.alert.level, case.route
    if level >= route.least:
        return None
    detail = f"{route.channel} is told of level {route.least.word} and above; this is {level.word}"
    return Hold(reason=Reason.NOT_ROUTED, detail=detail)


def acknowledged(case: Case) -> Judgement | None:
    """Hold what somebody has taken; a phone that rang is told once to stop."""
    alert, route, told = case.alert, case.route, case.told
    if alert.acknowledged_at is None:
        return None
    taken = f"{alert.acknowledged_by or 'somebody'} acknowledged it at {_clock(alert.acknowledged_at)}"
    if route.hears_acknowledgements and told and told.at < alert.acknowledged_at:
        detail = f"{taken}; {route.channel} was told that it fired and is told to stop"
        return Tell(kind=Kind.ACKNOWLEDGED, reason=Reason.ACKNOWLEDGEMENT, detail=detail, due=alert.acknowledged_at)
    return Hold(reason=Reason.ACKNOWLEDGED, detail=f"{taken}; nobody is reminded")


def unheard(case: Case) -> Judgement | None:
    """Tell what the channel has never heard of, not in an earlier episode either."""
    alert, channel = case.alert, case.route.channel
    if case.told_before is not None:
        return None
    if _was_raised(alert):
        return _escalation(case)
    detail = f"fires since {_clock(alert.since)}; {channel} had not been told"
    return Tell(kind=Kind.FIRING, reason=Reason.FIRES, detail=detail, due=alert.since)


def worse(case: Case) -> Judgement | None:
    """Tell what got worse than the channel knows; no cooldown holds that."""
    alert, told = case.alert, case.told_before
    if told is None:
        return None
    if is_level_higher(alert, told):
        return _escalation(case)
    if not is_value_worse(alert, told):
        return None
    detail = (
        f"got worse: {alert.value_name} {alert.value:g}, {told.value:g} when {case.route.channel} was told at "
        f"{_clock(told.at)} (threshold {alert.threshold:g})"
    )
    kind = Kind.ESCALATION if case.told else Kind.FIRING
    due = min(case.situation.now, told.at + _pause(case))
    return Tell(kind=kind, reason=Reason.GOT_WORSE, detail=detail, due=due)


def cooling_down(case: Case) -> Judgement | None:
    """Hold what the channel was told of, now or in the last episode, a short while ago."""
    told = case.told_before
    if told is None:
        return None
    until = told.at + _pause(case)
    if case.situation.now >= until:
        return None
    what = f"told {case.route.channel} at {_clock(told.at)}"
    what += " and nothing got worse" if case.told else " of its last episode and this one is no worse"
    return Hold(reason=Reason.COOLING_DOWN, detail=f"cooling down until {_clock(until)}: {what}", until=until)


def still_fires(case: Case) -> Judgement:
    """Tell what no cooldown holds any more: a new episode as such, one that was told before as a reminder."""
    alert, channel, told = case.alert, case.route.channel, case.told_before
    due = max(alert.since, told.at + _pause(case)) if told else alert.since
    if case.told and told:
        detail = f"still fires and nobody acknowledged it; {channel} was told at {_clock(told.at)}"
        return Tell(kind=Kind.REMINDER, reason=Reason.STILL_FIRES, detail=detail, due=due)
    detail = f"fires again since {_clock(alert.since)}; the cooldown of its last episode is over"
    return Tell(kind=Kind.FIRING, reason=Reason.FIRES, detail=detail, due=due)


STAGES: tuple[Stage, ...] = (
    resolved,
    silenced,
    inhibited,
    not_routed,
    acknowledged,
    unheard,
    worse,
    cooling_down,
    still_fires,
)
"""In the order in which they are asked."""


def _escalation(case: Case) -> Tell:
    """Tell of a level that is higher than the channel knows; an immediate alert was never at a lower one."""
    alert, channel = case.alert, case.route.channel
    if alert.escalated_at and _was_raised(alert):
        detail = f"went up to {alert.level.word} at {_clock(alert.escalated_at)}: nobody acknowledged it"
        return Tell(kind=Kind.ESCALATION, reason=Reason.ESCALATED, detail=detail, due=alert.escalated_at)
    detail = f"is {alert.level.word} now, worse than what {channel} was told"
    kind = Kind.ESCALATION if case.told else Kind.FIRING
    return Tell(kind=kind, reason=Reason.GOT_WORSE, detail=detail, due=alert.since)


def _was_raised(alert: Alert) -> bool:
    return alert.escalated_at is not None and not alert.immediate


def _pause(case: Case) -> timedelta:
    """Give the cooldown in force: the policy's, else the rule's, else the level's; never too short for reminders."""
    alert, policy = case.alert, case.situation.policy
    if policy.cooldown is not None:
        cooldown = policy.cooldown
    elif alert.repeat_every_seconds is not None:
        cooldown = timedelta(seconds=alert.repeat_every_seconds)
    else:
        cooldown = alert.level.cooldown
    return max(cooldown, _SHORTEST_PAUSE) if case.told else cooldown


def _clock(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%H:%M UTC")
