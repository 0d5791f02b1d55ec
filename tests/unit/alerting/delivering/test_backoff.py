from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.facts import NOON

from maxbooster_ops.alerting.channels.channel import Sent
from maxbooster_ops.alerting.delivering.backoff import Next, next_step, wait

TEMPORARY = Sent(delivered=False, detail="answered 503")
PERMANENT = Sent(delivered=False, detail="answered 404", permanent=True)


class Late(Random):
    """Chance at its longest."""

    def uniform(self, a, b):  # noqa: ARG002 -- Random's
        return b


def step(sent, *, attempt=1, age=timedelta()):
    return next_step(sent, attempt=attempt, decided_at=NOON - age, now=NOON, random=Late())


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [
        pytest.param(1, 1, id="after the first failure"),
        pytest.param(2, 2, id="after the second"),
        pytest.param(3, 4, id="after the third"),
        pytest.param(9, 256, id="the last one below the cap"),
        pytest.param(10, 300, id="at the cap"),
        pytest.param(10_000, 300, id="after days of it"),
    ],
)
def test_waits_double_up_to_five_minutes(failures, seconds):
    assert wait(failures, Late()) == timedelta(seconds=seconds)


@given(failures=st.integers(1, 500), seed=st.integers())
def test_chance_takes_a_quarter_of_a_wait_at_most_and_adds_nothing(failures, seed):
    longest = wait(failures, Late())
    assert longest * 0.75 <= wait(failures, Random(seed)) <= longest


def test_messages_of_one_outage_do_not_come_back_at_once():
    chance = Random(1)
    assert len({wait(5, chance) for _ in range(20)}) > 15


def test_a_delivered_message_is_done():
    assert step(Sent(delivered=True, detail="answered 200")) == Next()


def test_a_permanent_error_is_given_up_at_once_and_handed_over():
    assert step(PERMANENT) == Next(given_up=True, hand_over=True)


@pytest.mark.parametrize(
    ("age", "given_up"),
    [
        pytest.param(timedelta(hours=24) - timedelta(seconds=1), False, id="a second before a day is over"),
        pytest.param(timedelta(hours=24), True, id="when a day is over"),
    ],
)
def test_a_temporary_error_is_given_up_after_a_day(age, given_up):
    decided = step(TEMPORARY, attempt=7, age=age)
    assert (decided.given_up, decided.due_at is None) == (given_up, given_up)


@pytest.mark.parametrize(
    ("attempt", "hand_over"),
    [pytest.param(4, False, id="the fourth failure"), pytest.param(5, True, id="the fifth")],
)
def test_a_backup_is_told_after_the_fifth_failure_while_trying_goes_on(attempt, hand_over):
    decided = step(TEMPORARY, attempt=attempt)
    assert decided.hand_over is hand_over
    assert decided.due_at is not None


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        pytest.param(timedelta(seconds=30), 30, id="longer than our own wait"),
        pytest.param(timedelta(seconds=0.3), 1, id="shorter than our own wait"),
        pytest.param(timedelta(), 1, id="at once"),
    ],
)
def test_what_the_receiver_asks_for_counts_when_it_is_longer(asked, seconds):
    sent = Sent(delivered=False, detail="answered 429", retry_after=asked)
    assert step(sent).due_at == NOON + timedelta(seconds=seconds)
