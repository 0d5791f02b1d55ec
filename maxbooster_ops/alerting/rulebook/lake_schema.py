"""A lake without rows, in memory, to hold a rule's SQL against before it ever runs.

Belongs here: what of a query can be found wrong without data. Not here: the wording of a rule file's problems.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Self

import duckdb

from maxbooster_ops.store import lake_migrations
from maxbooster_ops.store.named_sql import statements

_LAKE_ONLY = ("COMMENT ON", "SET PARTITIONED BY", "SET SORTED BY", "set_option")
"""What DuckDB itself does not know, and what no query needs."""

_BOUNDS = {"from": datetime(2026, 1, 1, tzinfo=UTC), "to": datetime(2026, 1, 2, tzinfo=UTC)}

_NUMBERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL", "BOOLEAN"}


class LakeSchema:
    """The tables and views of this release's lake; use it as a context manager."""

    def __init__(self) -> None:
        self._connection = duckdb.connect(config={"autoinstall_known_extensions": "false"})
        self._connection.execute("SET TimeZone = 'UTC'; ATTACH ':memory:' AS ops; USE ops")
        for file in lake_migrations.migrations().values():
            for statement in statements(file.read_text(encoding="utf-8")):
                if not any(words in statement for words in _LAKE_ONLY):
                    self._connection.execute(statement)
        names = self._connection.execute(
            "SELECT table_name FROM duckdb_tables() UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT internal"
        )
        self._read: dict[str, tuple[str, ...]] = {}
        self.tables = frozenset(str(row[0]) for row in names.fetchall())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def tables_of(self, sql: str) -> tuple[str, ...]:
        """Name the tables and views that a query reads, sorted; none where it is no query."""
        if sql in self._read:
            return self._read[sql]
        row = self._connection.execute("SELECT json_serialize_sql($sql)", {"sql": sql}).fetchone()
        read, own = set(), set()
        for node in _nodes(json.loads(row[0]) if row else {}):
            own |= {entry["key"] for entry in node.get("cte_map", {}).get("map", [])}
            if node.get("type") == "BASE_TABLE":
                read.add(node["table_name"])
        self._read[sql] = tuple(sorted(read - own))
        return self._read[sql]

    def lacks(self, sql: str) -> tuple[str, ...]:
        """Name the tables that a query reads and the lake has not."""
        return tuple(table for table in self.tables_of(sql) if table not in self.tables)

    def complaint(self, sql: str) -> str | None:
        """Say what is wrong with a rule's query; None where nothing is, as far as that shows without rows."""
        try:
            parsed = self._connection.extract_statements(sql)
            if len(parsed) != 1 or parsed[0].type != duckdb.StatementType.SELECT:
                return "must be one SELECT and nothing else"
            if missing := {"from", "to"} - parsed[0].named_parameters:
                names = " and ".join(f"${name}" for name in sorted(missing))
                return f"must bound ts by $from and $to, {names} is not in it: WHERE ts >= $from AND ts < $to"
            return None if self.lacks(sql) else self._wrong_columns(sql)
        except duckdb.Error as error:
            return "is refused by DuckDB: " + " ".join(str(error).split())[:400]

    def _wrong_columns(self, sql: str) -> str | None:
        relation = self._connection.execute(f"DESCRIBE {sql}", _BOUNDS).fetchall()
        types = {str(row[0]): str(row[1]) for row in relation}
        for name, is_right, expected in (
            ("ts", _is_moment, "TIMESTAMP WITH TIME ZONE"),
            ("value", _is_number, "a number"),
        ):
            if name not in types:
                return f"must answer a column `{name}`, it answers {', '.join(types)}"
            if not is_right(types[name]):
                return f"must answer `{name}` as {expected}, it answers {types[name]}"
        return None


def _is_moment(kind: str) -> bool:
    return kind == "TIMESTAMP WITH TIME ZONE"


def _is_number(kind: str) -> bool:
    return kind.split("(", maxsplit=1)[0].removeprefix("U") in _NUMBERS


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Give every object of a tree of JSON."""
    rest = [tree]
    while rest:
        part = rest.pop()
        if isinstance(part, dict):
            yield part
            rest += part.values()
        elif isinstance(part, list):
            rest += part
