"""Values as JSON has them.

Belongs here: what every JSON of ours has in common: dataclasses and mappings become objects, NaN and infinities null.
Not here: how a text, a time or a duration reads, which differs between what a command prints and what a report keeps.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any


def plain(value: Any, scalar: Callable[[Any], Any]) -> Any:
    """Take a value apart into what `json.dumps(…, allow_nan=False)` takes; `scalar` turns what holds no other values.

    What `scalar` gives and JSON has no form for becomes its text.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name), scalar) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item, scalar) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, scalar) for item in value]
    found = scalar(value)
    if isinstance(found, float) and not math.isfinite(found):
        return None
    return found if isinstance(found, str | int | float | None) else str(found)
