"""Moments in the state: stored as UTC without a zone, which SQLite, PostgreSQL and DuckDB all read as a timestamp.

Belongs here: the column type. Not here: any table.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa


class Utc(sa.TypeDecorator[datetime]):
    """A moment; takes aware datetimes only and gives them back in UTC."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002 -- SQLAlchemy's
        """Store in UTC; raises ValueError for a datetime without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002 -- SQLAlchemy's
        """Read as UTC."""
        return None if value is None else value.replace(tzinfo=UTC)
