"""Average and percentiles of a few hundred durations. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean


def percentile(ordered: Sequence[float], fraction: float) -> float | None:
    """Give the value below which `fraction` (0..1) of ascending numbers lie; None where there are none.

    Between two neighbours it is interpolated linearly, as numpy does by default.
    """
    if not ordered:
        return None
    position = fraction * (len(ordered) - 1)
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """The distribution of durations in ms; every field is None where there were none."""

    avg: float | None
    p50: float | None
    p95: float | None
    p99: float | None

    @classmethod
    def of(cls, durations_ms: Iterable[float | None]) -> Timings:
        """Describe the durations that are known."""
        ordered = sorted(duration for duration in durations_ms if duration is not None)
        return cls(
            avg=fmean(ordered) if ordered else None,
            p50=percentile(ordered, 0.50),
            p95=percentile(ordered, 0.95),
            p99=percentile(ordered, 0.99),
        )
