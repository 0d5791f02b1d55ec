"""Keep burn-ins that are under way, and faults that were put in on purpose."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the tables and their indexes."""
    op.create_table(
        "burn_in_sessions",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("launched_by", sa.String, nullable=False),
        sa.Column("run_id", sa.String),
        sa.Column("started_at", sa.DateTime, nullable=False),
        sa.Column("target_end_at", sa.DateTime, nullable=False),
        sa.Column("paused_seconds", sa.Double, nullable=False),
        sa.Column("checks_done", sa.Integer, nullable=False),
        sa.Column("last_check_at", sa.DateTime),
        sa.Column("memories", sa.Text, nullable=False),
        sa.Column("unstored", sa.Text, nullable=False),
        sa.Column("owner", sa.String),
        sa.Column("owner_pid", sa.Integer),
        sa.Column("owner_created", sa.Double),
        sa.Column("owner_host", sa.String),
        sa.Column("heartbeat_at", sa.DateTime),
        sa.Column("takeovers", sa.Integer, nullable=False),
        sa.Column("cancel_asked_at", sa.DateTime),
        sa.Column("ended_at", sa.DateTime),
        sa.Column("verdict", sa.String),
        sa.Column("report", sa.String),
    )
    running = sa.text("status = 'running'")
    op.create_index("burn_in_sessions_running", "burn_in_sessions", ["status"], unique=True, sqlite_where=running)
    op.create_table(
        "faults",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("drill_id", sa.String, nullable=False),
        sa.Column("scenario", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("target", sa.String, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("planned_at", sa.DateTime, nullable=False),
        sa.Column("injected_at", sa.DateTime),
        sa.Column("rolled_back_at", sa.DateTime),
        sa.Column("owner_pid", sa.Integer, nullable=False),
        sa.Column("owner_created", sa.Double, nullable=False),
        sa.Column("owner_host", sa.String, nullable=False),
        sa.Column("rollbacks", sa.Integer, nullable=False),
        sa.Column("problem", sa.Text),
    )
    op.create_index("faults_open", "faults", ["state"])
