"""Scenarios: files in the format of the Chaos Toolkit, as far as it is known here.

Belongs here: what a scenario is, and reading it with a sentence for everything that is wrong. Not here: running it
(`runner.py`), or which scenarios there are (`scenarios.py`). `docs/chaos.md` shows the format.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, ValidationError

from maxbooster_ops.durations import parse_duration
from maxbooster_ops.errors import SettingsError
from maxbooster_ops.readiness.chaos.action import Action
from maxbooster_ops.readiness.chaos.drill import Need
from maxbooster_ops.readiness.chaos.tolerance import Tolerance, parse_tolerance
from maxbooster_ops.user_files import Flaw, did_you_mean, read_fields, sentence_of

_DEADLINE = timedelta(minutes=2)
_VARIABLE = re.compile(r"\$\{(\w+)\}")


class ScenarioFileError(SettingsError):
    """A scenario's file cannot be used."""


class Misfit(ValueError):  # noqa: N818 -- it becomes a ScenarioFileError as soon as its line is known
    """Something wrong at a path in a file that has the right form."""

    def __init__(self, sentence: str, at: Sequence[object]) -> None:
        super().__init__(sentence)
        self.at = at


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One call of a registered action; a probe's answer is held against its tolerance, where it has one."""

    name: str
    is_probe: bool
    action: Action
    arguments: Mapping[str, Any]
    tolerance: Tolerance | None = None
    pause_before_seconds: float = 0.0
    pause_after_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """One scenario. `five` tells whether it is one of those that decide whether a release is ready."""

    name: str
    title: str
    description: str
    tags: Sequence[str]
    five: bool
    needs: frozenset[Need]
    deadline: timedelta
    configuration: Mapping[str, Any]
    steady_state: str
    """What holds as long as nothing is wrong, in words."""
    probes: Sequence[Step]
    method: Sequence[Step]
    rollbacks: Sequence[Step]


def read_experiment(file: Path, actions: Mapping[str, Action]) -> Experiment:
    """Read a scenario. Raises `ScenarioFileError` with line, field, what was found and what was expected."""
    try:
        entry = read_fields(file.read_text(encoding="utf-8"), expected="fields such as `title: …` and `method:`")
    except (OSError, UnicodeError) as error:
        raise ScenarioFileError(f"{file.name} cannot be read: {error}. The other scenarios stay.") from error
    if isinstance(entry, Flaw):
        raise _refused(file, entry.line, entry.sentence)
    try:
        return _File.model_validate(entry.fields).experiment(file.stem, actions)
    except ValidationError as error:
        named = {"name": entry.fields.get("title", file.stem), **entry.fields}
        sentence, at = sentence_of(error, named, known=_KNOWN, noun="a scenario")
        raise _refused(file, entry.line(at), sentence) from None
    except Misfit as error:
        raise _refused(file, entry.line(error.at), str(error)) from None


def _refused(file: Path, line: int, sentence: str) -> ScenarioFileError:
    ended = sentence if sentence.endswith("?") else f"{sentence}."
    return ScenarioFileError(f"{file.name} line {line}: {ended} The other scenarios stay. Correct the file.")


