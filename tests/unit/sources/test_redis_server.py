from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxbooster_ops.sources.redis_server import evicted_per_minute, hit_ratio

BEFORE = {"at": 1000.0, "run_id": "a", "hits": 100, "misses": 50, "evicted": 7}
COUNTERS = st.fixed_dictionaries(
    {
        "at": st.floats(0, 10**9),
        "run_id": st.sampled_from(["a", "b", None]),
        "hits": st.integers(0, 10**9),
        "misses": st.integers(0, 10**9),
        "evicted": st.integers(0, 10**9),
    }
)


@pytest.mark.parametrize(
    ("change", "ratio", "evicted"),
    [
        pytest.param({"hits": 130, "misses": 60, "evicted": 10}, 0.75, 6.0, id="growth"),
        pytest.param({}, None, 0.0, id="no look-ups"),
        pytest.param({"misses": 51}, 0.0, 0.0, id="only misses"),
        pytest.param({"run_id": "b", "hits": 900, "misses": 900, "evicted": 900}, None, None, id="another server"),
        pytest.param({"hits": 5, "misses": 60}, None, 0.0, id="somebody reset the statistics"),
        pytest.param({"hits": 130, "at": 1000.0}, 1.0, None, id="no time went by"),
    ],
)
def test_rates_compare_counters_of_one_life_of_the_server(change, ratio, evicted):
    now = BEFORE | {"at": 1030.0} | change
    assert hit_ratio(BEFORE, now) == ratio
    assert evicted_per_minute(BEFORE, now) == evicted


def test_on_first_sight_nothing_is_known():
    assert (hit_ratio({}, BEFORE), evicted_per_minute({}, BEFORE)) == (None, None)


@given(COUNTERS, COUNTERS)
def test_no_two_readings_give_a_negative_number(before, now):
    ratio, evicted = hit_ratio(before, now), evicted_per_minute(before, now)
    assert ratio is None or 0 <= ratio <= 1
    assert evicted is None or evicted >= 0
