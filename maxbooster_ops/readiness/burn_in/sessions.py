"""Burn-ins in the state: every change, each one transaction that only the session's owner can make.

Belongs here: beginning, resuming, keeping, cancelling and ending sessions. Not here: taking a check (`checking.py`), or
when one is due (`running.py`). A change names the owner that it comes from and happens only where that still is the
owner, so two processes that both believe to own a session cannot both write to it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter

from maxbooster_ops.errors import DrillError, RefusedError
from maxbooster_ops.readiness.burn_in.owner import Owner, OwnershipLostError, orphaned
from maxbooster_ops.readiness.burn_in.plan import Plan
from maxbooster_ops.readiness.burn_in.session import Session, SessionStatus
from maxbooster_ops.store.drill_tables import burn_in_sessions
from maxbooster_ops.store.findings import BurnInCheck
from maxbooster_ops.store.state import State

_Changes = Mapping[str, Any]


def begin(state: State, plan: Plan, *, launched_by: str, run_id: str | None, owner: Owner, now: datetime) -> Session:
    """Begin a burn-in that `owner` works on; raises `RefusedError` where one is running."""
    session_id = f"bi-{secrets.token_hex(4)}"
    with state.writing() as connection:
        if row := connection.execute(_chosen(status=SessionStatus.RUNNING)).first():
            raise _already(_session(row))
        connection.execute(
            sa.insert(burn_in_sessions).values(
                id=session_id,
                status=SessionStatus.RUNNING,
                plan=plan.model_dump_json(),
                launched_by=launched_by,
                started_at=now,
                target_end_at=now + plan.duration,
                paused_seconds=0.0,
                checks_done=0,
                memories="{}",
                unstored="[]",
                takeovers=0,
                **_owned_by(owner, run_id, now),
            )
        )
        return _read(connection, session_id)


def resume(state: State, session_id: str, *, run_id: str | None, owner: Owner, now: datetime) -> Session:
    """Let `owner` go on with a burn-in: a running one whose owner is dead, or one that was cancelled or given up.

    The time that a burn-in stood cancelled or given up does not count: its end moves by it, and so does its grid of
    checks. Raises `RefusedError` where somebody works on it, where it is finished, and where another one is running.
    """
    with state.writing() as connection:
        session = _read(connection, session_id)
        match session.status:
            case SessionStatus.FINISHED:
                raise RefusedError(f"Burn-in {session_id} ran to its end at {session.ended_at:%Y-%m-%d %H:%M} UTC.")
            case SessionStatus.RUNNING:
                if not orphaned(session, now):
                    raise _already(session)
                changes: _Changes = {"takeovers": session.takeovers + 1}
            case _:
                if row := connection.execute(_chosen(status=SessionStatus.RUNNING)).first():
                    raise _already(_session(row))
                changes = _after_pause(session, now)
        _update(connection, session_id, {**changes, **_owned_by(owner, run_id, now)})
        return _read(connection, session_id)


def find(state: State, session_id: str) -> Session:
    """Give a session; raises `RefusedError` where there is none of this id."""
    with state.reading() as connection:
        return _read(connection, session_id)


def newest(state: State, limit: int) -> list[Session]:
    """Give the newest sessions, the newest first."""
    with state.reading() as connection:
        query = sa.select(burn_in_sessions).order_by(burn_in_sessions.c.started_at.desc()).limit(limit)
        return [_session(row) for row in connection.execute(query)]


def running(state: State) -> Session | None:
    """Give the session that is running, whether or not somebody works on it; None where there is none."""
    with state.reading() as connection:
        row = connection.execute(_chosen(status=SessionStatus.RUNNING)).first()
        return _session(row) if row else None


def ask_to_cancel(state: State, session_id: str, now: datetime) -> bool:
    """Ask whoever works on a running session to stop; False where it does not run, so that nobody will."""
    with state.writing() as connection:
        session = _read(connection, session_id)
        if session.status is SessionStatus.RUNNING and session.cancel_asked_at is None:
            _update(connection, session_id, {"cancel_asked_at": now})
        return session.status is SessionStatus.RUNNING


def look(state: State, session: Session) -> Session:
    """Read a session as it is now; raises `OwnershipLostError` where it is not its owner's any more."""
    found = find(state, session.id)
    if (found.owner, found.status) != (session.owner, session.status):
        raise _lost(session)
    return found


def claim(state: State, session_id: str, *, owner: Owner, now: datetime) -> Session:
    """Let `owner` end a running session that nobody works on; raises `DrillError` where somebody does."""
    with state.writing() as connection:
        session = _read(connection, session_id)
        if session.status is not SessionStatus.RUNNING:
            raise DrillError(f"Burn-in {session_id} does not run: it is {session.status}.")
        if not orphaned(session, now):
            raise _already(session)
        _update(connection, session_id, _owned_by(owner, session.run_id, now))
        return _read(connection, session_id)


