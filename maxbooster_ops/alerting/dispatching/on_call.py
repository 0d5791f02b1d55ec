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

from collections.abc import Mapping, Sequence
from datetime import UTC, date, time, tzinfo
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from maxbooster_ops.alerting.dispatching.rotation import Person, Rotation
from maxbooster_ops.errors import SettingsError
from maxbooster_ops.user_files import Flaw, did_you_mean, read_fields


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
    written = read_fields(text, expected="`starts:` with a date and `people:` with a list of names and e-mails")
    if isinstance(written, Flaw):
        raise OnCallFileError(file, written.line, written.sentence)
    try:
        return _OnCall.model_validate(written.fields).rotation()
    except ValidationError as error:
        # A mistyped name also makes the right one missing; the mistake is what to tell.
        first = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
        sentence = _sentence(first["type"], first["loc"], first["msg"], written.fields)
        raise OnCallFileError(file, written.line(first["loc"]), sentence) from None


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
        return f"`{name}` is no field of this file; {did_you_mean(name, _NAMES, otherwise='remove it')}"
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
