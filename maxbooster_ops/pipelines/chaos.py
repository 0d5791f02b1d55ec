"""Chaos drills in Dagster: one op that runs the scenarios, a sensor that takes back what a dead drill left.

Belongs here: the launchpad's fields, the op, its job, asset and check. Not here: scenarios, faults and verdicts
(`readiness/chaos/`), or how Dagster shows them (`chaos_showing.py`).
"""

import dagster as dg
from pydantic import Field

from maxbooster_ops.errors import RefusedError, StoreError
from maxbooster_ops.pipelines.chaos_showing import READY, REPORT, Shown, report_events, severity_of
from maxbooster_ops.pipelines.groups import OWNERS, READINESS
from maxbooster_ops.pipelines.refusals import marking_refusals
from maxbooster_ops.pipelines.resources import OpsResource
from maxbooster_ops.pipelines.sensor_ticks import ticks_every
from maxbooster_ops.pipelines.warm_alerting import WarmAlerting
from maxbooster_ops.readiness.chaos.drilling import Asked, ChaosDrill
from maxbooster_ops.readiness.chaos.history import newest_whole
from maxbooster_ops.readiness.chaos.interrupting import held_back
from maxbooster_ops.readiness.chaos.leftovers import roll_back_leftovers
from maxbooster_ops.readiness.chaos.scenarios import load_catalog
from maxbooster_ops.readiness.chaos.targets import Choice

_NO_RETRIES = {"dagster/max_retries": "0"}
"""A drill that died is no reason to put the same faults in again."""


class ChaosConfig(dg.Config):
    """What a drill is to do. Left as it is: every scenario, on a small platform that is started for it."""

    scenarios: list[str] = Field(
        default=[],
        description="Only these, such as `worker-crash`; `maxbooster-ops chaos --list` names them. Empty: all.",
    )
    target: str = Field(
        default=Choice.SANDBOX.value,
        description="`sandbox`: a stand of its own. `settings`: what REDIS_URL and PLATFORM_URL name, where "
        "MAXBOOSTER_CHAOS_TARGETS allows it.",
    )
    production: bool = Field(default=False, description="Production is really meant.")

    def asked(self) -> Asked:
        """Give what is asked for; raises `RefusedError` for a target that there is not."""
        if self.target not in set(Choice):
            raise RefusedError(f"`{self.target}` is no target. Expected `sandbox` or `settings`.")
        return Asked(scenarios=tuple(self.scenarios), target=Choice(self.target), production=self.production)


@dg.op(description="Put faults in on purpose, look whether the platform bears them, take them back; then report.")
def run_chaos_scenarios(context: dg.OpExecutionContext, config: ChaosConfig, ops: OpsResource) -> None:
    """Run the scenarios, each an observation as soon as it has ended, then record the report."""
    settings = ops.settings()
    with ops.store() as store:
        catalog = load_catalog(store.home)
        for problem in catalog.problems:
            context.log.warning(str(problem))
        with marking_refusals(context):
            finished = ChaosDrill(settings, store, catalog).run(config.asked(), Shown(context))
    with held_back():
        for event in report_events(finished):
            # It takes checks too; only its annotation lags behind.
            context.log_event(event)  # type: ignore[arg-type]
    if finished.interruption:
        raise finished.interruption


@dg.job(
    description="Chaos drill: faults on purpose, on a stand of its own, and whether the platform bears them.",
    executor_def=dg.in_process_executor,
    tags=_NO_RETRIES,
)
def chaos() -> None:
    """Give the launchpad something to launch."""
    run_chaos_scenarios()


chaos_asset = dg.AssetSpec(
    REPORT,
    group_name=READINESS,
    owners=OWNERS,
    kinds={"markdown", "duckdb", "redis"},
    description="The report of each chaos drill, and an observation a scenario. Launch the job `chaos`.",
)


@dg.asset_check(
    asset=REPORT, name=READY, description="The newest whole chaos drill says: ready. A release may rest on it."
)
def newest_drill_is_ready(ops: OpsResource) -> dg.AssetCheckResult:
    """Look at the newest verdict again."""
    with ops.lake() as lake:
        newest = newest_whole(lake)
    if newest is None:
        said = "No chaos drill has run to its end yet."
        return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN, description=said)
    said = f"{newest.passed:.0f}/{newest.total:.0f} passed in drill {newest.drill_id}, {newest.ts:%Y-%m-%d}"
    return dg.AssetCheckResult(
        passed=newest.valid_for_release,
        severity=severity_of(newest.verdict),
        description=f"{newest.verdict}: {said}",
    )


@dg.sensor(
    name="chaos_leftovers",
    minimum_interval_seconds=ticks_every(60),
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Takes back what a chaos drill that died left in force.",
)
def chaos_leftovers(
    context: dg.SensorEvaluationContext, ops: OpsResource, warm: dg.ResourceParam[WarmAlerting]
) -> dg.SkipReason:
    """Look once."""
    settings = ops.settings()
    try:
        done = roll_back_leftovers(settings, warm.state(settings))
    except StoreError as error:
        return dg.SkipReason(str(error))
    for one in done:
        context.log.warning("%s: %s", one.state.value, one)
    return dg.SkipReason("; ".join(f"{one.state.value}: {one}" for one in done) or "no drill left anything behind")
