"""Running one scenario: steady state, method, steady state again, and taking back whatever happened.

Belongs here: the order of steps and what each outcome means. Not here: which scenarios run on what (`drilling.py`),
or what a step does (`actions/`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from maxbooster_ops.errors import DrillError, MaxboosterError, redact
from maxbooster_ops.processes import Supervisor
from maxbooster_ops.readiness.chaos.drill import Drill, ExpectationError, NotRunError, Target
from maxbooster_ops.readiness.chaos.experiment import Experiment, Step
from maxbooster_ops.readiness.chaos.fault import Details
from maxbooster_ops.readiness.chaos.interrupting import TimeUpError, held_back, within
from maxbooster_ops.readiness.chaos.journal import Journal
from maxbooster_ops.readiness.chaos.ledger import FaultState, Ledger
from maxbooster_ops.readiness.chaos.results import Outcome
from maxbooster_ops.readiness.report.chaos_summary import ScenarioSummary

_ROLLBACK_DEADLINE = timedelta(seconds=60)
_SHOWN_CHARACTERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a scenario runs: which drill, on what, and what every scenario of the drill shares."""

    drill_id: str
    target: Target
    folder: Path
    ledger: Ledger
    clock: Callable[[], datetime]
    wait: Callable[[float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Book:
    """The ledger as one scenario sees it."""

    place: Place
    scenario: str

    def inject(self, kind: str, details: Details) -> str:
        return self.place.ledger.inject(
            self.place.drill_id, self.scenario, kind, target=self.place.target.name, details=details
        )

    def roll_back(self, fault_id: str) -> None:
        written = self.place.ledger.roll_back(fault_id)
        if written.state is FaultState.STUCK:
            raise DrillError(f"A fault cannot be taken back: {written}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What came of a scenario, and the request to end (Ctrl-C, TERM, Terminate) that cut it short, if any did."""

    summary: ScenarioSummary
    interruption: BaseException | None = None


def run_scenario(experiment: Experiment, place: Place, journal: Journal) -> Ran:
    """Run one scenario to its end; whatever ends it, every fault of it is taken back before anything else happens."""
    began = place.clock()
    interruption: BaseException | None = None
    if missing := experiment.needs - place.target.offers:
        lacking = ", ".join(sorted(need.value for need in missing))
        outcome, reason = Outcome.NOT_RUN, f"The target offers no {lacking}."
    else:
        outcome, reason = Outcome.NOT_RUN, "It was interrupted."
        try:
            with _drill(experiment, place, journal) as drill:
                try:
                    outcome, reason = _course(experiment, drill, journal)
                finally:
                    with held_back():
                        untidy = _take_back(experiment, drill, place, journal)
                if untidy and outcome is Outcome.PASSED:
                    outcome, reason = Outcome.FAILED, untidy
        except BaseException as error:
            if isinstance(error, Exception):
                raise
            interruption = error
    journal.conclude(outcome, reason)
    summary = ScenarioSummary(
        name=experiment.name,
        title=experiment.title,
        outcome=outcome.value,
        reason=redact(reason),
        started_at=began,
        ended_at=place.clock(),
        steps=tuple(journal.steps),
        counts=experiment.five,
    )
    return Ran(summary=summary, interruption=interruption)


@contextmanager
def _drill(experiment: Experiment, place: Place, journal: Journal) -> Iterator[Drill]:
    folder = place.folder / experiment.name
    folder.mkdir(parents=True)
    with Supervisor(folder / "logs", grace_seconds=2.0) as supervisor:
        yield Drill(
            id=place.drill_id,
            scenario=experiment.name,
            target=place.target,
            folder=folder,
            supervisor=supervisor,
            configuration=experiment.configuration,
            clock=place.clock,
            wait=place.wait,
            book=_Book(place=place, scenario=experiment.name),
            journal=lambda text: journal.add(place.clock(), "note", text),
        )


def _course(experiment: Experiment, drill: Drill, journal: Journal) -> tuple[Outcome, str]:
    """Go through the steps; what fails is an outcome with its reason."""
    stage = "No steady state before the fault: "
    try:
        with within(experiment.deadline):
            _steps(experiment.probes, "steady state before", drill, journal)
            stage = ""
            _steps(experiment.method, "method", drill, journal)
            stage = "No steady state after the fault: "
            _steps(experiment.probes, "steady state after", drill, journal)
    except NotRunError as error:
        return Outcome.NOT_RUN, str(error)
    except _StepError as error:
        return Outcome.FAILED, f"{stage}{error}"
    except TimeUpError as error:  # between two steps
        return Outcome.FAILED, f"{stage}{error}"
    return Outcome.PASSED, ""


class _StepError(DrillError):
    """A step failed; the text names it and says why."""


def _steps(steps: Sequence[Step], part: str, drill: Drill, journal: Journal) -> None:
    """Do each in turn. Raises `_StepError` at the first that fails, `NotRunError` as a step raises it."""
    for step in steps:
        drill.wait(step.pause_before_seconds) if step.pause_before_seconds else None
        _do(step, part, drill, journal)
        drill.wait(step.pause_after_seconds) if step.pause_after_seconds else None


def _do(step: Step, part: str, drill: Drill, journal: Journal) -> None:
    began = time.monotonic()

    def wrote(outcome: str, detail: str) -> None:
        taken_ms = 1000 * (time.monotonic() - began)
        journal.add(drill.clock(), part, step.name, outcome, detail=detail, duration_ms=taken_ms)

    try:
        found = step.action.function(drill, **step.arguments)
        _hold(step, found)
    except NotRunError as error:
        wrote("not run", str(error))
        raise
    except Exception as error:
        reason = _reason(error)
        wrote("failed", reason)
        raise _StepError(f"{step.name}: {reason}") from error
    wrote("ok", "" if found is None else str(found)[:_SHOWN_CHARACTERS])


def _hold(step: Step, found: object) -> None:
    if step.tolerance is not None and not step.tolerance.met(found):
        raise ExpectationError(f"expected {step.tolerance.wanted}, found {str(found)[:_SHOWN_CHARACTERS]}")


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, MaxboosterError) else redact(f"{type(error).__name__}: {error}")


def _take_back(experiment: Experiment, drill: Drill, place: Place, journal: Journal) -> str:
    """Do the scenario's own rollbacks, then take back what the ledger has open; tell what went wrong, if anything."""
    problems: list[str] = []
    for step in experiment.rollbacks:
        try:
            with within(_ROLLBACK_DEADLINE):
                _steps([step], "rollback", drill, journal)
        except MaxboosterError as error:
            problems.append(str(error))
    try:
        with within(_ROLLBACK_DEADLINE):
            written = place.ledger.roll_back_open(drill_id=place.drill_id, scenario=experiment.name)
        problems += [f"a fault cannot be taken back: {one}" for one in written if one.state is FaultState.STUCK]
    except MaxboosterError as error:
        problems.append(f"faults cannot be taken back now: {error}")
    return "; ".join(problems)
