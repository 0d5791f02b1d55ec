from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxbooster_ops.sources.ai_cache.evictions import Eviction, missed, unseen

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

EVICTIONS = st.builds(
    Eviction,
    at=st.integers(0, 3).map(lambda seconds: NOON + timedelta(seconds=seconds)),
    cache=st.sampled_from(["social", "advertising"]),
    user_id=st.sampled_from(["a", "b"]),
    reason=st.just("lru"),
    idle_ms=st.sampled_from([None, 5.0]),
)


def eviction(user_id: str, *, cache: str = "social", seconds: int = 0) -> Eviction:
    return Eviction(at=NOON + timedelta(seconds=seconds), cache=cache, user_id=user_id, reason="lru", idle_ms=5.0)


def keys(evictions: list[Eviction]) -> list[str]:
    return [one.key for one in evictions]


def test_a_page_that_did_not_change_has_no_news():
    page = [eviction("a"), eviction("b")]
    assert unseen(page, keys(page)) == []


def test_two_evictions_of_one_user_at_one_instant_are_two():
    assert unseen([eviction("a"), eviction("a")], keys([eviction("a")])) == [eviction("a")]


@given(
    st.lists(EVICTIONS, max_size=30, unique_by=lambda one: one.key), st.integers(1, 10), st.lists(st.integers(0, 10))
)
def test_a_window_that_moves_no_further_than_it_is_long_shows_everything_once(history, length, steps):
    """The platform lists the last `length` events; at most as many happen between two looks."""
    seen: list[Eviction] = []
    before: list[str] = []
    happened = 0
    for step in [*steps, *[1] * len(history)]:
        happened = min(len(history), happened + min(step, length))
        page = history[max(0, happened - length) : happened]
        seen += unseen(page, before)
        before = keys(page)
    assert seen == history


@given(st.lists(EVICTIONS, max_size=20), st.lists(EVICTIONS, max_size=20))
def test_what_is_news_and_what_was_known_make_up_the_page(page, before):
    fresh = unseen(page, keys(before))
    assert Counter(keys(fresh)) == Counter(keys(page)) - Counter(keys(before))


@pytest.mark.parametrize(
    ("before", "now", "fresh", "expected"),
    [
        pytest.param({}, {"social": 50}, [], {}, id="first sight misses nothing"),
        pytest.param({"social": 50}, {"social": 50}, [], {}, id="nothing happened"),
        pytest.param({"social": 50}, {"social": 51}, [eviction("a")], {}, id="all was listed"),
        pytest.param({"social": 50}, {"social": 60}, [eviction("a")], {"social": 9}, id="more than was listed"),
        pytest.param({"social": 50}, {"social": 0}, [], {}, id="the platform restarted"),
        pytest.param({"social": 50}, {"social": 3}, [eviction("a")], {"social": 2}, id="restarted and went on"),
        pytest.param(
            {"social": 1, "advertising": 1},
            {"social": 2, "advertising": 2},
            [eviction("a"), eviction("b")],
            {"advertising": 1},
            id="each cache for itself",
        ),
    ],
)
def test_evictions_that_no_page_listed_are_counted(before, now, fresh, expected):
    assert missed(before, now, fresh) == expected
