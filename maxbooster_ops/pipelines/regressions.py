"""Regressions: every half hour, what became worse than its baseline.

Belongs here: the asset and its check. Not here: what counts as worse (`analysis/regressions/`).
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain

import dagster as dg

from maxbooster_ops.analysis.regressions.finding import find_regressions
from maxbooster_ops.analysis.regressions.keeping import keep_regressions
from maxbooster_ops.analysis.statistics.comparing import Result as Outcome
from maxbooster_ops.clock import utc_now
from maxbooster_ops.pipelines.groups import ANALYSIS, OWNERS
from maxbooster_ops.pipelines.presenting import Result, selected
from maxbooster_ops.pipelines.resources import OpsResource
from maxbooster_ops.pipelines.tables import markdown_table
from maxbooster_ops.store.findings import Regression

_SHOWN = 100
_REASONS = 10


@dg.multi_asset(
    name="regressions",
    specs=[
        dg.AssetSpec(
            "regressions",
            group_name=ANALYSIS,
            owners=OWNERS,
            kinds={"duckdb"},
            description="What became worse than its baseline over six hours: by the 10 % rule, and by a test.",
            deps=["baselines", "rollups"],
        )
    ],
    check_specs=[
        dg.AssetCheckSpec(
            "no_regression", asset="regressions", description="Nothing is worse than its baseline, beyond noise."
        )
    ],
    can_subset=True,  # makes the check optional: where nothing could be compared, nothing is judged
)
def regressions(context: dg.AssetExecutionContext, ops: OpsResource) -> Iterator[Result]:
    """Hold the last six hours of every series against its baseline."""
    with ops.store() as store:
        found = find_regressions(store.lake, utc_now())
        keep_regressions(store.lake, found)
    yield from selected(context, _results(found))


def _results(found: Sequence[Regression]) -> Iterator[Result]:
    yield dg.MaterializeResult(asset_key="regressions", metadata={**_counts(found), "found": _table(found)})
    if any(one.result != Outcome.INCONCLUSIVE for one in found):
        worse = [f"{one.metric}: {one.reason}" for one in found if one.is_significant]
        yield dg.AssetCheckResult(
            check_name="no_regression",
            asset_key="regressions",
            passed=not worse,
            severity=dg.AssetCheckSeverity.WARN,
            description="; ".join(worse[:_REASONS]) or None,
            metadata={"regressed": len(worse)},
        )


def _counts(found: Sequence[Regression]) -> dict[str, int]:
    results = Counter(one.result for one in found)
    naive = sum(one.exceeds_naive for one in found)
    return {**{result.value: results[result] for result in Outcome}, "by_the_10_percent_rule_alone": naive}


def _table(found: Sequence[Regression]) -> dg.MetadataValue:
    columns = ("result", "metric", "before", "after", "unit", "change %", "p", "since", "baseline", "why")
    # What is unchanged is counted above; what the 10 % rule alone would have reported is worth a line.
    told = chain(
        (one for one in found if one.result in {Outcome.REGRESSED, Outcome.IMPROVED}),
        (one for one in found if one.result not in {Outcome.REGRESSED, Outcome.IMPROVED} and one.exceeds_naive),
    )
    rows = [
        (
            one.result,
            one.metric,
            one.before,
            one.after,
            one.unit,
            one.change_percent,
            one.p_value,
            one.started_at or "–",
            one.baseline,
            one.reason,
        )
        for one in told
    ]
    return dg.MetadataValue.md(markdown_table(columns, rows[:_SHOWN]))
