"""Whether jobs were done: traffic at all, failures, stalls, a backlog that never drains.

Belongs here: what queues and requests tell. Not here: whether the platform could be read at all (`success.py`).
"""

from __future__ import annotations

from maxbooster_ops.analysis.statistics.slope import Block
from maxbooster_ops.readiness.burn_in.judgement import Drift, Reason
from maxbooster_ops.readiness.burn_in.verdict.drifting import DEGRADES, Watched, drift_of
from maxbooster_ops.readiness.burn_in.verdict.evidence import Evidence, below, conditional, fails, measured, note
from maxbooster_ops.readiness.burn_in.verdict.timeline import Timeline
from maxbooster_ops.readiness.report.wording import number
from maxbooster_ops.store.findings import BurnInCheck

MOST_UNKNOWN_SHARE = 0.05
"""Of the time; the same share that may go unseen for a PASS."""

MOST_ERRORS_PERCENT = 1.0
"""Of the requests answered 5xx (the product's promise under load)."""

_LEAST_ERRORS = 5
"""Fewer are a share of nothing."""

_BACKLOG = Watched(name="waiting jobs", unit="jobs", by=Block.MINIMUM, least_difference=100.0)
"""By the least of each block: a queue that drains now and then has no backlog that grows."""


def weigh_jobs(timeline: Timeline) -> Evidence:
    """Weigh traffic, failed and stalled jobs, answers that were errors, and the backlog."""
    failed, stalled = timeline.total(_failed), timeline.total(lambda check: check.stalled_delta)
    finished, requests = timeline.total(lambda c: c.completed_delta), timeline.total(lambda c: c.requests_delta)
    errors = timeline.total(lambda check: check.errors_delta)
    limit = float(timeline.plan.thresholds.failed_jobs)
    backlog = drift_of(_BACKLOG, timeline.values(lambda check: check.waiting))
    return Evidence(
        reasons=[
            *_on_failed(timeline, failed, limit),
            *_on_stalled(stalled, limit),
            *_on_traffic(timeline, finished, requests),
            *_on_errors(errors, requests),
            *_on_backlog(backlog),
        ],
        figures=[
            below("failed jobs", failed, limit, "jobs"),
            measured("finished jobs", finished, "jobs"),
            measured("stalled jobs", stalled, "jobs"),
            measured("requests", requests, ""),
            measured("requests answered 5xx", _percent(errors, requests), "%"),
        ],
        drifts=[backlog] if backlog else [],
    )


def _failed(check: BurnInCheck) -> float | None:
    return check.failed_delta


def _surely_failed(check: BurnInCheck) -> float | None:
    # The part warns where only some of the queues could be counted.
    return None if check.failed_jobs == "warning" else check.failed_delta


def _percent(errors: float | None, requests: float | None) -> float | None:
    return 100 * errors / requests if errors is not None and requests else None


def _on_failed(timeline: Timeline, failed: float | None, limit: float) -> list[Reason]:
    if failed is None:
        unknown = fails("jobs", "nobody knows how many jobs failed: no check could count them")
        return [] if timeline.is_never_there("failed_jobs") else [unknown]
    if failed >= limit:
        return [fails("jobs", f"{failed:,.0f} jobs failed for good; the promise is fewer than {limit:,.0f}")]
    # Queues that could not be read are counted at the next reading: what they did meanwhile is not unknown.
    unknown_share = timeline.only(lambda check: check.queues is not None).unknown_share(_surely_failed)
    if unknown_share > MOST_UNKNOWN_SHARE:
        said = f"{failed:,.0f} jobs failed for good that are known of, and over {100 * unknown_share:.1f} % of the time"
        return [conditional("jobs", f"{said} nobody could count them; a PASS needs {100 * MOST_UNKNOWN_SHARE:g} %")]
    if not failed:
        return []
    return [note("jobs", f"{failed:,.0f} jobs failed for good, of fewer than {limit:,.0f} that are allowed")]


def _on_stalled(stalled: float | None, limit: float) -> list[Reason]:
    if not stalled:
        return []
    if stalled >= limit:
        said = f"jobs stalled {stalled:,.0f} times: workers died or were too busy to say that they live"
        return [conditional("stalled", f"{said}; from {limit:,.0f} on that counts")]
    return [note("stalled", f"jobs stalled {stalled:,.0f} times and were taken up again")]


def _on_traffic(timeline: Timeline, finished: float | None, requests: float | None) -> list[Reason]:
    if finished is None and requests is None:
        return [
            fails("traffic", "nobody knows whether there was any traffic: neither jobs nor requests could be counted")
        ]
    if not finished and not requests:
        return [fails("traffic", "there was no traffic: no job finished and no request came, so nothing was tried")]
    if finished == 0 and any(timeline.numbers(lambda check: check.waiting)):
        return [conditional("traffic", "no job finished all along, though jobs waited")]
    return []


def _on_errors(errors: float | None, requests: float | None) -> list[Reason]:
    share = _percent(errors, requests)
    if errors is None or share is None or errors < _LEAST_ERRORS or share < MOST_ERRORS_PERCENT:
        return []
    said = f"{errors:,.0f} of {requests:,.0f} requests were answered 5xx"
    shown = number(share, beside=MOST_ERRORS_PERCENT)
    return [conditional("errors", f"{said} ({shown} %); a PASS needs less than {MOST_ERRORS_PERCENT:g} %")]


def _on_backlog(drift: Drift | None) -> list[Reason]:
    if drift is None or drift.verdict != DEGRADES:
        return []
    said = f"the backlog grows: {drift.first:,.0f} waiting jobs in the first third, {drift.last:,.0f} in the last"
    return [conditional("backlog", f"{said}, {number(drift.slope_per_hour)} more per hour and never drained")]
