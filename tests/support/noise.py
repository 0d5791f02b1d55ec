"""Series as they come in practice: noise that resembles itself, changes, warm-ups and leaks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

from maxbooster_ops.analysis.series.series import Values

Floats = npt.NDArray[np.float64]


def autocorrelated(random: np.random.Generator, count: int, correlation: float) -> Floats:
    """Give normal noise of variance 1 in which each value resembles the one before: AR(1) in its stationary state."""
    steps = random.normal(size=count) * np.sqrt(1 - correlation**2)
    steps[0] = random.normal()
    return np.asarray(lfilter([1], [1, -correlation], steps))


def durations(random: np.random.Generator, count: int, *, sigma: float = 0.3, correlation: float = 0.0) -> Floats:
    """Give lognormal values around 100, as durations are."""
    return 100 * np.exp(sigma * autocorrelated(random, count, correlation))


def over_time(values: npt.ArrayLike, *, every: float = 30.0) -> Values:
    """Give values their moments, `every` so many seconds."""
    known = np.asarray(values, dtype=float)
    return Values(moments=1.8e9 + every * np.arange(len(known)), values=known)


def day_of_memory(
    random: np.random.Generator, count: int, shape: Callable[[Floats], Floats], *, correlation: float, noise: float
) -> Values:
    """Give a day of memory around 1000 MiB: `shape` of the hours is 1 at the usual level, `noise` a share of it."""
    hours = np.linspace(0, 24, count)
    values = 1000 * (shape(hours) + noise * autocorrelated(random, count, correlation))
    return Values(moments=3600 * hours, values=values)


def flat(hours: Floats) -> Floats:
    return np.ones_like(hours)


def warm_up_then_flat(hours: Floats) -> Floats:
    """Four hours of growth by two thirds, then none."""
    return np.minimum(0.6 + 0.1 * hours, 1.0)


def settling(hours: Floats) -> Floats:
    """Fast growth that takes hours to end: two thirds of the way every two."""
    return 1 - 0.4 * np.exp(-hours / 2)


def leaking(hours: Floats) -> Floats:
    """10 % more after 24 hours."""
    return 1 + 0.1 * hours / 24
