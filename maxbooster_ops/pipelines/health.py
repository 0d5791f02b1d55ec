"""Health: every five minutes the verdict on the platform, component by component.

Belongs here: the asset, its checks and the schedule. Not here: the verdict itself (`analysis/health.py`).
"""

from collections.abc import Iterator

import dagster as dg

from maxbooster_ops.analysis.health import COMPONENTS, Component, Health, Verdict, judge_health
from maxbooster_ops.analysis.thresholds import Limits
from maxbooster_ops.clock import utc_now
from maxbooster_ops.pipelines.groups import COLLECTION, OWNERS
from maxbooster_ops.pipelines.resources import OpsResource
from maxbooster_ops.pipelines.slo import slo_status
from maxbooster_ops.pipelines.tables import markdown_table
from maxbooster_ops.store.latest import snapshot


@dg.multi_asset(
    name="platform_health",
    specs=[
        dg.AssetSpec(
            "platform_health",
            group_name=COLLECTION,
            owners=OWNERS,
            kinds={"duckdb"},
            description="The verdict on the platform by component, from the newest facts.",
            deps=[
                "queue_samples",
                "redis_samples",
                "host_samples",
                "probe_results",
                "metric_samples",
                "ai_cache_samples",
            ],
        )
    ],
    check_specs=[
        dg.AssetCheckSpec(f"{name}_healthy", asset="platform_health", description=f"Nothing speaks against {name}.")
        for name in COMPONENTS
    ],
)
def platform_health(ops: OpsResource) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Judge what was last seen."""
    with ops.lake() as lake:
        verdict = judge_health(snapshot(lake), Limits.of(ops.settings()), now=utc_now())
    yield dg.MaterializeResult(metadata=_metadata(verdict))
    yield from (_check(component) for component in verdict.components)


def _metadata(verdict: Health) -> dict[str, dg.MetadataValue | str | int]:
    rows = [(part.name, part.verdict, "; ".join(part.why) or None) for part in verdict.components]
    return {
        "status": verdict.status,
        "healthy": int(verdict.healthy),
        "unhealthy_components": verdict.count(Verdict.DEGRADED),
        "components_not_watched": verdict.count(Verdict.NOT_WATCHED),
        "components": dg.MetadataValue.md(markdown_table(("component", "verdict", "why"), rows)),
    }


def _check(component: Component) -> dg.AssetCheckResult:
    note = f"{component.verdict}: {component.note}" if component.note else None
    return dg.AssetCheckResult(
        check_name=f"{component.name}_healthy",
        passed=component.healthy,
        severity=dg.AssetCheckSeverity.WARN,
        # A check can only pass or fail: one of what is not watched passes and says that it judged nothing.
        description="; ".join(component.details) or note,
    )


health = dg.define_asset_job(
    "health",
    selection=dg.AssetSelection.assets(platform_health, slo_status),
    description="Judge the platform's health and its service levels from the newest facts.",
)

health_every_5_minutes = dg.ScheduleDefinition(
    name="health_every_5_minutes",
    job=health,
    cron_schedule="*/5 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every five minutes the verdict on the platform and its service levels.",
)
