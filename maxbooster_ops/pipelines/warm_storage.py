"""Dagster's own SQLite storage, kept open: the same files and tables, without opening them anew for every question.

Belongs here: the storage that `dagster.yaml` names, and how long connections live. Not here: any table or query of
Dagster's, which stay what they are; without this class the same files are read by Dagster's own.

Dagster makes an engine and a connection per query, compiles each query again, and loads all of its migrations whenever
it makes an instance, which it does in every tick of a sensor. That was half of what an idle installation cost
(decision 0009).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.script import ScriptDirectory
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage
from dagster._core.storage.sql import get_alembic_config
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS, create_db_conn_string
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import event


class WarmStorage(DagsterSqliteStorage):
    """Dagster's SQLite storage with connections that stay open; the folder's layout is Dagster's default."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        # Not Dagster's own `__init__`: it would look for migrations in each of its three stores.
        super(DagsterSqliteStorage, self).__init__()  # type: ignore[no-untyped-call]
        self.base_dir = base_dir
        self._inst_data = inst_data
        history = Path(base_dir) / "history"
        self._run_storage = _opened(_WarmRuns, history, "runs")
        self._event_log_storage = _WarmEventLog(str(history / "runs"))
        self._schedule_storage = _opened(_WarmSchedules, Path(base_dir) / "schedules", "schedules")

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> WarmStorage:
        """Build the storage that `dagster.yaml` names."""
        return cls(config_value["base_dir"], inst_data)


class _WarmRuns(SqliteRunStorage):
    @contextmanager
    def connect(self) -> Iterator[sa.Connection]:
        with _engine(self._conn_string, os.getpid()).begin() as connection:
            yield connection


class _WarmSchedules(SqliteScheduleStorage):
    _has_instigators = False

    @contextmanager
    def connect(self) -> Iterator[sa.Connection]:
        with _engine(self._conn_string, os.getpid()).begin() as connection:
            yield connection

    def _has_instigators_table(self, conn: sa.Connection) -> bool:
        # Asked before every question; a table that is there stays.
        self._has_instigators = self._has_instigators or super()._has_instigators_table(conn)
        return self._has_instigators

    def has_built_index(self, migration_name: str) -> bool:
        # Asked before every question too; what is built stays built.
        built = _built(self._conn_string)
        if migration_name not in built and super().has_built_index(migration_name):
            built.add(migration_name)
        return migration_name in built


class _WarmEventLog(SqliteEventLogStorage):
    """Only the index stays open: there is a file per run, and whoever deletes a run deletes its file."""

    @contextmanager
    def index_connection(self) -> Iterator[sa.Connection]:
        url = self.conn_string_for_shard(sqlite_event_log.INDEX_SHARD_NAME)
        engine = _engine(url, os.getpid())
        if url not in _CURRENT:
            self._initdb(engine, for_index_shard=True)
            _CURRENT.add(url)
        with engine.begin() as connection:
            yield connection

    def _initdb(self, engine: sa.Engine, for_index_shard: bool = False) -> None:  # noqa: FBT001, FBT002 -- Dagster's
        if not _is_current(engine):
            if not for_index_shard:
                event.listen(engine, "connect", _small_pages)
            super()._initdb(engine, for_index_shard)


def _small_pages(connection: Any, _: object) -> None:
    """Let a run's own database take half the room: its thirty tables and indexes have a page each at least."""
    connection.execute("PRAGMA page_size = 1024")


_CURRENT: set[str] = set()
"""The databases that this process knows to have this Dagster's tables."""


def _opened(kind: Any, folder: Path, name: str) -> Any:
    """Open one database as Dagster does where it is new or older than this Dagster, else without more ado."""
    url = create_db_conn_string(str(folder), name)
    if url not in _CURRENT:
        if not ((folder / f"{name}.db").is_file() and _is_current(_engine(url, os.getpid()))):
            kind.from_local(str(folder))
        _CURRENT.add(url)
    return kind(url)


@cache
def _engine(url: str, _process: int) -> sa.Engine:
    """Keep the connections to one database open. A fork must not use its parent's, so each process has its own."""
    engine = sa.create_engine(url, max_overflow=-1, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _: object) -> None:
        # With a write-ahead log the file stays whole whatever dies; a loss of power may undo the last commits, and
        # nothing of ours follows from Dagster's records alone.
        connection.execute("PRAGMA synchronous = NORMAL")

    return engine


@cache
def _built(_url: str) -> set[str]:
    return set()


@cache
def newest_revision() -> str | None:
    """Give the revision of this Dagster's tables; a process that forks should have asked once before."""
    return ScriptDirectory.from_config(get_alembic_config(sqlite_event_log.__file__)).get_current_head()


def _is_current(engine: sa.Engine) -> bool:
    """Tell whether a database has this Dagster's tables already."""
    with engine.connect() as connection:
        if not connection.dialect.has_table(connection, "alembic_version"):
            return False
        return bool(connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == newest_revision())
