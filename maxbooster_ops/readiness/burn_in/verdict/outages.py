"""Whether the platform or Redis crashed, restarted or stayed away.

Belongs here: restarts, which uptimes tell, and being down in several checks in a row. Not here: single failed checks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, pairwise

from maxbooster_ops.readiness.burn_in.judgement import Figure, Reason
from maxbooster_ops.readiness.burn_in.verdict.evidence import Evidence, below, conditional, fails
from maxbooster_ops.readiness.burn_in.verdict.timeline import Get, Timeline
from maxbooster_ops.readiness.report.wording import moment, span
from maxbooster_ops.store.findings import BurnInCheck

CRITICAL_IN_A_ROW = 3
"""Once may be the network's fault, twice a hiccup."""

_SAME_START = timedelta(seconds=3)
"""Uptimes come in whole seconds and are read a moment before or after the check's own time."""

_CLOCKS_DIFFER = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """A process that ran at `before` had been started anew by `after`; the uptimes are those of the two moments."""

    before: datetime
    after: datetime
    uptime_before: timedelta
    uptime_after: timedelta


def platform_uptime(check: BurnInCheck) -> float | None:
    """Read how long the process of the platform runs."""
    return check.platform_uptime_seconds


def restarts_of(checks: Sequence[BurnInCheck], uptime: Get) -> list[Restart]:
    """Find the moments between which something was started anew; a gap between checks explains no restart.

    It was, where it seems to have started later than it seemed before, and that after the check before. So a machine
    that slept, whose uptimes stand still meanwhile, is not taken for one that restarted.
    """
    known = [(check.ts, timedelta(seconds=seconds)) for check in checks if (seconds := uptime(check)) is not None]
    found: list[Restart] = []
    for (before, ran), (after, runs) in pairwise(known):
        moved = (after - runs) - (before - ran)
        if moved > _SAME_START and (runs < ran or after - runs > before - _CLOCKS_DIFFER):
            found.append(Restart(before=before, after=after, uptime_before=ran, uptime_after=runs))
    return found


def weigh_outages(timeline: Timeline) -> Evidence:
    """Weigh restarts and outages: crashes are critical, and so is being away for three checks."""
    reasons: list[Reason] = []
    figures: list[Figure] = []
    for name, uptime in (("the platform", platform_uptime), ("Redis", lambda check: check.redis_uptime_seconds)):
        restarts = restarts_of(timeline.checks, uptime)
        known = bool(timeline.numbers(uptime))
        figures.append(below(f"restarts of {name}", float(len(restarts)) if known else None, 1.0, ""))
        reasons += _on_restarts(name, restarts)
    reasons += _on_being_down(timeline, "Redis", "redis")
    reasons += _on_being_down(timeline, "a health endpoint", "system_health")
    return Evidence(reasons=reasons, figures=figures)


def _on_restarts(name: str, restarts: Sequence[Restart]) -> list[Reason]:
    if not restarts:
        return []
    first = restarts[0]
    times = "restarted" if len(restarts) == 1 else f"restarted {len(restarts):,} times, first"
    ran = f"up for {span(first.uptime_before)} before, for {span(first.uptime_after)} after"
    text = f"{name} {times} between {moment(first.before)} and {moment(first.after)} ({ran}); none is allowed"
    return [fails("restart", text)]


def _on_being_down(timeline: Timeline, name: str, part: str) -> list[Reason]:
    runs = [list(run) for down, run in groupby(timeline.checks, lambda check: _is_down(check, part)) if down]
    if not runs or timeline.is_never_there(part):
        return []
    longest = max(runs, key=len)
    if len(longest) >= CRITICAL_IN_A_ROW:
        when = f"from {moment(longest[0].ts)} to {moment(longest[-1].ts)}"
        text = f"{name} was down in {len(longest):,} checks in a row, {when}; {CRITICAL_IN_A_ROW} are critical"
        return [fails("outage", text)]
    if _is_down(timeline.checks[-1], part):
        return [conditional("outage", f"{name} was down at the last check, and nobody saw it come back")]
    return []


def _is_down(check: BurnInCheck, part: str) -> bool:
    # A Redis that answers, but too slowly, is not down: its average tells.
    answers = part == "redis" and check.redis_latency_ms is not None
    return getattr(check, part) in {"failed", "missing"} and not answers
