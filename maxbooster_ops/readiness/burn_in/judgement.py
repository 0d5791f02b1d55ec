"""What a burn-in came to: the verdict, every reason, and the figures that they rest on.

Belongs here: the result. Not here: how it is reached (`verdict/`) or shown (`readiness/report/`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from maxbooster_ops.analysis.statistics.leak import Leak


class Verdict(StrEnum):
    """PARTIAL: it was ended early, so it says nothing about a release whatever it saw."""

    PASS = "PASS"  # noqa: S105 -- a verdict
    CONDITIONAL_PASS = "CONDITIONAL PASS"  # noqa: S105 -- a verdict
    FAIL = "FAIL"
    PARTIAL = "PARTIAL"


class Weight(StrEnum):
    """What a reason alone makes of the verdict."""

    FAILS = "fails"
    CONDITIONAL = "conditional"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why the verdict is what it is; `kind` is one of a few words (`memory`, `coverage`, …), `text` a sentence."""

    weight: Weight
    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A time without checks that should have had some."""

    start: datetime
    end: datetime
    missed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the report's table: what was measured against what was promised."""

    name: str
    value: float | None
    limit: float | None
    unit: str
    ok: bool | None
    """None where nothing could be measured or nothing is promised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Where one series went over the burn-in: per hour, with a 95 % interval robust to autocorrelation."""

    name: str
    unit: str
    first: float
    last: float
    slope_per_hour: float | None
    slope_low: float | None
    slope_high: float | None
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What happened to the session itself, as far as the verdict must know."""

    started_at: datetime
    ended_at: datetime
    ended_early: bool
    takeovers: int = 0
    paused_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The verdict on a burn-in. `success_rate` and `coverage` are percent, None where there was no check."""

    verdict: Verdict
    reasons: Sequence[Reason]
    checks: int
    expected_checks: int
    success_rate: float | None
    coverage: float | None
    gaps: Sequence[Gap]
    memory_growth_mb: float | None
    memory_growth_mb_per_day: float | None
    leak: Leak | None
    redis_latency_avg_ms: float | None
    failed_jobs: int | None
    figures: Sequence[Figure]
    drifts: Sequence[Drift]
    is_rehearsal: bool = False
    """Whether it was asked to last less than a day: it cannot see what only a day shows."""

    @property
    def valid_for_release(self) -> bool:
        """Whether a release may rest on it: only a burn-in of a day that ran to its end may say so."""
        return self.verdict in {Verdict.PASS, Verdict.CONDITIONAL_PASS} and not self.is_rehearsal

    @property
    def speaks_of_release(self) -> bool:
        """Whether it says anything about a release: what was ended early, or only rehearsed and well, does not."""
        return speaks_of_release(self.verdict, is_rehearsal=self.is_rehearsal)


def speaks_of_release(verdict: str | None, *, is_rehearsal: bool) -> bool:
    """Tell whether a verdict says anything about a release: any failure does, and a day that ran to its end."""
    return verdict == Verdict.FAIL or (verdict not in {None, Verdict.PARTIAL} and not is_rehearsal)
