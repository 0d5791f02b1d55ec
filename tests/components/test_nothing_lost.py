"""What evaluates and delivers is killed again and again, and the receiver fails three of ten requests: nothing is lost.

The same in large, on the whole running stack too, is `tests/benchmarks/alert_kills.py`.
"""

from __future__ import annotations

import pytest
from support.alert_audit import audit, taken
from support.receiver_process import receiver_process
from support.tick_kills import TickDrill

KILLS = 8


@pytest.fixture(scope="module")
def drill(tmp_path_factory):
    """One drill, twenty times as fast as life, with the accounts of what arrived."""
    folder = tmp_path_factory.mktemp("kills")
    with receiver_process(folder, fail_ratio=0.3, hang_seconds=1) as receiver:
        drilled = TickDrill(root=folder / "home", receiver=receiver, wanted=KILLS, speed=20, seed=3)
        drilled.run()
        yield drilled, audit(drilled.root, taken(receiver.log))


def test_it_was_killed_at_random_and_between_deciding_and_sending(drill):
    drilled, _ = drill
    assert sum(drilled.kills.values()) == KILLS
    assert set(drilled.kills) == {"at random", "between deciding and sending"}


def test_every_firing_and_every_end_that_was_decided_arrived(drill):
    _, found = drill
    assert found.missing == []
    assert found.firings == found.resolves > 0


def test_whatever_was_not_told_has_a_recorded_reason(drill):
    assert drill[1].unexplained == []


def test_the_alerts_are_exactly_what_the_lake_saw(drill):
    assert drill[1].not_as_the_lake_saw == []


def test_one_decision_has_one_key_on_every_try_and_is_made_once(drill):
    _, found = drill
    assert (found.other_keys, found.twice_decided) == ([], [])


def test_no_end_arrives_before_its_beginning(drill):
    assert drill[1].out_of_order == []
