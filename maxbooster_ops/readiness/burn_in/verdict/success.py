"""Whether checks were taken when they fell due, and succeeded.

Belongs here: success rate, coverage, gaps, and parts of a check that nobody could look at. Not here: what was seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise

from maxbooster_ops.readiness.burn_in.judgement import Gap, Reason
from maxbooster_ops.readiness.burn_in.part_names import PARTS
from maxbooster_ops.readiness.burn_in.verdict.evidence import Evidence, at_least, conditional, fails, note
from maxbooster_ops.readiness.burn_in.verdict.timeline import Timeline
from maxbooster_ops.readiness.report.wording import counted, moment, number, span

LEAST_COVERAGE_PERCENT = 95.0
"""Of the checks that fell due; below, too much went unseen for a PASS."""

FAILING_COVERAGE_PERCENT = 80.0
"""Below, a fifth of the time is unknown, and so is whether the platform bears a day."""

LONGEST_UNWATCHED = timedelta(minutes=30)
LONGEST_UNWATCHED_INTERVALS = 3
"""Longer without a successful check (the longer of both) is no PASS: whatever happens meanwhile may be over again."""

_GAP_INTERVALS = 1.5
"""From here on a check is missing, and not merely late."""

_NOT_ON_EVERY_PLATFORM = "ai_caches"
"""A platform without AI is thinkable; one without Redis, queues, health endpoints or memory is not one of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuccessEvidence(Evidence):
    """In percent; None where there was no check."""

    success_rate: float | None
    coverage: float | None
    gaps: Sequence[Gap]


def weigh_success(timeline: Timeline) -> SuccessEvidence:
    """Weigh how many checks were taken and succeeded, and for how long nobody saw the platform well."""
    thresholds = timeline.plan.thresholds
    taken, expected = len(timeline.checks), timeline.expected_checks
    succeeded = sum(check.ok for check in timeline.checks)
    rate = 100 * succeeded / taken if taken else None
    coverage = min(100.0, 100 * taken / expected) if taken else None
    return SuccessEvidence(
        reasons=[
            *_on_success(timeline, rate, succeeded),
            *_on_coverage(succeeded, taken, expected),
            *_on_the_longest_unwatched(timeline),
            *_on_parts(timeline),
            *_on_warnings(timeline),
        ],
        figures=[
            at_least("successful checks", rate, thresholds.pass_percent, "%"),
            at_least("checks taken of those due", coverage, LEAST_COVERAGE_PERCENT, "%"),
        ],
        success_rate=rate,
        coverage=coverage,
        gaps=gaps_of(timeline),
    )


def gaps_of(timeline: Timeline) -> list[Gap]:
    """Find the times between checks above 1.5 intervals; checks that a pause kept from falling due were not missed."""
    began_at, ends_at, interval = timeline.course.started_at, timeline.ends_at, timeline.plan.interval
    if not timeline.checks:
        missed = timeline.expected_checks
        return [Gap(start=began_at, end=ends_at, missed=missed)] if missed else []
    due = [began_at - interval, *(check.due for check in timeline.checks)]
    found = [
        Gap(start=max(before, began_at), end=after, missed=round((after - before) / interval) - 1)
        for before, after in pairwise(due)
        if after - before > _GAP_INTERVALS * interval
    ]
    if ends_at - due[-1] > _GAP_INTERVALS * interval:
        missed = int((ends_at - due[-1]) / interval)
        found.append(Gap(start=due[-1], end=ends_at, missed=missed))
    return _without_pauses(found, timeline.paused, interval)


def _without_pauses(gaps: Sequence[Gap], paused: timedelta, interval: timedelta) -> list[Gap]:
    """Only the sum of the pauses is known, so the longest gaps are taken for them."""
    left: dict[Gap, int] = {}
    for gap in sorted(gaps, key=lambda gap: gap.start - gap.end):
        forgiven = min(gap.missed, round(paused / interval))
        paused = max(timedelta(0), paused - (gap.end - gap.start))
        left[gap] = gap.missed - forgiven
    return [replace(gap, missed=left[gap]) for gap in gaps]


