"""The life of a series: each edge just before, at and after."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.rules import at, rule, samples, seconds

from maxbooster_ops.alerting.alert import Change
from maxbooster_ops.alerting.evaluating.engine import Phase, SeriesMemory, advance
from maxbooster_ops.alerting.rule import Comparison, Condition

S = timedelta(seconds=1)


def story(judged, values, evaluations):
    """Tell what happens: (seconds after noon, change, value), in order."""
    _, transitions = advance(judged, None, samples(values), seconds(*evaluations))
    return [((one.at - at(0)).total_seconds(), one.change, one.value) for one in transitions]


def test_without_a_for_it_fires_in_the_evaluation_that_sees_it_and_is_never_pending():
    assert story(rule(), {0: 50, 30: 150}, [0, 30]) == [(30, Change.FIRING, 150)]


@pytest.mark.parametrize(
    ("evaluated", "expected"),
    [
        pytest.param(329.999999, [(30, Change.PENDING, 150)], id="a microsecond before `for` is over"),
        pytest.param(330, [(30, Change.PENDING, 150), (330, Change.FIRING, 150)], id="when it is over"),
        pytest.param(331, [(30, Change.PENDING, 150), (331, Change.FIRING, 150)], id="a second later"),
    ],
)
def test_a_pending_series_fires_once_it_was_true_for_so_long(evaluated, expected):
    """Counted from the evaluation that first saw it, not from the sample."""
    judged = rule(for_=300 * S, stale_after=1000 * S)
    assert story(judged, {0: 50, 10: 150}, [0, 30, evaluated]) == expected


def test_a_pending_series_that_recovers_starts_over():
    judged = rule(for_=60 * S)
    assert story(judged, {0: 150, 30: 50, 60: 150, 90: 150}, [0, 30, 60, 90, 119, 120]) == [
        (0, Change.PENDING, 150),
        (30, Change.INACTIVE, 50),
        (60, Change.PENDING, 150),
        (120, Change.FIRING, 150),
    ]


def test_without_a_keep_it_resolves_in_the_evaluation_that_sees_it():
    assert story(rule(), {0: 150, 30: 50}, [0, 30]) == [(0, Change.FIRING, 150), (30, Change.RESOLVED, 50)]


@pytest.mark.parametrize(
    ("evaluated", "expected"),
    [
        pytest.param(129.999999, [], id="a microsecond before the keep is over"),
        pytest.param(130, [(130, Change.RESOLVED, 50)], id="when it is over"),
    ],
)
def test_a_firing_series_is_kept_firing_from_the_first_evaluation_that_saw_it_clear(evaluated, expected):
    judged = rule(keep_firing_for=100 * S)
    assert story(judged, {0: 150, 20: 50}, [0, 30, evaluated]) == [(0, Change.FIRING, 150), *expected]


def test_one_more_breach_starts_the_keep_over():
    judged = rule(keep_firing_for=60 * S)
    assert story(judged, {0: 150, 30: 50, 60: 150, 90: 50}, [0, 30, 60, 90, 149, 150]) == [
        (0, Change.FIRING, 150),
        (150, Change.RESOLVED, 50),
    ]


@pytest.mark.parametrize(
    ("evaluated", "expected"),
    [
        pytest.param(299.999999, [], id="a microsecond younger"),
        pytest.param(300, [(300, Change.NO_DATA, None)], id="exactly as old"),
    ],
)
def test_a_sample_speaks_until_it_is_as_old_as_stale_after(evaluated, expected):
    assert story(rule(), {0: 150}, [0, evaluated]) == [(0, Change.FIRING, 150), *expected]


def test_no_data_neither_resolves_nor_repeats_itself_and_data_is_judged_when_it_is_back():
    assert story(rule(), {0: 150, 900: 50}, [0, 300, 330, 600, 900]) == [
        (0, Change.FIRING, 150),
        (300, Change.NO_DATA, None),
        (900, Change.DATA_AGAIN, 50),
        (900, Change.RESOLVED, 50),
    ]


def test_time_without_data_does_not_count_towards_resolving():
    judged = rule(keep_firing_for=60 * S, stale_after=30 * S)
    assert story(judged, {0: 150, 10: 50, 100: 50, 130: 50, 160: 50}, [0, 10, 40, 100, 130, 159, 160]) == [
        (0, Change.FIRING, 150),
        (40, Change.NO_DATA, None),
        (100, Change.DATA_AGAIN, 50),
        (160, Change.RESOLVED, 50),
    ]


def test_a_pending_series_without_data_becomes_inactive_and_not_no_data():
    judged = rule(for_=600 * S)
    assert story(judged, {0: 150}, [0, 300, 600]) == [(0, Change.PENDING, 150), (300, Change.INACTIVE, None)]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param({0: 150, 30: 150}, [], id="two are not three"),
        pytest.param({0: 150, 30: 150, 60: 150}, [(60, Change.FIRING, 150)], id="three in a row"),
        pytest.param({0: 150, 30: 50, 60: 150, 90: 150}, [], id="broken by a good one"),
        pytest.param({0: 150, 10: 150, 20: 150}, [(30, Change.FIRING, 150)], id="counted by samples, not evaluations"),
    ],
)
def test_consecutive_asks_for_so_many_samples_in_a_row(values, expected):
    assert story(rule(consecutive=3), values, [0, 30, 60, 90]) == expected


def test_samples_in_a_row_are_counted_across_calls():
    judged = rule(consecutive=3)
    memory, first = advance(judged, None, samples({0: 150, 30: 150}), seconds(0, 30))
    memory, second = advance(judged, memory, samples({60: 150}), seconds(60))
    assert (first, [one.change for one in second], memory.breaching) == ([], [Change.FIRING], 3)


def test_a_late_sample_counts_from_the_next_evaluation_on():
    memory, first = advance(rule(), None, samples({0: 50}), seconds(0, 30))
    _, second = advance(rule(), memory, samples({20: 150}), seconds(60))
    assert (first, [(one.change, one.at) for one in second]) == ([], [(Change.FIRING, at(60))])


def test_a_sample_older_than_the_newest_seen_is_too_late_to_count():
    memory, _ = advance(rule(), None, samples({0: 50, 30: 50}), seconds(30))
    _, transitions = advance(rule(), memory, samples({20: 150, 30: 50}), seconds(60))
    assert transitions == []


def test_a_sample_newer_than_the_last_evaluation_is_left_for_the_next_call():
    memory, first = advance(rule(), None, samples({0: 50, 40: 150}), seconds(30))
    _, second = advance(rule(), memory, samples({40: 150}), seconds(60))
    assert (first, memory.last_us, [one.change for one in second]) == (
        [],
        int(at(0).timestamp()) * 1_000_000,
        [Change.FIRING],
    )


def test_beats_at_odd_microseconds_meet_their_deadline_exactly():
    """As floats of seconds, .123457 + 300 may come out below itself."""
    judged = rule(for_=300 * S, stale_after=1000 * S)
    for micro in range(123_400, 123_500):
        odd = micro / 1e6
        assert [change for _, change, _ in story(judged, {odd: 150}, [odd, odd + 300])] == [
            Change.PENDING,
            Change.FIRING,
        ], micro


def test_nothing_to_evaluate_changes_nothing():
    memory = SeriesMemory(phase=Phase.FIRING, last_us=1, last_value=2.0)
    assert advance(rule(), memory, samples({0: 50}), seconds()) == (memory, [])


def test_a_series_never_seen_is_inactive_and_not_no_data():
    assert advance(rule(), None, samples({}), seconds(0, 30)) == (SeriesMemory(), [])


def test_the_memory_survives_json_to_the_last_bit():
    memory = SeriesMemory(
        phase=Phase.FIRING,
        active_us=1_795_262_400_123_457,
        clearing_us=1_795_262_430_000_001,
        last_us=1_795_262_430_000_001,
        last_value=0.1 + 0.2,
        breaching=7,
    )
    assert SeriesMemory.from_json(memory.to_json()) == memory


def test_a_condition_may_look_below():
    below = Condition(comparison=Comparison.BELOW, threshold=100)
    assert story(rule(condition=below), {0: 150, 30: 50}, [0, 30]) == [(30, Change.FIRING, 50)]
