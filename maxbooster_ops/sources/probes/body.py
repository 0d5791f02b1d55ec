"""What a monitor demands of a JSON body, field by field.

Belongs here: one rule and whether a document keeps it; pure. Not here: how rules are written in a file (`monitors.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class JsonType(StrEnum):
    """The types that a field may be demanded to have."""

    STRING = "string"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    OBJECT = "object"
    LIST = "list"


_IS: Mapping[JsonType, Callable[[object], bool]] = {
    JsonType.STRING: lambda value: isinstance(value, str),
    JsonType.NUMBER: lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    JsonType.INTEGER: lambda value: isinstance(value, int) and not isinstance(value, bool),
    JsonType.BOOLEAN: lambda value: isinstance(value, bool),
    JsonType.OBJECT: lambda value: isinstance(value, dict),
    JsonType.LIST: lambda value: isinstance(value, list),
}
_ABSENT = object()
_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRule:
    """What one field must be; `field` is a path such as `checks.database`. An absent field breaks every rule."""

    field: str
    type: JsonType | None = None
    one_of: Sequence[Any] | None = None
    none_of: Sequence[Any] = ()


def violation(rules: Sequence[FieldRule], document: object) -> str | None:
    """Say which rule `document` breaks first, what was found and what was expected; None where it keeps all."""
    for rule in rules:
        value = _value_at(document, rule.field)
        if value is _ABSENT:
            return f"the body has no `{rule.field}`"
        if expected := _unmet(rule, value):
            return f"`{rule.field}` is {_shown(value)}; expected {expected}"
    return None


def _unmet(rule: FieldRule, value: object) -> str | None:
    if rule.type and not _IS[rule.type](value):
        return f"a value of type {rule.type}"
    if rule.one_of is not None and not any(_same(value, allowed) for allowed in rule.one_of):
        return " or ".join(map(_shown, rule.one_of))
    if any(_same(value, forbidden) for forbidden in rule.none_of):
        return "anything but " + ", ".join(map(_shown, rule.none_of))
    return None


def _same(value: object, other: object) -> bool:
    return isinstance(value, bool) == isinstance(other, bool) and value == other  # to Python, True is 1


def _value_at(document: object, field: str) -> object:
    for name in field.split("."):
        if not isinstance(document, dict) or name not in document:
            return _ABSENT
        document = document[name]
    return document


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"
