from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from maxbooster_ops.sandbox.http.fault_routes import (
    ErrorsOrder,
    FlakyOrder,
    LeakOrder,
    SlowOrder,
    StopQueueOrder,
    ThrashCacheOrder,
)
from maxbooster_ops.sandbox.http.faults import (
    MOST_LEAKED_MB,
    Errors,
    FaultBoard,
    Flaky,
    Leak,
    Slow,
    StoppedQueue,
    shown,
)

NOON = 1_800_000_000.0


def board_with(*faults) -> FaultBoard:
    board = FaultBoard()
    for fault in faults:
        board.switch_on(fault)
    return board


@given(st.integers(min_value=1, max_value=50))
def test_exactly_as_many_requests_fail_as_were_ordered(count):
    board = board_with(Errors(until=None, remaining=count))
    outcomes = [board.take_error(NOON) for _ in range(count + 5)]
    assert outcomes == [True] * count + [False] * 5
    assert board.active(NOON) == []


@pytest.mark.parametrize(
    ("seconds", "fails"),
    [pytest.param(9.999, True, id="just before the end"), pytest.param(10.0, False, id="exactly at the end")],
)
def test_errors_of_a_duration_end_with_it(seconds, fails):
    board = board_with(Errors(until=NOON + 10, remaining=None))
    assert [board.take_error(NOON + seconds) for _ in range(3)] == [fails] * 3


def test_errors_with_a_count_and_a_duration_end_with_whichever_is_over_first():
    assert not board_with(Errors(until=NOON + 10, remaining=5)).take_error(NOON + 10)
    board = board_with(Errors(until=NOON + 10, remaining=1))
    assert [board.take_error(NOON + 1) for _ in range(2)] == [True, False]


def test_a_new_order_takes_the_place_of_the_one_before():
    board = board_with(Slow(until=NOON + 60, milliseconds=500.0), Slow(until=NOON + 5, milliseconds=20.0))
    assert board.delay_ms(NOON) == 20.0
    assert board.delay_ms(NOON + 5) == 0.0


def test_several_queues_can_be_stopped_at_once():
    stopped = [StoppedQueue(until=NOON + 5, queue="forecast"), StoppedQueue(until=NOON + 9, queue="export-data")]
    board = board_with(*stopped)
    assert [fault.queue for fault in board.active(NOON + 6)] == ["export-data"]


@given(share=st.floats(min_value=0, max_value=1), seed=st.integers(), asked=st.integers(min_value=1, max_value=300))
def test_of_any_number_of_answers_that_share_is_flaky(share, seed, asked):
    board = board_with(Flaky(until=NOON + 60, share=share, seed=seed))
    broken = sum(board.take_flake("/health", NOON) for _ in range(asked))
    assert broken == pytest.approx(share * asked, abs=1)


def test_flaky_answers_are_counted_by_endpoint_and_anew_for_each_order():
    """So that who asks all endpoints at once finds all well or all ill, whatever happened before."""
    flaky = Flaky(until=NOON + 60, share=0.03, seed=7)
    board = board_with(flaky)
    first = [board.take_flake("/health", NOON) for _ in range(100)]
    assert [board.take_flake("/api/status", NOON) for _ in range(100)] == first
    board.switch_on(flaky)
    assert [board.take_flake("/health", NOON) for _ in range(100)] == first
    assert (sum(first), board.take_flake("/health", NOON + 60)) == (3, False)


@pytest.mark.parametrize(
    ("seconds", "mb"),
    [
        pytest.param(0, 0.0, id="at the start"),
        pytest.param(30, 60.0, id="after half a minute"),
        pytest.param(300, MOST_LEAKED_MB, id="at the bound"),
        pytest.param(600, 0.0, id="all is given back at the end"),
    ],
)
def test_a_leak_grows_up_to_its_bound_and_ends(seconds, mb):
    board = board_with(Leak(until=NOON + 600, mb_per_minute=120.0, since=NOON))
    assert board.leaked_mb(NOON + seconds) == mb


def test_reset_switches_everything_off_and_says_what_was_on():
    errors = Errors(until=None, remaining=3)
    board = board_with(errors)
    assert board.reset() == [errors]
    assert board.active(NOON) == []


def test_a_fault_is_shown_with_its_end_and_its_numbers():
    assert shown(Slow(until=NOON, milliseconds=250.0)) == {
        "fault": "slow",
        "until": "2027-01-15T08:00:00+00:00",
        "milliseconds": 250.0,
    }


@pytest.mark.parametrize(
    ("order", "body", "reason"),
    [
        pytest.param(ErrorsOrder, "{}", "give `count`", id="errors without a bound"),
        pytest.param(ErrorsOrder, '{"count": 0}', "greater than or equal to 1", id="no errors at all"),
        pytest.param(ErrorsOrder, '{"count": 1, "colour": "red"}', "Extra inputs", id="an unknown field"),
        pytest.param(ErrorsOrder, "[]", "object", id="not an object"),
        pytest.param(SlowOrder, '{"milliseconds": 5}', "duration", id="slow without an end"),
        pytest.param(SlowOrder, '{"milliseconds": 70000, "duration": 5}', "60000", id="slower than any client waits"),
        pytest.param(LeakOrder, '{"mb_per_minute": -1, "duration": 5}', "greater than 0", id="a leak backwards"),
        pytest.param(LeakOrder, '{"mb_per_minute": 1, "duration": 1e9}', "86400", id="longer than a day"),
        pytest.param(FlakyOrder, '{"share": 1.5, "duration": 5}', "less than or equal to 1", id="more than all"),
        pytest.param(StopQueueOrder, '{"queue": "nope", "duration": 5}', "no queue of the sandbox", id="unknown queue"),
        pytest.param(ThrashCacheOrder, '{"cache": "redis", "duration": 5}', "'social' or", id="unknown cache"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_with_the_reason(order, body, reason):
    with pytest.raises(ValidationError, match=reason):
        order.model_validate_json(body)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"milliseconds": NaN, "duration": 5}', id="NaN"),
        pytest.param('{"milliseconds": 5, "duration": Infinity}', id="infinity"),
    ],
)
def test_numbers_that_json_does_not_have_are_refused(text):
    with pytest.raises(ValidationError):
        SlowOrder.model_validate_json(text)
