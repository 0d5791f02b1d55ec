"""The source that probes the monitors that are due.

Belongs here: asking in parallel, and waiting without delaying a beat. Not here: which monitors there are
(`monitors.py`) or what an answer means (`outcome.py`).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from maxbooster_ops.errors import redact
from maxbooster_ops.sources.http_fetch import Exchange, FetchError
from maxbooster_ops.sources.probes.monitors import Base, Monitor, Monitors
from maxbooster_ops.sources.probes.monitors_file import MonitorsFileError
from maxbooster_ops.sources.probes.outcome import Judgement, judge, judge_failure
from maxbooster_ops.sources.source import Memory, Moment, Reading
from maxbooster_ops.store.facts import ProbeResult, SourceFailure

_PATIENCE_SECONDS = 4.0
"""How long a beat waits for answers; a slower one comes with the next reading or with `drain`."""

_BODY_LIMIT_BYTES = 1024 * 1024
_ACCEPT = "application/json, */*;q=0.5"


@dataclass(slots=True, kw_only=True)
class _Probe:
    """One request to one monitor, begun at the beat `started_at`; it has a `result` once it ended."""

    monitor: Monitor
    url: str
    started_at: datetime
    exchange: Exchange
    result: ProbeResult | None = None

    def settle(self, *, patience_seconds: float) -> None:
        """Turn the answer into a result, if it comes within the patience."""
        if self.result:
            return
        try:
            fetched = self.exchange.result(patience_seconds=patience_seconds)
        except FetchError as error:
            self.result = self._row(judge_failure(error), status_code=error.status_code)
            return
        if fetched:
            judgement = judge(fetched.status_code, fetched.body, expected=self.monitor.expect, rules=self.monitor.body)
            self.result = self._row(
                judgement,
                status_code=fetched.status_code,
                latency_ms=fetched.latency_ms,
                tls_ends_at=fetched.certificate_ends_at,
            )

    def _row(
        self,
        judgement: Judgement,
        *,
        status_code: int | None,
        latency_ms: float | None = None,
        tls_ends_at: datetime | None = None,
    ) -> ProbeResult:
        return ProbeResult(
            ts=self.started_at,
            monitor=self.monitor.name,
            url=redact(self.url),
            monitor_class=self.monitor.monitor_class.value,
            every_seconds=self.monitor.every.total_seconds(),
            outcome=judgement.outcome.value,
            up=judgement.outcome.up,
            status_code=status_code,
            latency_ms=latency_ms,
            body_status=judgement.body_status,
            tls_days_left=(tls_ends_at - self.started_at) / timedelta(days=1) if tls_ends_at else None,
            detail=judgement.detail,
        )


class Probes:
    """The HTTP endpoints of the platform, its frontend and third parties, each at its own pace.

    A row's `ts` is the beat in which its request began. A result is answered again until a reading's memory shows that
    it was stored, so that a beat that could not be written loses none.
    """

    name = "probes"

    def __init__(self, monitors: Monitors, *, platform_url: str, frontend_url: str | None = None) -> None:
        self._monitors = monitors
        self._bases = {Base.PLATFORM: platform_url, Base.FRONTEND: frontend_url or platform_url}
        self._probes: dict[str, _Probe] = {}

    def read(self, moment: Moment) -> Reading:
        """Probe what is due and answer what came within four seconds, with what was still under way before."""
        self._forget_stored(moment.memory)
        for monitor in self._monitors.active:
            if self._is_due(monitor, moment):
                self._probes[monitor.name] = self._begin(monitor, moment.at)
        self._settle(patience_seconds=_PATIENCE_SECONDS)
        return self._reading(moment)

    def drain(self, moment: Moment) -> Reading:
        """Wait for what is under way until it ends or its own time-out does; begins nothing."""
        self._forget_stored(moment.memory)
        timeouts = [probe.monitor.timeout.total_seconds() for probe in self._probes.values()]
        self._settle(patience_seconds=max(timeouts, default=0.0))
        return self._reading(moment)

    def close(self) -> None:
        """Cut what is under way."""
        for probe in self._probes.values():
            probe.exchange.cut()
        self._probes.clear()

    def _forget_stored(self, memory: Memory) -> None:
        last = _last(memory)
        self._probes = {
            name: probe for name, probe in self._probes.items() if probe.started_at.timestamp() > last.get(name, 0.0)
        }

    def _is_due(self, monitor: Monitor, moment: Moment) -> bool:
        """Half an interval early is better than a whole one late: beats rarely fall on the very second."""
        started = [_last(moment.memory).get(monitor.name, 0.0)]
        if probe := self._probes.get(monitor.name):
            if probe.result is None:
                return False
            started.append(probe.started_at.timestamp())
        return moment.at.timestamp() - max(started) >= monitor.every.total_seconds() - moment.interval_seconds / 2

    def _begin(self, monitor: Monitor, at: datetime) -> _Probe:
        url = monitor.url or f"{self._bases[monitor.base].rstrip('/')}{monitor.path}"
        exchange = Exchange(
            url,
            limit_bytes=_BODY_LIMIT_BYTES,
            deadline_seconds=monitor.timeout.total_seconds(),
            follow_redirects=monitor.follow_redirects,
            accept=_ACCEPT,
        )
        return _Probe(monitor=monitor, url=url, started_at=at, exchange=exchange)

    def _settle(self, *, patience_seconds: float) -> None:
        ends_at = time.monotonic() + patience_seconds
        for probe in self._probes.values():
            probe.settle(patience_seconds=max(0.0, ends_at - time.monotonic()))

    def _reading(self, moment: Moment) -> Reading:
        results = [probe.result for probe in self._probes.values() if probe.result]
        active = {monitor.name for monitor in self._monitors.active}
        last = {name: started for name, started in _last(moment.memory).items() if name in active}
        last |= {result.monitor: result.ts.timestamp() for result in results}
        # A broken entry is told in every beat until it is mended: a person may look at any of them.
        failures = [self._failure(problem, moment.at) for problem in self._monitors.problems]
        return Reading(rows=results, memory={"last": last}, failures=failures)

    def _failure(self, problem: MonitorsFileError, at: datetime) -> SourceFailure:
        hint = "correct the line; the comment at the top of the default monitors file explains every field"
        return SourceFailure.of(self.name, problem, at=at, target=str(self._monitors.file), hint=hint)


def _last(memory: Memory) -> Mapping[str, float]:
    """When each monitor was last probed with a stored result, in seconds since the epoch."""
    last: Mapping[str, float] = memory.get("last", {})
    return last
