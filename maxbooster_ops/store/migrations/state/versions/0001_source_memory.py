"""Keep what each source remembers, and the intent to change it while a beat is on its way into the lake."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the two tables."""
    op.create_table(
        "source_memory",
        sa.Column("source", sa.String, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("memory", sa.Text, nullable=False),
        sa.Column("batch_id", sa.String, nullable=False),
    )
    op.create_table(
        "memory_intents",
        sa.Column("batch_id", sa.String, primary_key=True),
        sa.Column("source", sa.String, primary_key=True),
        sa.Column("based_on", sa.Integer, nullable=False),
        sa.Column("memory", sa.Text, nullable=False),
    )
