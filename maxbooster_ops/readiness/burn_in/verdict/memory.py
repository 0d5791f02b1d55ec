"""Whether the platform's process keeps its memory.

Belongs here: growth, its projection to a day, leaks. Not here: the statistics (`analysis/statistics/leak.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import pairwise

import numpy as np

from maxbooster_ops.analysis.series.series import Values
from maxbooster_ops.analysis.statistics.leak import Leak, LeakVerdict, judge_leak
from maxbooster_ops.analysis.statistics.slope import Block
from maxbooster_ops.readiness.burn_in.judgement import Reason
from maxbooster_ops.readiness.burn_in.verdict.drifting import Watched, drift_of
from maxbooster_ops.readiness.burn_in.verdict.evidence import Evidence, below, conditional, fails, note
from maxbooster_ops.readiness.burn_in.verdict.outages import platform_uptime, restarts_of
from maxbooster_ops.readiness.burn_in.verdict.timeline import Timeline
from maxbooster_ops.readiness.report.wording import number
from maxbooster_ops.store.findings import BurnInCheck

LEAST_GROWTH_MB = 10.0
"""MB within a rehearsal: a process of 80 MB takes and gives half of that without leaking (`docs/benchmarks.md`)."""

_SHORT_HOURS = 12.0
"""The shortest burn-in whose slope says something about a day, whether or not it is beyond noise."""

_DAY_HOURS = 24.0
_ENDS_SHARE = 1 / 24
"""Share of the values that stands for the beginning, and for the end: an hour of a day."""

_LEAST_AT_AN_END = 3
_MEMORY = Watched(name="memory of the platform", unit="MB", by=Block.LOWER_QUARTILE)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryEvidence(Evidence):
    """Growth in MB, None where it was not to be seen. Per day: None also where a run is too short to project noise."""

    growth_mb: float | None
    growth_mb_per_day: float | None
    leak: Leak | None


def weigh_memory(timeline: Timeline) -> MemoryEvidence:
    """Weigh memory over the longest stretch without a restart, which would hide a leak."""
    values = _longest_stretch(timeline).values(_memory_mb)
    limit = timeline.plan.thresholds.memory_growth_mb
    if len(values) < 2:  # noqa: PLR2004 -- growth is between two
        figures = [below("memory growth", None, limit, "MB"), below("memory growth per 24 h", None, limit, "MB")]
        unseen = fails("memory", "nobody knows whether memory grew: that of the platform's process was not seen twice")
        reasons = [] if timeline.is_never_there("memory") else [unseen]
        return MemoryEvidence(reasons=reasons, figures=figures, growth_mb=None, growth_mb_per_day=None, leak=None)
    leak = judge_leak(values, least_growth=LEAST_GROWTH_MB)
    growth, limit_now = _growth(values), limit * max(1.0, _hours(values) / _DAY_HOURS)
    per_day = _per_day(leak)
    drift = drift_of(_MEMORY, values)
    return MemoryEvidence(
        reasons=[*_on_growth(growth, limit_now), *_on_leak(leak, per_day, limit), *_on_shortness(values)],
        figures=[
            below("memory growth", growth, limit_now, "MB"),
            below("memory growth per 24 h", per_day, limit, "MB"),
        ],
        drifts=[replace(drift, verdict=leak.verdict.value)] if drift else [],
        growth_mb=growth,
        growth_mb_per_day=per_day,
        leak=leak,
    )


def _memory_mb(check: BurnInCheck) -> float | None:
    return check.memory_mb if check.memory_low_mb is None else check.memory_low_mb


def _longest_stretch(timeline: Timeline) -> Timeline:
    starts = [restart.after for restart in restarts_of(timeline.checks, platform_uptime)]
    if not starts:
        return timeline
    last = timeline.checks[-1].ts + timeline.plan.interval
    ends = pairwise([timeline.checks[0].ts, *starts, last])
    stretches = [timeline.only(partial(_is_within, start, end)) for start, end in ends]
    return max(stretches, key=lambda stretch: stretch.hours)


def _is_within(start: datetime, end: datetime, check: BurnInCheck) -> bool:
    return start <= check.ts < end


def _growth(values: Values) -> float:
    few = max(1, min(len(values) // 3, max(_LEAST_AT_AN_END, round(len(values) * _ENDS_SHARE))))
    return float(np.median(values.values[-few:]) - np.median(values.values[:few]))


def _hours(values: Values) -> float:
    return float(values.moments[-1] - values.moments[0]) / 3600


def _per_day(leak: Leak) -> float | None:
    if leak.slope is None:
        return None
    is_real = leak.verdict in {LeakVerdict.LEAKING, LeakVerdict.SUSPECTED}
    return _DAY_HOURS * leak.slope.per_hour if is_real or leak.slope.hours >= _SHORT_HOURS else None


def _on_growth(growth: float, limit: float) -> list[Reason]:
    if growth < limit:
        return []
    said = f"memory grew by {number(growth, beside=limit)} MB from the beginning to the end"
    return [fails("memory", f"{said}, which reaches the limit of {number(limit)} MB")]


def _on_leak(leak: Leak, per_day: float | None, limit: float) -> list[Reason]:
    if leak.verdict is LeakVerdict.UNKNOWN or leak.slope is None:
        return [conditional("memory", f"whether memory leaks cannot be told: {leak.reason}")]
    if leak.verdict is LeakVerdict.HEALTHY:
        if per_day is None or per_day < limit:
            return []
        said = f"the slope of memory is {number(per_day, beside=limit)} MB per 24 h, though hardly beyond noise"
        return [conditional("memory", f"{said}; the limit is {number(limit)} MB")]
    is_leaking = leak.verdict is LeakVerdict.LEAKING
    rate = f"{number(leak.slope.per_hour)} MB per hour, {number(per_day, beside=limit)} MB per 24 h"
    said = f"{'memory leaks' if is_leaking else 'memory may leak'}: beyond noise it grows by {rate}"
    if per_day is not None and per_day >= limit:
        return [fails("memory", f"{said}; the limit is {number(limit)} MB per 24 h")]
    return [conditional("memory", f"{said}, and does not end; the limit is {number(limit)} MB per 24 h")]


def _on_shortness(values: Values) -> Sequence[Reason]:
    hours = _hours(values)
    if hours >= _SHORT_HOURS:
        return []
    least = max(LEAST_GROWTH_MB, 0.1 * float(np.median(values.values)))
    text = (
        f"so short a burn-in shows only leaks of {number(least / hours)} MB per hour and more; a slower one needs a day"
    )
    return [note("memory", text)] if hours > 0 else []
