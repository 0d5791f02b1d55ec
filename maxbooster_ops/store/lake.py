"""The lake: append-only facts in DuckLake, written in whole transactions by one writer at a time, read by anybody.

Belongs here: opening, reading, the write transaction with its lock and its retries.
Not here: what the tables are (`migrations/lake/`, `facts.py`), what a beat is (`beats.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import duckdb
from filelock import FileLock, Timeout
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from maxbooster_ops.errors import StoreBusyError, StoreError
from maxbooster_ops.store import lake_migrations
from maxbooster_ops.store.duck import LOCK_SECONDS, attach_statement, connect_trusting
from maxbooster_ops.store.facts import Fact
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.single_row import insert_of

if TYPE_CHECKING:  # Arrow takes 40 MB, which who asks small questions does without
    import pyarrow as pa

T = TypeVar("T")

_PASSING = ("database is locked", "Transaction conflict", "Could not set lock")
"""What DuckDB says when a whole transaction should be tried again.

SQLite's upgrade of a read lock to a write lock ignores its time-out.
"""

_TRIES_WITHOUT_LOCK = 6
"""A beat is written every 30 s and what is prepared takes a second or two, so the second try nearly always succeeds."""

Version = tuple[tuple[int, int], ...]
"""Times of change, in ns, and sizes of the catalog's files."""

_NEVER = datetime.min.replace(tzinfo=UTC)

_FILE_CLOCK_NS = 50_000_000
"""How coarse a file's time of change may be: 4 or 10 ms in Linux. Two writes within that look like one."""

_NEWEST_ROWS = """
    SELECT table_name, coalesce(record_count, 0) > 0 AS has_rows, try_cast(max_value AS TIMESTAMPTZ) AS newest
    FROM __ducklake_metadata_ops.ducklake_table AS tables
    LEFT JOIN __ducklake_metadata_ops.ducklake_table_stats USING (table_id)
    LEFT JOIN __ducklake_metadata_ops.ducklake_column AS columns
        ON columns.table_id = tables.table_id AND columns.end_snapshot IS NULL AND column_name = 'ts'
    LEFT JOIN __ducklake_metadata_ops.ducklake_table_column_stats AS known
        ON known.table_id = tables.table_id AND known.column_id = columns.column_id
    WHERE tables.end_snapshot IS NULL"""
"""From DuckLake's own catalog. It plans a query of a table that never had a row for 3 ms per column, of any other for
5 ms as a whole, although no row may be new enough. The newest moment is never less than that of any row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written(Generic[T]):
    """What a write answered, and for how long nobody else could write."""

    answer: T
    locked_seconds: float


class LakeTransaction:
    """A write transaction; what it did is there as a whole or not at all."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def insert(self, facts: Sequence[Fact], *, batch_id: str) -> None:
        """Append facts of one class to its table; none is fine."""
        if facts:
            from maxbooster_ops.store.arrow import to_arrow  # noqa: PLC0415 -- see above

            self.connection.from_arrow(to_arrow(facts, batch_id=batch_id)).insert_into(f"ops.{type(facts[0]).table}")

    def insert_row(self, fact: Fact, *, batch_id: str) -> None:
        """Append one row; without Arrow, which takes 40 MB."""
        self.connection.execute(*insert_of(fact, batch_id=batch_id))


