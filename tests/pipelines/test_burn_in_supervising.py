"""What the supervisor decides about a burn-in whose process is gone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.burn_ins import session_of
from support.facts import NOON

from maxbooster_ops.pipelines.burn_in_supervising import MOST_TRIES, RunSeen, Step, decide

MINUTE = timedelta(minutes=1)


def run(run_id="first", *, is_over=False, has_process=False, stopped=False, found=None):
    return RunSeen(
        run_id=run_id, is_over=is_over, has_process=has_process, stopped_by_person=stopped, found_checks=found
    )


def test_a_burn_in_whose_run_was_killed_is_resumed_and_that_run_is_dead():
    decision = decide(session_of(checks_done=7), [run()], NOON)
    assert (decision.step, list(decision.dead_runs)) == (Step.RESUME, ["first"])
    assert decision.reason == "its process is gone after 7 checks"


def test_a_run_that_dagster_knows_to_have_failed_is_not_reported_again():
    assert list(decide(session_of(), [run(is_over=True)], NOON).dead_runs) == []


@pytest.mark.parametrize(
    "coming",
    [
        pytest.param(run("second", has_process=None), id="it waits to be started"),
        pytest.param(run("second", has_process=True), id="it has not taken the session up yet"),
    ],
)
def test_no_second_run_is_asked_for_while_one_is_coming(coming):
    decision = decide(session_of(), [run(is_over=True), coming], NOON)
    assert (decision.step, decision.reason) == (Step.WAIT, "run second is about to take it up")


def test_a_coming_run_that_was_killed_is_waited_for_by_nobody():
    decision = decide(session_of(), [run(is_over=True), run("second", has_process=False, found=0)], NOON)
    assert (decision.step, list(decision.dead_runs)) == (Step.RESUME, ["second"])


def test_the_owner_counts_as_dead_even_where_dagster_knows_no_process_of_its_run():
    assert list(decide(session_of(), [run(has_process=None)], NOON).dead_runs) == ["first"]


@pytest.mark.parametrize(
    ("session", "runs"),
    [
        pytest.param(session_of(cancel_asked_at=NOON), [run()], id="asked from a terminal"),
        pytest.param(session_of(), [run(stopped=True)], id="Terminate, killed before the report"),
        pytest.param(session_of(), [run(stopped=True, is_over=True)], id="Terminate, and Dagster gave up waiting"),
    ],
)
def test_what_a_person_wanted_to_stop_is_ended_and_not_resumed(session, runs):
    assert decide(session, runs, NOON).step is Step.END


@pytest.mark.parametrize(
    ("silent_for", "expected"),
    [
        pytest.param(10 * MINUTE - timedelta(seconds=1), Step.WAIT, id="one second before ten minutes"),
        pytest.param(10 * MINUTE, Step.GIVE_UP, id="ten minutes"),
    ],
)
def test_a_burn_in_of_a_terminal_waits_ten_minutes_for_a_person(silent_for, expected):
    session = session_of(launched_by="terminal", run_id=None, heartbeat_at=NOON - silent_for)
    assert decide(session, [], NOON).step is expected


def test_runs_that_never_take_a_check_end_after_five():
    failing = [run(f"run-{number}", is_over=True, found=7) for number in range(MOST_TRIES)]
    earlier = [run("earlier", is_over=True, found=6)]
    assert decide(session_of(checks_done=7), [*failing[1:], *earlier], NOON).step is Step.RESUME
    decision = decide(session_of(checks_done=7), failing, NOON)
    assert (decision.step, decision.reason) == (
        Step.GIVE_UP,
        "5 runs took it up one after the other and none took a check",
    )