def beat_heart(state: State, session: Session, now: datetime) -> Session:
    """Say that the owner lives, and give the session as it is now."""
    return _change(state, session, {"heartbeat_at": now})


def keep_checks(
    state: State, session: Session, checks: Sequence[BurnInCheck], memories: Mapping[str, Any], *, now: datetime
) -> Session:
    """Keep new checks with what the sources remember after the last of them: both or neither, once."""
    return _change(
        state,
        session,
        {
            "checks_done": checks[-1].number,
            "last_check_at": checks[-1].due,
            "memories": json.dumps(dict(memories)),
            "unstored": _json([*session.unstored, *checks]),
            "heartbeat_at": now,
        },
    )


def note_stored(state: State, session: Session) -> Session:
    """Note that the lake has every check that `session` says it may not have."""
    return _change(state, session, {"unstored": "[]"})


def end(
    state: State, session: Session, status: SessionStatus, *, verdict: str | None, report: str | None, now: datetime
) -> Session:
    """End a session: nobody owns it any more."""
    return _change(
        state,
        session,
        {
            "status": status,
            "verdict": verdict,
            "report": report,
            "ended_at": now,
            "owner": None,
            "owner_pid": None,
            "owner_created": None,
            "owner_host": None,
            "heartbeat_at": None,
        },
    )


def _after_pause(session: Session, now: datetime) -> _Changes:
    pause = now - (session.ended_at or now)
    return {
        "status": SessionStatus.RUNNING,
        "ended_at": None,
        "cancel_asked_at": None,
        "paused_seconds": session.paused_seconds + pause.total_seconds(),
        "target_end_at": session.target_end_at + pause,
        # Where it stands on the grid, which has moved; the check itself says when it really was due.
        "last_check_at": session.last_check_at + pause if session.last_check_at else None,
    }


def _owned_by(owner: Owner, run_id: str | None, now: datetime) -> _Changes:
    return {
        "run_id": run_id,
        "owner": owner.token,
        "owner_pid": owner.pid,
        "owner_created": owner.created,
        "owner_host": owner.host,
        "heartbeat_at": now,
    }


def _change(state: State, session: Session, changes: _Changes) -> Session:
    """Change a session where its owner and its status are still those that `session` names.

    Raises `OwnershipLostError` where they are not, with nothing changed.
    """
    table = burn_in_sessions.c
    is_unmoved = sa.and_(
        table.id == session.id, table.status == session.status, table.owner.is_not_distinct_from(session.owner)
    )
    with state.writing() as connection:
        if connection.execute(sa.update(burn_in_sessions).where(is_unmoved).values(**changes)).rowcount != 1:
            raise _lost(session)
        return _read(connection, session.id)


def _update(connection: sa.Connection, session_id: str, changes: _Changes) -> None:
    connection.execute(sa.update(burn_in_sessions).where(burn_in_sessions.c.id == session_id).values(**changes))


def _chosen(**values: Any) -> sa.Select[Any]:
    return sa.select(burn_in_sessions).filter_by(**values)


def _read(connection: sa.Connection, session_id: str) -> Session:
    row = connection.execute(_chosen(id=session_id)).first()
    if row is None:
        raise RefusedError(f"There is no burn-in `{session_id}`; `maxbooster-ops burn-in --list` shows the newest.")
    return _session(row)


def _session(row: sa.Row[Any]) -> Session:
    values = dict(row._mapping)  # noqa: SLF001 -- SQLAlchemy's public name for it
    return Session(
        **{
            **values,
            "status": SessionStatus(row.status),
            "plan": Plan.model_validate_json(row.plan),
            "memories": json.loads(row.memories),
            "unstored": tuple(_checks_json().validate_json(row.unstored)),
        }
    )


def _lost(session: Session) -> OwnershipLostError:
    return OwnershipLostError(f"Burn-in {session.id} was taken over by another process, or ended. Nothing was written.")


def _already(session: Session) -> RefusedError:
    return RefusedError(
        f"Burn-in {session.id} is running since {session.started_at:%Y-%m-%d %H:%M} UTC: wait until "
        f"{session.target_end_at:%Y-%m-%d %H:%M} UTC, or stop it with `maxbooster-ops burn-in --stop {session.id}`."
    )


def _json(checks: Sequence[BurnInCheck]) -> str:
    return _checks_json().dump_json(list(checks)).decode()


@cache
def _checks_json() -> TypeAdapter[list[BurnInCheck]]:
    return TypeAdapter(list[BurnInCheck])
