"""The clock, read at the edges only: by commands, pipelines, the collector. All else takes time as an argument.

Belongs here: that one reading. Not here: anything that needs an import of ours.
"""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Give the current time."""
    return datetime.now(UTC)
