"""The critical health endpoints of the platform, asked at every reading.

Belongs here: which they are, and asking them at a burn-in's pace. Not here: asking one (`sources/probes/`).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from maxbooster_ops.sources.probes import Monitors, Probes, load_monitors
from maxbooster_ops.sources.probes.monitors import Base, Monitor, MonitorClass
from maxbooster_ops.sources.source import Moment, Reading
from maxbooster_ops.store.facts import ProbeResult

_WITHIN = timedelta(seconds=3.5)
"""An endpoint that takes longer is not healthy, however patient its monitor is; a check waits five seconds in all."""


class HealthEndpoints:
    """The platform's own monitors of class `critical`, whatever their pace is otherwise."""

    name = "health"

    def __init__(self, monitors_file: Path, *, platform_url: str) -> None:
        monitors = load_monitors(monitors_file)
        self.routes = frozenset(monitor.path for monitor in monitors.active if monitor.path)
        """What we ask of the platform by ourselves, which is no traffic."""
        chosen = [_hurried(monitor) for monitor in monitors.active if _is_vital(monitor)]
        self._monitors = Monitors(active=chosen, problems=monitors.problems, file=monitors.file)
        self._platform_url = platform_url

    def read(self, moment: Moment) -> Reading:
        """Ask all of them at once."""
        with closing(Probes(self._monitors, platform_url=self._platform_url)) as probes:
            return replace(probes.read(replace(moment, memory={})), memory={})

    def close(self) -> None:
        """Hold nothing between readings."""

    def latency_ms(self, results: Sequence[ProbeResult]) -> float | None:
        """Tell how long the health endpoint itself took: the first of them."""
        first = next((monitor.name for monitor in self._monitors.active), None)
        return next((result.latency_ms for result in results if result.monitor == first), None)


def _is_vital(monitor: Monitor) -> bool:
    return monitor.monitor_class is MonitorClass.CRITICAL and monitor.base is Base.PLATFORM and monitor.url is None


def _hurried(monitor: Monitor) -> Monitor:
    return replace(monitor, timeout=min(monitor.timeout, _WITHIN))
