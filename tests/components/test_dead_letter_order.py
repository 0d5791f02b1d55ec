"""In which order dead letters are taken up: the oldest failure first, and always the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from support.facts import NOON
from support.letters import LETTER

from maxbooster_ops.dead_letters import letter_store
from maxbooster_ops.dead_letters.letter import LetterState
from maxbooster_ops.dead_letters.selecting import Selection

JOBS = ("1", "2", "3", "4")


def letter(job_id, *, next_try_at):
    job = replace(LETTER.job, job_id=job_id)
    waiting = {"state": LetterState.PENDING, "try_token": None, "tried_at": None, "next_try_at": next_try_at}
    return replace(LETTER, id=letter_store.new_id(), job=job, **waiting)


@pytest.mark.parametrize(
    "selection",
    [
        pytest.param(Selection(), id="all"),
        pytest.param(Selection(states=(LetterState.PENDING,)), id="those that wait"),
        pytest.param(
            Selection(states=(LetterState.PENDING,), due_by=NOON + timedelta(hours=1)), id="those that are due"
        ),
        pytest.param(Selection(queues=("mail",)), id="of a queue"),
    ],
)
def test_of_the_same_moment_the_first_that_was_found_comes_first_whatever_is_picked(store, selection):
    """A queue fails several jobs in a millisecond, and their next tries are spread at random."""
    letters = [letter(job_id, next_try_at=NOON - timedelta(seconds=int(job_id))) for job_id in JOBS]
    with store.state.writing() as connection:
        letter_store.add(connection, letters, actor="test")
    with store.state.reading() as connection:
        found = letter_store.chosen(connection, selection)
    assert tuple(one.job.job_id for one in found) == JOBS
