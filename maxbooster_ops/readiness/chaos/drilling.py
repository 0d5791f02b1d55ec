"""A chaos drill from its start to its report: one at a time, and nothing of it stays.

Belongs here: the lock, the leftovers of earlier drills, the scenarios in turn, the verdict and where it is kept.
Not here: how a scenario runs (`runner.py`), or how a drill is shown (`cli/`, `pipelines/`).
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from maxbooster_ops.clock import utc_now
from maxbooster_ops.errors import RefusedError
from maxbooster_ops.readiness.chaos.drill import Target
from maxbooster_ops.readiness.chaos.drill_lock import drill_folder, only_one
from maxbooster_ops.readiness.chaos.experiment import Experiment
from maxbooster_ops.readiness.chaos.history import keep
from maxbooster_ops.readiness.chaos.interrupting import held_back
from maxbooster_ops.readiness.chaos.journal import Journal
from maxbooster_ops.readiness.chaos.ledger import FaultState, Ledger, Written
from maxbooster_ops.readiness.chaos.leftovers import take_back
from maxbooster_ops.readiness.chaos.results import Outcome, judge
from maxbooster_ops.readiness.chaos.runner import Place, run_scenario
from maxbooster_ops.readiness.chaos.scenarios import Catalog
from maxbooster_ops.readiness.chaos.targets import Choice, TargetSecrets, address, open_target
from maxbooster_ops.readiness.report.chaos_summary import ChaosSummary, ScenarioSummary, StepSummary
from maxbooster_ops.settings import Settings
from maxbooster_ops.store.opening import Store


class Listener(Protocol):
    """Whoever shows a drill while it runs."""

    def target_ready(self, target: Target) -> None: ...  # noqa: D102 -- its name says it

    def scenario_begins(self, experiment: Experiment) -> None: ...  # noqa: D102 -- its name says it

    def step_done(self, scenario: str, step: StepSummary) -> None: ...  # noqa: D102 -- its name says it

    def scenario_ended(self, result: ScenarioSummary) -> None: ...  # noqa: D102 -- its name says it


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asked for; all scenarios where none is named."""

    scenarios: Sequence[str] = ()
    target: Choice = Choice.SANDBOX
    production: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A drill that is over; the caller shows it and then raises the `interruption`, where there was one."""

    summary: ChaosSummary
    report: Path | None
    interruption: BaseException | None = None


@dataclass(slots=True, kw_only=True)
class _Course:
    """How far a drill has come."""

    id: str
    began: datetime
    total: int
    target: str = ""
    journals: dict[str, Journal] = field(default_factory=dict)
    results: list[ScenarioSummary] = field(default_factory=list)
    interruption: BaseException | None = None


class ChaosDrill:
    """Runs drills on one home, one at a time."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        catalog: Catalog,
        *,
        clock: Callable[[], datetime] = utc_now,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self._store = store
        self._catalog = catalog
        self._clock = clock
        self._wait = wait

    def run(self, asked: Asked, listener: Listener) -> Finished:
        """Run the scenarios in turn, and keep what came of them.

        Raises `RefusedError` where another drill runs, the target may not be drilled, or a fault of an earlier drill is
        still in it; `UsageError` for a scenario that there is not.
        """
        chosen = self._catalog.chosen(asked.scenarios)
        course = _Course(id=_new_id(self._clock()), began=self._clock(), total=sum(one.five for one in chosen))
        with only_one(self._store.home, course.id):
            ledger = self._ledger(course)
            take_back(ledger, self._store.home, lambda: nullcontext(self._store.lake))
            with drill_folder(self._store.home, course.id) as folder:
                try:
                    self._run_each(asked, chosen, course, ledger, folder, listener)
                except BaseException as error:  # what ran is kept, whatever ended the drill; the caller raises this
                    if not course.results:
                        raise
                    course.interruption = error
                with held_back():  # in its folder: who finds that knows that the drill died before it was kept
                    return self._concluded(course, ledger)

    def _run_each(
        self,
        asked: Asked,
        chosen: Sequence[Experiment],
        course: _Course,
        ledger: Ledger,
        folder: Path,
        listener: Listener,
    ) -> None:
        with open_target(
            asked.target, self._settings, folder, drill_id=course.id, production=asked.production
        ) as target:
            _refuse_beside(ledger.open(), target)
            course.target = described(target)
            listener.target_ready(target)
            place = Place(
                drill_id=course.id, target=target, folder=folder, ledger=ledger, clock=self._clock, wait=self._wait
            )
            try:
                for experiment in chosen:
                    listener.scenario_begins(experiment)
                    ran = run_scenario(experiment, place, self._journal(experiment, course, listener))
                    course.results.append(ran.summary)
                    listener.scenario_ended(ran.summary)
                    if ran.interruption:
                        course.interruption = ran.interruption
                        return
            finally:
                with held_back():
                    ledger.roll_back_open(drill_id=course.id)

    def _journal(self, experiment: Experiment, course: _Course, listener: Listener) -> Journal:
        heading = {
            "title": experiment.title,
            "target": course.target,
            "started_at": self._clock().isoformat(),
            "counts": experiment.five,
            "drill_began_at": course.began.isoformat(),
            "drill_counts": course.total,
        }
        journal = Journal(self._store.home, course.id, experiment.name, heading=heading, told=listener.step_done)
        course.journals[experiment.name] = journal
        return journal

    def _ledger(self, course: _Course) -> Ledger:
        def told(what: str, written: Written) -> None:
            journal = course.journals.get(written.scenario) if written.drill_id == course.id else None
            if journal:
                stuck = written.state is FaultState.STUCK
                journal.add(
                    self._clock(),
                    "rollback" if written.rollbacks else "note",
                    f"fault {written.kind} {what}",
                    "failed" if stuck else "",
                    detail=written.problem or "",
                )

        secrets_of_target = TargetSecrets(self._settings, self._store.home)
        return Ledger(self._store.state, self._catalog.faults, secrets_of_target, clock=self._clock, told=told)

    def _concluded(self, course: _Course, ledger: Ledger) -> Finished:
        """Judge, and keep: the report for people, the facts for good."""
        passed = sum(one.counts and one.outcome == Outcome.PASSED for one in course.results)
        interrupted = course.interruption is not None
        summary = ChaosSummary(
            drill_id=course.id,
            target=course.target,
            started_at=course.began,
            ended_at=self._clock(),
            verdict=judge(course.results, five=self._catalog.five, interrupted=interrupted).value,
            passed=passed,
            total=course.total,
            scenarios=tuple(course.results),
            leftovers=tuple(str(one) for one in ledger.open()),
        )
        report = keep(self._store.lake, summary)
        return Finished(summary=summary, report=report, interruption=course.interruption)


def _new_id(now: datetime) -> str:
    return f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def described(target: Target) -> str:
    """Say in words what is drilled, without secrets."""
    if target.folder is not None:
        return "a stand of its own"
    urls = [target.redis_url.get_secret_value() if target.redis_url else None, target.platform_url]
    return f"{' and '.join(address(url) for url in urls if url)} ({target.environment})"


def _refuse_beside(left: Sequence[Written], target: Target) -> None:
    beside = [one for one in left if one.target == target.name]
    if beside:
        raise RefusedError(
            f"A fault of an earlier drill is still there: {'; '.join(map(str, beside))}. Remove the cause and run "
            "`maxbooster-ops chaos --roll-back`, or take it back by hand and say so with `--forget`."
        )
