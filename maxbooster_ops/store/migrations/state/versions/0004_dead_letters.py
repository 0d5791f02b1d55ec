"""Keep dead letters, what was done about them, and how far failed sets were searched."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the tables and their indexes."""
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("prefix", sa.String, nullable=False),
        sa.Column("queue", sa.String, nullable=False),
        sa.Column("job_id", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("stack", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("payload", sa.Text),
        sa.Column("payload_kept", sa.String, nullable=False),
        sa.Column("options", sa.Text, nullable=False),
        sa.Column("parent", sa.String),
        sa.Column("first_failed_at", sa.DateTime, nullable=False),
        sa.Column("last_failed_at", sa.DateTime, nullable=False),
        sa.Column("found_at", sa.DateTime, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("next_try_at", sa.DateTime),
        sa.Column("try_token", sa.String),
        sa.Column("tried_at", sa.DateTime),
        sa.Column("ended_at", sa.DateTime),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_table(
        "dead_letter_actions",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("letter_id", sa.String, sa.ForeignKey("dead_letters.id", ondelete="CASCADE"), nullable=False),
        sa.Column("ts", sa.DateTime, nullable=False),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
    )
    op.create_table(
        "failed_set_marks",
        sa.Column("prefix", sa.String, primary_key=True),
        sa.Column("queue", sa.String, primary_key=True),
        sa.Column("score_ms", sa.Double, nullable=False),
    )
    op.create_index("dead_letters_by_job", "dead_letters", ["prefix", "queue", "job_id"])
    op.create_index("dead_letters_due", "dead_letters", ["state", "next_try_at"])
    op.create_index(
        "dead_letters_open",
        "dead_letters",
        ["prefix", "queue", "job_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('pending', 'retrying', 'parked')"),
    )
    op.create_index("ix_dead_letter_actions_letter_id", "dead_letter_actions", ["letter_id"])
