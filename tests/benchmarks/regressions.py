"""How often a run over a hundred series calls something regressed that is not, and how soon a real change is found.

`python tests/benchmarks/regressions.py [--runs 5]`: made-up series of known autocorrelation, without a lake. "Level" is
the newest level, as runs judge it; "whole" the whole six hours; "corrected" all comparisons of a run together.
"""

from __future__ import annotations

import argparse

import numpy as np

from maxbooster_ops.analysis.regressions.comparing import compare_all
from maxbooster_ops.analysis.regressions.level import newest_level
from maxbooster_ops.analysis.series.catalog import Worse
from maxbooster_ops.analysis.series.series import SeriesKey, Values
from maxbooster_ops.analysis.statistics.comparing import SIGNIFICANT_BELOW, Result, compare
from maxbooster_ops.analysis.statistics.sample import sample_of

MINUTES = (5, 10, 20, 30, 60, 90, 120, 180, 240, 300, 360)
SERIES, SIX_HOURS, BEATS_PER_MINUTE = 100, 720, 2
KEYS = [SeriesKey.of("process_rss_mb", {"host": str(number)}) for number in range(SERIES)]


def lognormal(rng: np.random.Generator, count: int, correlation: float) -> np.ndarray:
    """Give values around 100 with a spread of 30 %, of which neighbours resemble each other."""
    noise = rng.standard_normal(count + 500) * np.sqrt(1 - correlation**2)
    for number in range(1, len(noise)):
        noise[number] += correlation * noise[number - 1]
    return 100 * np.exp(0.3 * noise[500:])


def judged(before, after) -> tuple[int, int, int]:
    """Count regressed ones: by the 10 % rule alone, by each test alone, by all together."""
    samples = {key: sample_of(values) for key, values in after.items()}
    alone = [compare(before[key], samples[key], worse=Worse.HIGHER) for key in KEYS]
    together = [one for one in compare_all(before, samples) if one.statistic == "typical"]
    return (
        sum(one.exceeds_naive for one in alone),
        sum(one.result is Result.REGRESSED for one in alone),
        sum(one.result is Result.REGRESSED for one in together),
    )


def false_alarms(rng: np.random.Generator, runs: int, baseline: int, correlation: float) -> None:
    """Print how many of the series of identical runs are called regressed."""
    counts = {"whole": np.zeros(3), "level": np.zeros(3)}
    for _ in range(runs):
        before = {key: sample_of(lognormal(rng, baseline, correlation)) for key in KEYS}
        whole = {key: lognormal(rng, SIX_HOURS, correlation) for key in KEYS}
        level = {key: newest(values) for key, values in whole.items()}
        counts["whole"] += judged(before, whole)
        counts["level"] += judged(before, level)
    for name, found in counts.items():
        naive, alone, together = 100 * found / (runs * SERIES)
        print(f"| {baseline} | AR({correlation}) | {name} | {naive:.1f} | {alone:.1f} | {together:.1f} |", flush=True)


def time_to_find(rng: np.random.Generator, runs: int, correlation: float, level: float) -> None:
    """Print after how many minutes a change of one series among a hundred is called regressed, median and 95 %."""
    waits = {"whole": [], "level": []}
    for _ in range(20 * runs):
        before = sample_of(lognormal(rng, 1000, correlation))
        values = lognormal(rng, 2 * SIX_HOURS, correlation)
        values[SIX_HOURS:] *= level
        for name, how in (("whole", np.asarray), ("level", newest)):
            waits[name].append(first_found(before, values, how))
    for name, found in waits.items():
        median, most = np.quantile(found, [0.5, 0.95], method="higher")
        print(f"| AR({correlation}) | × {level:g} | {name} | {median:.0f} | {most:.0f} |", flush=True)


def first_found(before, values, how) -> float:
    """Give the minutes until the one series is found; 99 others that did not change ask a hundredth of the p-value."""
    for minutes in MINUTES:
        end = SIX_HOURS + minutes * BEATS_PER_MINUTE
        found = compare(before, sample_of(how(values[end - SIX_HOURS : end])), worse=Worse.HIGHER)
        if found.result is Result.REGRESSED and found.p_value <= SIGNIFICANT_BELOW / SERIES:
            return minutes
    return np.inf


def newest(values: np.ndarray) -> np.ndarray:
    return newest_level(Values(moments=30.0 * np.arange(len(values)), values=values)).values.values


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs, rng = parser.parse_args().runs, np.random.default_rng(7)
    print("identical runs, regressed in %\n| baseline | noise | of six hours | 10 % rule | each test | corrected |")
    for baseline in (120, 2880):
        for correlation in (0.0, 0.5, 0.9, 0.98):
            false_alarms(rng, runs, baseline, correlation)
    print("\none real change among 100 series, min until found\n| noise | level | of six hours | median | 95 % |")
    for correlation, level in ((0.0, 1.15), (0.5, 1.15), (0.5, 1.5), (0.9, 2.0), (0.9, 5.0)):
        time_to_find(rng, runs, correlation, level)


if __name__ == "__main__":
    main()
