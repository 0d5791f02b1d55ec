"""Burn-ins in the state: one is running, one process works on it, and who lost it writes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from support.burn_in_lives import race

from maxbooster_ops.clock import utc_now
from maxbooster_ops.errors import DrillError
from maxbooster_ops.readiness.burn_in import sessions
from maxbooster_ops.readiness.burn_in.owner import SILENT_FOR, Owner, OwnershipLostError, orphaned
from maxbooster_ops.readiness.burn_in.plan import Plan
from maxbooster_ops.readiness.burn_in.session import SessionStatus
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.state import open_state

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
RACERS = 20


@pytest.fixture
def state(tmp_path, made_home):
    made_home(tmp_path / "home")
    with open_state(Home(root=tmp_path / "home")) as opened:
        yield opened


def begun(state, *, owner=None, now=NOON):
    return sessions.begin(state, Plan(), launched_by="terminal", run_id=None, owner=owner or Owner.own(), now=now)


def of_a_dead_process(owner):
    return replace(owner, created=owner.created - 1)


def test_of_twenty_that_begin_at_once_one_does(state):
    answers = race(state.home.root, racers=RACERS)
    (session,) = sessions.newest(state, RACERS)
    assert answers.count(session.owner) == 1
    refusals = [answer for answer in answers if answer != session.owner]
    assert len(refusals) == RACERS - 1
    assert all(f"Burn-in {session.id} is running since" in refusal for refusal in refusals)


def test_of_twenty_that_take_up_an_orphan_at_once_one_does(state):
    left = begun(state, owner=of_a_dead_process(Owner.own()), now=utc_now())
    answers = race(state.home.root, racers=RACERS, resumes=left.id)
    taken = sessions.find(state, left.id)
    assert answers.count(taken.owner) == 1
    assert sum(answer.startswith("Burn-in") for answer in answers) == RACERS - 1
    assert taken.takeovers == 1


def test_who_lost_a_session_writes_nothing(state):
    mine = begun(state, owner=of_a_dead_process(Owner.own()))
    theirs = sessions.resume(state, mine.id, run_id="run", owner=Owner.own(), now=NOON)
    for change in (
        lambda: sessions.look(state, mine),
        lambda: sessions.beat_heart(state, mine, NOON + HOUR),
        lambda: sessions.note_stored(state, mine),
        lambda: sessions.end(state, mine, SessionStatus.FINISHED, verdict="PASS", report="here", now=NOON),
    ):
        with pytest.raises(OwnershipLostError, match="taken over by another process"):
            change()
    assert sessions.find(state, mine.id) == theirs


@pytest.mark.parametrize(
    ("owner", "silent_for", "expected"),
    [
        pytest.param(Owner.own(), HOUR * 0, False, id="lives and says so"),
        pytest.param(Owner.own(), SILENT_FOR, False, id="silent for just so long"),
        pytest.param(Owner.own(), SILENT_FOR + timedelta(seconds=1), True, id="silent for longer"),
        pytest.param(of_a_dead_process(Owner.own()), HOUR * 0, True, id="known to be dead"),
        pytest.param(
            replace(of_a_dead_process(Owner.own()), host="another"),
            HOUR * 0,
            False,
            id="of another host, so nobody knows",
        ),
    ],
)
def test_a_session_is_orphaned_where_its_owner_is_dead_or_silent(state, owner, silent_for, expected):
    session = begun(state, owner=owner)
    assert orphaned(session, NOON + silent_for) is expected


def test_a_pause_moves_the_end_and_the_grid(state):
    session = begun(state)
    assert sessions.ask_to_cancel(state, session.id, NOON + HOUR)
    session = sessions.beat_heart(state, session, NOON + HOUR)
    assert session.cancel_asked_at == NOON + HOUR
    ended = sessions.end(state, session, SessionStatus.CANCELLED, verdict="PARTIAL", report="r", now=NOON + HOUR)
    assert not sessions.ask_to_cancel(state, session.id, NOON + HOUR)
    resumed = sessions.resume(state, session.id, run_id="run", owner=Owner.own(), now=NOON + 3 * HOUR)
    assert (ended.status, ended.owner) == (SessionStatus.CANCELLED, None)
    assert resumed.paused_seconds == 7200
    assert resumed.target_end_at == session.target_end_at + 2 * HOUR
    assert (resumed.status, resumed.cancel_asked_at, resumed.ended_at) == (SessionStatus.RUNNING, None, None)
    assert resumed.takeovers == 0, "nothing crashed"


def test_what_ran_to_its_end_is_not_resumed_and_what_is_not_there_is_said(state):
    session = begun(state)
    sessions.end(state, session, SessionStatus.FINISHED, verdict="PASS", report="r", now=NOON + 24 * HOUR)
    with pytest.raises(DrillError, match="ran to its end at 2026-03-03 12:00"):
        sessions.resume(state, session.id, run_id=None, owner=Owner.own(), now=NOON + 25 * HOUR)
    with pytest.raises(DrillError, match="There is no burn-in `bi-none`"):
        sessions.resume(state, "bi-none", run_id=None, owner=Owner.own(), now=NOON)
    assert sessions.running(state) is None


def test_a_cancelled_one_is_not_resumed_beside_a_running_one(state):
    first = begun(state)
    sessions.end(state, first, SessionStatus.CANCELLED, verdict="PARTIAL", report="r", now=NOON)
    second = begun(state, now=NOON + HOUR)
    with pytest.raises(DrillError, match=f"Burn-in {second.id} is running"):
        sessions.resume(state, first.id, run_id=None, owner=Owner.own(), now=NOON + 2 * HOUR)
