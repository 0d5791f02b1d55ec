"""A report as JSON: everything that it knows, for programs.

Belongs here: turning values into JSON. Not here: which values.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from maxbooster_ops.errors import redact


def json_pieces(document: Mapping[str, Any]) -> Iterator[str]:
    """Give a JSON document piece by piece, each item of a list on a line of its own: a day of checks is megabytes.

    Dataclasses become objects, durations seconds, NaN and infinities null. It holds no credentials, and stays harmless
    inside a page: no `<` is left in it.
    """
    before = "{\n"
    for name, value in document.items():
        yield f"{before} {_text(name)}: "
        yield from _list(value) if isinstance(value, list | tuple) and value else [_text(value)]
        before = ",\n"
    yield "\n}\n"


def plain(value: Any) -> Any:
    """Turn a value into what JSON has."""
    if isinstance(value, str):
        return redact(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return value.total_seconds()
    if hasattr(value, "item"):  # one of numpy's numbers or truths
        return plain(value.item())
    return value if isinstance(value, int | float | None) else str(value)


def _list(items: Sequence[Any]) -> Iterator[str]:
    before = "[\n"
    for item in items:
        yield f"{before}  {_text(item)}"
        before = ",\n"
    yield "\n ]"


def _text(value: Any) -> str:
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
