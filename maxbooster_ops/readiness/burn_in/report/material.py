"""What a report is made from: the session, its checks and verdict, and what was put together from them.

Belongs here: gathering it once for all three forms. Not here: words (`content.py`) or JSON (`document.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from maxbooster_ops.readiness.burn_in.judgement import Judgement
from maxbooster_ops.readiness.burn_in.report.comparing import Comparison
from maxbooster_ops.readiness.burn_in.report.failures import FailureRun, failure_runs
from maxbooster_ops.readiness.burn_in.session import Session
from maxbooster_ops.readiness.report.plots.points import Span
from maxbooster_ops.store.findings import BurnInCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """All that a report tells; `checks` in the order in which they were taken."""

    session: Session
    judgement: Judgement
    checks: Sequence[BurnInCheck]
    comparison: Comparison
    target: str
    ended_at: datetime

    @property
    def gaps(self) -> list[Span]:
        """The times without checks."""
        return [(gap.start, gap.end) for gap in self.judgement.gaps]

    @property
    def failures(self) -> list[FailureRun]:
        """Failed checks in a row, each run once."""
        return failure_runs(self.checks, self.gaps)


def in_order(checks: Sequence[BurnInCheck]) -> list[BurnInCheck]:
    """Give checks in the order in which they were taken."""
    return sorted(checks, key=attrgetter("number"))
