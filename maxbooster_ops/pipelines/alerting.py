"""Alerting: a sensor that evaluates and tells, and one that delivers what must be tried again.

Belongs here: the ticks and what Dagster shows of them. Not here: evaluating, deciding, delivering (`alerting/`).
Everything happens inside the tick, in the warm code server: a run would cost twenty times as much as a tick.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import dagster as dg

from maxbooster_ops.alerting.alert import Alert
from maxbooster_ops.alerting.delivering.delivery import Delivery, deliver_due
from maxbooster_ops.alerting.evaluating.evaluation import Evaluated, evaluate
from maxbooster_ops.alerting.standing import Standing, standing
from maxbooster_ops.alerting.upkeep import keep_up
from maxbooster_ops.clock import utc_now
from maxbooster_ops.errors import StoreError
from maxbooster_ops.pipelines.beat_awaiting import await_beat
from maxbooster_ops.pipelines.groups import COLLECTION, OWNERS
from maxbooster_ops.pipelines.resources import OpsResource
from maxbooster_ops.pipelines.sensor_ticks import ticks_every
from maxbooster_ops.pipelines.warm_alerting import WarmAlerting
from maxbooster_ops.settings import Settings

_AWAITED_WITHIN = timedelta(seconds=8)
"""A tick that finds the next beat due so soon waits for it. Evaluating it takes less than the rest of the 10 s, and
less than a service is given to end in."""

_STORED_WITHIN = timedelta(seconds=1)
"""How long after its last source a beat is in the lake, with a margin."""

_DELIVERY_BUDGET = timedelta(seconds=20)
"""A sensor is cut off after 60 s; one try takes at most 15 s."""

_FRESH_BUDGET = timedelta(seconds=5)
"""Then `notifications` goes on with it: a channel that hangs must not hold up the next evaluation for long."""

_REACHED = "channels_reach_people"

_SHOWN = 50
"""Alerts that one tick shows one by one."""

alerts_asset = dg.AssetSpec(
    "alerts",
    group_name=COLLECTION,
    owners=OWNERS,
    kinds={"sqlite"},
    description="Every alert that began or ended, as an observation. `maxbooster-ops alerts` has them all.",
    deps=["queue_samples", "redis_samples", "host_samples", "probe_results", "metric_samples", "ai_cache_samples"],
)


@dg.sensor(
    name="alert_rules",
    minimum_interval_seconds=ticks_every(10),
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Waits for a beat that is about to come; evaluates every rule, decides who is told, and tells them.",
)
def alert_rules(
    context: dg.SensorEvaluationContext, ops: OpsResource, warm: dg.ResourceParam[WarmAlerting]
) -> dg.SensorResult:
    """Evaluate, decide and try what is fresh."""
    settings = ops.settings()
    alerting = warm.alerting(settings)
    try:
        newest = _await_beat(warm, settings)
        with warm.store(settings) as (lake, state):
            evaluated = evaluate(lake, state, alerting.rulebook, alerting.policy, now=utc_now(), newest_beat=newest)
    except StoreError as error:
        return dg.SensorResult(skip_reason=str(error))
    fresh = deliver_due(state, alerting.channels, now=utc_now, budget=_FRESH_BUDGET) if evaluated.messages else []
    for line in (*alerting.problems, *_lines(evaluated), *_delivered(fresh)):
        context.log.info(line)
    events = [_observation(alert) for alert in (*evaluated.begun, *evaluated.ended)][:_SHOWN]
    return dg.SensorResult(skip_reason=_summary(evaluated), asset_events=events)


@dg.sensor(
    name="notifications",
    minimum_interval_seconds=ticks_every(15),  # fresh messages do not wait for it: the tick that made them tries them
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Delivers what is due, tries again what failed, sends the heartbeat and the weekly test alert.",
)
def notifications(
    context: dg.SensorEvaluationContext, ops: OpsResource, warm: dg.ResourceParam[WarmAlerting]
) -> dg.SensorResult:
    """Deliver, and keep up what shows that alerting works."""
    settings = ops.settings()
    alerting = warm.alerting(settings)
    try:
        state = warm.state(settings)
        done = deliver_due(state, alerting.channels, now=utc_now, budget=_DELIVERY_BUDGET)
        kept = list(keep_up(state, settings, alerting.channels, now=utc_now()))
        found = _standing(settings, warm)
    except StoreError as error:
        return dg.SensorResult(skip_reason=str(error))
    for line in (*_delivered(done), *kept):
        context.log.info(line)
    summary = f"{sum(d.delivered for d in done)} delivered, {sum(not d.delivered for d in done)} failed"
    news = [_reached(found)] if context.cursor != found.verdict else []
    return dg.SensorResult(skip_reason=f"{summary}. {found.verdict}", asset_events=news, cursor=found.verdict)


@dg.asset_check(
    asset="alerts",
    name=_REACHED,
    description="Messages reach people: not every channel fails. `maxbooster-ops alerts test` tries them all.",
)
def channels_reach_people(ops: OpsResource, warm: dg.ResourceParam[WarmAlerting]) -> dg.AssetCheckResult:
    """Judge the channels by their last tries."""
    found = _standing(ops.settings(), warm)
    return dg.AssetCheckResult(
        check_name=_REACHED, asset_key="alerts", passed=not found.all_fail, description=found.verdict
    )


SENSORS = (alert_rules, notifications)


def _standing(settings: Settings, warm: WarmAlerting) -> Standing:
    names = [channel.name for channel in warm.alerting(settings).channels]
    with warm.state(settings).reading() as connection:
        return standing(connection, names, now=utc_now())


def _reached(found: Standing) -> dg.AssetCheckEvaluation:
    """Show the verdict as soon as it changes."""
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey("alerts"), check_name=_REACHED, passed=not found.all_fail, description=found.verdict
    )


def _await_beat(warm: WarmAlerting, settings: Settings) -> datetime | None:
    """Give the newest beat, after a wait for one that is about to come; nobody else waits for the store meanwhile."""
    sources_end_within = timedelta(seconds=settings.maxbooster_source_deadline_seconds)
    return await_beat(
        lambda: warm.newest_beat(settings),
        settings.maxbooster_collect_interval_seconds,
        within=_AWAITED_WITHIN,
        patience=sources_end_within + _STORED_WITHIN,
    )


def _lines(evaluated: Evaluated) -> Iterator[str]:
    """Tell what changed."""
    for alert in evaluated.begun[:_SHOWN]:
        yield f"{alert.severity.word} {alert.rule} fires: {alert.summary}"
    for alert in evaluated.ended[:_SHOWN]:
        yield f"{alert.rule} resolved: {alert.summary}"
    if len(evaluated.begun) > _SHOWN:
        yield f"… and {len(evaluated.begun) - _SHOWN} more"


def _delivered(deliveries: Sequence[Delivery]) -> Iterator[str]:
    for delivery in deliveries:
        verdict = "delivered" if delivery.delivered else "not delivered"
        yield f"{delivery.channel}: {verdict} ({delivery.detail})"


def _summary(evaluated: Evaluated) -> str:
    if evaluated.overtaken:
        return "Another evaluation was faster."
    return f"{evaluated.beats} beats, {evaluated.open} alerts open, {len(evaluated.messages)} messages"


def _observation(alert: Alert) -> dg.AssetObservation:
    labels = ", ".join(f"{name}={value}" for name, value in alert.labels.items())
    return dg.AssetObservation(
        "alerts",
        description=f"{'resolved' if alert.resolved_at else 'firing'}: {alert.title}",
        metadata={
            "rule": alert.rule,
            "state": alert.state.value,
            "severity": alert.severity.word,
            "labels": labels or "–",
            "summary": alert.summary,
            "threshold": alert.threshold,
            **({"value": alert.value} if alert.value is not None else {}),
            "alert": alert.id,
        },
    )
