"""SQLite files: their size, and giving free pages back.

Belongs here: what is the same for the catalog, the state and Dagster's records. Not here: what is in them.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

from filelock import FileLock

from maxbooster_ops.errors import StoreBusyError

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


def vacuum_elsewhere(file: Path, *, lock: Path) -> float:
    """Do `vacuum` in a process of its own that holds `lock` meanwhile; give the seconds for which it did.

    A process that has `file` open through DuckDB must not open it through Python too: these are two SQLite libraries,
    and when one closes the file, the system takes the other one's locks away.
    """
    command = [sys.executable, "-m", __name__, str(file), str(lock)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- our own module
    if done.returncode:
        raise StoreBusyError(
            f"Could not vacuum {file}: {done.stderr.strip().splitlines()[-1]}. The next run tries again."
        )
    return float(done.stdout)


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


if __name__ == "__main__":
    with FileLock(sys.argv[2], timeout=_WAIT_SECONDS):
        began = time.monotonic()
        vacuum(Path(sys.argv[1]))
        sys.stdout.write(str(time.monotonic() - began))
