"""Taking the beats of one run: wait for each, take it, go on when one cannot be stored.

Belongs here: the waiting. Not here: when beats are due (`sources/cadence.py`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from logging import Logger

import dagster as dg

from maxbooster_ops.errors import StoreError
from maxbooster_ops.settings import Settings
from maxbooster_ops.sources.cadence import beats_due, is_overdue
from maxbooster_ops.sources.collector import BeatReport, Collector, utc_now
from maxbooster_ops.store.facts import Fact


@dataclass(slots=True)
class Taken:
    """What the beats of a run saw, and which of them could not be stored."""

    reports: list[BeatReport] = field(default_factory=list)
    errors: list[StoreError] = field(default_factory=list)

    @property
    def facts(self) -> Sequence[Fact]:
        """Everything seen, oldest first."""
        return [fact for report in self.reports for fact in report.facts]

    @property
    def sources(self) -> set[str]:
        """Every source that was read."""
        return {name for report in self.reports for name in report.sources}

    def raise_what_failed(self, log: Logger) -> None:
        """Say per beat what became of it; fail the run if one could not be stored."""
        for report in self.reports:
            failed = ", ".join(f"{name}: {source.error}" for name, source in report.sources.items() if source.error)
            log.info(
                "Beat of %s %s: %d rows; failed: %s", report.due, report.outcome, len(report.facts), failed or "none"
            )
        if self.errors:
            raise dg.Failure(
                description=str(self.errors[-1]), metadata={"beats_not_stored": len(self.errors)}, allow_retries=False
            )


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
    return taken


def _wait_until(due: datetime) -> None:
    # In slices, so that a change of the clock or a suspended machine cannot make a run sleep for long.
    while (seconds := (due - utc_now()).total_seconds()) > 0:
        time.sleep(min(seconds, 5.0))
