"""The supervisor of burn-ins: sees whose process is gone, and has them taken up again.

Belongs here: looking at the session and its runs every minute, and doing what was decided. Not here: the decision
(`burn_in_supervising.py`).
"""

from collections.abc import Sequence

import dagster as dg

from maxbooster_ops.alerting.evaluating.watched_jobs import made_good
from maxbooster_ops.clock import utc_now
from maxbooster_ops.errors import MaxboosterError, StoreError
from maxbooster_ops.pipelines.burn_in import (
    SESSION_TAG,
    STOPPED,
    SUSPENDED_TAG,
    BurnInConfig,
    burn_in,
    burn_in_rehearsal,
    runs_of,
)
from maxbooster_ops.pipelines.burn_in_showing import observation, report_events
from maxbooster_ops.pipelines.burn_in_supervising import Decision, RunSeen, Step, decide
from maxbooster_ops.pipelines.resources import OpsResource
from maxbooster_ops.pipelines.run_launcher import has_process
from maxbooster_ops.pipelines.sensor_ticks import ticks_every
from maxbooster_ops.pipelines.warm_alerting import WarmAlerting
from maxbooster_ops.readiness.burn_in.owner import orphaned
from maxbooster_ops.readiness.burn_in.reporting import report_orphan
from maxbooster_ops.readiness.burn_in.session import Session, SessionStatus
from maxbooster_ops.readiness.burn_in.sessions import newest, running
from maxbooster_ops.store.state import State

FOUND_TAG = "maxbooster_ops/burn_in_checks"
"""How many checks there were when the supervisor asked for a run."""


@dg.sensor(
    name="burn_in_supervisor",
    jobs=[burn_in, burn_in_rehearsal],
    minimum_interval_seconds=ticks_every(60),
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Takes a burn-in up again whose process is gone, or ends it with a partial report where nobody will.",
)
def burn_in_supervisor(
    context: dg.SensorEvaluationContext, ops: OpsResource, warm: dg.ResourceParam[WarmAlerting]
) -> dg.SensorResult:
    """Look once."""
    settings, now = ops.settings(), utc_now()
    try:
        state = warm.state(settings)
        _make_good(state)
        session = running(state)
    except StoreError as error:
        return dg.SensorResult(skip_reason=str(error))
    if session is None or not orphaned(session, now):
        return dg.SensorResult(skip_reason=f"{session.id} is worked on" if session else "no burn-in is running")
    runs = list(runs_of(context.instance, session))
    decision = decide(session, [_seen(run) for run in runs], now)
    for run in runs:
        if run.run_id in decision.dead_runs:
            _report_dead(context.instance, run)
    context.log.info("Burn-in %s: %s, since %s", session.id, decision.step, decision.reason)
    return _do(context, decision, session, runs, state)


def _report_dead(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    said = "The process of this run is gone."
    if run.status is dg.DagsterRunStatus.CANCELING:
        instance.report_run_canceled(run, said)
    else:
        instance.report_run_failed(run, said)


def _do(
    context: dg.SensorEvaluationContext,
    decision: Decision,
    session: Session,
    runs: Sequence[dg.DagsterRun],
    state: State,
) -> dg.SensorResult:
    said = f"{session.id}: {decision.reason}"
    if decision.step is Step.WAIT:
        return dg.SensorResult(skip_reason=said)
    if decision.step is Step.RESUME:
        return dg.SensorResult(run_requests=[_request(session, runs)])
    try:
        reported = report_orphan(state, session.id)
    except MaxboosterError as error:  # somebody took it up meanwhile, or the store is busy: the next tick sees
        context.log.warning(str(error))
        return dg.SensorResult(skip_reason=str(error))
    expected = session.plan.expected_checks
    unshown = [observation(check, expected) for check in session.unstored]  # who kept them died before, perhaps
    return dg.SensorResult(skip_reason=f"{said}: ended", asset_events=[*unshown, *report_events(reported)])


def _make_good(state: State) -> None:
    """End the alert on a run that died where its burn-in, the newest, has ended with a report, whoever wrote that."""
    session = next(iter(newest(state, 1)), None)
    if session and session.run_id and session.report and session.status is not SessionStatus.RUNNING:
        with state.writing() as connection:
            made_good(connection, session.run_id)


def _request(session: Session, runs: Sequence[dg.DagsterRun]) -> dg.RunRequest:
    """Ask for a run that takes the session up; the same request again, until that run is there, asks for no second."""
    return dg.RunRequest(
        job_name=_job_of(session, runs),
        run_key=f"{session.id}-{session.takeovers}-{len(runs)}",
        run_config=dg.RunConfig(ops={"take_burn_in_checks": BurnInConfig(resume=session.id)}),
        tags={SESSION_TAG: session.id, FOUND_TAG: str(session.checks_done)},
    )


def _job_of(session: Session, runs: Sequence[dg.DagsterRun]) -> str:
    return next((run.job_name for run in runs if run.run_id == session.run_id), burn_in.name)


def _seen(run: dg.DagsterRun) -> RunSeen:
    # One that the installation's end cut short says nothing about whether a run can take checks.
    found = None if SUSPENDED_TAG in run.tags else run.tags.get(FOUND_TAG)
    return RunSeen(
        run_id=run.run_id,
        is_over=run.is_finished,
        has_process=has_process(run),
        stopped_by_person=run.status in STOPPED and SUSPENDED_TAG not in run.tags,
        found_checks=int(found) if found else None,
    )
