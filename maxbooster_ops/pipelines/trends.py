"""Trends: every half hour where memory, backlogs, Redis and jobs are going.

Belongs here: the asset and its check. Not here: the slopes and the verdicts (`analysis/trends/`).
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import dagster as dg

from maxbooster_ops.analysis.trends.finding import find_trends, keep_trends
from maxbooster_ops.analysis.trends.judging import Verdict
from maxbooster_ops.clock import utc_now
from maxbooster_ops.pipelines.groups import ANALYSIS, OWNERS
from maxbooster_ops.pipelines.presenting import Result, selected
from maxbooster_ops.pipelines.resources import OpsResource
from maxbooster_ops.pipelines.tables import markdown_table
from maxbooster_ops.store.findings import Trend

_SHOWN = 50
_COLUMNS = ("series", "verdict", "level", "unit", "% per day", "low per hour", "slope per hour", "high per hour", "why")


@dg.multi_asset(
    name="trends",
    specs=[
        dg.AssetSpec(
            "trends",
            group_name=ANALYSIS,
            owners=OWNERS,
            kinds={"duckdb"},
            description="Where memory, backlogs, Redis and jobs have been going for 24 hours, the worst first.",
            deps=["queue_samples", "redis_samples", "host_samples", "ai_cache_samples", "metric_samples", "queue_jobs"],
        )
    ],
    check_specs=[dg.AssetCheckSpec("nothing_degrades", asset="trends", description="No series gets steadily worse.")],
    can_subset=True,  # makes the check optional: where nothing has a verdict, nothing is judged
)
def trends(context: dg.AssetExecutionContext, ops: OpsResource) -> Iterator[Result]:
    """Estimate every slope and keep what was found."""
    with ops.store() as store:
        found = find_trends(store.lake, utc_now())
        kept = keep_trends(store.lake, found)
    yield from selected(context, _results(found, kept=kept))


def _results(found: Sequence[Trend], *, kept: bool) -> Iterator[Result]:
    counted = Counter(trend.verdict for trend in found)
    numbers = {verdict.value: counted[verdict] for verdict in Verdict}
    table = dg.MetadataValue.md(markdown_table(_COLUMNS, map(_row, found[:_SHOWN])))
    yield dg.MaterializeResult(asset_key="trends", metadata={**numbers, "kept": int(kept), "worst_first": table})
    if counted.total() > counted[Verdict.UNKNOWN]:
        yield _check(found)


def _check(found: Sequence[Trend]) -> dg.AssetCheckResult:
    degrading = [f"{trend.metric} {trend.reason}" for trend in found if trend.verdict == Verdict.DEGRADING]
    return dg.AssetCheckResult(
        check_name="nothing_degrades",
        asset_key="trends",
        passed=not degrading,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(degrading[:_SHOWN]) or None,
        metadata={"degrading": len(degrading)},
    )


def _row(trend: Trend) -> tuple[object, ...]:
    slopes = (trend.slope_low, trend.slope_per_hour, trend.slope_high)
    return (trend.metric, trend.verdict, trend.level, trend.unit, trend.change_percent_per_day, *slopes, trend.reason)
