"""A report as JSON: everything that it knows, for programs.

Belongs here: turning values into JSON. Not here: which values.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from maxbooster_ops.errors import redact


def json_text(document: Mapping[str, Any]) -> str:
    """Give a JSON document; dataclasses become objects, durations seconds, NaN and infinities null.

    It holds no credentials, and stays harmless inside a page: no `<` is left in it.
    """
    text = json.dumps(plain(document), indent=1, ensure_ascii=False, allow_nan=False)
    return text.replace("<", "\\u003c") + "\n"


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
