"""Keep how far periodic work has got, and executions on their way into the lake."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "progress",
        sa.Column("work", sa.String, primary_key=True),
        sa.Column("ts", sa.DateTime, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_table(
        "execution_inbox",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("ts", sa.DateTime, nullable=False),
        sa.Column("job", sa.String, nullable=False),
        sa.Column("run_id", sa.String, nullable=False),
        sa.Column("success", sa.Boolean, nullable=False),
        sa.Column("duration_ms", sa.Double, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("metadata", sa.Text, nullable=False),
        sa.Column("error", sa.Text),
        sqlite_autoincrement=True,
    )
