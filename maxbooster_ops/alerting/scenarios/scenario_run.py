"""Running a scenario against the rules in force, or against files of its own.

Belongs here: which rules and series take part, and the outcome. Not here: playing (`scenario.py`), comparing
(`expectation.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from maxbooster_ops.alerting.dispatching.policy import policy_of
from maxbooster_ops.alerting.rule import Rule
from maxbooster_ops.alerting.rulebook.rulebook import Rulebook, parse_rules
from maxbooster_ops.alerting.scenarios.expectation import differences
from maxbooster_ops.alerting.scenarios.scenario import Scenario, play, rule_samples
from maxbooster_ops.alerting.scenarios.scenario_lake import queried_samples
from maxbooster_ops.analysis.thresholds import Limits
from maxbooster_ops.errors import SettingsError
from maxbooster_ops.settings import Environment, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that was not as expected, so long after the start."""

    after: timedelta
    at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a scenario."""

    scenario: str
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return not self.differences


def run_scenario(scenario: Scenario, in_force: Rulebook, settings: Settings) -> Outcome:
    """Play `scenario` and compare. Raises `SettingsError` for a rule file or rows that cannot be used."""
    rulebook = _rules_of(scenario, settings) if scenario.rule_files else in_force
    named = [rulebook.rule(name) for name in dict.fromkeys(series.rule for series in scenario.series)]
    taking_part: dict[str, Rule] = {rule.name: rule for rule in (*rulebook.rules, *named)}
    policy = policy_of(settings, scenario.channels, rulebook.inhibitions, None)
    series = {**queried_samples(scenario, rulebook.rules), **rule_samples(scenario)}
    expected = {scenario.starts + each.after: each for each in scenario.expectations}
    found: list[Difference] = []
    for standing in play(scenario, list(taking_part.values()), policy, series):
        if point := expected.get(standing.at):
            lines = differences(point, standing.alerts, standing.decisions)
            found += [Difference(after=point.after, at=standing.at, text=line) for line in lines]
    return Outcome(scenario=scenario.name, differences=tuple(found))


def _rules_of(scenario: Scenario, settings: Settings) -> Rulebook:
    """Read the scenario's own rule files, each alone, as if there were no others."""
    staging = settings.maxbooster_env is Environment.STAGING
    books = []
    for file in scenario.rule_files:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeError) as error:
            raise SettingsError(
                f"Scenario `{scenario.name}` names a rule file that cannot be read: {error}. Its path counts from the "
                "folder of the scenario file."
            ) from error
        books.append(parse_rules(text, file.name, Limits.of(settings), staging))
    for problem in (problem for book in books for problem in book.problems):
        raise problem
    return Rulebook(
        rules=tuple(rule for book in books for rule in book.rules),
        inhibitions=tuple(inhibition for book in books for inhibition in book.inhibitions),
        waiting=tuple(waiting for book in books for waiting in book.waiting),
    )
