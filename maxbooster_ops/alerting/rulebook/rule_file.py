"""A rule file as text: its entries, and the problems that say on which line what is wrong.

Belongs here: one file, and the inhibitions, which are small. Not here: what a rule's entry means (`rule_entry.py`) and
which file wins (`rulebook.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from maxbooster_ops.alerting.dispatching.inhibition import Inhibition
from maxbooster_ops.alerting.dispatching.silence import Matcher, parse_matcher
from maxbooster_ops.alerting.rulebook.rule_entry import Name
from maxbooster_ops.errors import SettingsError, UsageError
from maxbooster_ops.user_files import Entry, read_lists, sentence_of

_REMEDY = "The other rules stay in force. Correct the file and see it with `maxbooster-ops rules check`."


class RuleFileError(SettingsError):
    """A rule file, or one entry of it, cannot be used; the facts stand in `file` and `line` too."""

    def __init__(self, file: str, line: int, sentence: str) -> None:
        self.file = file
        self.line = line
        super().__init__(f"{file} line {line}: {sentence}{'' if sentence.endswith('?') else '.'} {_REMEDY}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """One entry of a rule file, and the file that it stands in."""

    file: str
    entry: Entry

    @property
    def name(self) -> str:
        """Its name, as far as it has one."""
        return str(self.entry.fields.get("name"))

    @property
    def fields(self) -> Mapping[str, Any]:
        """What is written."""
        return self.entry.fields

    def problem(self, sentence: str, at: Sequence[object] = ()) -> RuleFileError:
        """Say what is wrong with the field at the path `at`, and on which line it stands."""
        return RuleFileError(self.file, self.entry.line(at), sentence)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFile:
    """What stands in one file."""

    rules: Sequence[FileEntry]
    inhibitions: Sequence[FileEntry]
    problems: Sequence[RuleFileError]


def read_rule_file(text: str, file: str) -> RuleFile:
    """Read the entries of a file; of two with one name the first counts, and the second is a problem."""
    lists, flaws = read_lists(text, "rules", "inhibitions")
    problems = [RuleFileError(file, flaw.line, flaw.sentence) for flaw in flaws]
    rules, inhibitions = (_unlike(lists[heading], file, problems) for heading in ("rules", "inhibitions"))
    return RuleFile(rules=rules, inhibitions=inhibitions, problems=problems)


def _unlike(entries: Sequence[Entry], file: str, problems: list[RuleFileError]) -> list[FileEntry]:
    named: dict[str, FileEntry] = {}
    for entry in entries:
        found = FileEntry(file=file, entry=entry)
        if found.name in named:
            problems.append(found.problem(f"`name: {found.name}` stands there twice; the first is used", ["name"]))
        else:
            named[found.name] = found
    return list(named.values())


def _is_matcher(text: str) -> str:
    try:
        parse_matcher(text)
    except UsageError as error:
        raise ValueError(str(error).rstrip(".")) from error
    return text


_Matchers = Annotated[list[Annotated[str, AfterValidator(_is_matcher)]], Field(min_length=1)]


class _InhibitionEntry(BaseModel):
    """One inhibition, as written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    enabled: bool = True
    source: _Matchers
    target: _Matchers
    equal: list[Name] = Field(default_factory=list)


def make_inhibition(entry: FileEntry) -> Inhibition | None:
    """Make the inhibition of an entry, None where it is switched off. Raises `RuleFileError`."""
    fields = dict(entry.fields)
    if fields.get("enabled") is False:
        return None
    try:
        accepted = _InhibitionEntry.model_validate(fields)
    except ValidationError as error:
        known = tuple(_InhibitionEntry.model_fields)
        raise entry.problem(*sentence_of(error, fields, known=known, noun="an inhibition")) from None
    return Inhibition(
        name=accepted.name,
        source=_matchers(accepted.source),
        target=_matchers(accepted.target),
        equal=tuple(accepted.equal),
    )


def _matchers(texts: Sequence[str]) -> tuple[Matcher, ...]:
    return tuple(parse_matcher(text) for text in texts)
