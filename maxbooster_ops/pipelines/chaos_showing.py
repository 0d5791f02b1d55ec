"""Chaos drills as Dagster shows them: a log line a step, an observation a scenario, a materialization a report.

Belongs here: the translation into Dagster's events. Not here: when they are recorded (`chaos.py`), the verdict, the
report's text.
"""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from maxbooster_ops.pipelines.tables import markdown_table
from maxbooster_ops.readiness.chaos.drill import Target
from maxbooster_ops.readiness.chaos.drilling import Finished, described
from maxbooster_ops.readiness.chaos.experiment import Experiment
from maxbooster_ops.readiness.chaos.results import Outcome, Verdict, valid_for_release
from maxbooster_ops.readiness.report.chaos_summary import ChaosSummary, ScenarioSummary, StepSummary
from maxbooster_ops.readiness.report.files import report_file

REPORT, READY = "chaos_report", "ready_for_release"


class Shown:
    """Shows a drill in its run."""

    def __init__(self, context: dg.OpExecutionContext) -> None:
        self._context = context

    def target_ready(self, target: Target) -> None:
        """Say what is drilled."""
        self._context.log.info("The target is %s.", described(target))

    def scenario_begins(self, experiment: Experiment) -> None:
        """Say which scenario begins."""
        self._context.log.info("%s: %s", experiment.name, experiment.title)

    def step_done(self, scenario: str, step: StepSummary) -> None:
        """Log a step, a failed one as a warning."""
        log = self._context.log.warning if step.outcome == "failed" else self._context.log.info
        log("%s, %s: %s %s %s", scenario, step.part, step.name, step.outcome, step.detail)

    def scenario_ended(self, result: ScenarioSummary) -> None:
        """Record an observation."""
        self._context.log_event(observation(result))


def observation(result: ScenarioSummary) -> dg.AssetObservation:
    """Show one scenario with its steps."""
    steps = ((one.part, one.name, one.outcome or None, one.duration_ms, one.detail or None) for one in result.steps)
    took = (result.ended_at - result.started_at).total_seconds() if result.started_at and result.ended_at else 0.0
    said = f": {result.reason}" if result.reason else ""
    return dg.AssetObservation(
        REPORT,
        description=f"{result.name} {result.outcome}{said}",
        metadata={
            "scenario": result.name,
            "outcome": result.outcome,
            "of_the_five": result.counts,
            "seconds": round(took, 1),
            "steps": dg.MetadataValue.md(markdown_table(("part", "step", "outcome", "ms", "detail"), steps)),
        },
    )


def report_events(finished: Finished) -> Iterator[dg.AssetMaterialization | dg.AssetCheckEvaluation]:
    """Show the whole report as Markdown and whether a release may rest on it."""
    summary = finished.summary
    files: dict[str, dg.MetadataValue] = {}
    if finished.report:
        files["report"] = dg.MetadataValue.md(report_file(finished.report, ".md").read_text(encoding="utf-8"))
        files["html"] = dg.MetadataValue.path(report_file(finished.report, ".html"))
        files["json"] = dg.MetadataValue.path(report_file(finished.report, ".json"))
    beyond = [one for one in summary.scenarios if not one.counts]
    yield dg.AssetMaterialization(
        REPORT,
        description=_said(summary),
        metadata={
            "verdict": summary.verdict,
            "passed": summary.passed,
            "total": summary.total,
            "beyond_passed": sum(one.outcome == Outcome.PASSED for one in beyond),
            "beyond_total": len(beyond),
            "faults_left": len(summary.leftovers),
            "target": summary.target,
            "drill": summary.drill_id,
            **files,
        },
    )
    yield dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(REPORT),
        check_name=READY,
        passed=valid_for_release(summary),
        severity=severity_of(summary.verdict),
        description=_said(summary),
    )


def severity_of(verdict: str) -> dg.AssetCheckSeverity:
    """Say how bad it is where a release may not rest on a drill."""
    return dg.AssetCheckSeverity.ERROR if verdict == Verdict.NOT_READY else dg.AssetCheckSeverity.WARN


def _said(summary: ChaosSummary) -> str:
    reasons = [f"{one.name} {one.outcome}: {one.reason}" for one in summary.scenarios if one.outcome != Outcome.PASSED]
    said = "; ".join([f"{summary.passed}/{summary.total} passed", *reasons, *summary.leftovers])
    return f"{summary.verdict}: {said}"
