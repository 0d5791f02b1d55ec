"""DuckDB connections that can open the lake without reaching for the network.

Belongs here: the connection's settings, the extensions and the text of `ATTACH`. Not here: what is asked of it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from maxbooster_ops.errors import StoreBusyError, StoreError
from maxbooster_ops.store.home import Home

EXTENSIONS = ("ducklake", "sqlite_scanner")

INLINED_ROWS = 200
"""Rows of one insert up to which DuckLake keeps them in its catalog. There a row costs about 0.1 ms; a Parquet file
costs about 15 ms whatever its rows, so beyond some 200 rows the file is cheaper (docs/benchmarks.md)."""

ONE_VIEW = "SET GLOBAL sqlite_disable_multithreaded_scans = true"
"""Keeps a transaction to one view of the catalog; global, since DuckLake asks it through a connection of its own.

Else DuckDB reads it through a connection per thread, each of another moment. While files are merged a reader then
misses the old ones and the new one, and is told of fewer rows without an error."""

LOCK_SECONDS = 30.0
"""How long a writer waits for another; a write takes 0.05–0.3 s."""


def quoted(text: object) -> str:
    """Write a path as an SQL string literal, for the statements that take no parameters (ATTACH, SET, LOAD)."""
    return "'" + str(text).replace("'", "''") + "'"


def attach_statement(home: Home, *, read_only: bool) -> str:
    """Give the statement that attaches the lake as `ops`."""
    # The catalog remembers where its files were when it was made; a home that was moved or copied has its own.
    where = f"DATA_PATH {quoted(home.lake_files)}, OVERRIDE_DATA_PATH true, META_BUSY_TIMEOUT 10000"
    how = "READ_ONLY" if read_only else f"META_JOURNAL_MODE 'WAL', DATA_INLINING_ROW_LIMIT {INLINED_ROWS}"
    return f"ATTACH {quoted(f'ducklake:sqlite:{home.catalog}')} AS ops ({where}, {how})"


def connect(home: Home) -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB with the lake's extensions loaded; nothing is attached yet."""
    connection = duckdb.connect(config=_config(home))
    if not _loads(connection):
        _install(connection, home)
        _load(connection)
    return connection


def connect_trusting(home: Home) -> duckdb.DuckDBPyConnection:
    """Connect as `connect` does, but check the signature of a file only when this process loads it for the first time.

    Checking takes 0.2 CPU-s, more than all the rest of opening the store. Not for statements of people: to such a
    connection `LOAD` would load any file.
    """
    unchecked = {"allow_unsigned_extensions": "true", "autoload_known_extensions": "false"}
    connection = duckdb.connect(config=_config(home) | unchecked)
    extensions = [_file(name, connection, home) for name in EXTENSIONS]
    try:
        _check_signatures(extensions)
    except (duckdb.Error, FileNotFoundError):
        connect(home).close()  # installs what is missing or damaged
        _check_signatures(extensions)
    _load(connection)
    return connection


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """A file's content, as far as the file system tells; two names of one file are equal."""

    path: Path = field(compare=False)
    device: int
    inode: int
    size: int
    changed_ns: int

    @classmethod
    def of(cls, path: Path) -> _File:
        found = path.stat()
        return cls(path=path, device=found.st_dev, inode=found.st_ino, size=found.st_size, changed_ns=found.st_mtime_ns)


def _check_signatures(extensions: Sequence[Path]) -> None:
    for extension in extensions:
        _check_signature(_File.of(extension))


@cache
def _check_signature(file: _File) -> None:
    """Raise duckdb.Error unless `file` is an extension that DuckDB's makers signed."""
    with duckdb.connect() as connection:
        connection.execute(f"LOAD {quoted(file.path)}")


def _config(home: Home) -> dict[str, str | bool | int | float | list[str]]:
    return {"extension_directory": str(home.extensions), "autoinstall_known_extensions": "false"}


def _load(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("; ".join(f"LOAD {name}" for name in EXTENSIONS))
    connection.execute(ONE_VIEW)
    # For DuckLake's own connection to its catalog too: there moments are text, which it compares with that of bounds.
    connection.execute("SET GLOBAL TimeZone = 'UTC'")


def _install(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    from duckdb_extensions import import_extension  # noqa: PLC0415 -- only the first start in a home needs it

    home.prepare()
    try:
        with FileLock(home.root / "duckdb_extensions.lock", timeout=LOCK_SECONDS):
            if _loads(connection):
                return  # another process was first, and is using them: files that are copies must not be taken away
            for name in EXTENSIONS:
                if not _linked(name, connection, home):
                    import_extension(name, con=connection)
    except Timeout as error:
        raise StoreBusyError(
            f"Another process has been installing DuckDB's extensions in {home.extensions} for long; try again."
        ) from error
    except (duckdb.Error, OSError, ModuleNotFoundError) as error:
        if home.is_full(error):
            raise home.full(error) from error
        raise StoreError(
            f"DuckDB {duckdb.__version__} could not install its extensions {', '.join(EXTENSIONS)} into "
            f"{home.extensions}: {error}. "
            f"The wheels duckdb-extension-* must have DuckDB's own version; install from requirements.lock."
        ) from error


def _loads(connection: duckdb.DuckDBPyConnection) -> bool:
    try:
        _load(connection)
    except duckdb.Error:
        return False
    return True


def _linked(name: str, connection: duckdb.DuckDBPyConnection, home: Home) -> bool:
    """Give the wheel's file a second name in the home; copies of both extensions would weigh 69 MB in every home.

    False where no such link is possible: on another disk, or where the wheel belongs to another user.
    """
    own = _file(name, connection, home)
    wheels = Path(str(files(f"duckdb_extension_{name}"))) / "extensions" / own.parent.parent.name / own.name
    if own.exists() and own.samefile(wheels):
        return True
    try:
        own.parent.mkdir(parents=True, exist_ok=True)
        own.unlink(missing_ok=True)  # it could not be loaded
        os.link(wheels, own)
    except OSError:
        return False
    return True


def _file(name: str, connection: duckdb.DuckDBPyConnection, home: Home) -> Path:
    """Tell where DuckDB looks for an extension when it is told its name alone."""
    version, platform = (str(connection.sql(f"PRAGMA {what}").fetchall()[0][0]) for what in ("version", "platform"))
    return home.extensions / version / platform / f"{name}.duckdb_extension"