def _on_success(timeline: Timeline, rate: float | None, succeeded: int) -> list[Reason]:
    thresholds, taken = timeline.plan.thresholds, len(timeline.checks)
    if rate is None:
        return [fails("success", "no check was taken, so nothing is known")]
    if succeeded == taken:
        return [note("success", f"{succeeded:,} of {counted(taken, 'check')} succeeded")]
    limit = thresholds.conditional_percent if rate < thresholds.conditional_percent else thresholds.pass_percent
    said = (
        f"{succeeded:,} of {counted(taken, 'check')} succeeded ({number(rate, beside=limit)} %{_most_often(timeline)})"
    )
    if rate < thresholds.conditional_percent:
        return [fails("success", f"{said}, less than the {limit:g} % of a CONDITIONAL PASS")]
    if rate < thresholds.pass_percent:
        return [conditional("success", f"{said}, less than the {limit:g} % of a PASS")]
    return [note("success", f"{said}; a PASS needs {limit:g} %")]


def _most_often(timeline: Timeline) -> str:
    failed = [check for check in timeline.checks if not check.ok]
    found = Counter(part for check in failed for part in PARTS if getattr(check, part) == "failed")
    if not found:
        found = Counter(part for check in failed for part in PARTS if getattr(check, part) == "missing")
    if not found:
        return ""
    part, count = found.most_common(1)[0]
    return f"; most often wrong: {PARTS[part]}, {count:,} ×"


def _on_coverage(succeeded: int, taken: int, expected: int) -> list[Reason]:
    # Counted are the successful ones: another check that fails must not make a verdict better.
    covered = 100 * succeeded / expected if expected else 0.0
    if not taken or covered >= LEAST_COVERAGE_PERCENT:
        return []
    said = f"{taken:,} of {expected:,} checks that fell due were taken and {succeeded:,} succeeded"
    limit = FAILING_COVERAGE_PERCENT if covered < FAILING_COVERAGE_PERCENT else LEAST_COVERAGE_PERCENT
    text = f"{said}: {number(covered, beside=limit)} % of the time is known to be well, less than {limit:g} %"
    return [(fails if covered < FAILING_COVERAGE_PERCENT else conditional)("coverage", text)]


def _on_the_longest_unwatched(timeline: Timeline) -> list[Reason]:
    if not timeline.checks:
        return []
    most = max(LONGEST_UNWATCHED, LONGEST_UNWATCHED_INTERVALS * timeline.plan.interval)
    well = [timeline.course.started_at, *(check.ts for check in timeline.checks if check.ok), timeline.ends_at]
    length, start = max(((after - before, before) for before, after in pairwise(well)), key=lambda each: each[0])
    if length <= most:
        return []
    when = f"from {moment(start)} to {moment(start + length)}"
    text = f"no check succeeded for {span(length)}, {when}; a PASS needs one every {span(most)}"
    return [conditional("coverage", text)]


def _on_parts(timeline: Timeline) -> list[Reason]:
    return [reason for part in PARTS for reason in _on_part(timeline, part)]


def _on_part(timeline: Timeline, part: str) -> list[Reason]:
    checks = timeline.checks
    found = Counter(getattr(check, part) for check in checks)
    missing = found["missing"]
    if not missing:
        return []
    if timeline.is_never_there(part):
        weigh = conditional if part == _NOT_ON_EVERY_PLATFORM else fails
        return [weigh("missing", f"{PARTS[part]}: never there to be read, so nothing is known")]
    # As with coverage, a check that fails counts for nothing here either.
    share = 100 * (found["ok"] + found["warning"]) / len(checks)
    if share >= LEAST_COVERAGE_PERCENT:
        return []
    limit = FAILING_COVERAGE_PERCENT if share < FAILING_COVERAGE_PERCENT else LEAST_COVERAGE_PERCENT
    said = f"{PARTS[part]}: could not be read in {missing:,} of {counted(len(checks), 'check')}"
    text = f"{said}; seen well in {number(share, beside=limit)} %, less than {limit:g} %"
    return [(fails if share < FAILING_COVERAGE_PERCENT else conditional)("missing", text)]


def _on_warnings(timeline: Timeline) -> list[Reason]:
    found = Counter(part for check in timeline.checks for part in PARTS if getattr(check, part) == "warning")
    if not found:
        return []
    listed = ", ".join(f"{PARTS[part]} {count:,} ×" for part, count in found.most_common())
    return [note("warnings", f"warnings in {counted(len(timeline.checks), 'check')}: {listed}")]
