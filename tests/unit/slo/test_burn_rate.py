"""Burn rates, pairs and the guard: the workbook's figures, and what may and may not wake somebody."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.facts import NOON

from maxbooster_ops.slo.budget import BUDGET_PERIOD
from maxbooster_ops.slo.burn_rate import FAST, SLOW, SPANS, burn_rates, judge
from maxbooster_ops.slo.ledger import WINDOW, Ledger

DAYS_3 = 864
API, PROBED = 0.9995, 0.999


def windows(*shares: float, events: float = 1000, enough_bad: float = 5, every: timedelta = WINDOW) -> Ledger:
    """Give a ledger whose newest window ends at noon; the shares are of bad events, the newest last."""
    ledger = Ledger()
    for number, share in enumerate(shares, start=1 - len(shares)):
        ledger.add(NOON + number * every, weight=events, bad_share=share, evidence=events * share / enough_bad)
    return ledger


def probes(*shares: float, every: timedelta = WINDOW) -> Ledger:
    return windows(*shares, events=1, enough_bad=2, every=every)


def burns(pairs, ledger: Ledger, target: float) -> float | None:
    return judge(pairs, ledger, burn_rates(ledger, target, NOON), NOON)


@pytest.mark.parametrize(
    ("pair", "budget_gone"),
    [pytest.param(pair, gone, id=f"{pair.limit}") for pair, gone in zip((*FAST, *SLOW), (2, 5, 10, 10), strict=True)],
)
def test_each_limit_spends_the_share_of_the_budget_that_the_workbook_gives(pair, budget_gone):
    assert 100 * pair.limit * SPANS[pair.long] / BUDGET_PERIOD == pytest.approx(budget_gone)
    assert SPANS[pair.short] == SPANS[pair.long] / 12


@pytest.mark.parametrize(
    ("minutes", "fires"),
    [
        pytest.param(5, True, id="100 % errors spend 2 % of 99.95 % within one window"),
        pytest.param(0, False, id="none"),
    ],
)
def test_an_outage_of_a_busy_service_is_told_within_its_first_window(minutes, fires):
    ledger = windows(*[0.0] * 100, *[1.0] * (minutes // 5))
    assert (burns(FAST, ledger, API) > 1) is fires


def test_a_rate_of_1_percent_is_20_times_what_99_95_percent_allow():
    rates = burn_rates(windows(*[0.01] * DAYS_3), API, NOON)
    assert rates == pytest.approx(dict.fromkeys(SPANS, 20))


def test_an_alert_ends_soon_after_its_outage_since_the_short_span_is_clean():
    """30 minutes: the longest of the short spans of the fast pairs."""
    outage = [0.0] * 100 + [1.0] * 3
    assert burns(FAST, windows(*outage, *[0.0] * 5), API) > 1
    assert burns(FAST, windows(*outage, *[0.0] * 6), API) == 0


@pytest.mark.parametrize("every", [pytest.param(WINDOW, id="5 min"), pytest.param(2 * WINDOW, id="10 min")])
def test_one_bad_probe_wakes_nobody_and_the_second_in_a_row_does(every):
    assert burns(FAST, probes(*[0] * 100, 1, every=every), PROBED) == 0
    assert burns(FAST, probes(*[0] * 100, 1, 1, every=every), PROBED) > 1


def test_two_bad_probes_hours_apart_wake_nobody():
    assert burns(FAST, probes(*[0] * 100, 1, *[0] * 24, 1), PROBED) == 0


def test_a_few_bad_requests_of_few_wake_nobody():
    assert burns(FAST, windows(*[0.0] * 100, 0.4, events=10), API) == 0
    assert burns(FAST, windows(*[0.0] * 100, 0.5, events=10), API) > 1


def test_a_steady_fault_is_told_once_a_tenth_of_the_budget_is_gone():
    """Twice what is allowed: of three days, the first one and a half."""
    assert burns(SLOW, windows(*[0.001] * (DAYS_3 // 2 - 1)), API) < 1
    assert burns(SLOW, windows(*[0.001] * (DAYS_3 // 2 + 1)), API) > 1
    assert burns(FAST, windows(*[0.001] * DAYS_3), API) < 1


def test_without_data_nothing_fires_and_nothing_resolves():
    assert burns(FAST, Ledger(), API) is None
    silent = Ledger()
    silent.add(NOON - timedelta(minutes=15), weight=1000, bad_share=1, evidence=200)
    assert burns(FAST, silent, API) is None
    near = Ledger()
    near.add(NOON - timedelta(minutes=10), weight=1000, bad_share=1, evidence=200)
    assert burns(FAST, near, API) > 1


SHARES = st.lists(st.floats(0, 1), min_size=1, max_size=60)
EVENTS = st.floats(1, 1e6)


@given(shares=SHARES, events=EVENTS, span=st.sampled_from(list(SPANS.values())))
def test_a_span_adds_up_to_what_its_windows_are(shares, events, span):
    tally, number = windows(*shares, events=events).over(span, NOON), span // WINDOW
    assert tally.windows == min(number, len(shares))
    assert tally.seen == tally.windows * WINDOW
    assert tally.bad_share == pytest.approx(sum(shares[-number:]) / tally.windows, abs=1e-9)


@given(shares=SHARES, events=EVENTS)
def test_nothing_is_told_that_the_whole_budget_does_not_feel(shares, events):
    """Beyond a fast limit at least 2 % of the budget are gone, whatever came before."""
    ledger = windows(*shares, events=events)
    value = burns(FAST, ledger, API)
    if value > 1:
        gone = max((ledger.over(span, NOON) for span in SPANS.values()), key=lambda tally: tally.bad_share * tally.seen)
        assert gone.bad_share * gone.seen / ((1 - API) * BUDGET_PERIOD) >= 0.02 * (1 - 1e-9)


@given(
    gaps=st.lists(st.integers(1, 5), min_size=1, max_size=30),
    share=st.floats(0, 1),
    span=st.sampled_from(list(SPANS.values())),
)
def test_a_ledger_made_at_once_is_the_one_made_window_by_window(gaps, share, span):
    ends = [NOON - sum(gaps[number:]) * WINDOW for number in range(1, len(gaps) + 1)]
    one_by_one = Ledger()
    for end in ends:
        one_by_one.add(end, weight=100, bad_share=share, evidence=share)
    count = len(ends)
    at_once = Ledger.of([end.timestamp() for end in ends], [100.0] * count, [share] * count, [share] * count)
    assert at_once.over(span, NOON) == one_by_one.over(span, NOON)
    assert at_once.newest(NOON) == one_by_one.newest(NOON) == NOON
