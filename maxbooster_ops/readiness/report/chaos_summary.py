"""What the report of a chaos drill tells: the drill, its scenarios, their steps.

Belongs here: the data. Not here: how it came about (`readiness/chaos/`), or how it is shown (`chaos.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSummary:
    """One line of a scenario's journal.

    `part` is where it belongs: steady state before, method, steady state after, rollback, or note. `outcome` is ok,
    failed, or empty for what merely is told.
    """

    at: datetime
    part: str
    name: str
    outcome: str
    detail: str = ""
    duration_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioSummary:
    """One scenario: `outcome` is passed, failed or not run, `reason` a sentence, empty where it passed.

    `counts` says whether it is one of those that the verdict rests on; the others are reported beside them.
    """

    name: str
    title: str
    outcome: str
    reason: str
    started_at: datetime | None
    ended_at: datetime | None
    steps: Sequence[StepSummary] = ()
    counts: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ChaosSummary:
    """One drill: `verdict` is ready, review or not ready, resting on `passed` of `total` scenarios that count.

    `leftovers` says in a sentence each which fault could not be taken back; there should be none. `remark` is what else
    happened to the drill as a whole: that its process died.
    """

    drill_id: str
    target: str
    started_at: datetime
    ended_at: datetime
    verdict: str
    passed: int
    total: int
    scenarios: Sequence[ScenarioSummary]
    leftovers: Sequence[str] = ()
    remark: str = ""
