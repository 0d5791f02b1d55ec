"""The objectives in force: what an entry of an objectives file means, and how the user's file changes the default one.

Belongs here: entries. Not here: YAML (`slo_file.py`), or what an objective is used for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from maxbooster_ops.slo.objective import COUNTS, Counter, Indicator, Objective, Promise
from maxbooster_ops.slo.slo_file import FileEntry, SloFileError, read_entries
from maxbooster_ops.user_files import sentence_of

DEFAULT_FILE = Path(__file__).with_name("objectives.yaml")

_PERCENT = re.compile(r"\s*(\d{1,3}(?:\.\d{1,9})?)\s*%\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Objectives:
    """The objectives in force, and what of the files could not be used."""

    active: Sequence[Objective]
    problems: Sequence[SloFileError] = ()

    @property
    def services(self) -> tuple[str, ...]:
        """Name the services in their order."""
        return tuple(dict.fromkeys(objective.service for objective in self.active))


def load_objectives(user_file: Path | None = None) -> Objectives:
    """Read the default objectives and, where it exists, the user's file over them.

    An entry that cannot be used is a problem and nothing more: the default of its service and objective, if there is
    one, and all others stay in force.
    """
    merged = _Merged()
    for file in (DEFAULT_FILE, user_file):
        if file is not None and file.exists():
            merged.lay(file)
    return Objectives(active=tuple(merged.active.values()), problems=tuple(merged.problems))


class _Merged:
    """Objectives while one file is laid over another."""

    def __init__(self) -> None:
        self.active: dict[tuple[str, str], Objective] = {}
        self.problems: list[SloFileError] = []
        self._fields: dict[tuple[str, str], Mapping[str, Any]] = {}

    def lay(self, file: Path) -> None:
        entries, problems = read_entries(file, "objectives")
        self.problems += problems
        seen: set[tuple[str, str]] = set()
        for entry in entries:
            key = str(entry.fields.get("service")), str(entry.fields.get("objective"))
            if key in seen:
                self.problems.append(entry.problem(f"`{' '.join(key)}` stands there twice; the first is used"))
            else:
                seen.add(key)
                self._take(entry, key, {**self._fields.get(key, {}), **entry.fields})

    def _take(self, entry: FileEntry, key: tuple[str, str], fields: Mapping[str, Any]) -> None:
        try:
            accepted = _Entry.model_validate(fields)
        except ValidationError as error:
            named, known = {**fields, "name": " ".join(key)}, (*_Entry.model_fields, *_IndicatorEntry.model_fields)
            self.problems.append(entry.problem(*sentence_of(error, named, known=known, noun="an objective")))
            return
        self._fields[key] = fields
        self.active.pop(key, None)
        if accepted.enabled:
            self.active[key] = accepted.as_objective()


def _share(value: object) -> object:
    """Read `99.95 %` as the share that it is, to the last digit."""
    found = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    return float(Decimal(found[1]) / 100) if found else value


Name = Annotated[str, Field(min_length=1, max_length=200)]


class _IndicatorEntry(BaseModel):
    """One indicator, as written: exactly one of the four counters, by name."""

    model_config = ConfigDict(extra="forbid")

    requests: Name | None = None
    histogram: Name | None = None
    jobs: Name | None = None
    probe: Name | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    status_label: Name = "status_code"
    enough_bad: float | None = Field(default=None, gt=0)

    @property
    def counters(self) -> list[tuple[Counter, str]]:
        """Every counter that is named."""
        return [(counter, name) for counter in Counter if (name := getattr(self, counter.value)) is not None]

    @model_validator(mode="after")
    def _names_one(self) -> _IndicatorEntry:
        if len(self.counters) != 1:
            raise ValueError(f"must name exactly one of {', '.join(Counter)}")
        if self.labels and self.counters[0][0] in {Counter.JOBS, Counter.PROBE}:
            raise ValueError("has `labels`, which only `requests` and `histogram` have")
        return self

    def indicator(self) -> Indicator:
        ((counter, name),) = self.counters
        return Indicator(
            counter=counter,
            name=name,
            labels=self.labels,
            status_label=self.status_label,
            enough_bad=counter.enough_bad if self.enough_bad is None else self.enough_bad,
        )


class _Entry(BaseModel):
    """One entry of an objectives file, as written; the fields of an overridden default are already under it."""

    model_config = ConfigDict(extra="forbid")

    service: Annotated[str, Field(min_length=1, max_length=100)]
    objective: Promise
    target: Annotated[float, BeforeValidator(_share), Field(gt=0, lt=1)]
    limit_ms: float | None = Field(default=None, gt=0)
    indicators: list[_IndicatorEntry] = Field(min_length=1)
    enabled: bool = True

    @model_validator(mode="after")
    def _fits_its_promise(self) -> _Entry:
        named = f"`{self.service} {self.objective}`"
        if self.objective is Promise.LATENCY and self.limit_ms is None:
            raise ValueError(f"{named} needs a `limit_ms`")
        if self.objective is Promise.AVAILABILITY and self.limit_ms is not None:
            raise ValueError(f"{named} has a `limit_ms`, which only `latency` has")
        counts = COUNTS[self.objective]
        for counter in (counter for entry in self.indicators for counter, _ in entry.counters):
            if counter not in counts:
                raise ValueError(f"{named} cannot be counted by `{counter}`, only by {' or '.join(counts)}")
        return self

    def as_objective(self) -> Objective:
        return Objective(
            service=self.service,
            promise=self.objective,
            target=self.target,
            limit_ms=self.limit_ms,
            indicators=tuple(entry.indicator() for entry in self.indicators),
        )
