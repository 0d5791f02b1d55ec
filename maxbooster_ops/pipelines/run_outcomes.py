"""How runs of our own jobs end: noted for the rule that tells people of a pipeline that fails.

Belongs here: the sensor. Not here: the rule (`alerting/rules/`), or what is noted
(`alerting/evaluating/watched_jobs.py`).

Dagster's own sensors on a status look at one status each, and a tick costs what it costs: this one looks at both.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from maxbooster_ops.alerting.evaluating.watched_jobs import job_ended
from maxbooster_ops.clock import utc_now
from maxbooster_ops.errors import redact
from maxbooster_ops.pipelines.refusals import was_refused
from maxbooster_ops.pipelines.resources import OpsResource
from maxbooster_ops.pipelines.sensor_ticks import ticks_every
from maxbooster_ops.pipelines.warm_alerting import WarmAlerting

_AGAIN = timedelta(seconds=5)
"""Runs that ended so long before the newest one seen are read again: they may have been committed after it."""

_MOST_RUNS = 500


@dg.sensor(
    name="run_failures",
    minimum_interval_seconds=ticks_every(30),
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="A run of ours that failed raises the alert pipeline_failure; the next one that succeeds resolves it.",
)
def run_failures(
    context: dg.SensorEvaluationContext, ops: OpsResource, warm: dg.ResourceParam[WarmAlerting]
) -> dg.SensorResult:
    """Note how runs ended; the next tick of `alert_rules` makes an alert of a failure."""
    since = datetime.fromisoformat(context.cursor) if context.cursor else utc_now()
    ended = runs_ended_since(context.instance, since - _AGAIN)
    if told := [one for one in ended if not was_refused(one.dagster_run)]:
        with warm.state(ops.settings()).writing() as connection:
            for one in told:
                run, failed = one.dagster_run, one.dagster_run.status is dg.DagsterRunStatus.FAILURE
                detail = failure_of(context.instance, run.run_id) if failed else ""
                job_ended(connection, run.job_name, run_id=run.run_id, failed=failed, detail=detail, at=_ended_at(one))
    failures = sum(one.dagster_run.status is dg.DagsterRunStatus.FAILURE for one in told)
    return dg.SensorResult(
        skip_reason=f"{len(ended)} runs ended, {failures} of them failed, {len(ended) - len(told)} were refused.",
        cursor=max([since, *(one.update_timestamp for one in ended)]).isoformat(),
    )


def runs_ended_since(instance: dg.DagsterInstance, since: datetime) -> Sequence[dg.RunRecord]:
    """Give the runs that failed or succeeded after `since`, in the order in which they did."""
    wanted = dg.RunsFilter(
        statuses=[dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS], updated_after=since.astimezone(UTC)
    )
    return instance.get_run_records(wanted, limit=_MOST_RUNS, order_by="update_timestamp", ascending=True)


def failure_of(instance: dg.DagsterInstance, run_id: str) -> str:
    """Say why a run failed, as Dagster recorded it, without credentials."""
    found = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.RUN_FAILURE, limit=1).records
    return redact(found[-1].event_log_entry.user_message or found[-1].event_log_entry.message) if found else ""


def _ended_at(run: dg.RunRecord) -> datetime:
    return datetime.fromtimestamp(run.end_time, UTC) if run.end_time else run.update_timestamp