class _Fields(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class _Provider(_Fields):
    type: Literal["python"]
    module: str
    func: str
    arguments: dict[str, Any] = Field(default_factory=dict)


class _Pauses(_Fields):
    before: float = Field(default=0, ge=0, le=60)
    after: float = Field(default=0, ge=0, le=60)


class _Step(_Fields):
    type: Literal["action", "probe"]
    name: str = Field(min_length=1)
    provider: _Provider
    tolerance: Any = None
    pauses: _Pauses = _Pauses()

    def step(self, at: Sequence[object], configuration: Mapping[str, Any], actions: Mapping[str, Action]) -> Step:
        return Step(
            name=self.name,
            is_probe=self.type == "probe",
            action=(called := self._called((*at, "provider"), actions)),
            arguments=self._arguments(called, (*at, "provider", "arguments"), configuration),
            tolerance=self._tolerance((*at, "tolerance"), configuration),
            pause_before_seconds=self.pauses.before,
            pause_after_seconds=self.pauses.after,
        )

    def _called(self, at: Sequence[object], actions: Mapping[str, Action]) -> Action:
        name = f"{self.provider.module}.{self.provider.func}"
        if name not in actions:
            hint = did_you_mean(name, actions, otherwise="`maxbooster-ops chaos --list` shows all")
            raise Misfit(f"`{name}` is no action; {hint}", (*at, "func"))
        return actions[name]

    def _arguments(self, called: Action, at: Sequence[object], configuration: Mapping[str, Any]) -> Mapping[str, Any]:
        for name in self.provider.arguments:
            if name not in called.parameters:
                hint = did_you_mean(name, called.parameters, otherwise="remove it")
                raise Misfit(f"`{name}` is no argument of `{called.name}`; {hint}", (*at, name))
        for name, parameter in called.parameters.items():
            if name not in self.provider.arguments and parameter.default is inspect.Parameter.empty:
                raise Misfit(f"`{called.name}` has no `{name}`", at[:-1])
        return {name: _filled(value, configuration, (*at, name)) for name, value in self.provider.arguments.items()}

    def _tolerance(self, at: Sequence[object], configuration: Mapping[str, Any]) -> Tolerance | None:
        if self.tolerance is None:
            return None
        if self.type == "action":
            raise Misfit("an action has no `tolerance`; make it a probe or remove the field", at)
        try:
            return parse_tolerance(_filled(self.tolerance, configuration, at))
        except ValueError as error:
            raise Misfit(f"`tolerance: {self.tolerance}` {error}", at) from error


class _Hypothesis(_Fields):
    title: str
    probes: list[_Step] = Field(min_length=1)


def _duration(value: object) -> timedelta:
    if (length := parse_duration(value)) <= timedelta():
        raise ValueError("is too short. Expected a duration such as `60 s`")
    return length


class _Ours(_Fields):
    """What the Chaos Toolkit has no field for, and leaves to `extensions`."""

    name: Literal["maxbooster_ops"]
    five: bool = False
    needs: frozenset[Need] = frozenset()
    deadline: Annotated[timedelta, PlainValidator(_duration)] = _DEADLINE


class _File(_Fields):
    version: str | None = None
    title: str = Field(min_length=1)
    description: str = Field(min_length=1)
    tags: list[str] = Field(default_factory=list)
    configuration: dict[str, Any] = Field(default_factory=dict)
    extensions: Annotated[list[_Ours], BeforeValidator(lambda value: value or [])] = Field(
        default_factory=list, max_length=1
    )
    hypothesis: _Hypothesis = Field(alias="steady-state-hypothesis")
    method: list[_Step] = Field(min_length=1)
    rollbacks: list[_Step] = Field(default_factory=list)

    def experiment(self, name: str, actions: Mapping[str, Action]) -> Experiment:
        ours = self.extensions[0] if self.extensions else _Ours(name="maxbooster_ops")
        at = ("steady-state-hypothesis", "probes")
        probes = self._steps(self.hypothesis.probes, at, actions)
        for number, probe in enumerate(probes):
            if not probe.is_probe or probe.tolerance is None:
                raise Misfit(f"`{probe.name}` must be a probe with a `tolerance`", (*at, number))
        return Experiment(
            name=name,
            title=self.title,
            description=self.description,
            tags=tuple(self.tags),
            five=ours.five,
            needs=ours.needs,
            deadline=ours.deadline,
            configuration=self.configuration,
            steady_state=self.hypothesis.title,
            probes=probes,
            method=self._steps(self.method, ("method",), actions),
            rollbacks=self._steps(self.rollbacks, ("rollbacks",), actions),
        )

    def _steps(self, steps: Sequence[_Step], at: Sequence[object], actions: Mapping[str, Action]) -> tuple[Step, ...]:
        return tuple(step.step((*at, number), self.configuration, actions) for number, step in enumerate(steps))


_KNOWN = (
    *(field.alias or name for name, field in _File.model_fields.items()),
    *(name for model in (_Step, _Provider, _Pauses, _Ours, _Hypothesis) for name in model.model_fields),
)


def _filled(value: Any, configuration: Mapping[str, Any], at: Sequence[object]) -> Any:
    """Replace `${name}` by what the configuration says; a value that is nothing else keeps its type."""
    if isinstance(value, dict):
        return {key: _filled(item, configuration, (*at, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, configuration, (*at, number)) for number, item in enumerate(value)]
    if not isinstance(value, str):
        return value
    for name in _VARIABLE.findall(value):
        if name not in configuration:
            hint = did_you_mean(name, configuration, otherwise="add it there")
            raise Misfit(f"`${{{name}}}` does not stand in `configuration:`; {hint}", at)
    if whole := _VARIABLE.fullmatch(value):
        return configuration[whole[1]]
    return _VARIABLE.sub(lambda found: str(configuration[found[1]]), value)
