"""Ad-hoc questions to both stores, read-only.

Belongs here: opening them for one query that a person wrote. Not here: queries of our own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from maxbooster_ops.errors import StoreError, UsageError
from maxbooster_ops.store.duck import connect
from maxbooster_ops.store.home import Home


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Columns and rows of an answer."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def ask(home: Home, query: str) -> Answer:
    """Run `query` as the shell would after `ops.sql`; raises duckdb.Error for what DuckDB refuses."""
    if not home.ops_sql.is_file():
        raise StoreError(
            f"Nothing has been collected in {home.root} yet. Start `maxbooster-ops up`, or take a beat with "
            "`maxbooster-ops collect`; "
            f"--home or MAXBOOSTER_HOME names another folder."
        )
    with connect(home) as connection:
        connection.execute(home.ops_sql.read_text(encoding="utf-8"))
        relation = connection.sql(query)
        if relation is None:
            raise UsageError(
                "The query answers nothing. Give one that does, such as `SHOW TABLES` or `FROM latest_queues`."
            )
        return Answer(columns=_unlike(relation.columns), rows=relation.fetchall())


def _unlike(names: Sequence[str]) -> tuple[str, ...]:
    """Give the names with a number on those that come again, so that no column hides another."""
    seen: Counter[str] = Counter()
    unlike = []
    for name in names:
        seen[name] += 1
        unlike.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return tuple(unlike)
