"""The end of a burn-in: judged, reported, kept, and the session closed.

Belongs here: the order of these steps, which can be done again from the start wherever they were interrupted. Not here:
the verdict (`verdict/`), what a report says (`report/`).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from maxbooster_ops.clock import utc_now
from maxbooster_ops.readiness.burn_in import sessions
from maxbooster_ops.readiness.burn_in.composing import Tally
from maxbooster_ops.readiness.burn_in.grid import Grid
from maxbooster_ops.readiness.burn_in.judgement import Course, Judgement
from maxbooster_ops.readiness.burn_in.keeping import Keeper
from maxbooster_ops.readiness.burn_in.owner import Owner
from maxbooster_ops.readiness.burn_in.session import Session, SessionStatus
from maxbooster_ops.readiness.report.files import kept_path
from maxbooster_ops.store.findings import BurnInCheck, DrillResult
from maxbooster_ops.store.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A burn-in that was judged: its session and checks, the judgement, and where the report is, without an ending."""

    session: Session
    checks: Sequence[BurnInCheck]
    judgement: Judgement
    report: Path


def report(keeper: Keeper, status: SessionStatus, *, now: datetime) -> Reported:
    """Judge what `keeper` kept, write the report, keep the result and end the session as `status`.

    A session that has ended is judged and reported once more and else stays as it is.
    """
    # Jinja and the arithmetic of verdicts are nothing that a burn-in under way should hold.
    from maxbooster_ops.readiness.burn_in.report.writing import write_burn_in_report  # noqa: PLC0415
    from maxbooster_ops.readiness.burn_in.verdict.judging import judge  # noqa: PLC0415

    if keeper.session.status is SessionStatus.RUNNING:
        # Whoever takes it up if we die now shall end it as well.
        keeper.recover(now, cancels=status is SessionStatus.CANCELLED)
        keeper.keep(now)
        keeper.store()
        keeper.note_stored()
    session, checks = keeper.session, keeper.checks()
    keeper.close()  # open, it takes 30 MB beside all that follows
    target = Tally.of(session.memories).target
    course = Course(
        started_at=session.started_at,
        ended_at=session.ended_at or now,
        ended_early=status is not SessionStatus.FINISHED,
        takeovers=session.takeovers,
        paused_seconds=session.paused_seconds,
    )
    judgement = judge(checks, session.plan, course)
    path = write_burn_in_report(keeper.home, session, checks, judgement, target=target, ended_at=course.ended_at)
    kept = kept_path(keeper.home, path)
    keeper.store_result(_result(session, course, judgement, target=target, report=kept))
    if session.status is SessionStatus.RUNNING:
        session = keeper.end(status, verdict=judgement.verdict, report=kept, now=now)
    return Reported(session=session, checks=checks, judgement=judgement, report=path)


def report_orphan(state: State, session_id: str, *, now: datetime | None = None) -> Reported:
    """Give up a running session that nobody works on, with a report.

    It is partial, unless the last check was taken and only the report is missing. Of a session that has ended, the
    report is written again. Raises `DrillError` where somebody works on it.
    """
    at = now or utc_now()
    session = sessions.find(state, session_id)
    status = session.status
    if status is SessionStatus.RUNNING:
        session = sessions.claim(state, session_id, owner=Owner.own(), now=at)
        status = _given_up(session)
    with closing(Keeper(state, session)) as keeper:
        return report(keeper, status, now=at)


def _given_up(session: Session) -> SessionStatus:
    if Grid.of(session).is_complete(session.last_check_at):
        return SessionStatus.FINISHED
    return SessionStatus.ABANDONED if session.cancel_asked_at is None else SessionStatus.CANCELLED


def _result(session: Session, course: Course, judgement: Judgement, *, target: str, report: str) -> DrillResult:
    figures = {
        "planned_hours": session.plan.duration / timedelta(hours=1),
        "checks": judgement.checks,
        "expected_checks": judgement.expected_checks,
        "success_rate": judgement.success_rate,
        "coverage": judgement.coverage,
        "memory_growth_mb": judgement.memory_growth_mb,
        "memory_growth_mb_per_day": judgement.memory_growth_mb_per_day,
        "redis_latency_avg_ms": judgement.redis_latency_avg_ms,
        "failed_jobs": judgement.failed_jobs,
        "takeovers": session.takeovers,
    }
    return DrillResult(
        ts=course.ended_at,
        drill="burn_in",
        drill_id=session.id,
        scenario="",
        target=target,
        started_at=session.started_at,
        verdict=judgement.verdict.value,
        valid_for_release=judgement.valid_for_release,
        reasons=[reason.text for reason in judgement.reasons],
        numbers={name: float(figure) for name, figure in figures.items() if figure is not None},
        report=report,
    )
