"""How chaos drills read in a terminal: a line a step, tables, JSON.

Belongs here: printing. Not here: any drill (`chaos.py`, `readiness/chaos/`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from rich.text import Text

from maxbooster_ops.cli.output import console, print_json, print_table, shown
from maxbooster_ops.readiness.chaos.drill import Target
from maxbooster_ops.readiness.chaos.drilling import Finished, described
from maxbooster_ops.readiness.chaos.experiment import Experiment, Step
from maxbooster_ops.readiness.chaos.ledger import FaultState, Written
from maxbooster_ops.readiness.chaos.results import Outcome, Verdict, passed_of
from maxbooster_ops.readiness.report.chaos_summary import ChaosSummary, ScenarioSummary, StepSummary
from maxbooster_ops.readiness.report.files import report_file

_STYLES = {
    "ok": "green",
    "passed": "green",
    "ready": "green",
    "failed": "red",
    "not ready": "red",
    "review": "yellow",
    "not run": "yellow",
    "partial": "yellow",
}
_MEANINGS = {
    Verdict.READY: "a release may rest on it",
    Verdict.REVIEW: "somebody must look before a release",
    Verdict.NOT_READY: "do not release",
    Verdict.PARTIAL: "not all five ran, so it says nothing about a release",
}
_EXIT_CODES = {Verdict.READY: 0, Verdict.REVIEW: 1, Verdict.NOT_READY: 2}


class Live:
    """Prints each step as it happens; a `silent` one prints nothing."""

    def __init__(self, *, silent: bool, starts_stand: bool) -> None:
        self._silent = silent
        if starts_stand:
            self._print(Text("Starting a stand …"))

    def target_ready(self, target: Target) -> None:
        """Say what is drilled."""
        self._print(Text(f"The target is {described(target)}."))

    def scenario_begins(self, experiment: Experiment) -> None:
        """Give it a heading."""
        self._print(Text.assemble("\n", (experiment.title, "bold"), f"  ({experiment.name})"))

    def step_done(self, scenario: str, step: StepSummary) -> None:  # noqa: ARG002 -- the heading names the scenario
        """Print a line."""
        took = "" if step.duration_ms is None else f"  {shown(timedelta(milliseconds=step.duration_ms))}"
        detail = f": {step.detail}" if step.detail and step.outcome != "ok" else ""
        outcome = Text(f"{step.outcome or '·':>8} ", style=_STYLES.get(step.outcome, "dim"))
        self._print(Text.assemble(outcome, (f"{step.part}: ", "dim"), f"{step.name}{detail}", (took, "dim")))

    def scenario_ended(self, result: ScenarioSummary) -> None:
        """Print how it ended."""
        self._print(_outcome_line(result))

    def _print(self, text: Text) -> None:
        if not self._silent:
            console.print(text, soft_wrap=True)


def exit_code(summary: ChaosSummary) -> int:
    """Give 0 ready, 1 review, 2 not ready; a part of the five counts by itself."""
    if summary.verdict == Verdict.PARTIAL:
        return int(any(one.outcome != Outcome.PASSED for one in summary.scenarios))
    return _EXIT_CODES[Verdict(summary.verdict)]


def show_result(finished: Finished, *, json: bool) -> None:
    """Print what came of the drill."""
    summary = finished.summary
    if json:
        print_json(
            {
                "verdict": summary.verdict,
                "passed": summary.passed,
                "total": summary.total,
                "beyond": passed_of(summary.scenarios, counts=False),
                "drill": summary.drill_id,
                "target": summary.target,
                "scenarios": [
                    {"name": one.name, "outcome": one.outcome, "reason": one.reason, "five": one.counts}
                    for one in summary.scenarios
                ],
                "leftovers": summary.leftovers,
                "report": str(report_file(finished.report, ".md")) if finished.report else None,
            },
            indent=None,
        )
        return
    rows = [
        (one.name, "yes" if one.counts else "", Text(one.outcome, style=_STYLES[one.outcome]), _took(one), one.reason)
        for one in summary.scenarios
    ]
    console.print()
    print_table(f"Chaos drill {summary.drill_id}", ("scenario", "of the five", "outcome", "took", "reason"), rows)
    console.print(_verdict_line(summary), soft_wrap=True)
    for leftover in summary.leftovers:
        console.print(Text(f"Still there: {leftover}", style="bold red"), soft_wrap=True)
    if finished.report:
        console.print(Text(f"Report: {report_file(finished.report, '.html')} (and .md, .json)"), soft_wrap=True)


def show_scenarios(experiments: Sequence[Experiment], *, steps: bool, json: bool) -> None:
    """Print the scenarios, with `steps` also what each would do."""
    if json:
        print_json([_as_json(one, steps=steps) for one in experiments])
        return
    if not steps:
        rows = [(one.name, "yes" if one.five else "", _needs(one), one.title) for one in experiments]
        print_table(None, ("scenario", "of the five", "needs", "what it is about"), rows)
        return
    for one in experiments:
        console.print(Text.assemble((one.title, "bold"), f"  ({one.name}; needs {_needs(one) or 'nothing'})"))
        console.print(Text(f"  {one.description.strip()}", style="dim"), soft_wrap=True)
        for line in _step_lines(one):
            console.print(Text(f"  {line}"), soft_wrap=True)
        console.print()
    console.print("Nothing was touched.")


def show_faults(faults: Sequence[Written], *, json: bool) -> None:
    """Print what each fault is now."""
    if json:
        print_json(list(faults))
    elif not faults:
        console.print("No drill left anything behind.")
    for one in () if json else faults:
        style = "red" if one.state is FaultState.STUCK else "green"
        console.print(Text(f"{one.state.value.replace('_', ' ')}: {one}", style=style), soft_wrap=True)


def _outcome_line(one: ScenarioSummary) -> Text:
    reason = f": {one.reason}" if one.reason else ""
    return Text.assemble((f"{one.outcome}", f"bold {_STYLES[one.outcome]}"), reason)


def _verdict_line(summary: ChaosSummary) -> Text:
    beyond = [one for one in summary.scenarios if not one.counts]
    more = f", and {passed_of(beyond, counts=False)} beyond" if beyond else ""
    verdict = Verdict(summary.verdict)
    return Text.assemble(
        f"{summary.passed}/{summary.total} passed{more}: ",
        (summary.verdict, f"bold {_STYLES[summary.verdict]}"),
        f" ({_MEANINGS[verdict]})",
    )


def _took(one: ScenarioSummary) -> timedelta | None:
    return one.ended_at - one.started_at if one.started_at and one.ended_at else None


def _needs(one: Experiment) -> str:
    return ", ".join(sorted(need.value for need in one.needs))


def _step_lines(one: Experiment) -> Iterator[str]:
    yield f"steady state, before and after: {one.steady_state}"
    for heading, steps in (("probe", one.probes), ("method", one.method), ("rollback", one.rollbacks)):
        for step in steps:
            yield f"{heading}: {_step(step)}"


def _step(step: Step) -> str:
    arguments = ", ".join(f"{name}={value!r}" for name, value in step.arguments.items())
    wanted = f" – must be {step.tolerance.wanted}" if step.tolerance else ""
    return f"{step.name}{wanted}  [{step.action.name}({arguments}): {step.action.summary}]"


def _as_json(one: Experiment, *, steps: bool) -> dict[str, object]:
    told: dict[str, object] = {
        "name": one.name,
        "title": one.title,
        "description": one.description,
        "five": one.five,
        "needs": sorted(need.value for need in one.needs),
        "tags": list(one.tags),
    }
    return {**told, "steps": list(_step_lines(one))} if steps else told
