"""A report as JSON: everything that it knows, for programs.

Belongs here: turning values into JSON. Not here: which values.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from maxbooster_ops import plain_values
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
    """Turn a value into what JSON has, without credentials; times are UTC to the millisecond, durations seconds."""
    return plain_values.plain(value, _scalar)


def _scalar(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value.item() if hasattr(value, "item") else value  # one of numpy's numbers or truths


def _list(items: Sequence[Any]) -> Iterator[str]:
    before = "[\n"
    for item in items:
        yield f"{before}  {_text(item)}"
        before = ",\n"
    yield "\n ]"


def _text(value: Any) -> str:
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
