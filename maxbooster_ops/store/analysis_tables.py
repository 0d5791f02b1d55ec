"""The state's tables of analysis: how far each periodic work has got, and executions on their way into the lake.

Belongs here: their columns. Not here: what is done with them (`analysis/`, `jobs/`), or how they came to be
(`migrations/`).
"""

from __future__ import annotations

import sqlalchemy as sa

from maxbooster_ops.store.state import metadata
from maxbooster_ops.store.utc_column import Utc

progress = sa.Table(
    "progress",
    metadata,
    sa.Column("work", sa.String, primary_key=True, comment="Which periodic work, such as rollups or slo_windows."),
    sa.Column("ts", Utc, nullable=False, comment="Up to when it has seen everything."),
    sa.Column("detail", sa.Text, nullable=False, comment="JSON; what else the next time must know."),
    comment="How far each periodic work over the lake has got; doing the same again changes nothing.",
)

execution_inbox = sa.Table(
    "execution_inbox",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True, comment="In the order they were reported."),
    sa.Column("ts", Utc, nullable=False, comment="When the execution ended."),
    sa.Column("job", sa.String, nullable=False, comment="Job id (type)."),
    sa.Column("run_id", sa.String, nullable=False, comment="Which execution."),
    sa.Column("success", sa.Boolean, nullable=False, comment="Whether it ended well."),
    sa.Column("duration_ms", sa.Double, nullable=False, comment="ms."),
    sa.Column("attempt", sa.Integer, nullable=False, comment="1 for the first."),
    sa.Column("metadata", sa.Text, nullable=False, comment="JSON object of texts."),
    sa.Column("error", sa.Text, comment="Why it failed."),
    comment="Executions that jobs reported and that the next beat takes into the lake.",
    sqlite_autoincrement=True,  # an id must never come again after its row was taken: the next beat starts after it
)
