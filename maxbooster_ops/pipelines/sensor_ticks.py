"""How often sensors tick.

Belongs here: what to ask Dagster for, so that a sensor ticks as often as it should. Not here: any sensor.
"""

from __future__ import annotations

_DAEMON_LOOKS_EVERY_SECONDS = 5
"""Dagster's `SensorDaemon` looks this often which sensors are due; no setting reaches it."""


def ticks_every(seconds: int) -> int:
    """Give the `minimum_interval_seconds` of a sensor that is to tick every `seconds`, a multiple of five.

    It is a second less: by the time of the daemon's look, a hair less than the whole may have passed since the last
    tick, and a sensor that asked for 10 s would tick after 15.

    Raises ValueError for what the daemon cannot keep.
    """
    if seconds <= 0 or seconds % _DAEMON_LOOKS_EVERY_SECONDS:
        raise ValueError(f"a tick every {seconds} s: expected a multiple of {_DAEMON_LOOKS_EVERY_SECONDS} s")
    return seconds - 1
