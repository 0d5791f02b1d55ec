"""Collection: one op a minute that takes the beats, shown as one asset per lake table, and looks for dead letters.

Belongs here: the assets, their checks and the schedule. Not here: what a beat is (`sources/collector.py`) or what is
too much (`analysis/thresholds.py`).
"""

from collections.abc import Iterator

import dagster as dg
from pydantic import Field

from maxbooster_ops.collecting import collector_of, look_for_dead_letters
from maxbooster_ops.pipelines.beat_taking import Taken, planned_beats, take_due_beats
from maxbooster_ops.pipelines.groups import COLLECTION, OWNERS
from maxbooster_ops.pipelines.presenting import Result, as_event, check_results, check_specs, materializations, selected
from maxbooster_ops.pipelines.resources import OpsResource
from maxbooster_ops.settings import Settings

_ASSETS = {
    "queue_samples": (
        "Every BullMQ queue: counts, what finished since the previous sample, how long it took.",
        {"redis", "bullmq"},
    ),
    "queue_jobs": ("Every finished job that was seen, once.", {"redis", "bullmq"}),
    "redis_samples": ("The Redis server behind the queues: latency, memory, hit ratio, evictions.", {"redis"}),
    "host_samples": ("This host and the platform's process: CPU, memory, disks, network.", {"host"}),
    "probe_results": ("Every request of the uptime monitors, and whether the answer was right.", {"http"}),
    "metric_samples": ("Every series of the platform's metrics page.", {"prometheus"}),
    "ai_cache_samples": ("Both AI model caches: size, loads, evictions, hit rate.", {"http"}),
    "ai_cache_evictions": ("Every model that was put out of a cache, once.", {"http"}),
    "tracked_executions": ("Every execution of a job that reported itself, once.", {"python"}),
    "beats": ("One row a beat: how many sources were read, how long it took, what failed.", {"duckdb"}),
}


class CollectConfig(dg.Config):
    """Which beats a run takes. Left as it is, a run takes one beat at once."""

    minute: str | None = Field(
        default=None,
        description="The scheduled minute, ISO 8601: its beats are taken when they are due. Empty: beats at once.",
    )
    beats: int = Field(default=1, ge=1, le=120, description="Without `minute`: how many beats, one interval apart.")


def _results(taken: Taken, settings: Settings) -> Iterator[Result]:
    yield from materializations(taken.facts)
    yield from check_results(taken.facts, taken.sources, settings)


@dg.op(description="Read every source at each beat and store what was seen.")
def take_beats(context: dg.OpExecutionContext, config: CollectConfig, ops: OpsResource) -> None:
    """Take the beats of a minute and record them on their assets; a source that fails is a row, not a failed run.

    An op and no asset: Dagster shows an asset as in progress while a run that plans it lasts, and one of these always
    does. It also spares the 28 planned events of each run.
    """
    settings = ops.settings()
    with ops.store() as store:
        with collector_of(settings, store) as collector:
            taken = take_due_beats(
                collector,
                planned_beats(config.minute, config.beats, settings),
                settings.maxbooster_collect_interval_seconds,
            )
        if not taken.interruption and (looked := look_for_dead_letters(settings, store)):
            (context.log.warning if looked.failed else context.log.info)(looked.said)
    for result in _results(taken, settings):
        # It takes checks too; only its annotation lags behind.
        context.log_event(as_event(result))  # type: ignore[arg-type]
    taken.conclude(context)


@dg.job(description="Take beats: read every source and store what was seen.", executor_def=dg.in_process_executor)
def collect() -> None:
    """Give the launchpad and the schedule something to launch."""
    take_beats()


@dg.multi_asset(
    name="collect_now",
    specs=[
        dg.AssetSpec(
            name, group_name=COLLECTION, description=text, owners=OWNERS, kinds={*kinds, "duckdb"}, skippable=True
        )
        for name, (text, kinds) in _ASSETS.items()
    ],
    check_specs=check_specs(_ASSETS),
    can_subset=True,  # makes every output optional: what was not seen is neither materialized nor judged
)
def collected(context: dg.AssetExecutionContext, ops: OpsResource) -> Iterator[Result]:
    """Take one beat at once: what the button `Materialize` does."""
    settings = ops.settings()
    with ops.collector() as collector:
        taken = take_due_beats(
            collector, planned_beats(None, 1, settings), settings.maxbooster_collect_interval_seconds
        )
    yield from selected(context, _results(taken, settings))
    taken.conclude(context)


@dg.schedule(
    name="collect_every_minute",
    job=collect,
    cron_schedule="* * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every minute one run, which takes the beats at :30 and the next :00 (or as the interval says).",
)
def collect_every_minute(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Ask for the run of one minute."""
    minute = context.scheduled_execution_time.isoformat()
    return dg.RunRequest(run_key=minute, run_config=dg.RunConfig(ops={"take_beats": CollectConfig(minute=minute)}))
