"""The user's file of maintenance windows.

Belongs here: what an entry of it means. Not here: YAML (`slo_file.py`), or what maintenance excuses (`maintenance.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from maxbooster_ops.slo.maintenance import Maintenance
from maxbooster_ops.slo.slo_file import SloFileError, read_entries
from maxbooster_ops.user_files import did_you_mean, sentence_of

_ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedMaintenance:
    """The maintenance windows of the file, and what of it could not be used."""

    planned: Sequence[Maintenance] = ()
    problems: Sequence[SloFileError] = ()


def load_maintenance(file: Path, services: Collection[str]) -> PlannedMaintenance:
    """Read the file; none is no maintenance.

    A service that has no objective excuses nobody: the entry holds for its others, and the name is a problem.
    """
    if not file.exists():
        return PlannedMaintenance()
    entries, problems = read_entries(file, "maintenance")
    planned = []
    for entry in entries:
        try:
            found = _Entry.model_validate(entry.fields)
            planned.append(found.maintenance())
            problems += [entry.problem(said, ("services",)) for said in found.unknown(services)]
        except ValidationError as error:
            named = {**entry.fields, "name": "the maintenance"}
            known = [field.alias or name for name, field in _Entry.model_fields.items()]
            problems.append(entry.problem(*sentence_of(error, named, known=known, noun="a maintenance")))
    return PlannedMaintenance(planned=tuple(planned), problems=tuple(problems))


def _moment(value: object) -> datetime:
    """Take a time as YAML reads it; one without a zone is UTC, as all times here."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            value = None
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    raise ValueError("is no time. Expected one such as `2026-11-22 02:00`, in UTC where it names no zone")


def _names(value: object) -> object:
    return value if isinstance(value, list) else [value]


Moment = Annotated[datetime, BeforeValidator(_moment)]


class _Entry(BaseModel):
    """One maintenance, as written."""

    model_config = ConfigDict(extra="forbid")

    start: Moment = Field(alias="from")
    end: Moment = Field(alias="to")
    services: Annotated[list[str], BeforeValidator(_names), Field(min_length=1)]
    why: str = Field(min_length=1, max_length=1000)

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> _Entry:
        if self.end <= self.start:
            raise ValueError("a maintenance must end after it begins; look at `from` and `to`")
        return self

    def unknown(self, services: Collection[str]) -> list[str]:
        """Say of each name that is none of these services what it could be."""
        return [
            f"`{name}` is no service with an objective; "
            + did_you_mean(name, services, otherwise=f"there are {', '.join(services)}")
            for name in self.services
            if name != _ALL and name not in services
        ]

    def maintenance(self) -> Maintenance:
        services = None if _ALL in self.services else frozenset(self.services)
        return Maintenance(start=self.start, end=self.end, services=services, why=self.why)
