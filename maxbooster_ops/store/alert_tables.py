"""The state's tables of alerting: what is firing, what was decided, what is on its way, what arrived.

Belongs here: their columns. Not here: what is done with them (`alerting/`), or how they came to be (`migrations/`).
"""

from __future__ import annotations

import sqlalchemy as sa

from maxbooster_ops.store.state import metadata
from maxbooster_ops.store.utc_column import Utc

rule_series = sa.Table(
    "rule_series",
    metadata,
    sa.Column("rule", sa.String, primary_key=True, comment="Which rule."),
    sa.Column("labels_key", sa.String, primary_key=True, comment="JSON; which series of it."),
    sa.Column("memory", sa.Text, nullable=False, comment="JSON; what the engine must know at the next evaluation."),
    comment="Where the evaluation of each series of each rule stands.",
)

watch_marks = sa.Table(
    "watch_marks",
    metadata,
    sa.Column("name", sa.String, primary_key=True, comment="evaluated, heartbeat, test:<channel>, …"),
    sa.Column("ts", Utc, nullable=False, comment="When it last happened; for evaluated: up to which beat."),
    sa.Column("ok", sa.Boolean, nullable=False, comment="Whether it worked."),
    sa.Column("detail", sa.Text, nullable=False, comment="What came of it, in words."),
    comment="When alerting last did what it must do again and again.",
)

job_outcomes = sa.Table(
    "job_outcomes",
    metadata,
    sa.Column("job", sa.String, primary_key=True, comment="A job of ours."),
    sa.Column("ts", Utc, nullable=False, comment="When its newest run ended."),
    sa.Column("failed", sa.Boolean, nullable=False, comment="Whether that run failed."),
    sa.Column("run_id", sa.String, nullable=False, comment="That run."),
    sa.Column("detail", sa.Text, nullable=False, comment="Why it failed."),
    comment="How the newest run of each job of ours ended; feeds the rule pipeline_failure.",
)

alerts = sa.Table(
    "alerts",
    metadata,
    sa.Column("id", sa.String, primary_key=True, comment="Short and unique."),
    sa.Column("rule", sa.String, nullable=False, comment="Which rule."),
    sa.Column("labels", sa.Text, nullable=False, comment="JSON; which series of it, sorted by name."),
    sa.Column("severity", sa.Integer, nullable=False, comment="The rule's: 3 critical, 2 error, 1 warning, 0 info."),
    sa.Column("level", sa.Integer, nullable=False, comment="What its messages are routed by; escalation raises it."),
    sa.Column("component", sa.String, nullable=False, comment="What it is grouped by."),
    sa.Column("title", sa.Text, nullable=False, comment="What happens, in a few words."),
    sa.Column("summary", sa.Text, nullable=False, comment="What happens, with figures."),
    sa.Column("description", sa.Text, nullable=False, comment="What it means."),
    sa.Column("runbook", sa.String, nullable=False, comment="Name of the runbook."),
    sa.Column("value", sa.Double, comment="The newest value; NULL where there is none."),
    sa.Column("threshold", sa.Double, nullable=False, comment="What the value is held against."),
    sa.Column("value_name", sa.String, nullable=False, comment="What the value is."),
    sa.Column("since", Utc, nullable=False, comment="When it began to fire."),
    sa.Column("immediate", sa.Boolean, nullable=False, comment="Escalated as soon as it fires."),
    sa.Column("no_data", sa.Boolean, nullable=False, comment="Its series has no samples any more."),
    sa.Column("silenced", sa.Boolean, nullable=False, comment="A silence holds it."),
    sa.Column("repeat_every_seconds", sa.Double, comment="The rule's own time between repeats."),
    sa.Column("acknowledged_at", Utc, comment="When somebody took it."),
    sa.Column("acknowledged_by", sa.String, comment="Who."),
    sa.Column("resolved_at", Utc, comment="When it ended; NULL while it lasts."),
    sa.Column("resolved_by", sa.String, comment="Who ended it by hand; NULL where it ended by itself."),
    sa.Column("escalated_at", Utc, comment="When it last went up a level."),
    sa.Column("first_told_at", Utc, comment="When anybody was first told; the time to acknowledge counts from here."),
    sa.Column("told", sa.Text, nullable=False, comment="JSON by channel; the last message put into its outbox."),
    sa.Column("settled", sa.Boolean, nullable=False, comment="Resolved, and whoever was told of it knows."),
    sa.Index("ix_alerts_open", "rule", "labels", unique=True, sqlite_where=sa.text("resolved_at IS NULL")),
    sa.Index("ix_alerts_unsettled", "since", sqlite_where=sa.text("NOT settled")),
    sa.Index("ix_alerts_resolved_at", "resolved_at"),
    sa.Index("ix_alerts_series", "rule", "labels", "since"),
    comment="One row per episode: a rule that fires for one label set, until it resolves.",
)

