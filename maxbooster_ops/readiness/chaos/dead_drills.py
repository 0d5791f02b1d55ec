"""What a drill that died had come to, as its journals tell: kept for good like any other that was cut short.

Belongs here: from journals to a summary. Not here: taking back what it left (`leftovers.py`), keeping (`history.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from maxbooster_ops.readiness.chaos.history import is_kept, keep
from maxbooster_ops.readiness.chaos.journal import DIED, read_journals
from maxbooster_ops.readiness.chaos.results import Outcome, judge
from maxbooster_ops.readiness.report.chaos_summary import ChaosSummary, ScenarioSummary, StepSummary
from maxbooster_ops.store.lake import Lake


def keep_dead(lake: Lake, drill_id: str, leftovers: Sequence[str]) -> None:
    """Keep what there is of a drill that died, unless it did that itself; one without a journal came to nothing.

    Raises `StoreError` where that cannot be done now; nothing is lost.
    """
    journals = sorted(read_journals(lake.home, drill_id), key=lambda journal: str(journal["started_at"]))
    if not journals:
        return
    summary = _summary(drill_id, journals, leftovers)
    if not is_kept(lake, drill_id, summary.started_at):
        keep(lake, summary)


def _summary(drill_id: str, journals: Sequence[Mapping[str, Any]], leftovers: Sequence[str]) -> ChaosSummary:
    """Sum up; the drill ended when the last of it was taken back."""
    scenarios = tuple(_scenario(journal) for journal in journals)
    ends = [one.ended_at for one in scenarios if one.ended_at]
    return ChaosSummary(
        drill_id=drill_id,
        target=journals[0]["target"],
        started_at=_moment(journals[0]["drill_began_at"]),
        ended_at=max(ends),
        verdict=judge(scenarios, five=0, interrupted=True).value,
        passed=sum(one.counts and one.outcome == Outcome.PASSED for one in scenarios),
        total=journals[0]["drill_counts"],
        scenarios=scenarios,
        leftovers=tuple(leftovers),
        remark=DIED,
    )


def _scenario(journal: Mapping[str, Any]) -> ScenarioSummary:
    steps = tuple(StepSummary(**{**step, "at": _moment(step["at"])}) for step in journal["steps"])
    began = _moment(journal["started_at"])
    return ScenarioSummary(
        name=journal["scenario"],
        title=journal["title"],
        outcome=journal["outcome"],
        reason=journal["reason"],
        started_at=began,
        ended_at=max((step.at for step in steps), default=began),
        steps=steps,
        counts=journal["counts"],
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
