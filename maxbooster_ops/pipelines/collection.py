"""Collection: one op a minute that takes the beats, seen in the UI as one asset per lake table.

Belongs here: the assets, their checks and the schedule. Not here: what a beat is (`sources/collector.py`) or what is
too much (`analysis/thresholds.py`).
"""

from collections.abc import Iterator
from datetime import datetime

import dagster as dg
from pydantic import Field

from maxbooster_ops.pipelines.beat_taking import take_due_beats
from maxbooster_ops.pipelines.presenting import check_results, check_specs, materializations, selected
from maxbooster_ops.pipelines.resources import OpsResource

GROUP = "collection"
OWNERS = ["team:platform"]

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
    "beats": ("One row a beat: how many sources were read, how long it took, what failed.", {"duckdb"}),
}


class CollectConfig(dg.Config):
    """Which beats a run takes. Left as it is, a run takes one beat at once."""

    minute: str | None = Field(
        default=None,
        description="The scheduled minute, ISO 8601: its beats are taken when they are due. Empty: beats at once.",
    )
    beats: int = Field(default=1, ge=1, le=120, description="Without `minute`: how many beats, one interval apart.")


@dg.multi_asset(
    name="take_beats",
    specs=[
        dg.AssetSpec(name, group_name=GROUP, description=text, owners=OWNERS, kinds={*kinds, "duckdb"}, skippable=True)
        for name, (text, kinds) in _ASSETS.items()
    ],
    check_specs=check_specs(_ASSETS),
    can_subset=True,  # makes every output optional: what was not seen is neither materialized nor judged
)
def take_beats(
    context: dg.AssetExecutionContext, config: CollectConfig, ops: OpsResource
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Read every source at each beat and store what was seen; a source that fails is a row, not a failed run."""
    settings = ops.settings()
    with ops.collector() as collector:
        minute = datetime.fromisoformat(config.minute) if config.minute else None
        taken = take_due_beats(
            collector, minute=minute, beats=config.beats, interval=settings.maxbooster_collect_interval_seconds
        )
    yield from selected(context, materializations(taken.facts))
    yield from selected(context, check_results(taken.facts, taken.sources, settings))
    taken.raise_what_failed(context.log)


collect = dg.define_asset_job(
    "collect",
    selection=dg.AssetSelection.assets(take_beats),
    description="Take beats: read every source and store what was seen.",
)


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