class Lake:
    """An open lake. One thread at a time may use it; other processes may read and write meanwhile."""

    def __init__(self, home: Home, connection: duckdb.DuckDBPyConnection) -> None:
        self.home = home
        self._connection = connection

    def write(self, work: Callable[[LakeTransaction], T]) -> T:
        """Run `work` in one write transaction under the write lock, whole again (10 tries) when another one interfered.

        Raises `StoreBusyError` when the lock or the store stays taken, `StoreFullError` when there is no room.
        """
        return self.timed_write(work).answer

    def timed_write(self, work: Callable[[LakeTransaction], T]) -> Written[T]:
        """Write as `write` does, and tell for how long the write lock was held."""
        retrying = Retrying(
            retry=retry_if_exception(_is_passing),
            stop=stop_after_attempt(10),
            wait=wait_random_exponential(multiplier=0.05, max=1),
            reraise=True,
        )
        with _as_store_errors(self.home, "write to"), self.locked():
            began = time.monotonic()
            answer: T = retrying(self._transact, work)
            return Written(answer=answer, locked_seconds=time.monotonic() - began)

    def rewrite(self, work: Callable[[LakeTransaction], T]) -> Written[T]:
        """Run `work` without the write lock and hold that to commit only; for long work that others must not wait for.

        The catalog refuses the commit when anybody wrote meanwhile; then `work` is done again. What a refused try wrote
        into files belongs to nobody and is left to the cleanup. Raises `StoreBusyError` when others write all the time:
        taking the lock then would be fair to nobody.
        """
        for _ in range(_TRIES_WITHOUT_LOCK):
            with _as_store_errors(self.home, "write to"):
                answer = self._begin(work)
                try:
                    with self.locked():
                        began = time.monotonic()
                        if self._committed():
                            return Written(answer=answer, locked_seconds=time.monotonic() - began)
                except StoreBusyError:
                    self._connection.rollback()
                    raise
        raise StoreBusyError(
            f"Others wrote to the lake in {self.home.lake} during each of {_TRIES_WITHOUT_LOCK} tries to rewrite "
            "a part of it. Nothing was changed; the next run tries again."
        )

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Answer one query as rows by column name; TIMESTAMPTZ comes in UTC."""
        with _as_store_errors(self.home, "read"):
            result = self._connection.execute(sql, dict(parameters) if parameters else None)
            names = [column[0] for column in result.description or ()]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def columns(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
        """Answer one query as columns; for rows by the million."""
        with _as_store_errors(self.home, "read"):
            return self._connection.execute(sql, dict(parameters) if parameters else None).to_arrow_table()

    @contextmanager
    def held(self, since: Mapping[str, datetime], until: datetime) -> Iterator[None]:
        """Answer what is asked of the tables in `since` from memory, each with its rows from that moment to `until`.

        All of it is one moment of the lake. A question to the lake costs milliseconds before it reads a row, so many
        short ones are cheaper this way. After an error inside, nothing more can be asked until the end of the block.
        """
        with _as_store_errors(self.home, "read"):
            self._connection.begin()
        try:
            with _as_store_errors(self.home, "read"):
                newest = {
                    name: newest if has_rows else _NEVER
                    for name, has_rows, newest in self._connection.execute(_NEWEST_ROWS).fetchall()
                }
                for table, start in since.items():
                    copy = f"CREATE TEMP TABLE {table} AS FROM ops.{table}"
                    if (newest.get(table) or start) >= start:  # None where nobody knows
                        bounds = {"start": start, "until": until}
                        self._connection.execute(f"{copy} WHERE ts >= $start AND ts < $until", bounds)
                    else:
                        self._connection.execute(f"{copy} LIMIT 0")
                # Else every name in a question, each function's too, would be looked up in the lake's catalog first.
                self._connection.execute("USE memory")
            yield
        finally:
            try:
                # Inside the transaction the lake's catalog is known; outside it would be read again for this.
                self._connection.execute("USE ops")
                self._connection.rollback()
            except duckdb.Error:  # one inside was in the way
                self._connection.rollback()
                self._connection.execute("USE ops")

    def version(self) -> Version | None:
        """Give what changes with every write of whoever; None where the last one was just now, and may be going on.

        It asks the file system alone, so that looking again and again costs nothing.
        """
        log = self.home.catalog.with_name(f"{self.home.catalog.name}-wal")
        found = [file.stat() for file in (self.home.catalog, log) if file.is_file()]
        just_now = time.time_ns() - _FILE_CLOCK_NS
        if any(file.st_mtime_ns > just_now for file in found):
            return None
        return tuple((file.st_mtime_ns, file.st_size) for file in found)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _transact(self, work: Callable[[LakeTransaction], T]) -> T:
        answer = self._begin(work)
        self._connection.commit()
        return answer

    def _begin(self, work: Callable[[LakeTransaction], T]) -> T:
        self._connection.begin()
        try:
            return work(LakeTransaction(self._connection))
        except BaseException:
            self._connection.rollback()
            raise

    def _committed(self) -> bool:
        """Commit; False where somebody wrote since the transaction began."""
        try:
            self._connection.commit()
        except duckdb.Error as error:
            if _is_passing(error):
                return False
            raise
        return True

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the write lock; `write` takes it by itself."""
        try:
            with FileLock(self.home.write_lock, timeout=LOCK_SECONDS):
                yield
        except Timeout as error:
            raise StoreBusyError(
                f"Another process has held the lake's write lock {self.home.write_lock} for more than "
                f"{LOCK_SECONDS:g} s; "
                f"try again, or see who holds it with `lsof {self.home.write_lock}`."
            ) from error


@contextmanager
def open_lake(home: Home, *, read_only: bool = False, threads: int | None = None) -> Iterator[Lake]:
    """Open the lake of `home`; unless `read_only`, create it or bring it to this release's version.

    `threads` bounds DuckDB's own: one costs least for many small questions, all cores answer a large one soonest.

    Raises `StoreError` when there is none to read, `StoreVersionError` when a newer release wrote it.
    """
    if read_only and not home.catalog.is_file():
        raise StoreError(
            f"Nothing has been collected in {home.root} yet. Start `maxbooster-ops up`, or take one beat with "
            f"`maxbooster-ops collect`; --home or MAXBOOSTER_HOME names another folder."
        )
    if not read_only:
        home.prepare()
    connection = connect_trusting(home)
    if threads:
        connection.execute(f"SET threads = {int(threads)}")
    lake = Lake(home, connection)
    try:
        with _as_store_errors(home, "open"):
            if read_only:
                connection.execute(attach_statement(home, read_only=True))
                lake_migrations.refuse_newer(connection, home)
            else:
                _attach_to_write(lake, connection)
            connection.execute("USE ops")
        yield lake
    finally:
        lake.close()


def _attach_to_write(lake: Lake, connection: duckdb.DuckDBPyConnection) -> None:
    # Attaching writes where the catalog is new, and its file is there before it is complete, so it needs the lock.
    with lake.locked():
        connection.execute(attach_statement(lake.home, read_only=False))
    lake_migrations.refuse_newer(connection, lake.home)
    if lake_migrations.pending(connection):
        lake.write(lambda transaction: lake_migrations.apply(transaction.connection))


def _is_passing(error: BaseException) -> bool:
    return isinstance(error, duckdb.Error) and any(sign in str(error) for sign in _PASSING)


@contextmanager
def _as_store_errors(home: Home, attempt: str) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        if home.is_full(error):
            raise home.full(error) from error
        if _is_passing(error):
            raise StoreBusyError(
                f"Could not {attempt} the lake in {home.lake}, it stayed busy: {error}. Try again."
            ) from error
        raise StoreError(f"Could not {attempt} the lake in {home.lake}: {error}") from error
    except OSError as error:
        if home.is_full(error):
            raise home.full(error) from error
        raise StoreError(f"Could not {attempt} the lake in {home.lake}: {error}") from error
