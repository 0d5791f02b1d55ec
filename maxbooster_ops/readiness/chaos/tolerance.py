"""What a probe must answer, as scenarios write it: a value, one of several, a range, a pattern.

Belongs here: reading it and holding an answer against it. Not here: calling the probe (`runner.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_SCALARS = (str, int, float, bool, type(None))
_FORMS = "Expected a value, a list of values, {type: range, range: [least, greatest]} or {type: regex, pattern: …}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """What an answer must be; `wanted` says it for people."""

    wanted: str
    met: Callable[[object], bool]


def parse_tolerance(value: object) -> Tolerance:
    """Read a tolerance; ValueError shows the accepted forms."""
    if isinstance(value, Mapping):
        return _of_type(value)
    if isinstance(value, list) and value and all(isinstance(item, _SCALARS) for item in value):
        return Tolerance(wanted=f"one of {_said(value)}", met=lambda found: any(_same(found, one) for one in value))
    if isinstance(value, _SCALARS) and value is not None:
        return Tolerance(wanted=_said(value), met=lambda found: _same(found, value))
    raise ValueError(f"is no tolerance. {_FORMS}")


def _of_type(value: Mapping[str, Any]) -> Tolerance:
    match dict(value):
        case {"type": "range", "range": [int() | float() as least, int() | float() as greatest], **rest} if not rest:
            if least > greatest:
                raise ValueError(f"is a range that nothing lies in: {least:g} is more than {greatest:g}")
            return Tolerance(
                wanted=f"{_said(least)} to {_said(greatest)}", met=lambda found: _lies_in(found, least, greatest)
            )
        case {"type": "regex", "pattern": str() as text, **rest} if not rest:
            try:
                pattern = re.compile(text)
            except re.error as error:
                raise ValueError(f"has a pattern that is no regular expression: {error}") from error
            return Tolerance(
                wanted=f"something like {text}",
                met=lambda found: isinstance(found, str) and pattern.search(found) is not None,
            )
    raise ValueError(f"is no tolerance. {_FORMS}")


def _same(found: object, wanted: object) -> bool:
    # True is 1 to Python, and no count to people.
    return isinstance(found, bool) == isinstance(wanted, bool) and found == wanted


def _lies_in(found: object, least: float, greatest: float) -> bool:
    return isinstance(found, int | float) and not isinstance(found, bool) and least <= found <= greatest


def _said(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_said, value))
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:,}" if isinstance(value, int | float) else str(value)
