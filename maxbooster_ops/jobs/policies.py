"""The policies in force: those of the platform's jobs, and the user's file over them.

Belongs here: what an entry of a policies file means. Not here: YAML (`user_files.py`), obeying a policy (`worker.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from maxbooster_ops.durations import Duration, within
from maxbooster_ops.errors import SettingsError
from maxbooster_ops.jobs.policy import AfterACrash, JobPolicy, Priority
from maxbooster_ops.store.home import Home
from maxbooster_ops.user_files import Entry, read_lists, sentence_of

DEFAULT_FILE = Path(__file__).with_name("policies.yaml")
DEFAULT = "default"
"""The entry that holds for every job without one, and for whatever an entry leaves out."""

_REMEDY = "The other policies hold. Correct the file; it is read again when a worker or the next run starts."


class JobPoliciesFileError(SettingsError):
    """A policies file, or one entry of it, cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """The policies in force by name; any other job has the default one."""

    named: Mapping[str, JobPolicy]
    default: JobPolicy

    def policy_of(self, name: str) -> JobPolicy:
        """Give the policy of a job type, known or not."""
        return self.named.get(name) or replace(self.default, name=name)


def load_policies(home: Home) -> tuple[Policies, Sequence[JobPoliciesFileError]]:
    """Read the policies and, where it exists, the user's file over them.

    An entry that cannot be used is a problem and nothing more: the policy of its name and all others stay as they were.
    """
    merged = _Merged()
    merged.lay(DEFAULT_FILE)
    if home.job_policies.exists():
        merged.lay(home.job_policies)
    return merged.policies(), tuple(merged.problems)


class _Merged:
    """Policies while one file is laid over another."""

    def __init__(self) -> None:
        self.problems: list[JobPoliciesFileError] = []
        self._fields: dict[str, dict[str, Any]] = {DEFAULT: {}}

    def lay(self, file: Path) -> None:
        entries, problems = _read(file)
        self.problems += problems
        names: set[str] = set()
        # The default first: the others are judged as what they become over it.
        for entry in sorted(entries, key=lambda entry: entry.fields.get("name") != DEFAULT):
            name = str(entry.fields.get("name"))
            if name in names:
                self.problems.append(_problem(file, entry, f"`name: {name}` stands there twice; the first is used"))
            else:
                names.add(name)
                self._take(file, entry, name)

    def policies(self) -> Policies:
        named = {name: _Entry.model_validate(self._over_default(name)).policy() for name in self._fields}
        return Policies(default=named.pop(DEFAULT), named=named)

    def _take(self, file: Path, entry: Entry, name: str) -> None:
        before = self._fields.get(name)
        self._fields[name] = {**(before or {}), **entry.fields}
        try:
            for affected in self._fields if name == DEFAULT else [name]:
                _Entry.model_validate(self._over_default(affected))
        except ValidationError as error:
            known = _Entry.model_fields
            sentence, at = sentence_of(error, entry.fields, known=known, noun="a job policy")
            self.problems.append(_problem(file, entry, sentence, at))
            if before is None:
                del self._fields[name]
            else:
                self._fields[name] = before

    def _over_default(self, name: str) -> dict[str, Any]:
        own = self._fields[name]
        return {field: value for field, value in self._fields[DEFAULT].items() if field != "name"} | own


def _read(file: Path) -> tuple[list[Entry], list[JobPoliciesFileError]]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        return [], [JobPoliciesFileError(f"{file.name} cannot be read: {error}. {_REMEDY}")]
    lists, flaws = read_lists(text, "policies")
    problems = [JobPoliciesFileError(f"{file.name} line {flaw.line}: {flaw.sentence}. {_REMEDY}") for flaw in flaws]
    return lists["policies"], problems


def _problem(file: Path, entry: Entry, sentence: str, at: Sequence[object] = ("name",)) -> JobPoliciesFileError:
    return JobPoliciesFileError(f"{file.name} line {entry.line(at)}: {sentence}. {_REMEDY}")


_SECOND, _HOUR, _DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)


class _Entry(BaseModel):
    """One entry of a policies file, with the default's fields where it has none of its own."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=200)]
    concurrency: Annotated[int, Field(ge=1, le=1000, strict=True)]
    limits_all_workers: bool
    priority: Priority
    retries: Annotated[int, Field(ge=0, le=100, strict=True)]
    first_backoff: Annotated[Duration, within(_SECOND / 10, _DAY)]
    longest_backoff: Annotated[Duration, within(_SECOND / 10, 7 * _DAY)]
    breaker_failures: Annotated[int, Field(ge=1, le=1000, strict=True)]
    breaker_open_for: Annotated[Duration, within(_SECOND / 10, _DAY)]
    idempotency_window: Annotated[Duration, within(_SECOND, 90 * _DAY)]
    after_a_crash: AfterACrash
    stuck_after: Annotated[Duration, within(_SECOND, 7 * _DAY)]
    timeout: Annotated[Duration, within(_SECOND / 10, 7 * _DAY)] | None = None

    def policy(self) -> JobPolicy:
        return JobPolicy(**self.model_dump())
