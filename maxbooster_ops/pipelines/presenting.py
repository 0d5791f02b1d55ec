"""Facts as Dagster shows them: numbers that plot, a table, checks.

Belongs here: the translation into Dagster's result types. Not here: which numbers matter (`analysis/summaries.py`) or
what is too much (`analysis/thresholds.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter

import dagster as dg

from maxbooster_ops.analysis.components import WATCHED
from maxbooster_ops.analysis.snapshots import snapshot_of
from maxbooster_ops.analysis.summaries import summarize
from maxbooster_ops.analysis.thresholds import THRESHOLDS, Limits, Threshold
from maxbooster_ops.pipelines.tables import markdown_table
from maxbooster_ops.settings import Settings
from maxbooster_ops.store.facts import Fact, QueueSample, SourceFailure

Result = dg.MaterializeResult[None] | dg.AssetCheckResult

_SHOWN_BREACHES = 20


def check_specs(tables: Iterable[str]) -> list[dg.AssetCheckSpec]:
    """Give a check per threshold, and one per source that it could be read."""
    readable = [
        dg.AssetCheckSpec(
            "source_readable",
            asset=part.table,
            description=f"The source `{part.source}` could be read in every beat of the run.",
        )
        for part in WATCHED
        if part.table in tables
    ]
    return [*readable, *(dg.AssetCheckSpec(t.name, asset=t.table, description=t.description) for t in THRESHOLDS)]


def as_event(result: Result) -> dg.AssetMaterialization | dg.AssetCheckEvaluation:
    """Give the event that an op records where an asset would return `result`."""
    key = dg.AssetKey.from_coercible(result.asset_key or ())
    if isinstance(result, dg.MaterializeResult):
        return dg.AssetMaterialization(key, metadata=result.metadata)
    return dg.AssetCheckEvaluation(
        asset_key=key,
        check_name=str(result.check_name),
        passed=result.passed,
        metadata=result.metadata,
        severity=result.severity,
        description=result.description,
    )


def selected(context: dg.AssetExecutionContext, results: Iterable[Result]) -> Iterator[Result]:
    """Leave out what a person who launched only some assets did not ask for."""
    for result in results:
        key = dg.AssetKey.from_coercible(result.asset_key or ())
        if isinstance(result, dg.MaterializeResult):
            wanted = key in context.selected_asset_keys
        else:
            wanted = dg.AssetCheckKey(key, str(result.check_name)) in context.selected_asset_check_keys
        if wanted:
            yield result


def materializations(facts: Sequence[Fact]) -> Iterator[dg.MaterializeResult[None]]:
    """Give one result per table that got rows, with their numbers; a table without rows is not materialized."""
    rows = sorted((fact for fact in facts if not isinstance(fact, SourceFailure)), key=attrgetter("table"))
    for table, group in groupby(rows, key=attrgetter("table")):
        yield dg.MaterializeResult(asset_key=table, metadata=_metadata(list(group)))


def check_results(facts: Sequence[Fact], sources: Iterable[str], settings: Settings) -> Iterator[dg.AssetCheckResult]:
    """Hold the newest facts against the thresholds, and tell which of the `sources` that were read failed.

    A table without facts is not judged: no data is never a passed check.
    """
    seen, limits = snapshot_of(facts), Limits.of(settings)
    failures = [fact for fact in facts if isinstance(fact, SourceFailure)]
    filled = {fact.table for fact in facts}
    for part in WATCHED:
        if part.source in sources:
            mine = [failure for failure in failures if failure.source == part.source]
            said = [f"{failure.ts:%H:%M:%S} {failure.reason} – {failure.hint}" for failure in mine]
            yield _result("source_readable", part.table, said, severity=dg.AssetCheckSeverity.ERROR)
    for threshold in THRESHOLDS:
        if threshold.table in filled:
            yield _threshold_result(threshold, [str(breach) for breach in threshold.breaches(seen, limits)])


def _threshold_result(threshold: Threshold, breaches: Sequence[str]) -> dg.AssetCheckResult:
    severity = dg.AssetCheckSeverity.ERROR if threshold.critical else dg.AssetCheckSeverity.WARN
    return _result(threshold.name, threshold.table, breaches, severity=severity)


def _result(name: str, table: str, reasons: Sequence[str], *, severity: dg.AssetCheckSeverity) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=name,
        asset_key=table,
        passed=not reasons,
        severity=severity,
        description="; ".join(reasons[:_SHOWN_BREACHES]) or None,
        metadata={"breaches": len(reasons)},
    )


def _metadata(facts: Sequence[Fact]) -> Mapping[str, dg.MetadataValue | float]:
    numbers = {name: _readable(value) for name, value in summarize(facts).items()}
    samples = [fact for fact in facts if isinstance(fact, QueueSample)]
    return {**numbers, "newest": dg.MetadataValue.md(queue_table(samples))} if samples else numbers


def _readable(value: float) -> float:
    """Round to six digits, as a page shows every digit that it is given; a whole number stays whole."""
    return int(value) if value == int(value) else float(f"{value:.6g}")


def queue_table(samples: Sequence[QueueSample]) -> str:
    """Give the newest sample of each queue as a Markdown table."""
    newest = {(sample.prefix, sample.queue): sample for sample in samples}
    columns = ("queue", "waiting", "active", "delayed", "failed", "completed since", "p95 ms")
    rows = (
        (s.queue, s.waiting, s.active, s.delayed, s.failed, s.completed_delta, s.processing_ms_p95)
        for s in newest.values()
    )
    return markdown_table(columns, rows)
