"""What a drill came to: each scenario's outcome, and the verdict on them.

Belongs here: the words and the rule. Not here: running anything (`runner.py`), or showing it (`readiness/report/`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum

from maxbooster_ops.readiness.report.chaos_summary import ChaosSummary, ScenarioSummary
from maxbooster_ops.store.findings import DrillResult

REVIEW_AT_MOST = 2
"""With one or two of the five not passed somebody must look; with more a release is not ready (spec: drills)."""


class Outcome(StrEnum):
    """What came of one scenario; one that could not be tried did not pass either."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not run"


class Verdict(StrEnum):
    """Partial: nothing failed, but not all five were asked for or reached, so it says nothing about a release."""

    READY = "ready"
    REVIEW = "review"
    NOT_READY = "not ready"
    PARTIAL = "partial"


def judge(scenarios: Sequence[ScenarioSummary], *, five: int, interrupted: bool) -> Verdict:
    """Decide on the scenarios of a drill; `five` is how many there are that count, run or not.

    What was not run because the drill was interrupted says nothing; what failed before that does.
    """
    counting = [one for one in scenarios if one.counts]
    harmless = {Outcome.PASSED, Outcome.NOT_RUN} if interrupted else {Outcome.PASSED}
    missed = sum(one.outcome not in harmless for one in counting)
    if missed > REVIEW_AT_MOST:
        return Verdict.NOT_READY
    if missed:
        return Verdict.REVIEW
    return Verdict.PARTIAL if interrupted or len(counting) < five or not five else Verdict.READY


def valid_for_release(summary: ChaosSummary) -> bool:
    """Tell whether a release may rest on a drill: all five passed, and nothing of it is left in force."""
    return summary.verdict == Verdict.READY and not summary.leftovers


def facts(summary: ChaosSummary, report: str | None) -> Iterator[DrillResult]:
    """Give what is kept of a drill for good: a row for the whole, one for each scenario."""
    beyond = [one for one in summary.scenarios if not one.counts]
    problems = [f"{one.title}: {one.reason}" for one in summary.scenarios if one.outcome != Outcome.PASSED]
    yield DrillResult(
        ts=summary.ended_at,
        drill="chaos",
        drill_id=summary.drill_id,
        scenario="",
        target=summary.target,
        started_at=summary.started_at,
        verdict=summary.verdict,
        valid_for_release=valid_for_release(summary),
        reasons=[*filter(None, [summary.remark]), *problems, *summary.leftovers],
        numbers={
            "passed": summary.passed,
            "total": summary.total,
            "beyond_passed": sum(one.outcome == Outcome.PASSED for one in beyond),
            "beyond_total": len(beyond),
        },
        report=report,
    )
    for one in summary.scenarios:
        yield DrillResult(
            ts=one.ended_at or summary.ended_at,
            drill="chaos",
            drill_id=summary.drill_id,
            scenario=one.name,
            target=summary.target,
            started_at=one.started_at or summary.started_at,
            verdict=one.outcome,
            valid_for_release=one.outcome == Outcome.PASSED,
            reasons=[one.reason] if one.reason else [],
            numbers=_numbers(one),
            report=report,
        )


def passed_of(scenarios: Sequence[ScenarioSummary], *, counts: bool) -> str:
    """Give `4/5`."""
    chosen = [one for one in scenarios if one.counts == counts]
    return f"{sum(one.outcome == Outcome.PASSED for one in chosen)}/{len(chosen)}"


def _numbers(one: ScenarioSummary) -> dict[str, float]:
    if one.started_at is None or one.ended_at is None:
        return {}
    return {"seconds": (one.ended_at - one.started_at).total_seconds(), "steps": len(one.steps)}
