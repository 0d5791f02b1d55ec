from __future__ import annotations

from itertools import accumulate, pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from maxbooster_ops.sources.prometheus.increase import increase, series_key

COUNTS = st.integers(min_value=0, max_value=2**40).map(float)
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


@given(st.lists(COUNTS, min_size=1), st.lists(COUNTS, min_size=1))
def test_increases_add_up_to_what_two_lives_of_a_process_counted(first, second):
    """The second life is noticed where its first scrape is below the last of the first: then nothing is lost."""
    scrapes = [*accumulate(first), *accumulate(second)]
    grown = [increase(before, now) for before, now in pairwise(scrapes)]
    assume(second[0] < sum(first))
    assert sum(filter(None, grown)) == sum(first) - first[0] + sum(second)


@given(COUNTS, COUNTS)
def test_no_counter_ever_grows_by_less_than_nothing(before, now):
    grown = increase(before, now)
    assert grown is not None
    assert 0 <= grown <= now


@given(st.text(max_size=5), LABELS)
def test_a_key_does_not_depend_on_the_order_of_labels(name, labels):
    assert series_key(name, labels) == series_key(name, dict(reversed(labels.items())))


@given(st.tuples(st.text(max_size=5), LABELS), st.tuples(st.text(max_size=5), LABELS))
def test_different_series_have_different_keys(one, other):
    assert (series_key(*one) == series_key(*other)) == (one == other)
