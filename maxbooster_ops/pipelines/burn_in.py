"""The burn-in in Dagster: one op that takes checks for a day and can be taken up again, shown as two assets.

Belongs here: the launchpad's fields, the op, its jobs and assets. Not here: sessions, checks and verdicts
(`readiness/burn_in/`), or what happens when a run dies (`burn_in_supervisor.py`).
"""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import dagster as dg
from pydantic import Field, create_model

from maxbooster_ops.alerting.evaluating.watched_jobs import job_ended
from maxbooster_ops.clock import utc_now
from maxbooster_ops.errors import RefusedError, StoreError
from maxbooster_ops.pipelines.burn_in_showing import CHECKS, FIT, REPORT, observation, report_events
from maxbooster_ops.pipelines.groups import OWNERS, READINESS
from maxbooster_ops.pipelines.refusals import marking_refusals
from maxbooster_ops.pipelines.resources import OpsResource
from maxbooster_ops.processes.deferring import deferred_requests
from maxbooster_ops.readiness.burn_in.asking import length, must_watch_something, plan_of, thresholds_from
from maxbooster_ops.readiness.burn_in.judgement import Verdict, speaks_of_release
from maxbooster_ops.readiness.burn_in.owner import Owner
from maxbooster_ops.readiness.burn_in.plan import Plan, Thresholds
from maxbooster_ops.readiness.burn_in.reporting import Reported
from maxbooster_ops.readiness.burn_in.running import BurnIn, Ending, open_burn_in
from maxbooster_ops.readiness.burn_in.session import Session
from maxbooster_ops.readiness.burn_in.sessions import ask_to_cancel, begin, newest, resume
from maxbooster_ops.settings import Settings
from maxbooster_ops.store.findings import BurnInCheck
from maxbooster_ops.store.state import State, open_state
from maxbooster_ops.watching import home_of, targets_of

SESSION_TAG = "maxbooster_ops/burn_in"
"""The session that a run works on."""

SUSPENDED_TAG = "maxbooster_ops/suspended"
"""On a run that ended because the installation was stopped: its session goes on at the next start."""

_ONLY_SUPERVISOR_RESUMES = {"dagster/max_retries": "0"}
"""Dagster's own retry of a crashed run would race the supervisor, and would begin another burn-in."""

_NOBODY_ASKED = "The installation is being stopped; the burn-in goes on when it is started again."

STOPPED = frozenset({dg.DagsterRunStatus.CANCELING, dg.DagsterRunStatus.CANCELED})

_LOOKED_BACK = 100
"""Burn-ins among which the newest that says anything about a release is looked for."""

_FIELDS: dict[str, Any] = {
    name: (field.annotation, Field(default=field.default, description=field.description))
    for name, field in Thresholds.model_fields.items()
}
"""Of the launchpad. Without their bounds: Dagster would hold them against those in a run, in words of pydantic's."""


class ThresholdsConfig(create_model("ThresholdsFields", __base__=dg.Config, **_FIELDS)):  # type: ignore[misc]
    """Beyond which figures the burn-in does not pass; the defaults are the product's promise."""


class BurnInConfig(dg.Config):
    """What a burn-in is to do. Left as it is: a check every five minutes for 24 hours."""

    duration: str = Field(default="24h", description="How long, such as `24h`, `90m` or `1h 30m`; at most `30d`.")
    interval: str = Field(default="5m", description="Time from check to check, such as `5m` or `10s`.")
    thresholds: ThresholdsConfig = Field(
        default=ThresholdsConfig(), description="Beyond which figures the burn-in does not pass."
    )
    resume: str = Field(
        default="",
        description="The id of a burn-in that was stopped, such as `bi-3f2a91c0`: it goes on as it was asked for, and "
        "the rest of this configuration is ignored. Empty: a new one.",
    )

    def plan(self) -> Plan:
        """Give the plan; raises `RefusedError` with a sentence where it makes none."""
        try:
            thresholds = thresholds_from(self.thresholds.model_dump())
            return plan_of(length(self.duration), length(self.interval), thresholds)
        except ValueError as error:
            raise RefusedError(f"The burn-in cannot begin: {error}.") from error


@dg.op(description="Take a check of every part of the platform at each interval, until the end; then report.")
def take_burn_in_checks(context: dg.OpExecutionContext, config: BurnInConfig, ops: OpsResource) -> None:
    """Begin a burn-in, or take one up, and record each check as it happens."""
    settings = ops.settings()
    with open_state(home_of(settings)) as state:
        with marking_refusals(context):
            session = _session(context, config, state, settings)
        with open_burn_in(settings, state, session) as burn_in, deferred_requests() as requests:
            show = partial(_show, context, state, session)
            for check in session.unstored:  # who kept them died before it could show them, perhaps
                show(check)
            try:
                ending = burn_in.run(show, requests.wait)
            except KeyboardInterrupt:
                _interrupted(context, burn_in, state)
                raise dg.DagsterExecutionInterruptedError from None
            _ended(context, burn_in, ending)


@dg.job(
    description="Check the platform every five minutes for 24 hours and say whether a release may rest on it.",
    executor_def=dg.in_process_executor,
    tags=_ONLY_SUPERVISOR_RESUMES,
)
def burn_in() -> None:
    """Give the launchpad something to launch."""
    take_burn_in_checks()


