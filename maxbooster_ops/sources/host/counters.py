"""What the operating system counts since boot, and how much of it happened between two readings.

Belongs here: pure arithmetic over what a reading remembers. psutil's own differences live in one process, and every
collecting run is a new one. Not here: asking the operating system (`source.py`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self

from maxbooster_ops.sources.source import Memory

_CLOCK_ADJUSTMENT_SECONDS = 30.0
"""The time of boot is computed from the wall clock, so it moves when that is set; a reboot takes longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """Totals at one moment; None where the system does not tell. `at` and `booted_at` are seconds since the epoch."""

    at: float
    booted_at: float
    cpu_seconds: float
    cpu_busy_seconds: float
    disk_read_bytes: int | None = None
    disk_write_bytes: int | None = None
    network_sent_bytes: int | None = None
    network_received_bytes: int | None = None
    process: str | None = None
    process_cpu_seconds: float | None = None

    @classmethod
    def recalled(cls, memory: Memory) -> Self | None:
        """Give what the previous reading left; None where there was none, or one of another release."""
        known: dict[str, Any] = {name: value for name, value in memory.items() if name in cls.__slots__}
        try:
            return cls(**known)
        except TypeError:
            return None

    def remembered(self) -> Memory:
        """Give the form that `recalled` understands."""
        return asdict(self)


def comparable(before: Counters | None, now: Counters) -> Counters | None:
    """Give `before` where it counts from the same boot as `now` and lies before it."""
    if before is None or before.at >= now.at or abs(before.booted_at - now.booted_at) > _CLOCK_ADJUSTMENT_SECONDS:
        return None
    return before


def cpu_percent(before: Counters | None, now: Counters) -> float | None:
    """Share of all cores' time that was spent working, 0 to 100; None without a reading to compare with."""
    if before is None:
        return None
    busy, total = now.cpu_busy_seconds - before.cpu_busy_seconds, now.cpu_seconds - before.cpu_seconds
    if total <= 0 or busy < 0:
        return None
    return min(100.0, 100 * busy / total)


def per_second(before: Counters | None, now: Counters, counter: str) -> float | None:
    """Growth of one counter per second; None where it is unknown or fell, as when a device was taken out."""
    then: float | None = getattr(before, counter) if before else None
    current: float | None = getattr(now, counter)
    if before is None or then is None or current is None or current < then:
        return None
    return (current - then) / (now.at - before.at)


def process_cpu_percent(before: Counters | None, now: Counters) -> float | None:
    """CPU time of the process in % of one core (200 is two cores); None where it is another process than before."""
    if before is None or before.process != now.process:
        return None
    rate = per_second(before, now, "process_cpu_seconds")
    return None if rate is None else 100 * rate
