"""The journal of a scenario: every step as soon as it is done, in a file that a dying process leaves whole.

Belongs here: keeping and telling steps. Not here: what a step is (`runner.py`), or the report that sums them up
(`readiness/report/`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from maxbooster_ops.errors import StoreError, redact
from maxbooster_ops.logs import get_logger
from maxbooster_ops.readiness.report.chaos_summary import StepSummary
from maxbooster_ops.store.home import Home

Told = Callable[[str, StepSummary], None]
"""Whoever wants to hear of each step as it happens: the scenario's name, and the step."""

UNDER_WAY = "under way"
DIED = "The process that ran it died."

_MOST_CHARACTERS = 2000

_HEADING = frozenset({"title", "target", "started_at", "counts", "drill_began_at", "drill_counts"})
"""What whoever opens a journal tells of the scenario, and of its drill: when it began, how many count in it."""

_FIELDS = _HEADING | {"drill", "scenario", "outcome", "reason", "steps"}
_STEP_FIELDS = {field.name for field in fields(StepSummary)}


class Journal:
    """The steps of one scenario, on disk in `reports/chaos-<drill>/<scenario>.json` after each of them."""

    def __init__(self, home: Home, drill_id: str, scenario: str, *, heading: Mapping[str, Any], told: Told) -> None:
        self.file = journal_folder(home, drill_id) / f"{scenario}.json"
        self.steps: list[StepSummary] = []
        self._home = home
        self._scenario = scenario
        self._heading = {"drill": drill_id, "scenario": scenario, **heading}
        self._told = told
        self._write(outcome=UNDER_WAY, reason="")

    def add(
        self,
        at: datetime,
        part: str,
        name: str,
        outcome: str = "",
        *,
        detail: str = "",
        duration_ms: float | None = None,
    ) -> None:
        """Write a step down, then tell it; who cannot hear it (a closed terminal, a broken pipe) keeps no fault in."""
        step = StepSummary(
            at=at,
            part=part,
            name=redact(name),
            outcome=outcome,
            detail=redact(detail)[:_MOST_CHARACTERS],
            duration_ms=None if duration_ms is None else round(duration_ms, 1),
        )
        self.steps.append(step)
        self._write_if_possible(outcome=UNDER_WAY, reason="")
        try:
            self._told(self._scenario, step)
        except Exception as error:  # noqa: BLE001 -- whatever shows the drill is not the drill
            get_logger().warning("step_not_shown", scenario=self._scenario, reason=redact(str(error)))

    def conclude(self, outcome: str, reason: str) -> None:
        """Write down how the scenario ended."""
        self._write_if_possible(outcome=outcome, reason=redact(reason))

    def _write_if_possible(self, *, outcome: str, reason: str) -> None:
        """Go on where it cannot be written: what must be taken back does not wait for room on a disk."""
        try:
            self._write(outcome=outcome, reason=reason)
        except StoreError as error:
            get_logger().warning("journal_not_written", scenario=self._scenario, reason=str(error))

    def _write(self, *, outcome: str, reason: str) -> None:
        content = {
            **self._heading,
            "outcome": outcome,
            "reason": reason,
            "steps": [asdict(step) for step in self.steps],
        }
        _put(self._home, self.file, content)


def conclude_left(home: Home, drill_id: str, done: Mapping[str, Sequence[StepSummary]]) -> None:
    """Say in the journals of a drill that died how it ended, and what was `done` since, by scenario."""
    for content in read_journals(home, drill_id):
        scenario, steps = content["scenario"], done.get(content["scenario"], ())
        is_under_way = content["outcome"] == UNDER_WAY
        if not (steps or is_under_way):
            continue
        ended = {"outcome": "not run", "reason": DIED} if is_under_way else {}
        concluded = {**content, **ended, "steps": [*content["steps"], *map(asdict, steps)]}
        try:
            _put(home, journal_folder(home, drill_id) / f"{scenario}.json", concluded)
        except StoreError as error:
            get_logger().warning("journal_not_written", scenario=scenario, reason=str(error))


def read_journals(home: Home, drill_id: str) -> Sequence[Mapping[str, Any]]:
    """Read the journals of a drill, by name; without those that somebody damaged, or an earlier release wrote."""
    found = []
    for file in sorted(journal_folder(home, drill_id).glob("*.json")):
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            get_logger().warning("journal_not_read", file=str(file), reason=str(error))
            continue
        if isinstance(content, dict) and content.keys() >= _FIELDS and _are_steps(content["steps"]):
            found.append(content)
    return found


def _are_steps(steps: object) -> bool:
    return isinstance(steps, list) and all(isinstance(step, dict) and step.keys() == _STEP_FIELDS for step in steps)


def _put(home: Home, file: Path, content: Mapping[str, Any]) -> None:
    """Put the file there in one step."""
    fresh = file.with_name(f".{file.name}.new")
    try:
        fresh.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps(content, indent=1, default=_iso), encoding="utf-8")
        fresh.replace(file)
    except OSError as error:
        if home.is_full(error):
            raise home.full(error) from error
        raise StoreError(f"The journal {file} cannot be written: {error}.") from error


def journal_folder(home: Home, drill_id: str) -> Path:
    """Say where the journals of a drill are."""
    return home.reports / f"chaos-{drill_id}"


def _iso(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
