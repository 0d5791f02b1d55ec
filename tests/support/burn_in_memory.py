"""Memory of a platform's process over a burn-in, as its checks keep it.

A sample every 30 s, of which a check every 5 min keeps the least; or a check every 10 s, which is its own sample.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from support.noise import Floats, autocorrelated

Shape = Callable[[np.random.Generator, Floats], Floats]
"""Gives the usual level at each moment of a span (hours of a day, or shares of a rehearsal); may differ each time."""

SAMPLES_PER_CHECK = 10


def day_of_lows(
    random: np.random.Generator, shape: Shape, *, correlation: float, noise: float, level_mb: float = 1000.0
) -> list[float]:
    """Give the least memory of each of 289 checks; `noise` is a share of the level, `correlation` that of samples."""
    count = 289 * SAMPLES_PER_CHECK
    hours = np.linspace(0, 24, count)
    samples = level_mb * (shape(random, hours) + noise * autocorrelated(random, count, correlation))
    return [float(low) for low in samples.reshape(-1, SAMPLES_PER_CHECK).min(axis=1)]


def rehearsal(random: np.random.Generator, shape: Shape, *, minutes: int, level_mb: float = 80.0) -> list[float]:
    """Give memory of each check of a rehearsal at 10 s; `shape` gives MB beyond the level by the minute."""
    return [float(mb) for mb in level_mb + shape(random, np.linspace(0, minutes, 6 * minutes + 1))]


def sawtooth(random: np.random.Generator, hours: Floats) -> Floats:
    """Garbage collection: growth by 10 to 30 %, given back after 12 min to 3 h, never twice alike."""
    given_back = np.cumsum(random.uniform(0.2, 3.0, size=200))
    cycle = np.searchsorted(given_back, hours)
    began = np.concatenate([[0.0], given_back])[cycle]
    height = random.uniform(0.1, 0.3, size=201)[cycle]
    return np.asarray(1 + height * (hours - began) / (given_back[cycle] - began))


def wobble(correlation: float, mb: float) -> Shape:
    """Give memory that comes and goes by about so many MB."""
    return lambda random, minutes: mb * autocorrelated(random, len(minutes), correlation)


def collected(random: np.random.Generator, minutes: Floats) -> Floats:
    """Garbage collection within a rehearsal: 5 MB, given back after 30 s to 8 min."""
    period = random.uniform(0.5, 8)
    return 5 * ((minutes + random.uniform(0, period)) % period) / period + 0.3 * random.normal(size=len(minutes))


def warming_up(random: np.random.Generator, minutes: Floats) -> Floats:
    """25 MB more in the first third, then none."""
    return 25 * np.minimum(3 * minutes / minutes[-1], 1) - 25 + autocorrelated(random, len(minutes), 0.9)


def settling_down(random: np.random.Generator, minutes: Floats) -> Floats:
    """30 MB more, ever more slowly."""
    return -30 * np.exp(-9 * minutes / minutes[-1]) + autocorrelated(random, len(minutes), 0.9)


def fast_leak(mb_per_minute: float) -> Shape:
    """Give a leak beside a wobble of 1.5 MB."""
    return lambda random, minutes: mb_per_minute * minutes + 1.5 * autocorrelated(random, len(minutes), 0.9)
