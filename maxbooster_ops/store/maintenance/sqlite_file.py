"""SQLite files: their size, and giving free pages back.

Belongs here: what is the same for the catalog, the state and Dagster's records. Not here: what is in them.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

_WORTH_IT_BYTES = 1024**2
_WORTH_IT_RATIO = 0.2

LARGEST_BYTES = 256 * 1024**2
"""SQLite copies the whole file and blocks writers for it: about 1 s at this size. Beyond, the free pages stay and are
used again, which keeps the file from growing as well."""

_WAIT_SECONDS = 5.0


def size_of(file: Path) -> int:
    """Give the bytes of a database with its side files; one that is missing has none."""
    total = 0
    for part in (file, file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
        with suppress(FileNotFoundError):
            total += part.stat().st_size
    return total


def vacuum(file: Path) -> None:
    """Give free pages back to the disk where that is worth a second, and empty the write-ahead log.

    Raises sqlite3.OperationalError where another one writes for long.
    """
    with closing(sqlite3.connect(file, timeout=_WAIT_SECONDS, isolation_level=None)) as connection:
        pages, free, size = (_pragma(connection, name) for name in ("page_count", "freelist_count", "page_size"))
        if free * size >= _WORTH_IT_BYTES and free >= _WORTH_IT_RATIO * pages and pages * size <= LARGEST_BYTES:
            connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
