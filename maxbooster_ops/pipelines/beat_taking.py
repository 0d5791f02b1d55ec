"""Taking the beats of one run: wait for each, take it, go on when one cannot be stored.

Belongs here: the waiting. Not here: when beats are due (`sources/cadence.py`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import dagster as dg

from maxbooster_ops.clock import utc_now
from maxbooster_ops.errors import StoreError
from maxbooster_ops.settings import Settings
from maxbooster_ops.sources.cadence import beats_due, is_overdue
from maxbooster_ops.sources.collector import BeatReport, Collector
from maxbooster_ops.store.facts import Fact


@dataclass(slots=True)
class Taken:
    """What the beats of a run saw, and which of them could not be stored."""

    reports: list[BeatReport] = field(default_factory=list)
    errors: list[StoreError] = field(default_factory=list)
    interruption: dg.DagsterExecutionInterruptedError | None = None

    @property
    def facts(self) -> Sequence[Fact]:
        """Everything seen, oldest first."""
        return [fact for report in self.reports for fact in report.facts]

    @property
    def sources(self) -> set[str]:
        """Every source that was read."""
        return {name for report in self.reports for name in report.sources}

    def conclude(self, context: dg.OpExecutionContext | dg.AssetExecutionContext) -> None:
        """Say per beat what became of it; fail the run if one could not be stored, cancel it if that was asked for.

        A run that ends early because the installation is stopped did its work: it is no failure.
        """
        for report in self.reports:
            failed = ", ".join(f"{name}: {source.error}" for name, source in report.sources.items() if source.error)
            context.log.info(
                "Beat of %s %s: %d rows; failed: %s", report.due, report.outcome, len(report.facts), failed or "none"
            )
        if self.interruption and _is_being_canceled(context):
            raise self.interruption
        if self.errors:
            metadata = {"beats_not_stored": len(self.errors)}
            raise dg.Failure(description=str(self.errors[-1]), metadata=metadata, allow_retries=False)


def _is_being_canceled(context: dg.OpExecutionContext | dg.AssetExecutionContext) -> bool:
    run = context.instance.get_run_by_id(context.run_id)
    return run is not None and run.status is dg.DagsterRunStatus.CANCELING


def planned_beats(minute: str | None, beats: int, settings: Settings) -> list[datetime]:
    """Give the beats of the run of `minute` (ISO 8601), or without one `beats` of them from now on."""
    interval = settings.maxbooster_collect_interval_seconds
    if minute:
        return beats_due(datetime.fromisoformat(minute), interval)
    now = utc_now()
    return [now + timedelta(seconds=interval * number) for number in range(beats)]


def take_due_beats(collector: Collector, planned: Sequence[datetime], interval_seconds: int) -> Taken:
    """Take each beat when it is due; one that the next has already replaced is left out."""
    taken = Taken()
    try:
        _take_each(taken, collector, planned, interval_seconds)
    except dg.DagsterExecutionInterruptedError as interruption:
        # Somebody pressed Terminate, or the whole installation is being stopped. What was taken is stored already.
        taken.interruption = interruption
    return taken


def _take_each(taken: Taken, collector: Collector, planned: Sequence[datetime], interval_seconds: int) -> None:
    for due in planned:
        if is_overdue(due, interval_seconds, now=utc_now()):
            continue
        _wait_until(due)
        try:
            taken.reports.append(collector.beat(due))
        except StoreError as error:
            taken.errors.append(error)
    try:
        late = collector.finish()
    except StoreError as error:
        taken.errors.append(error)
    else:
        taken.reports += [late] if late else []


def _wait_until(due: datetime) -> None:
    # In slices, so that a change of the clock or a suspended machine cannot make a run sleep for long.
    while (seconds := (due - utc_now()).total_seconds()) > 0:
        time.sleep(min(seconds, 5.0))
