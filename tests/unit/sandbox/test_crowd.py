from __future__ import annotations

from collections import Counter
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxbooster_ops.sandbox.http.active_users import ActiveUsers
from maxbooster_ops.sandbox.http.ai_cache import IDLE_TIMEOUT_SECONDS, MOST_MODELS, ModelType
from maxbooster_ops.sandbox.http.crowd import REQUESTS_PER_SECOND, visit
from maxbooster_ops.sandbox.http.product import FORECASTS_PER_DAY, product_routes

NOON = 1_800_000_000.0
REQUESTS_PER_IDLE_TIMEOUT = int(REQUESTS_PER_SECOND * IDLE_TIMEOUT_SECONDS)


@given(seed=st.integers(), number=st.integers(min_value=0, max_value=10**7))
def test_the_same_seed_makes_the_same_visit(seed, number):
    assert visit(seed=seed, number=number) == visit(seed=seed, number=number)


def test_the_crowd_asks_only_for_what_the_product_offers():
    offered = {(method, route.path) for route in product_routes() for method in route.methods or ()}
    asked = {(visit(seed=1, number=n).method, visit(seed=1, number=n).path) for n in range(5000)}
    assert asked <= offered


def test_visits_come_at_the_planned_rate():
    gaps = [visit(seed=1, number=n).after_seconds for n in range(5000)]
    assert 1 / mean(gaps) == pytest.approx(REQUESTS_PER_SECOND, rel=0.1)


@pytest.mark.parametrize("model_type", [pytest.param(model_type, id=model_type.value) for model_type in ModelType])
def test_without_faults_the_caches_stay_below_the_stricter_alert(model_type):
    """Staging warns above 80 %; a sandbox that always alerts would teach nobody anything."""
    start = 10_000
    users = {
        coming.user
        for coming in (visit(seed=1, number=n) for n in range(start, start + REQUESTS_PER_IDLE_TIMEOUT))
        if ("model", model_type.value) in coming.query
    }
    assert 0.3 < len(users) / MOST_MODELS[model_type] < 0.8


def test_every_tier_is_among_the_users():
    tiers = Counter(dict(visit(seed=1, number=n).query).get("tier") for n in range(5000))
    assert set(FORECASTS_PER_DAY) <= set(tiers)


@pytest.mark.parametrize(
    ("seconds", "count"),
    [pytest.param(299.9, 2, id="just before five minutes"), pytest.param(300.0, 1, id="exactly five minutes")],
)
def test_a_user_is_active_for_five_minutes_after_the_last_request(seconds, count):
    users = ActiveUsers()
    users.saw("ben", now=NOON - 100)
    users.saw("ada", now=NOON)
    users.saw("ben", now=NOON + 1)
    assert users.count(now=NOON + seconds) == count
