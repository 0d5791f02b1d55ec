"""Named queries: SQL lives in `.sql` files beside the code that uses it, each under a line `-- name: …`.

Belongs here: finding a query by its name. Not here: any query.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


@cache
def named_queries(file: Path) -> dict[str, str]:
    """Give the queries of `file` by name, each with the comment that follows its name."""
    _, *parts = _NAME.split(file.read_text(encoding="utf-8"))
    return {name: text.strip() for name, text in zip(parts[::2], parts[1::2], strict=True)}


def statements(text: str) -> list[str]:
    """Split a migration at the semicolons that end a line; none of our statements has one inside."""
    return [part.strip() for part in re.split(r";\s*(?:\n|$)", text) if part.strip()]
