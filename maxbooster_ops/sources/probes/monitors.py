"""The monitors: which endpoints are probed, how often, and what a healthy answer is.

Belongs here: what an entry of a monitors file means, and how the user's file changes the default one. Not here: YAML
(`monitors_file.py`) or probing (`source.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from maxbooster_ops.durations import Duration, within
from maxbooster_ops.sources.probes.body import FieldRule, JsonType
from maxbooster_ops.sources.probes.monitors_file import MonitorsFileError, RawEntry, read_entries
from maxbooster_ops.user_files import sentence_of

DEFAULT_FILE = Path(__file__).with_name("monitors.yaml")


class MonitorClass(StrEnum):
    """How much a monitor matters; `platform` is a third party's API that the product depends on."""

    CRITICAL = "critical"
    WARNING = "warning"
    PLATFORM = "platform"


class Base(StrEnum):
    """What a monitor's path stands below."""

    PLATFORM = "platform"
    FRONTEND = "frontend"


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor:
    """One endpoint to probe: either `path` below `base`, or the whole `url`."""

    name: str
    base: Base
    path: str | None
    url: str | None
    every: timedelta
    timeout: timedelta
    monitor_class: MonitorClass
    expect: frozenset[int]
    follow_redirects: bool
    body: Sequence[FieldRule]


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitors:
    """The monitors in force, and what of the files could not be used."""

    active: Sequence[Monitor]
    problems: Sequence[MonitorsFileError] = ()
    file: Path = field(default=DEFAULT_FILE)


def load_monitors(user_file: Path | None = None) -> Monitors:
    """Read the default monitors and, where it exists, the user's file over them.

    An entry that cannot be used is a problem and nothing more: the default of its name, if there is one, and all others
    stay in force.
    """
    merged = _Merged()
    merged.lay(DEFAULT_FILE)
    if user_file is None or not user_file.exists():
        return merged.monitors(DEFAULT_FILE)
    merged.lay(user_file)
    return merged.monitors(user_file)


class _Merged:
    """Monitors while one file is laid over another."""

    def __init__(self) -> None:
        self._fields: dict[str, Mapping[str, Any]] = {}
        self._active: dict[str, Monitor] = {}
        self._problems: list[MonitorsFileError] = []

    def lay(self, file: Path) -> None:
        entries, problems = read_entries(file)
        self._problems += problems
        names: set[str] = set()
        for entry in entries:
            name = str(entry.fields.get("name"))
            if name in names:
                self._problems.append(entry.problem(f"`name: {name}` stands there twice; the first is used", ["name"]))
            else:
                names.add(name)
                self._take(entry, _over(self._fields.get(name, {}), entry.fields))

    def monitors(self, file: Path) -> Monitors:
        return Monitors(active=tuple(self._active.values()), problems=tuple(self._problems), file=file)

    def _take(self, entry: RawEntry, fields: Mapping[str, Any]) -> None:
        try:
            accepted = _Entry.model_validate(fields)
        except ValidationError as error:
            known = [field.alias or name for name, field in _Entry.model_fields.items()]
            self._problems.append(entry.problem(*sentence_of(error, fields, known=known, noun="a monitor")))
            return
        self._fields[accepted.name] = fields
        self._active.pop(accepted.name, None)
        if accepted.enabled:
            self._active[accepted.name] = accepted.monitor()


def _over(fields: Mapping[str, Any], changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Lay changes over an entry; a new kind of address replaces the other kind."""
    addresses = {"path", "url"}
    replaced = addresses if addresses & changes.keys() else set()
    return {name: value for name, value in fields.items() if name not in replaced} | dict(changes)


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _type_alone(value: object) -> object:
    return {"type": value} if isinstance(value, str) else value


StatusCode = Annotated[int, Field(ge=100, le=599)]


class _Rule(BaseModel):
    """What a field of the body must be, as written: a type alone, or one of these."""

    model_config = ConfigDict(extra="forbid")

    type: JsonType | None = None
    equals: Any = None
    one_of: list[Any] | None = None
    none_of: list[Any] | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> _Rule:
        if len(self.model_fields_set) != 1:
            raise ValueError("must say exactly one of a type, `equals`, `one_of` and `none_of`")
        return self

    def rule(self, name: str) -> FieldRule:
        one_of = (self.equals,) if "equals" in self.model_fields_set else self.one_of
        return FieldRule(field=name, type=self.type, one_of=one_of, none_of=self.none_of or ())


class _Entry(BaseModel):
    """One entry of a monitors file, as written."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    base: Base = Base.PLATFORM
    path: str | None = Field(default=None, pattern="^/")
    url: str | None = Field(default=None, pattern="^https?://[^/]")
    every: Annotated[Duration, within(timedelta(seconds=5), timedelta(hours=23))]
    timeout: Annotated[Duration, within(timedelta(milliseconds=100), timedelta(minutes=1))]
    monitor_class: MonitorClass = Field(alias="class")
    expect: Annotated[frozenset[StatusCode], Field(min_length=1), BeforeValidator(_listed)] = frozenset({200})
    follow_redirects: bool | None = None
    body: dict[str, Annotated[_Rule, BeforeValidator(_type_alone)]] = Field(default_factory=dict)
    enabled: bool = True

    @model_validator(mode="after")
    def _has_one_address(self) -> _Entry:
        if (self.path is None) == (self.url is None):
            raise ValueError(f"`{self.name}` needs either a `path` or a `url`")
        return self

    def monitor(self) -> Monitor:
        follows = self.base is Base.FRONTEND if self.follow_redirects is None else self.follow_redirects
        return Monitor(
            name=self.name,
            base=self.base,
            path=self.path,
            url=self.url,
            every=self.every,
            timeout=self.timeout,
            monitor_class=self.monitor_class,
            expect=self.expect,
            follow_redirects=follows,
            body=tuple(rule.rule(name) for name, rule in self.body.items()),
        )
