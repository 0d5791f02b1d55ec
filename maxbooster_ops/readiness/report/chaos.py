"""The report of a chaos drill: `chaos-<drill>.md`, `.html` and `.json` in the home's reports.

Belongs here: what it says and in which order. Not here: the drill itself (`readiness/chaos/`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from maxbooster_ops.readiness.report.chaos_summary import ChaosSummary, ScenarioSummary, StepSummary
from maxbooster_ops.readiness.report.files import write_report
from maxbooster_ops.readiness.report.json_text import json_pieces, plain
from maxbooster_ops.readiness.report.rendering import TEMPLATES, render
from maxbooster_ops.readiness.report.table import Headline, Row, Table, Tone
from maxbooster_ops.readiness.report.wording import NOTHING, clock, moment, outside, quantity, span
from maxbooster_ops.store.home import Home

FORMAT, VERSION = "maxbooster-ops chaos report", 1

_NOT_VALID = "Not valid for a release."
_HEADLINES = {
    "ready": ("READY", "✓", Tone.GOOD, "The platform bears every fault that it must bear.", ""),
    "review": ("REVIEW", "!", Tone.WARNING, "Somebody must look at what did not pass before a release.", _NOT_VALID),
    "not ready": ("NOT READY", "✗", Tone.BAD, "Too much did not pass. Do not deploy.", _NOT_VALID),
    "partial": (
        "PARTIAL",
        "…",
        Tone.NEUTRAL,
        "Not every scenario that counts was run, so it says nothing about a release.",
        _NOT_VALID,
    ),
}

_OUTCOMES = {
    "passed": ("✓ passed", Tone.GOOD),
    "failed": ("✗ failed", Tone.BAD),
    "not run": ("– not run", Tone.WARNING),
}
_STEP_OUTCOMES = {"ok": ("✓ ok", Tone.GOOD), "failed": ("✗ failed", Tone.BAD), "not run": ("– not run", Tone.WARNING)}

_MOST_STEPS = 200
"""Of a scenario, in the HTML; its journal has all."""


def write_chaos_report(home: Home, drill: ChaosSummary) -> Path:
    """Write the report of a drill over any earlier one of it, and give its path without an ending.

    Raises `StoreError` where the files cannot be written.
    """
    content = _content(drill)
    texts = {
        ".json": json_pieces({"format": FORMAT, "version": VERSION, **plain(drill)}),
        ".html": [render(TEMPLATES, "chaos.html.j2", content)],
        ".md": [render(TEMPLATES, "chaos.md.j2", content)],
    }
    return write_report(home, f"chaos-{drill.drill_id}", texts)


def _content(drill: ChaosSummary) -> dict[str, Any]:
    return {
        "title": f"Chaos drill {outside(drill.drill_id)}",
        "headline": _headline(drill),
        "summary": _summary(drill),
        "leftovers": [outside(sentence) for sentence in drill.leftovers],
        "scenarios": _scenarios(drill),
        "journals": [_journal(scenario) for scenario in drill.scenarios if scenario.steps],
        "facts": _facts(drill),
    }


def _headline(drill: ChaosSummary) -> Headline:
    unknown = (drill.verdict.upper(), "?", Tone.NEUTRAL, "", _NOT_VALID)
    word, mark, tone, meaning, remark = _HEADLINES.get(drill.verdict, unknown)
    if drill.leftovers:
        remark = f"{_NOT_VALID} A fault could not be taken back."
        tone = Tone.BAD
    passed = f"{drill.passed}/{drill.total} passed."
    return Headline(word=word, mark=mark, tone=tone, meaning=f"{passed} {meaning}".rstrip(), remark=remark)


def _summary(drill: ChaosSummary) -> str:
    beyond = [scenario for scenario in drill.scenarios if not scenario.counts]
    took = f"In {span(drill.ended_at - drill.started_at)} until {moment(drill.ended_at)}."
    said = f"{outside(drill.remark)} {took}".lstrip()
    if not beyond:
        return said
    passed = sum(scenario.outcome == "passed" for scenario in beyond)
    return f"Beyond those that count, {passed}/{len(beyond)} passed. {said}"


def _scenarios(drill: ChaosSummary) -> Table:
    rows = []
    for scenario in sorted(drill.scenarios, key=lambda scenario: not scenario.counts):
        word, tone = _OUTCOMES.get(scenario.outcome, (scenario.outcome, Tone.NEUTRAL))
        cells = (
            outside(scenario.title),
            "yes" if scenario.counts else "no",
            _took(scenario),
            outside(scenario.reason) or NOTHING,
            word,
        )
        rows.append(Row(cells=cells, tone=tone))
    columns = ("scenario", "counts", "took", "why", "outcome")
    return Table(columns=columns, rows=rows, numeric=frozenset({2}))


def _journal(scenario: ScenarioSummary) -> dict[str, Any]:
    word, tone = _OUTCOMES.get(scenario.outcome, (scenario.outcome, Tone.NEUTRAL))
    steps = [_step(step) for step in scenario.steps[:_MOST_STEPS]]
    columns = ("time, UTC", "part", "step", "took", "detail", "outcome")
    beyond = len(scenario.steps[_MOST_STEPS:])
    return {
        "title": outside(scenario.title),
        "outcome": word,
        "tone": tone,
        "reason": outside(scenario.reason),
        "steps": Table(columns=columns, rows=steps, numeric=frozenset({3}), beyond=beyond),
    }


def _step(step: StepSummary) -> Row:
    word, tone = _STEP_OUTCOMES.get(step.outcome, (outside(step.outcome), Tone.NEUTRAL))
    took = quantity(step.duration_ms, "ms")
    # That a step found what it asks for is its outcome already.
    detail = "" if step.outcome == "ok" and step.detail in {"True", "False"} else outside(step.detail)
    cells = (clock(step.at), outside(step.part), outside(step.name), took, detail or NOTHING, word)
    return Row(cells=cells, tone=tone)


def _took(scenario: ScenarioSummary) -> str:
    if scenario.started_at is None or scenario.ended_at is None:
        return NOTHING
    return span(scenario.ended_at - scenario.started_at)


def _facts(drill: ChaosSummary) -> Table:
    rows = [
        ("id", outside(drill.drill_id)),
        ("target", outside(drill.target) or NOTHING),
        ("began", moment(drill.started_at)),
        ("ended", moment(drill.ended_at)),
    ]
    return Table(columns=("what", "value"), rows=[Row(cells=row) for row in rows])
