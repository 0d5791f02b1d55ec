"""Budgets against figures worked out by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxbooster_ops.slo.budget import BUDGET_PERIOD, budget_minutes, spent
from maxbooster_ops.slo.burn_rate import burn_rate

TARGETS = st.floats(min_value=0.5, max_value=0.99999)
SHARES = st.floats(min_value=0, max_value=1)


@pytest.mark.parametrize(
    ("target", "minutes"), [(0.9995, 21.6), (0.999, 43.2), (0.99, 432), (0.9999, 4.32), (0.95, 2160)]
)
def test_a_month_has_43200_minutes_and_a_target_leaves_some_of_them(target, minutes):
    assert budget_minutes(target) == minutes


@pytest.mark.parametrize(
    ("bad_share", "seen", "minutes"),
    [
        pytest.param(1.0, timedelta(minutes=10), 10.0, id="an outage of ten minutes, and nothing else seen"),
        pytest.param(0.0005, BUDGET_PERIOD, 21.6, id="a month exactly at the limit"),
        pytest.param(0.01, timedelta(days=1), 14.4, id="a day with 1 % errors"),
    ],
)
def test_minutes_are_spent_by_the_share_of_bad_events_in_the_time_that_was_seen(bad_share, seen, minutes):
    budget = spent(0.9995, bad_share=bad_share, seen=seen)
    assert budget.spent_minutes == pytest.approx(minutes)
    assert budget.left_minutes == pytest.approx(21.6 - minutes, abs=1e-9)


def test_what_is_spent_to_the_last_second_is_exhausted():
    assert spent(0.75, bad_share=0.25, seen=BUDGET_PERIOD).is_exhausted
    assert not spent(0.75, bad_share=0.2499, seen=BUDGET_PERIOD).is_exhausted


def test_without_data_nobody_knows_what_is_spent():
    budget = spent(0.9995, bad_share=None, seen=timedelta())
    assert (budget.spent_minutes, budget.left_minutes, budget.left_share, budget.is_exhausted) == (
        None,
        None,
        None,
        False,
    )


@given(target=TARGETS, share=SHARES)
def test_the_burn_rate_of_a_whole_month_is_how_many_budgets_it_spent(target, share):
    budget = spent(target, bad_share=share, seen=BUDGET_PERIOD)
    assert budget.spent_minutes == pytest.approx(burn_rate(share, target) * budget.minutes)
