"""The state: what changes and what was decided, in SQLite (WAL) through SQLAlchemy Core.

Belongs here: the engine, its tables and opening it at this release's version. Not here: what is done with a table.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from tenacity import retry, retry_if_exception, stop_after_delay, wait_random

from maxbooster_ops.errors import StoreBusyError, StoreError, StoreVersionError
from maxbooster_ops.store.home import Home

MIGRATIONS = Path(__file__).parent / "migrations" / "state"
REVISION = "0005"
"""Newest revision in `migrations/state/versions`; compared first, so that Alembic is imported only to migrate."""

_BUSY_SECONDS = 10.0
"""How long a statement waits for another process."""

metadata = sa.MetaData()

source_memory = sa.Table(
    "source_memory",
    metadata,
    sa.Column("source", sa.String, primary_key=True, comment="Which source."),
    sa.Column("version", sa.Integer, nullable=False, comment="Grows by one with every stored reading."),
    sa.Column("memory", sa.Text, nullable=False, comment="JSON; what the source must know at its next reading."),
    sa.Column("batch_id", sa.String, nullable=False, comment="The beat that left it."),
    comment="Where each source's last stored reading ended: cursors, open jobs, previous counters.",
)

memory_intents = sa.Table(
    "memory_intents",
    metadata,
    sa.Column("batch_id", sa.String, primary_key=True, comment="The beat that is being stored."),
    sa.Column("source", sa.String, primary_key=True, comment="Which source."),
    sa.Column(
        "based_on", sa.Integer, nullable=False, comment="Version of source_memory that the reading started from."
    ),
    sa.Column("memory", sa.Text, nullable=False, comment="JSON; becomes source_memory once the lake holds the beat."),
    comment="Memory of a beat on its way into the lake; a row that stays belongs to a collector that died meanwhile.",
)


class State:
    """An open state."""

    def __init__(self, home: Home, engine: sa.Engine) -> None:
        self.home = home
        self._engine = engine

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Give a connection inside a transaction that owns the write lock; it commits at the end."""
        with _as_store_errors(self.home), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a connection inside a read transaction: one consistent view that blocks nobody."""
        with _as_store_errors(self.home), self._engine.connect().execution_options(reading=True) as connection:
            yield connection


@contextmanager
def open_state(home: Home) -> Iterator[State]:
    """Open the state of `home`, creating it or bringing it to this release's version.

    Raises `StoreVersionError` when a newer release wrote it, `StoreError` when it cannot be opened.
    """
    home.prepare()
    engine = _engine(home)
    try:
        with _as_store_errors(home):
            _migrate(engine, home)
        yield State(home, engine)
    finally:
        engine.dispose()


def _engine(home: Home) -> sa.Engine:
    engine = sa.create_engine(f"sqlite:///{home.state}", connect_args={"timeout": _BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _: object) -> None:
        # We begin transactions ourselves: Python's driver begins late, and a late upgrade of a read to a write fails
        # at once.
        connection.isolation_level = None
        _log_ahead(connection)
        # FULL, since a lost commit here would let a beat that the lake holds be counted a second time.
        for pragma in ("synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN" if connection.get_execution_options().get("reading") else "BEGIN IMMEDIATE")

    return engine


def _is_locked(error: BaseException | None) -> bool:
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)


@retry(
    retry=retry_if_exception(_is_locked),
    stop=stop_after_delay(_BUSY_SECONDS),
    wait=wait_random(0.005, 0.05),
    reraise=True,
)
def _log_ahead(connection: sqlite3.Connection) -> None:
    """Have a new file use a write-ahead log. SQLite refuses at once, without waiting, where another one begins it."""
    connection.execute("PRAGMA journal_mode = WAL")


def _migrate(engine: sa.Engine, home: Home) -> None:
    current = _revision(engine)
    if current == REVISION:
        return
    if current is not None and current > REVISION:
        raise StoreVersionError(
            f"The state {home.state} has revision {current}, written by a newer release of maxbooster-ops; this "
            "one knows revisions "
            f"up to {REVISION}. Install the newer release, or point --home at another folder. Nothing was changed."
        )
    from alembic import command  # noqa: PLC0415 -- half a second of imports, needed once per release
    from alembic.config import Config  # noqa: PLC0415 -- see above

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["engine"] = engine
    command.upgrade(config, "head")


def _revision(engine: sa.Engine) -> str | None:
    with engine.connect().execution_options(reading=True) as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        revision: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
        return revision


@contextmanager
def _as_store_errors(home: Home) -> Iterator[None]:
    try:
        yield
    except sa.exc.DBAPIError as error:
        reason = str(error.orig)
        if home.is_full(error.orig or error):
            raise home.full(error.orig or error) from error
        if _is_locked(error.orig):
            raise StoreBusyError(f"The state {home.state} stayed locked by another process; try again.") from error
        raise StoreError(
            f"The state {home.state} cannot be used: {reason}. Is it a SQLite file that this user may write?"
        ) from error
