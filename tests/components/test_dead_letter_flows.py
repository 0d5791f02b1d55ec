"""Dead letters of flows: parents and children come back in order, and never run without what they wait for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.dead_letter_rig import BROKEN, effects, mend

from maxbooster_ops.dead_letters.deciding import Refusal
from maxbooster_ops.dead_letters.letter import LetterState

HOUR = timedelta(hours=1, seconds=1)
WORKS = {"effects": "effects"}


def test_a_child_that_comes_back_lets_its_waiting_parent_run_once(rig):
    parent, child, other = die_as_a_flow(rig, {})
    rig.look()
    assert [letter.job.job_id for letter in rig.letters()] == [child]
    mend(rig)
    assert rig.redrive().returned == 1
    rig.until("parents", completed=1)
    assert effects(rig) == sorted(job.encode() for job in (parent, child, other))
    rig.look()
    assert rig.letter().state is LetterState.RECOVERED


def test_a_parent_that_failed_with_its_child_comes_back_after_it_and_does_its_work_once(rig):
    """BullMQ's own retry would run such a parent at once, and fail it when its work is done."""
    parent, child, other = die_as_a_flow(rig, {"failParentOnFailure": True})
    rig.until("parents", failed=1)
    rig.look()
    mend(rig)
    redriven = rig.redrive()
    assert (redriven.returned, redriven.refused) == (1, {Refusal.WAITS_FOR_CHILDREN: 1})
    rig.until("children", completed=2)
    rig.look()
    (waiting,) = rig.letters(states=(LetterState.PENDING,))
    assert (waiting.job.job_id, waiting.tries, "bring them back first" in waiting.note) == (parent, 0, True)
    rig.ahead += HOUR
    assert rig.redrive().returned == 1
    rig.until("parents", completed=1)
    assert effects(rig) == sorted(job.encode() for job in (parent, child, other))
    assert len(rig.platform.tell("state", queue="parents", id=parent)["data"]) == 2, (
        "it has the values of both children"
    )


@pytest.mark.parametrize(
    "option", ["ignoreDependencyOnFailure", "removeDependencyOnFailure", "continueParentOnFailure"]
)
def test_a_parent_that_went_on_without_its_child_does_not_run_again_when_the_child_comes_back(rig6, option):
    parent, child, other = die_as_a_flow(rig6, {option: True})
    rig6.until("parents", completed=1)
    rig6.look()
    mend(rig6)
    assert rig6.redrive().returned == 1
    rig6.until("children", completed=2)
    rig6.look()
    assert rig6.letter().state is LetterState.RECOVERED
    assert effects(rig6) == sorted(job.encode() for job in (parent, child, other))
    rig6.until("parents", completed=1, waiting=0, active=0)


def test_a_parent_whose_children_are_gone_comes_back_with_what_they_left(rig6):
    child = {"name": "child", "queueName": "children", "data": WORKS, "opts": {"removeOnComplete": True}}
    (parent, done) = start_flow(rig6, [child], parent=BROKEN)
    rig6.until("parents", failed=1)
    rig6.look()
    mend(rig6)
    assert rig6.redrive().returned == 1
    rig6.until("parents", completed=1)
    assert effects(rig6) == sorted([parent.encode(), done.encode()])
    assert len(rig6.platform.tell("state", queue="parents", id=parent)["data"]) == 1


def test_a_parent_whose_dead_child_was_removed_is_parked_since_bullmq_never_completes_it(rig6):
    parent, child, _ = die_as_a_flow(rig6, {"failParentOnFailure": True})
    rig6.until("parents", failed=1)
    rig6.look()
    rig6.platform.tell("remove", queue="children", id=child)
    assert rig6.redrive().refused == {Refusal.GONE: 1, Refusal.CHILD_REMOVED: 1}
    of_job = {letter.job.job_id: letter for letter in rig6.letters()}
    assert (of_job[parent].state, of_job[child].state) == (LetterState.PARKED, LetterState.DISCARDED)
    assert parent.encode() not in effects(rig6)
    rig6.platform.tell("retry", queue="parents", id=parent)  # what BullMQ itself makes of it
    rig6.until("parents", failed=1, active=0, waiting=0)
    assert "failed child" in rig6.platform.tell("state", queue="parents", id=parent)["reason"]


def die_as_a_flow(rig, opts):
    """Let one of two children of a parent die; gives the ids of the parent, that child and the other."""
    child = {"name": "child", "queueName": "children", "data": BROKEN, "opts": opts}
    other = {"name": "other", "queueName": "children", "data": WORKS}
    ids = start_flow(rig, [child, other], parent=WORKS)
    rig.until("children", failed=1, completed=1)
    return ids


def start_flow(rig, children, *, parent):
    with rig.redis.client() as client:
        client.set("outage", 1)
    for queue in ("parents", "children"):
        rig.platform.tell("work", queue=queue)
    flow = {"name": "parent", "queueName": "parents", "data": parent, "children": children}
    return rig.platform.tell("flow", flow=flow)
