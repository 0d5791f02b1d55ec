"""The state's tables of drills: burn-ins under way, and faults that were put into something on purpose.

Belongs here: their columns. Not here: what is done with them (`readiness/`), or how they came to be (`migrations/`).
What drills found is kept in the lake (`burn_in_checks`, `drill_results`).
"""

from __future__ import annotations

import sqlalchemy as sa

from maxbooster_ops.store.state import metadata
from maxbooster_ops.store.utc_column import Utc

burn_in_sessions = sa.Table(
    "burn_in_sessions",
    metadata,
    sa.Column("id", sa.String, primary_key=True, comment="Short and unique; what `--resume` takes."),
    sa.Column("status", sa.String, nullable=False, comment="running, finished, cancelled or abandoned."),
    sa.Column(
        "plan", sa.Text, nullable=False, comment="JSON; duration, interval and thresholds as they were asked for."
    ),
    sa.Column("launched_by", sa.String, nullable=False, comment="dagster or terminal: who takes it up after a crash."),
    sa.Column("run_id", sa.String, comment="The newest Dagster run that worked on it; NULL from a terminal."),
    sa.Column("started_at", Utc, nullable=False, comment="When it began."),
    sa.Column("target_end_at", Utc, nullable=False, comment="When it ends if nothing stops it; pauses move it."),
    sa.Column("paused_seconds", sa.Double, nullable=False, comment="s that it stood cancelled before it was resumed."),
    sa.Column("checks_done", sa.Integer, nullable=False, comment="Checks that were taken and kept."),
    sa.Column("last_check_at", Utc, comment="When the newest check was due."),
    sa.Column("memories", sa.Text, nullable=False, comment="JSON; what each source must know at the next check."),
    sa.Column("unstored", sa.Text, nullable=False, comment="JSON; checks that the lake has not confirmed yet."),
    sa.Column("owner", sa.String, comment="Token of the one process that works on it; every change checks it."),
    sa.Column("owner_pid", sa.Integer, comment="That process."),
    sa.Column("owner_created", sa.Double, comment="When that process was created, s since the epoch."),
    sa.Column("owner_host", sa.String, comment="The host that it runs on."),
    sa.Column("heartbeat_at", Utc, comment="When the owner last said that it lives."),
    sa.Column("takeovers", sa.Integer, nullable=False, comment="How often another process took it up after a crash."),
    sa.Column("cancel_asked_at", Utc, comment="When somebody asked it to stop; the owner obeys at its next look."),
    sa.Column("ended_at", Utc, comment="When it was finished, cancelled or given up."),
    sa.Column("verdict", sa.String, comment="As the newest report says."),
    sa.Column("report", sa.String, comment="Path of the newest report below the home, without its ending."),
    comment="Burn-ins: what each must know to go on after whatever dies. At most one is running.",
)

sa.Index(
    "burn_in_sessions_running",
    burn_in_sessions.c.status,
    unique=True,
    sqlite_where=burn_in_sessions.c.status == "running",
)

faults = sa.Table(
    "faults",
    metadata,
    sa.Column("id", sa.String, primary_key=True, comment="Short and unique."),
    sa.Column("drill_id", sa.String, nullable=False, comment="The drill that it belongs to."),
    sa.Column("scenario", sa.String, nullable=False, comment="The scenario that it belongs to."),
    sa.Column("kind", sa.String, nullable=False, comment="What kind of fault; names how it is taken back."),
    sa.Column("target", sa.String, nullable=False, comment="What it is put into, in words without secrets."),
    sa.Column("details", sa.Text, nullable=False, comment="JSON; all that taking it back needs, secrets by reference."),
    sa.Column("state", sa.String, nullable=False, comment="planned, injected, rolled_back or stuck."),
    sa.Column("planned_at", Utc, nullable=False, comment="When it was written down, before anything was done."),
    sa.Column("injected_at", Utc, comment="When it was in force; NULL where nobody lived to say so."),
    sa.Column("rolled_back_at", Utc, comment="When it was taken back and that was verified."),
    sa.Column("owner_pid", sa.Integer, nullable=False, comment="The process that put it in."),
    sa.Column("owner_created", sa.Double, nullable=False, comment="When that process was created, s since the epoch."),
    sa.Column("owner_host", sa.String, nullable=False, comment="The host that it runs on."),
    sa.Column("rollbacks", sa.Integer, nullable=False, comment="How often taking it back was tried."),
    sa.Column("problem", sa.Text, comment="Why the newest try failed; NULL where it did not."),
    comment="Faults put in on purpose; what a dead process left of them is taken back at the next start.",
)

sa.Index("faults_open", faults.c.state)
