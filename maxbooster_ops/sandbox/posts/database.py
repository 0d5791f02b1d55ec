"""Scheduled posts in SQLite.

Belongs here: keeping, finding, removing. Not here: HTTP (`app`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS posts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    text TEXT NOT NULL,
    publish_at TEXT NOT NULL,
    created_at TEXT NOT NULL
)"""
_BUSY_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One post and when it shall be published."""

    id: int
    text: str
    publish_at: datetime
    created_at: datetime


class Posts:
    """The posts in one file. What `add` answered is on the disk: after a crash of the machine, too."""

    def __init__(self, file: Path) -> None:
        self._file = file
        with self._connection() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(_SCHEMA)

    def add(self, text: str, *, publish_at: datetime, now: datetime) -> Post:
        """Keep a post; ids are never given twice, also not after a removal."""
        with self._connection() as connection:
            row = (text, publish_at.isoformat(), now.isoformat())
            added = connection.execute("INSERT INTO posts (text, publish_at, created_at) VALUES (?, ?, ?)", row)
        return Post(id=added.lastrowid or 0, text=text, publish_at=publish_at, created_at=now)

    def find(self, post_id: int) -> Post | None:
        """Give a post; None where there is none."""
        with self._connection() as connection:
            row = connection.execute(
                "SELECT id, text, publish_at, created_at FROM posts WHERE id = ?", (post_id,)
            ).fetchone()
        if row is None:
            return None
        publish_at, created_at = datetime.fromisoformat(row[2]), datetime.fromisoformat(row[3])
        return Post(id=row[0], text=row[1], publish_at=publish_at, created_at=created_at)

    def remove(self, post_id: int) -> bool:
        """Remove a post; False where there was none."""
        with self._connection() as connection:
            return connection.execute("DELETE FROM posts WHERE id = ?", (post_id,)).rowcount == 1

    def count(self) -> int:
        """Count the posts."""
        with self._connection() as connection:
            (count,) = connection.execute("SELECT count(*) FROM posts").fetchone()
        return int(count)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """Open a connection for one transaction: requests are answered in threads, and come seldom."""
        with closing(sqlite3.connect(self._file, timeout=_BUSY_SECONDS)) as connection, connection:
            connection.execute("PRAGMA synchronous = FULL")
            yield connection
