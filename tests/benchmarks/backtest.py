"""How long a backtest takes, and where: `python tests/benchmarks/backtest.py [days]`.

Fills a real lake with a made-up past, one sample per series every 30 s, and runs the default rules over it.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.facts import LIMITS
from support.past import Past

from maxbooster_ops.alerting.evaluating.backtest import backtest, series_episodes
from maxbooster_ops.alerting.evaluating.series_reading import read_evaluations, read_series
from maxbooster_ops.alerting.rulebook.rulebook import load_rulebook
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import open_lake

START = datetime(2026, 10, 1, tzinfo=UTC)
BEATS_PER_DAY = 2880


def main(days: int) -> None:
    rules = [rule for rule in load_rulebook(None, LIMITS, staging=False).rules if rule.series.sql]
    start, end = START, START + timedelta(days=days)
    with tempfile.TemporaryDirectory() as folder, open_lake(Home(root=Path(folder))) as lake:
        rows = Past(start=start, beats=BEATS_PER_DAY * days).fill(lake)
        print(f"{days} days, {rows:,} rows, {len(rules)} rules")
        began = time.perf_counter()
        episodes = backtest(lake, rules, start, end)
        print(f"whole backtest: {time.perf_counter() - began:.1f} s, {len(episodes)} alerts")
        evaluations = read_evaluations(lake, start, end)
        print(f"{'rule':<36}{'series':>8}{'samples':>11}{'read s':>9}{'judge s':>9}")
        for rule in rules:
            began = time.perf_counter()
            series = read_series(lake, rule, start - rule.stale_after, end)
            read = time.perf_counter()
            for samples in series:
                series_episodes(rule, samples, evaluations)
            judged = time.perf_counter()
            count = sum(len(samples.ts) for samples in series)
            print(f"{rule.name:<36}{len(series):>8}{count:>11,}{read - began:>9.2f}{judged - read:>9.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
