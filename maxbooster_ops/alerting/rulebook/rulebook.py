"""The rules in force: the default ones, the user's over them, and what of the files could not be used.

Belongs here: which files there are and which entry wins. Not here: what an entry means (`rule_entry.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from maxbooster_ops.alerting.dispatching.inhibition import Inhibition
from maxbooster_ops.alerting.rule import DEFAULT_ORIGIN, Rule
from maxbooster_ops.alerting.rulebook.lake_schema import LakeSchema
from maxbooster_ops.alerting.rulebook.rule_entry import RuleEntry, known_fields, laid_over
from maxbooster_ops.alerting.rulebook.rule_file import FileEntry, RuleFileError, make_inhibition, read_rule_file
from maxbooster_ops.alerting.rulebook.texts import broken_template
from maxbooster_ops.analysis.thresholds import Limits
from maxbooster_ops.errors import UsageError
from maxbooster_ops.user_files import did_you_mean, sentence_of

DEFAULT_FOLDER = Path(__file__).parents[1] / "rules"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """The rules in force. `waiting` are rules on tables that this release's lake has not, each with the reason."""

    rules: tuple[Rule, ...]
    inhibitions: tuple[Inhibition, ...]
    problems: tuple[RuleFileError, ...] = ()
    waiting: tuple[tuple[Rule, str], ...] = ()

    def rule(self, name: str) -> Rule:
        """Give one rule, also a waiting one. Raises `UsageError` that names the nearest."""
        known = {rule.name: rule for rule in (*self.rules, *(rule for rule, _ in self.waiting))}
        if name not in known:
            hint = did_you_mean(name, known, otherwise="`maxbooster-ops rules list` names them all")
            raise UsageError(f"There is no rule `{name}`; {hint}")
        return known[name]


def load_rulebook(user_folder: Path | None, limits: Limits, *, staging: bool) -> Rulebook:
    """Read the default rules and, where it exists, `*.yaml` of the user's folder over them.

    An entry that cannot be used is a problem and nothing more: the default of its name, if there is one, and all others
    stay in force. Unchanged files are not read again.
    """
    files = [*sorted(DEFAULT_FOLDER.glob("*.yaml")), *(sorted(user_folder.glob("*.yaml")) if user_folder else ())]
    return _loaded(tuple((file, _stamp(file)) for file in files), limits, staging)


def parse_rules(text: str, file: str, limits: Limits, staging: bool) -> Rulebook:  # noqa: FBT001 -- one of four plain values
    """Read one file alone, as if there were no default rules."""
    with LakeSchema() as schema:
        layers = _Layers(limits=limits, staging=staging, schema=schema)
        layers.lay(text, file, origin=file)
        return layers.rulebook()


@lru_cache(maxsize=4)
def _loaded(files: tuple[tuple[Path, tuple[int, int]], ...], limits: Limits, staging: bool) -> Rulebook:  # noqa: FBT001 -- lru_cache's key
    with LakeSchema() as schema:
        layers = _Layers(limits=limits, staging=staging, schema=schema)
        for file, _ in files:
            is_default = file.parent == DEFAULT_FOLDER
            try:
                text = file.read_text(encoding="utf-8")
            except (OSError, UnicodeError) as error:
                layers.problems.append(RuleFileError(file.name, 1, f"the file cannot be read: {error}"))
                continue
            layers.lay(text, file.name, origin=DEFAULT_ORIGIN if is_default else file.name)
        return layers.rulebook()


def _stamp(file: Path) -> tuple[int, int]:
    """Tell one content of a file from another; a file that cannot be looked at is read anyway, and then told of."""
    try:
        found = file.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


class _Layers:
    """Rules while one file is laid over another."""

    def __init__(self, *, limits: Limits, staging: bool, schema: LakeSchema) -> None:
        self._limits = limits
        self._staging = staging
        self._schema = schema
        self._fields: dict[str, Mapping[str, Any]] = {}
        self._rules: dict[str, Rule] = {}
        self._inhibitions: dict[str, Inhibition] = {}
        self.problems: list[RuleFileError] = []

    def lay(self, text: str, file: str, *, origin: str) -> None:
        """Lay a file's entries over what is there; one that cannot be used leaves it as it is."""
        found = read_rule_file(text, file)
        self.problems += found.problems
        for entry in found.rules:
            try:
                self._take(entry, origin)
            except RuleFileError as problem:
                self.problems.append(problem)
        for entry in found.inhibitions:
            try:
                self._take_inhibition(entry)
            except RuleFileError as problem:
                self.problems.append(problem)

    def rulebook(self) -> Rulebook:
        """Give what is in force, sorted into rules that can be evaluated and rules that wait for their tables."""
        waiting = {rule.name: reason for rule in self._rules.values() if (reason := self._waits_for(rule))}
        return Rulebook(
            rules=tuple(rule for rule in self._rules.values() if rule.name not in waiting),
            inhibitions=tuple(self._inhibitions.values()),
            problems=tuple(self.problems),
            waiting=tuple((self._rules[name], reason) for name, reason in waiting.items()),
        )

    def _take(self, entry: FileEntry, origin: str) -> None:
        fields = laid_over(self._fields.get(entry.name, {}), entry.fields)
        try:
            accepted = RuleEntry.model_validate(fields)
        except ValidationError as error:
            raise entry.problem(*sentence_of(error, fields, known=known_fields(), noun="a rule")) from None
        rule = self._sound(entry, accepted, origin)
        self._fields[rule.name] = fields
        self._rules.pop(rule.name, None)
        if accepted.is_active(staging=self._staging):
            self._rules[rule.name] = rule

    def _sound(self, entry: FileEntry, accepted: RuleEntry, origin: str) -> Rule:
        """Make the rule and hold its SQL against the lake's tables and its templates against its labels."""
        rule = accepted.rule(self._limits, staging=self._staging, origin=origin)
        if broken := broken_template(rule, accepted.label_names()):
            field, reason = broken
            raise entry.problem(f"the template of `{field}` cannot be rendered: {reason}", [field])
        if rule.series.sql is None:
            return rule
        if complaint := self._schema.complaint(rule.series.sql):
            raise entry.problem(f"the query of `{rule.name}` {complaint}", ["sql" if accepted.sql else "series"])
        tables = self._schema.tables_of(rule.series.sql)
        return replace(rule, series=replace(rule.series, tables=tables))

    def _take_inhibition(self, entry: FileEntry) -> None:
        inhibition = make_inhibition(entry)
        self._inhibitions.pop(entry.name, None)
        if inhibition:
            self._inhibitions[inhibition.name] = inhibition

    def _waits_for(self, rule: Rule) -> str | None:
        missing = sorted(set(rule.series.tables) - self._schema.tables)
        return f"the lake of this release has no table {', '.join(missing)}" if missing else None
