"""How the jobs of our own pipelines ended, for the rule on them.

Belongs here: noting it. Not here: the rule (`rules/watching.yaml`).
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from maxbooster_ops.store.alert_tables import job_outcomes

_DETAIL_KEPT = 500


def job_ended(connection: sa.Connection, job: str, *, run_id: str, failed: bool, detail: str, at: datetime) -> None:
    """Note how the newest run of `job` ended, or that a long one does its work.

    What was so before what is noted already changes nothing: a failure may be read after the job goes on.
    """
    newest = connection.scalar(sa.select(job_outcomes.c.ts).where(job_outcomes.c.job == job))
    if newest is not None and newest > at:
        return
    connection.execute(sa.delete(job_outcomes).where(job_outcomes.c.job == job))
    connection.execute(
        sa.insert(job_outcomes).values(job=job, ts=at, failed=failed, run_id=run_id, detail=detail[:_DETAIL_KEPT])
    )


def job_failed(connection: sa.Connection, job: str) -> bool:
    """Tell whether the newest run of `job` failed."""
    return bool(connection.scalar(sa.select(job_outcomes.c.failed).where(job_outcomes.c.job == job)))


def made_good(connection: sa.Connection, run_id: str) -> None:
    """Note that what a run failed to do was done after all, without another run of its job."""
    failed = sa.and_(job_outcomes.c.run_id == run_id, job_outcomes.c.failed)
    connection.execute(sa.update(job_outcomes).where(failed).values(failed=False, detail=""))
