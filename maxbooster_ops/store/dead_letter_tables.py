"""The state's tables of dead letters: every job that used up its attempts, and everything that was done about it.

Belongs here: their columns. Not here: what is done with them (`dead_letters/`), or how they came to be (`migrations/`).
"""

from __future__ import annotations

import sqlalchemy as sa

from maxbooster_ops.store.state import metadata
from maxbooster_ops.store.utc_column import Utc

dead_letters = sa.Table(
    "dead_letters",
    metadata,
    sa.Column("id", sa.String, primary_key=True, comment="Short and unique."),
    sa.Column("prefix", sa.String, nullable=False, comment="BullMQ key prefix."),
    sa.Column("queue", sa.String, nullable=False, comment="Queue name."),
    sa.Column("job_id", sa.String, nullable=False, comment="BullMQ job id."),
    sa.Column("name", sa.String, nullable=False, comment="Job name; empty where the job was gone before it was seen."),
    sa.Column("state", sa.String, nullable=False, comment="pending, retrying, recovered, parked or discarded."),
    sa.Column("reason", sa.Text, nullable=False, comment="Why the job failed last, at most 2000 characters, redacted."),
    sa.Column("stack", sa.Text, nullable=False, comment="Its newest stack, at most 8000 characters, redacted."),
    sa.Column("attempts", sa.Integer, nullable=False, comment="Attempts that the job itself had made."),
    sa.Column("payload", sa.Text, comment="Copy of the data, where the platform removes failed jobs; else NULL."),
    sa.Column(
        "payload_kept", sa.String, nullable=False, comment="redis, copied, redacted, too_large, unreadable or lost."
    ),
    sa.Column("options", sa.Text, nullable=False, comment="JSON; the job's own options: attempts, backoff, priority."),
    sa.Column("parent", sa.String, comment="Key of the parent job of a flow."),
    sa.Column("first_failed_at", Utc, nullable=False, comment="When it first became a dead letter."),
    sa.Column("last_failed_at", Utc, nullable=False, comment="When it last failed for good."),
    sa.Column("found_at", Utc, nullable=False, comment="When we saw it."),
    sa.Column("tries", sa.Integer, nullable=False, comment="Re-drives that reached the queue, at most 5."),
    sa.Column("next_try_at", Utc, comment="When it is due; NULL unless pending."),
    sa.Column("try_token", sa.String, comment="Names the try that is under way; the job carries it too."),
    sa.Column("tried_at", Utc, comment="When the newest try began."),
    sa.Column("ended_at", Utc, comment="When it was recovered or discarded; a parked one waits for a person."),
    sa.Column("note", sa.Text, nullable=False, comment="Why it is in this state, in words."),
    sa.Column(
        "version", sa.Integer, nullable=False, comment="Grows by one with every change; who changes it checks it."
    ),
    comment="Every job that used up its own attempts, until 30 days after it was recovered or discarded.",
)

sa.Index("dead_letters_by_job", dead_letters.c.prefix, dead_letters.c.queue, dead_letters.c.job_id)
sa.Index("dead_letters_due", dead_letters.c.state, dead_letters.c.next_try_at)
sa.Index(
    "dead_letters_open",
    dead_letters.c.prefix,
    dead_letters.c.queue,
    dead_letters.c.job_id,
    unique=True,
    sqlite_where=dead_letters.c.state.in_(("pending", "retrying", "parked")),
)

dead_letter_actions = sa.Table(
    "dead_letter_actions",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True, comment="In the order they were done."),
    sa.Column(
        "letter_id",
        sa.String,
        sa.ForeignKey("dead_letters.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
        comment="Which letter.",
    ),
    sa.Column("ts", Utc, nullable=False, comment="When."),
    sa.Column(
        "action",
        sa.String,
        nullable=False,
        comment="found, retried, refused, failed_again, recovered, parked, discarded or edited.",
    ),
    sa.Column("actor", sa.String, nullable=False, comment="Who: schedule, or a person as the command was told."),
    sa.Column("why", sa.Text, nullable=False, comment="Why, in words."),
    comment="Everything that was done about dead letters, append-only.",
)

failed_set_marks = sa.Table(
    "failed_set_marks",
    metadata,
    sa.Column("prefix", sa.String, primary_key=True, comment="BullMQ key prefix."),
    sa.Column("queue", sa.String, primary_key=True, comment="Queue name."),
    sa.Column("score_ms", sa.Double, nullable=False, comment="Finish time in ms up to which the failed set was read."),
    comment="How far the failed set of each queue was searched for dead letters.",
)
