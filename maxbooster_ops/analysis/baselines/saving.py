"""Saving baselines: on demand, and those that are due by themselves.

Belongs here: which are due, and the order of the steps. The file comes first and the lake last: what the lake holds has
its file, and a file that a crash left alone is right all the same. Not here: the steps themselves (`taking.py`,
`baseline_file.py`, `keeping.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path

from maxbooster_ops.analysis.baselines.baseline import Baseline, Kind, checked_name
from maxbooster_ops.analysis.baselines.baseline_file import write_file
from maxbooster_ops.analysis.baselines.executions import first_executions
from maxbooster_ops.analysis.baselines.keeping import Version, keep, versions
from maxbooster_ops.analysis.baselines.taking import (
    AUTOMATIC_EXECUTIONS,
    VALID_FOR,
    automatic,
    take,
    take_automatic,
)
from maxbooster_ops.errors import UsageError
from maxbooster_ops.store.lake import Lake
from maxbooster_ops.store.named_sql import named_queries

WEEKLY, POST_LAUNCH = "weekly", "post-launch"
"""Names of the baselines that are taken by themselves."""

_AFTER_LAUNCH = timedelta(hours=24)

_GRACE = timedelta(minutes=20)
"""The schedule has its own run for Monday 00:00: whoever looks for what is due leaves it that long."""

_LATELY = timedelta(hours=25)
"""A job that did not run since has reached no tenth execution since, either."""

_QUERIES = named_queries(Path(__file__).with_name("baselines.sql"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A baseline that was saved, and its file; an automatic one has none."""

    baseline: Baseline
    file: Path | None


def save(lake: Lake, name: str, *, kind: Kind = Kind.NAMED, length: timedelta | None = None, now: datetime) -> Saved:
    """Measure the time that ends now and save it as `name`; under a name that exists it is a new version.

    Raises `UsageError` for a name that cannot be one, and where there is too little to measure.
    """
    if kind is Kind.AUTOMATIC:
        raise UsageError("An automatic baseline is taken by itself, after 10 executions of a job.")
    return _save(lake, checked_name(name), kind, start=now - (length or kind.length), now=now)


def renew(lake: Lake, job: str, *, now: datetime) -> Saved:
    """Take the automatic baseline of a job anew, of its newest 10 executions."""
    found = take_automatic(lake, job, newest=True, now=now)
    if found is None:
        raise UsageError(
            f"The automatic baseline of job `{job}` was not renewed: fewer than {AUTOMATIC_EXECUTIONS} executions of "
            f"it are in the lake. `maxbooster-ops jobs` lists the jobs."
        )
    keep(lake, found)
    return Saved(baseline=found, file=None)


def save_due(lake: Lake, now: datetime) -> list[Saved]:
    """Save every baseline that is due and not there: weekly, 24 h after a launch, of jobs that ran 10 times.

    Doing it again saves nothing again.
    """
    known = versions(lake, now)
    timed = [_save(lake, name, kind, start=start, now=due) for name, kind, start, due in _due(lake, known, now)]
    found = _first_of_jobs(lake, now)
    return [*timed, *(Saved(baseline=baseline, file=None) for baseline in keep(lake, *found))]


def last_monday(now: datetime) -> datetime:
    """Give the newest Monday 00:00 UTC that is not after now."""
    return datetime.combine(now.date() - timedelta(days=now.weekday()), time(), tzinfo=now.tzinfo)


def _save(lake: Lake, name: str, kind: Kind, *, start: datetime, now: datetime) -> Saved:
    baseline = take(lake, name, kind, start, now, now)
    file = write_file(lake.home, lake, baseline)
    keep(lake, baseline)
    return Saved(baseline=baseline, file=file)


def _due(lake: Lake, known: list[Version], now: datetime) -> Iterator[tuple[str, Kind, datetime, datetime]]:
    """Give name, kind, beginning and end of what should have been measured by now and was not."""
    monday = last_monday(now - _GRACE)
    wanted = [(WEEKLY, Kind.WEEKLY, monday - Kind.WEEKLY.length, monday)]
    launches = [version.ts for version in known if version.kind is Kind.PRE_LAUNCH]
    if launches and launches[0] + _AFTER_LAUNCH <= now:
        wanted.append((POST_LAUNCH, Kind.POST_LAUNCH, launches[0], launches[0] + _AFTER_LAUNCH))
    for name, kind, start, due in wanted:
        is_there = any(version.kind is kind and version.ts >= due for version in known)
        if not is_there and _has_beats(lake, start, due):
            yield name, kind, start, due


def _has_beats(lake: Lake, start: datetime, until: datetime) -> bool:
    return int(lake.query(_QUERIES["beats"], {"from": start, "until": until})[0]["beats"]) > 1


def _first_of_jobs(lake: Lake, now: datetime) -> list[Baseline]:
    bounds = {"from": now - VALID_FOR, "lately": now - _LATELY, "until": now}
    jobs = [row["job"] for row in lake.query(_QUERIES["jobs_to_measure"], bounds)]
    executions = first_executions(lake, jobs, now - VALID_FOR, now, most=AUTOMATIC_EXECUTIONS)
    taken = (automatic(key, values, now=now) for key, values in executions.items())
    return [baseline for baseline in taken if baseline]
