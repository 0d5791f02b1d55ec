"""Keep alerts, silences, decisions, the outbox and what came of it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables and their indexes."""
    _create_tables()
    _create_indexes()


def _create_tables() -> None:
    op.create_table(
        "rule_series",
        sa.Column("rule", sa.String, primary_key=True),
        sa.Column("labels_key", sa.String, primary_key=True),
        sa.Column("memory", sa.Text, nullable=False),
    )
    op.create_table(
        "watch_marks",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("ts", sa.DateTime, nullable=False),
        sa.Column("ok", sa.Boolean, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_table(
        "job_outcomes",
        sa.Column("job", sa.String, primary_key=True),
        sa.Column("ts", sa.DateTime, nullable=False),
        sa.Column("failed", sa.Boolean, nullable=False),
        sa.Column("run_id", sa.String, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_table(
        "alerts",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("rule", sa.String, nullable=False),
        sa.Column("labels", sa.Text, nullable=False),
        sa.Column("severity", sa.Integer, nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("component", sa.String, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("runbook", sa.String, nullable=False),
        sa.Column("value", sa.Double),
        sa.Column("threshold", sa.Double, nullable=False),
        sa.Column("value_name", sa.String, nullable=False),
        sa.Column("since", sa.DateTime, nullable=False),
        sa.Column("immediate", sa.Boolean, nullable=False),
        sa.Column("no_data", sa.Boolean, nullable=False),
        sa.Column("silenced", sa.Boolean, nullable=False),
        sa.Column("repeat_every_seconds", sa.Double),
        sa.Column("acknowledged_at", sa.DateTime),
        sa.Column("acknowledged_by", sa.String),
        sa.Column("resolved_at", sa.DateTime),
        sa.Column("resolved_by", sa.String),
        sa.Column("escalated_at", sa.DateTime),
        sa.Column("first_told_at", sa.DateTime),
        sa.Column("told", sa.Text, nullable=False),
        sa.Column("settled", sa.Boolean, nullable=False),
    )
    op.create_table(
        "alert_transitions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("alert_id", sa.String),
        sa.Column("rule", sa.String, nullable=False),
        sa.Column("labels", sa.Text, nullable=False),
        sa.Column("ts", sa.DateTime, nullable=False),
        sa.Column("change", sa.String, nullable=False),
        sa.Column("value", sa.Double),
        sa.Column("who", sa.String),
    )
    op.create_table(
        "alert_decisions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("alert_id", sa.String, nullable=False),
        sa.Column("ts", sa.DateTime, nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("verdict", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("until", sa.DateTime),
    )
    op.create_table(
        "silences",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("matchers", sa.Text, nullable=False),
        sa.Column("starts_at", sa.DateTime, nullable=False),
        sa.Column("ends_at", sa.DateTime, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("author", sa.String, nullable=False),
        sa.Column("maintenance", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "outbox",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("group_name", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("severity", sa.Integer, nullable=False),
        sa.Column("ts", sa.DateTime, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", sa.DateTime, nullable=False),
        sa.Column("leased_until", sa.DateTime),
        sa.Column("delivered_at", sa.DateTime),
        sa.Column("failed_at", sa.DateTime),
        sa.Column("handed_to", sa.String),
        sa.Column("last_detail", sa.Text, nullable=False),
    )
    op.create_table(
        "outbox_alerts",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("alert_id", sa.String, primary_key=True),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("ts", sa.DateTime, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("delivered", sa.Boolean, nullable=False),
        sa.Column("permanent", sa.Boolean, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("duration_ms", sa.Double, nullable=False),
    )


def _create_indexes() -> None:
    op.create_index(
        "ix_alerts_open", "alerts", ["rule", "labels"], unique=True, sqlite_where=sa.text("resolved_at IS NULL")
    )
    op.create_index("ix_alerts_unsettled", "alerts", ["since"], sqlite_where=sa.text("NOT settled"))
    op.create_index("ix_alerts_resolved_at", "alerts", ["resolved_at"])
    op.create_index("ix_alerts_series", "alerts", ["rule", "labels", "since"])
    op.create_index("ix_alert_transitions_alert_id", "alert_transitions", ["alert_id"])
    op.create_index("ix_alert_decisions_alert_id", "alert_decisions", ["alert_id"])
    op.create_index(
        "ix_outbox_waiting", "outbox", ["due_at"], sqlite_where=sa.text("delivered_at IS NULL AND failed_at IS NULL")
    )
    op.create_index("ix_outbox_ts", "outbox", ["ts"])
    op.create_index("ix_outbox_alerts_alert_id", "outbox_alerts", ["alert_id"])
    op.create_index("ix_deliveries_key", "deliveries", ["key"])
