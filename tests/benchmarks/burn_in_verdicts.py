"""How often a burn-in's verdict cries wolf, and what it misses: `python tests/benchmarks/burn_in_verdicts.py [series]`.

Simulated burn-ins whose memory, latency or backlog is healthy or not, and everything else is well; each is judged as a
whole. Shares in % of what is not PASS, and of what is FAIL.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from itertools import product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from support import burn_in_memory as memory
from support import noise
from support.burn_in_checks import DAY, checks_of, course_of

from maxbooster_ops.readiness.burn_in.judgement import Verdict
from maxbooster_ops.readiness.burn_in.plan import Plan
from maxbooster_ops.readiness.burn_in.verdict.judging import judge

SEED = 20261122
PROCESSES = 4

Column = Callable[[np.random.Generator], list[float]]

DAYS: dict[str, memory.Shape] = {
    "flat": lambda _, hours: noise.flat(hours),
    "four hours of warm-up, then flat": lambda _, hours: noise.warm_up_then_flat(hours),
    "settling, two thirds of the way every two hours": lambda _, hours: noise.settling(hours),
    "garbage collection, a sawtooth": memory.sawtooth,
    "**a leak of 10 %**": lambda _, hours: noise.leaking(hours),
    "**a warm-up and a leak of 10 %**": lambda _, hours: noise.warm_up_then_flat(hours) + 0.1 * hours / 24,
}
REHEARSALS: dict[str, memory.Shape] = {
    "independent noise of 1.5 MB": memory.wobble(0.0, 1.5),
    "AR(0.9) of 1.5 MB": memory.wobble(0.9, 1.5),
    "AR(0.98) of 1.5 MB": memory.wobble(0.98, 1.5),
    "AR(0.998) of 2 MB": memory.wobble(0.998, 2.0),
    "garbage collection of 5 MB": memory.collected,
    "25 MB of warm-up in the first third": memory.warming_up,
    "settling by 30 MB": memory.settling_down,
    "**a leak of 1 MB a minute**": memory.fast_leak(1.0),
    "**a leak of 5 MB a minute**": memory.fast_leak(5.0),
}


def main(count: int) -> None:
    print(f"{count} burn-ins each; {_ms_each():.0f} ms of CPU for a verdict on a day")
    days = [("day", name, correlation, count) for name, correlation in product(DAYS, (0.0, 0.9, 0.98))]
    rehearsals = [("rehearsal", name, 0.0, count) for name in REHEARSALS]
    others = [("other", name, correlation, count) for (name, _), correlation in product(OTHERS, (0.0, 0.9, 0.98))]
    with ProcessPoolExecutor(PROCESSES) as pool:
        rows = pool.map(row, [*days, *rehearsals, *others])
        print(
            "\n| 24 h of memory | AR | noise 1 %: not PASS | FAIL | 2 %: not PASS | FAIL |\n|---|---|---|---|---|---|"
        )
        for _ in days:
            print(next(rows), flush=True)
        print("\n| rehearsal at 10 s, 80 MB | 10 min: not PASS | FAIL | 20 min: not PASS | FAIL ", end="")
        print("| 1 h: not PASS | FAIL |\n|---|---|---|---|---|---|---|")
        for _ in rehearsals:
            print(next(rows), flush=True)
        print("\n| 24 h | AR | not PASS | FAIL |\n|---|---|---|---|")
        for _ in others:
            print(next(rows), flush=True)


def row(what: tuple[str, str, float, int]) -> str:
    """Simulate one line of a table, from a seed of its own."""
    kind, name, correlation, count = what
    random = np.random.default_rng([SEED, *name.encode(), round(1000 * correlation)])
    if kind == "day":
        columns = [(DAY, "memory_low_mb", _day(name, correlation, share)) for share in (0.01, 0.02)]
    elif kind == "rehearsal":
        columns = [(_short(minutes), "memory_low_mb", _rehearsal(name, minutes)) for minutes in (10, 20, 60)]
    else:
        field = next(field for other, field in OTHERS if other == name)
        columns = [(DAY, field, OTHERS[name, field](correlation))]
    shown = " | ".join(_shares(random, count, plan, field, column) for plan, field, column in columns)
    return f"| {name} | {shown} |" if kind == "rehearsal" else f"| {name} | {correlation:g} | {shown} |"


def _ms_each() -> float:
    began = time.process_time()
    for _ in range(10):
        judge(checks_of(DAY), DAY, course_of(DAY))
    return 100 * (time.process_time() - began)


def _lognormal(level: float, growth: float) -> Callable[[float], Column]:
    def column(correlation: float) -> Column:
        def drawn(random: np.random.Generator) -> list[float]:
            values = noise.durations(random, 289, sigma=0.3, correlation=correlation) * level / 100
            return [float(value) for value in values * np.linspace(1, 1 + growth, 289)]

        return drawn

    return column


def _whole(column: Callable[[float], Column]) -> Callable[[float], Column]:
    return lambda correlation: lambda random: [round(value) for value in column(correlation)(random)]


OTHERS: dict[tuple[str, str], Callable[[float], Column]] = {
    ("Redis takes 20 ms, sigma 0.3", "redis_latency_ms"): _lognormal(20, 0.0),
    ("requests take 300 ms (p95), sigma 0.3", "request_ms_p95"): _lognormal(300, 0.0),
    ("500 jobs wait, sigma 0.3", "waiting"): _whole(_lognormal(500, 0.0)),
    ("100 clients of Redis, sigma 0.3", "redis_clients"): _whole(_lognormal(100, 0.0)),
    ("**Redis takes 20 ms, 60 after a day**", "redis_latency_ms"): _lognormal(20, 2.0),
    ("**500 jobs wait, 1500 after a day**", "waiting"): _whole(_lognormal(500, 2.0)),
}


def _day(name: str, correlation: float, share: float) -> Column:
    return lambda random: memory.day_of_lows(random, DAYS[name], correlation=correlation, noise=share)


def _rehearsal(name: str, minutes: int) -> Column:
    return lambda random: memory.rehearsal(random, REHEARSALS[name], minutes=minutes)


def _short(minutes: int) -> Plan:
    return Plan(duration=timedelta(minutes=minutes), interval=timedelta(seconds=10))


def _shares(random: np.random.Generator, count: int, plan: Plan, field: str, column: Column) -> str:
    burn_ins = [checks_of(plan, **{field: column(random)}) for _ in range(count)]
    verdicts = [judge(checks, plan, course_of(plan)).verdict for checks in burn_ins]
    not_passed = sum(verdict is not Verdict.PASS for verdict in verdicts)
    return f"{100 * not_passed / count:.1f} | {100 * verdicts.count(Verdict.FAIL) / count:.1f}"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