@dg.job(
    description="The same as `burn_in`, but ten minutes with a check every ten seconds: to see it work.",
    executor_def=dg.in_process_executor,
    tags=_ONLY_SUPERVISOR_RESUMES,
    config=dg.RunConfig(ops={"take_burn_in_checks": BurnInConfig(duration="10m", interval="10s")}),
)
def burn_in_rehearsal() -> None:
    """Give the launchpad something short to launch."""
    take_burn_in_checks()


checks_asset = dg.AssetSpec(
    CHECKS,
    group_name=READINESS,
    owners=OWNERS,
    kinds={"duckdb", "redis", "http"},
    description="Every check of a burn-in as an observation with its numbers. Launch the job `burn_in`.",
)

report_asset = dg.AssetSpec(
    REPORT,
    group_name=READINESS,
    owners=OWNERS,
    kinds={"markdown", "duckdb"},
    description="The report of each burn-in: verdict, reasons, figures, trends, failures. Partial where it was ended.",
    deps=[CHECKS],
)


@dg.asset_check(
    asset=REPORT,
    name=FIT,
    description="The newest burn-in of a day that ran to its end says PASS or CONDITIONAL PASS, and none failed since.",
)
def newest_is_fit_for_release(ops: OpsResource) -> dg.AssetCheckResult:
    """Look at the newest verdict again."""
    with open_state(home_of(ops.settings())) as state:
        session = next(filter(_speaks_of_release, newest(state, _LOOKED_BACK)), None)
    if session is None:
        return dg.AssetCheckResult(
            passed=False, severity=dg.AssetCheckSeverity.WARN, description="No burn-in of a day has run to its end yet."
        )
    said = f"{session.verdict}: burn-in {session.id}, ended at {session.ended_at:%Y-%m-%d %H:%M} UTC"
    return dg.AssetCheckResult(passed=session.verdict in {Verdict.PASS, Verdict.CONDITIONAL_PASS}, description=said)


def runs_of(instance: dg.DagsterInstance, session: Session) -> Iterator[dg.DagsterRun]:
    """Give every run of a burn-in: those that say so, and the one that the session names."""
    tagged = instance.get_runs(dg.RunsFilter(tags={SESSION_TAG: session.id}))
    yield from tagged
    if session.run_id and session.run_id not in {run.run_id for run in tagged}:
        own = instance.get_run_by_id(session.run_id)
        if own:
            yield own


def _speaks_of_release(session: Session) -> bool:
    return speaks_of_release(session.verdict, is_rehearsal=session.plan.is_rehearsal)


def _session(context: dg.OpExecutionContext, config: BurnInConfig, state: State, settings: Settings) -> Session:
    """Begin or resume, and let the run say whose it is."""
    if resumed := config.resume.strip():
        session = resume(state, resumed, run_id=context.run_id, owner=Owner.own(), now=utc_now())
    else:
        must_watch_something(targets_of(settings))
        session = begin(
            state, config.plan(), launched_by="dagster", run_id=context.run_id, owner=Owner.own(), now=utc_now()
        )
    context.instance.add_run_tags(context.run_id, {SESSION_TAG: session.id})
    context.log.info(
        "Burn-in %s: %d of %d checks are done; it ends at %s.",
        session.id,
        session.checks_done,
        session.plan.expected_checks,
        session.target_end_at,
    )
    return session


def _show(context: dg.OpExecutionContext, state: State, session: Session, check: BurnInCheck) -> None:
    """Show a check, and say that the job does its work: the alert on a run of it that died before is over."""
    context.log_event(observation(check, session.plan.expected_checks))
    for problem in check.problems:
        context.log.warning("Check %d: %s", check.number, problem)
    with suppress(StoreError), state.writing() as connection:  # the next check says it again
        job_ended(connection, context.job_name, run_id=context.run_id, failed=False, detail="", at=utc_now())


def _interrupted(context: dg.OpExecutionContext, burn_in: BurnIn, state: State) -> None:
    """Report what was seen where a person pressed Terminate; leave the session to the next start where nobody did.

    Dagster writes down that a run is being cancelled before it interrupts it; who stops the installation does not.
    """
    run = context.instance.get_run_by_id(context.run_id)
    if run and run.status in STOPPED:
        ask_to_cancel(state, burn_in.session.id, utc_now())
        _record(context, burn_in.report(Ending.CANCELLED))
    elif run and not run.is_finished:
        context.instance.add_run_tags(run.run_id, {SUSPENDED_TAG: "true"})
        context.instance.report_run_canceling(run, _NOBODY_ASKED)


def _ended(context: dg.OpExecutionContext, burn_in: BurnIn, ending: Ending) -> None:
    """Report; a run whose burn-in was stopped from elsewhere is cancelled, one whose burn-in was lost has failed."""
    if ending is Ending.LOST:
        said = f"Another process works on burn-in {burn_in.session.id} now, or it was ended; this run wrote no more."
        raise dg.Failure(said, allow_retries=False)
    _record(context, burn_in.report(ending))
    if ending is Ending.CANCELLED:
        context.instance.report_run_canceling(context.run, f"Burn-in {burn_in.session.id} was to be stopped.")
        raise dg.DagsterExecutionInterruptedError


def _record(context: dg.OpExecutionContext, reported: Reported) -> None:
    for event in report_events(reported):
        # It takes checks too; only its annotation lags behind.
        context.log_event(event)  # type: ignore[arg-type]
    context.log.info("Burn-in %s: %s", reported.session.id, reported.judgement.verdict)
