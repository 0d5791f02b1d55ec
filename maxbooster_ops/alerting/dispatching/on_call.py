"""The file that says who is on call: `on_call.yaml` in the home.

    starts: 2026-01-05          # a date; the first one's week begins here
    hands_over_at: "09:00"      # may be left out
    time_zone: Europe/Berlin    # may be left out: UTC
    people:
      - name: Ada
        email: ada@example.com

Belongs here: reading and refusing it. Not here: whose week it is (`rotation.py`).
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, time, tzinfo
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from maxbooster_ops.alerting.dispatching.rotation import Person, Rotation
from maxbooster_ops.errors import SettingsError


class OnCallFileError(SettingsError):
    """The file cannot be used; the fixed receivers of the channels are told all the same."""

    def __init__(self, file: Path, line: int | None, sentence: str) -> None:
        place = file.name if line is None else f"{file.name} line {line}"
        super().__init__(
            f"{place}: {sentence}. Nobody is on call until it is corrected; channels reach their fixed receivers as "
            "before. The file is read again as soon as it changes."
        )


def read_on_call(file: Path) -> Rotation | None:
    """Read who is on call, None where there is no such file. Raises `OnCallFileError` for one that cannot be used."""
    if not file.exists():
        return None
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise OnCallFileError(file, None, f"it cannot be read: {error}") from error
    return parse_on_call(text, file)


def parse_on_call(text: str, file: Path) -> Rotation:
    """Make a rotation of the file's text. Raises `OnCallFileError` with the line of the first mistake."""
    tree, fields = _load(text, file)
    try:
        return _OnCall.model_validate(fields).rotation()
    except ValidationError as error:
        # A mistyped name also makes the right one missing; the mistake is what to tell.
        first = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
        sentence = _sentence(first["type"], first["loc"], first["msg"], fields)
        raise OnCallFileError(file, _line(tree, first["loc"]), sentence) from None


def _load(text: str, file: Path) -> tuple[yaml.Node, Mapping[str, Any]]:
    loader = yaml.SafeLoader(text)
    try:
        tree = loader.get_single_node()
        fields = loader.construct_document(tree) if tree else None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise OnCallFileError(file, line, f"this is no YAML: {error.problem}") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise OnCallFileError(file, 1, f"this is no YAML that can be read: {error}") from error
    finally:
        loader.dispose()
    if tree is None or not isinstance(fields, Mapping):
        raise OnCallFileError(file, 1, "expected `starts:` with a date and `people:` with a list of names and e-mails")
    return tree, fields


def _clock_time(value: object) -> time:
    try:
        # YAML 1.1 reads 10:00 as a number to the base of sixty, 09:00 as text.
        return time(*divmod(value, 60)) if isinstance(value, int) else time.fromisoformat(str(value))
    except ValueError:
        raise ValueError("is no time of day. Expected hours and minutes, such as `09:00`") from None


def _zone(value: object) -> object:
    try:
        return ZoneInfo(value) if isinstance(value, str) else value
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is no time zone. Expected a name such as `Europe/Berlin` or `UTC`") from None


def _each_once(people: Sequence[_Person]) -> Sequence[_Person]:
    emails = [person.email for person in people]
    twice = next((email for email in emails if emails.count(email) > 1), None)
    if twice:
        raise ValueError(f"{twice} stands there twice; everybody has one week per round")
    return people


class _Person(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    email: str = Field(pattern=r"^[^@\s,<>]+@[^@\s,<>]+$", max_length=254)


class _OnCall(BaseModel):
    """The file as written."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    starts: date
    hands_over_at: Annotated[time, BeforeValidator(_clock_time)] = time(9)
    time_zone: Annotated[tzinfo, BeforeValidator(_zone)] = UTC
    people: Annotated[list[_Person], Field(min_length=1), AfterValidator(_each_once)]

    def rotation(self) -> Rotation:
        return Rotation(
            people=tuple(Person(name=person.name, email=person.email) for person in self.people),
            starts_on=self.starts,
            hands_over_at=self.hands_over_at,
            time_zone=self.time_zone,
        )


_NAMES = (*_OnCall.model_fields, *_Person.model_fields)


def _sentence(kind: str, place: Sequence[object], message: str, fields: Mapping[str, Any]) -> str:
    name = next(step for step in reversed(place) if isinstance(step, str))
    if kind == "missing":
        return f"`{name}` is missing"
    if kind == "extra_forbidden":
        nearest = difflib.get_close_matches(name, _NAMES, n=1)
        return f"`{name}` is no field of this file; " + (f"did you mean `{nearest[0]}`?" if nearest else "remove it")
    reason = message.removeprefix("Value error, ")
    if kind == "model_type":
        reason = "is no person. Expected `name:` and `email:`"
    elif kind != "value_error":
        reason = f"cannot be used: {reason[:1].lower()}{reason[1:]}"
    return f"`{name}: {str(_found(fields, place))[:60]}` {reason}"


def _found(fields: Any, place: Sequence[Any]) -> object:
    for step in place:
        fields = fields[step]
    return fields


def _line(node: yaml.Node, place: Sequence[object]) -> int:
    """Give the line of what stands at `place`, of the nearest thing around it where it is missing."""
    line = node.start_mark.line
    for step in place:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
            line = node.start_mark.line
        elif isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == step), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line, pair[1]
    return line + 1