alert_transitions = sa.Table(
    "alert_transitions",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, comment="Order."),
    sa.Column("alert_id", sa.String, comment="The episode; NULL before it fires."),
    sa.Column("rule", sa.String, nullable=False, comment="Which rule."),
    sa.Column("labels", sa.Text, nullable=False, comment="JSON; which series of it."),
    sa.Column("ts", Utc, nullable=False, comment="The evaluation in which it changed."),
    sa.Column("change", sa.String, nullable=False, comment="pending, firing, resolved, inactive, no_data, data_again."),
    sa.Column("value", sa.Double, comment="The sample in force."),
    sa.Column("who", sa.String, comment="Who did it by hand."),
    sa.Index("ix_alert_transitions_alert_id", "alert_id"),
    comment="Everything that happened to alerts, append-only.",
)

alert_decisions = sa.Table(
    "alert_decisions",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, comment="Order."),
    sa.Column("alert_id", sa.String, nullable=False, comment="Which alert."),
    sa.Column("ts", Utc, nullable=False, comment="When it was decided."),
    sa.Column("channel", sa.String, nullable=False, comment="For which channel; empty: for all."),
    sa.Column("verdict", sa.String, nullable=False, comment="tell or hold."),
    sa.Column("reason", sa.String, nullable=False, comment="Why."),
    sa.Column("detail", sa.Text, nullable=False, comment="Why, in words."),
    sa.Column("until", Utc, comment="Until when it is held, where that is known."),
    sa.Index("ix_alert_decisions_alert_id", "alert_id"),
    comment="Why somebody was or was not told; a row per change of mind, not per evaluation.",
)

silences = sa.Table(
    "silences",
    metadata,
    sa.Column("id", sa.String, primary_key=True, comment="Short and unique."),
    sa.Column("matchers", sa.Text, nullable=False, comment="JSON; a list of [name, operator, value]."),
    sa.Column("starts_at", Utc, nullable=False, comment="From."),
    sa.Column("ends_at", Utc, nullable=False, comment="Until."),
    sa.Column("reason", sa.Text, nullable=False, comment="Why."),
    sa.Column("author", sa.String, nullable=False, comment="Who."),
    sa.Column("maintenance", sa.Boolean, nullable=False, comment="A planned window; SLOs leave it out."),
    sa.Column("created_at", Utc, nullable=False, comment="When it was made."),
    comment="Silences and maintenance windows.",
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("key", sa.String, primary_key=True, comment="Idempotency key; the same on every try."),
    sa.Column("channel", sa.String, nullable=False, comment="To whom."),
    sa.Column("group_name", sa.String, nullable=False, comment="What belongs together; arrives in order."),
    sa.Column("kind", sa.String, nullable=False, comment="firing, reminder, escalation, acknowledged, resolved, test."),
    sa.Column("severity", sa.Integer, nullable=False, comment="The worst of its alerts."),
    sa.Column("ts", Utc, nullable=False, comment="When it was decided."),
    sa.Column("payload", sa.Text, nullable=False, comment="JSON; the message."),
    sa.Column("attempts", sa.Integer, nullable=False, comment="Tries so far."),
    sa.Column("due_at", Utc, nullable=False, comment="When it is to be tried next."),
    sa.Column("leased_until", Utc, comment="Somebody is trying it until then."),
    sa.Column("delivered_at", Utc, comment="When the receiver took it; NULL: not yet."),
    sa.Column("failed_at", Utc, comment="When it was given up for good."),
    sa.Column("handed_to", sa.String, comment="The backup channel that got a copy."),
    sa.Column("last_detail", sa.Text, nullable=False, comment="What the last try brought, in words."),
    sa.Index("ix_outbox_waiting", "due_at", sqlite_where=sa.text("delivered_at IS NULL AND failed_at IS NULL")),
    sa.Index("ix_outbox_ts", "ts"),
    comment="Messages, from the transaction that decided them until they arrived or were given up.",
)

outbox_alerts = sa.Table(
    "outbox_alerts",
    metadata,
    sa.Column("key", sa.String, primary_key=True, comment="Which message."),
    sa.Column("alert_id", sa.String, primary_key=True, comment="An alert that it is about."),
    sa.Index("ix_outbox_alerts_alert_id", "alert_id"),
    comment="Which messages told of which alerts.",
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, comment="Order."),
    sa.Column("key", sa.String, nullable=False, comment="Which message."),
    sa.Column("channel", sa.String, nullable=False, comment="To whom."),
    sa.Column("ts", Utc, nullable=False, comment="When it was tried."),
    sa.Column("attempt", sa.Integer, nullable=False, comment="The how manyth try."),
    sa.Column("delivered", sa.Boolean, nullable=False, comment="Whether the receiver took it."),
    sa.Column("permanent", sa.Boolean, nullable=False, comment="Whether trying again cannot help."),
    sa.Column("detail", sa.Text, nullable=False, comment="What the receiver answered, without secrets."),
    sa.Column("duration_ms", sa.Double, nullable=False, comment="How long it took."),
    sa.Index("ix_deliveries_key", "key"),
    comment="Every try to deliver a message.",
)
