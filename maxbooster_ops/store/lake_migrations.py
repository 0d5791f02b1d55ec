"""The lake's versions: numbered `.sql` files, applied once, in order, never changed afterwards.

Belongs here: which migrations there are and which were applied. Not here: the tables themselves.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from maxbooster_ops.errors import StoreVersionError
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.named_sql import statements

FOLDER = Path(__file__).parent / "migrations" / "lake"


def migrations() -> dict[int, Path]:
    """Give the files by version."""
    return {int(file.name[:4]): file for file in sorted(FOLDER.glob("[0-9]*.sql"))}


def version(connection: duckdb.DuckDBPyConnection) -> int:
    """Give the version of the attached lake, 0 for an empty one."""
    exists = connection.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'ops' AND table_name = 'lake_migrations'"
    ).fetchone()
    if not exists or not exists[0]:
        return 0
    row = connection.execute("SELECT coalesce(max(version), 0) FROM ops.lake_migrations").fetchone()
    return int(row[0]) if row else 0


def pending(connection: duckdb.DuckDBPyConnection) -> list[int]:
    """Give the versions that the attached lake still needs."""
    current = version(connection)
    return [number for number in migrations() if number > current]


def refuse_newer(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    """Raise `StoreVersionError` when a newer release wrote the lake; an older program could harm it."""
    found, known = version(connection), max(migrations())
    if found > known:
        raise StoreVersionError(
            f"The lake in {home.lake} has version {found}, written by a newer release of maxbooster-ops; this one "
            "knows versions "
            f"up to {known}. Install the newer release, or point --home at another folder. Nothing was changed."
        )


def apply(connection: duckdb.DuckDBPyConnection) -> None:
    """Apply what is pending; runs inside the write transaction of the caller, so that half a migration is none."""
    connection.execute("USE ops")
    for number in pending(connection):
        file = migrations()[number]
        for statement in statements(file.read_text(encoding="utf-8")):
            connection.execute(statement)
        connection.execute("INSERT INTO ops.lake_migrations VALUES (?, ?, now())", [number, file.stem[5:]])
