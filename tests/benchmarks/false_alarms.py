"""How often statistics cry wolf, and what they miss: `python tests/benchmarks/false_alarms.py [pairs]`.

Pairs of runs of one lognormal series, independent or autocorrelated, identical or 15 % slower; and days of memory that
are flat, warm up or leak. Shares in %. The naive rule is 10 % worse, without a test.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from itertools import product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from support.noise import day_of_memory, durations, flat, leaking, settling, warm_up_then_flat

from maxbooster_ops.analysis.statistics.comparing import Comparison, Result, Statistic, compare
from maxbooster_ops.analysis.statistics.leak import LeakVerdict, judge_leak
from maxbooster_ops.analysis.statistics.sample import sample_of

SEED = 20261122
SHAPES = {"flat": flat, "warm-up, then flat": warm_up_then_flat, "settling": settling, "leak of 10 %": leaking}

_SHOWN = (Result.REGRESSED, Result.INCONCLUSIVE)
_VERDICTS = (LeakVerdict.LEAKING, LeakVerdict.SUSPECTED, LeakVerdict.HEALTHY)


def main(pairs: int) -> None:
    random = np.random.default_rng(SEED)
    print(f"{pairs} pairs each\n")
    print("| change | sigma | AR | n | typical: regressed | inconclusive | p95: regressed | inconclusive", end="")
    print(" | naive: median | p95 |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for factor, sigma, correlation, count in product((1.0, 1.15), (0.3, 0.5), (0.0, 0.5, 0.9), (50, 200, 1000)):
        found = [_compared(random, factor, sigma, correlation, count) for _ in range(pairs)]
        typical, tail = zip(*found, strict=True)
        shares = (
            *(_share(one.result is result for one in part) for part in (typical, tail) for result in _SHOWN),
            *(_share(one.exceeds_naive for one in part) for part in (typical, tail)),
        )
        print(f"| {factor:.2f} | {sigma} | {correlation} | {count} | " + " | ".join(shares) + " |")
    print("\n| day of memory | values | AR | noise | leaking | suspected | healthy | ms |")
    print("|---|---|---|---|---|---|---|---|")
    for name, count, correlation, noise in product(SHAPES, (288, 2880), (0.9, 0.98), (0.01, 0.02)):
        days = [day_of_memory(random, count, SHAPES[name], correlation=correlation, noise=noise) for _ in range(pairs)]
        began = time.perf_counter()
        verdicts = [judge_leak(day).verdict for day in days]
        each_ms = 1000 * (time.perf_counter() - began) / pairs
        shown = [_share(found is verdict for found in verdicts) for verdict in _VERDICTS]
        print(f"| {name} | {count} | {correlation} | {noise:.0%} | {' | '.join(shown)} | {each_ms:.1f} |")


def _compared(
    random: np.random.Generator, factor: float, sigma: float, correlation: float, count: int
) -> tuple[Comparison, Comparison]:
    before, after = (sample_of(f * durations(random, count, sigma=sigma, correlation=correlation)) for f in (1, factor))
    return compare(before, after), compare(before, after, statistic=Statistic.P95)


def _share(answers: Iterable[bool]) -> str:
    listed = list(answers)
    return f"{100 * sum(listed) / len(listed):.1f}"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
