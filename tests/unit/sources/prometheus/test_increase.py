from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxbooster_ops.sources.prometheus.increase import increase, series_key

COUNTS = st.integers(min_value=0, max_value=2**50).map(float)
LABELS = st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=4)


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        pytest.param(None, 7.0, None, id="first sight says nothing about growth"),
        pytest.param(7.0, 7.0, 0.0, id="no growth is zero"),
        pytest.param(7.0, 9.0, 2.0, id="growth"),
        pytest.param(7.0, 6.0, 6.0, id="a counter that fell started from zero"),
        pytest.param(7.0, 0.0, 0.0, id="restarted and nothing counted yet"),
    ],
)
def test_increase_is_the_growth_since_the_previous_scrape(before, now, expected):
    assert increase(before, now) == expected


@given(st.lists(st.tuples(COUNTS, st.booleans()), min_size=1))
def test_increases_add_up_to_everything_counted_over_all_lives_of_a_process(steps):
    """`steps` are events counted and whether the process then starts again; a scrape follows each step."""
    counter, truth, seen, before = 0.0, 0.0, 0.0, 0.0
    for counted, restarts in steps:
        counter += counted
        truth += counted
        grown = increase(before, counter)
        assert grown is not None
        assert grown >= 0
        seen, before = seen + grown, counter
        if restarts:
            counter = 0.0
            before_restart_is_visible = increase(before, counter)
            assert before_restart_is_visible == 0.0
            before = counter
    assert seen == truth


@given(st.text(max_size=5), LABELS)
def test_a_key_does_not_depend_on_the_order_of_labels(name, labels):
    assert series_key(name, labels) == series_key(name, dict(reversed(labels.items())))


@given(st.tuples(st.text(max_size=5), LABELS), st.tuples(st.text(max_size=5), LABELS))
def test_different_series_have_different_keys(one, other):
    assert (series_key(*one) == series_key(*other)) == (one == other)
