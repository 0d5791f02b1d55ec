"""Failed checks in a row, told once.

Belongs here: which checks belong together and what they had in common. Not here: what makes a check fail.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from maxbooster_ops.readiness.burn_in.part_names import PARTS
from maxbooster_ops.readiness.report.plots.points import Span, parted
from maxbooster_ops.store.findings import BurnInCheck

_SHOWN_PROBLEMS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureRun:
    """Failed checks in a row, with no gap between them.

    `parts` counts in how many of them each part failed (or, where none failed, was missing), the most frequent first.
    `problems` are the first different sentences, of which there are `more`.
    """

    start: datetime
    end: datetime
    first_number: int
    checks: int
    parts: Mapping[str, int]
    problems: Sequence[str]
    more: int


def failure_runs(checks: Iterable[BurnInCheck], gaps: Sequence[Span] = ()) -> list[FailureRun]:
    """Put failed checks in a row together; what follows a gap is told by itself, as nobody saw what was between."""
    runs: list[list[BurnInCheck]] = []
    before: BurnInCheck | None = None
    for check in checks:
        if not check.ok:
            if before is None or before.ok or parted(before.ts, check.ts, gaps):
                runs.append([])
            runs[-1].append(check)
        before = check
    return [_told(run) for run in runs]


def worst_of(check: BurnInCheck) -> str:
    """Say how a check was found as a whole: `failed`, `warning` or `ok`."""
    if not check.ok:
        return "failed"
    return "warning" if any(getattr(check, part) == "warning" for part in PARTS) else "ok"


def _told(run: Sequence[BurnInCheck]) -> FailureRun:
    problems = list(dict.fromkeys(problem for check in run for problem in check.problems))
    parts = Counter(PARTS[part] for check in run for part in _failed_parts(check))
    return FailureRun(
        start=run[0].ts,
        end=run[-1].ts,
        first_number=run[0].number,
        checks=len(run),
        parts=dict(parts.most_common()),
        problems=problems[:_SHOWN_PROBLEMS],
        more=len(problems[_SHOWN_PROBLEMS:]),
    )


def _failed_parts(check: BurnInCheck) -> list[str]:
    failed = [part for part in PARTS if getattr(check, part) == "failed"]
    return failed or [part for part in PARTS if getattr(check, part) == "missing"]
