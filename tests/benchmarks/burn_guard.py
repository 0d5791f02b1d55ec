"""What the guard against little evidence is worth, and what it costs.

Healthy services, whose events fail at a fifth of the rate that is allowed, over simulated months: how often a month
would somebody be woken, with the guard and without it? And after which minutes is a whole outage told?

    python tests/benchmarks/burn_guard.py [months]
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from statistics import mean

import numpy as np

from maxbooster_ops.slo.burn_rate import FAST, SPANS, Pair, burn_rates, judge
from maxbooster_ops.slo.ledger import WINDOW, Ledger
from maxbooster_ops.slo.objective import Counter

START = datetime(2026, 1, 1, 0, 4, tzinfo=UTC)
MONTH = 8640
HEALTHY = 0.2

SERVICES = [
    ("requests, 60 an hour", 0.9995, Counter.REQUESTS, 5, 1),
    ("requests, 600 an hour", 0.9995, Counter.REQUESTS, 50, 1),
    ("a probe every 5 min", 0.999, Counter.PROBE, 1, 1),
    ("a probe every 10 min", 0.999, Counter.PROBE, 1, 2),
]


def beyond(ledger: Ledger, target: float, until: datetime) -> tuple[bool, bool]:
    """Tell whether the limits are passed without the guard, and with it."""
    rates = burn_rates(ledger, target, until)

    def passed(pair: Pair) -> bool:
        long, short = rates[pair.long], rates[pair.short]
        seen = ledger.over(SPANS[pair.long], until).seen / SPANS[pair.long]
        return long is not None and short is not None and min(long * seen, short) > pair.limit

    naive = any(map(passed, FAST))
    return naive, naive and (judge(FAST, ledger, rates, until) or 0) > 1


def add(ledger: Ledger, ends: datetime, events: int, bad: int, counter: Counter) -> None:
    if events:
        ledger.add(ends, weight=events, bad_share=bad / events, evidence=bad / counter.enough_bad)


def pages(target: float, counter: Counter, per_window: float, every: int, seed: int) -> tuple[int, int]:
    """Give how often a month of a healthy service begins to fire, without the guard and with it."""
    rng, ledger, begun, before = np.random.default_rng(seed), Ledger(), (0, 0), (False, False)
    for number in range(MONTH):
        ends = START + number * WINDOW
        events = int(rng.poisson(per_window)) if counter is Counter.REQUESTS else int(number % every == 0)
        add(ledger, ends, events, int(rng.binomial(events, HEALTHY * (1 - target))), counter)
        now = beyond(ledger, target, ends)
        begun = (begun[0] + (now[0] and not before[0]), begun[1] + (now[1] and not before[1]))
        before = now
    return begun


def told_after(target: float, counter: Counter, per_window: float, every: int, seed: int) -> float:
    """Give the minutes from the beginning of an outage, anywhere within a window, until it is told."""
    rng, ledger = np.random.default_rng(seed), Ledger()
    outage = START + 200 * WINDOW - float(rng.random()) * every * WINDOW
    for number in range(250):
        ends = START + number * WINDOW
        if counter is Counter.REQUESTS:
            events = int(rng.poisson(per_window))
            bad = round(events * min(max((ends - outage) / WINDOW, 0), 1))
        else:
            events = int(number % every == 0)
            bad = events * (ends - timedelta(minutes=4) > outage)
        add(ledger, ends, events, bad, counter)
        if number > 195 and beyond(ledger, target, ends)[1]:
            return (ends + timedelta(seconds=70) - outage) / timedelta(minutes=1)
    return float("inf")


def main() -> None:
    months = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    print(f"{months} months each\n")
    print("| service | promised | alarms a month, without the guard | with it | outage told after, median | at most |")
    print("|---|---|---|---|---|---|")
    for name, target, counter, per_window, every in SERVICES:
        found = [pages(target, counter, per_window, every, seed) for seed in range(months)]
        waits = sorted(told_after(target, counter, per_window, every, seed) for seed in range(101))
        naive, guarded = mean(pair[0] for pair in found), mean(pair[1] for pair in found)
        print(
            f"| {name} | {100 * target:g} % | {naive:.1f} | {guarded:.2f} | {waits[50]:.0f} min | {waits[-1]:.0f} min |"
        )


if __name__ == "__main__":
    main()
