"""Evaluation: samples and what is remembered of a series in, transitions out. Pure; one path for live and backtest.

Belongs here: when a series is pending, fires, resolves or has no data. Not here: reading samples (`series_reading.py`),
keeping the memory (`series_store.py`) and telling people (`dispatching/`).

The model is Prometheus': at each evaluation the newest sample not older than `stale_after` speaks for the series. What
differs is a series that fires and has no sample any more: it goes on firing without data, where Prometheus resolves it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from maxbooster_ops.alerting.alert import Change, Transition
from maxbooster_ops.alerting.evaluating.series_memory import (
    Microseconds,
    Phase,
    SeriesMemory,
    in_microseconds,
    microseconds,
    moment,
)
from maxbooster_ops.alerting.rule import Labels, Rule
from maxbooster_ops.alerting.samples import Floats, Samples

__all__ = ["Phase", "SeriesMemory", "advance"]

_NOTHING = np.empty(0)
_ABSENT, _CLEAR, _BREACHING = 0, 1, 2
"""How a series stands at an evaluation: without a sample in force, or with one that does or does not breach."""


def advance(
    rule: Rule, memory: SeriesMemory | None, samples: Samples, evaluations: Floats
) -> tuple[SeriesMemory, list[Transition]]:
    """Judge one series at each of `evaluations` (s since the epoch, ascending), going on from `memory`.

    Splitting the evaluations, and the samples with them, changes nothing. `samples` may overlap what was given before:
    only those newer than the newest seen count, from the next evaluation on where they come late. Those newer than the
    last evaluation are left for the next call.
    """
    memory = memory or SeriesMemory()
    if not len(evaluations):
        return memory, []
    moments = microseconds(evaluations)
    seen = _see(rule, memory, samples, until_us=int(moments[-1]))
    standing, in_force = _judge(rule, seen, moments)
    walk = _Walk(rule, memory, samples.labels, moments, seen.values[in_force] if len(seen.values) else _NOTHING)
    changes = np.flatnonzero(standing[1:] != standing[:-1]) + 1
    starts = [0, *changes.tolist()]
    for start, end, stands in zip(starts, [*starts[1:], len(moments)], standing[starts].tolist(), strict=True):
        walk.stretch(start, end, stands)
    return _remember(walk.memory, seen), walk.transitions


@dataclass(frozen=True, slots=True)
class _Seen:
    """The samples that count, the remembered one first, and how many in a row breach up to each."""

    us: Microseconds
    values: Floats
    breaching: NDArray[np.int64]


def _see(rule: Rule, memory: SeriesMemory, samples: Samples, *, until_us: int) -> _Seen:
    us, values = microseconds(samples.ts), samples.values
    first = 0 if memory.last_us is None else int(us.searchsorted(memory.last_us, side="right"))
    last = int(us.searchsorted(until_us, side="right"))
    us, values = us[first:last], values[first:last]
    breaching = _in_a_row(rule.condition.holds(values), before=memory.breaching)
    if memory.last_us is None:
        return _Seen(us, values, breaching)
    return _Seen(
        np.concatenate((np.array([memory.last_us]), us)),
        np.concatenate((np.array([memory.last_value], dtype=np.float64), values)),
        np.concatenate((np.array([memory.breaching]), breaching)),
    )


def _in_a_row(held: NDArray[np.bool_], *, before: int) -> NDArray[np.int64]:
    """Count, up to each sample, how many in a row held; `before` of them came earlier."""
    positions = np.arange(1, len(held) + 1)
    return positions - np.maximum.accumulate(np.where(held, -before, positions))


def _judge(rule: Rule, seen: _Seen, moments: Microseconds) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """Give, for each evaluation, how the series stands and which sample is the newest."""
    newest = seen.us.searchsorted(moments, side="right") - 1
    if not len(seen.us):
        return np.full(len(moments), _ABSENT, dtype=np.int8), newest
    present = (newest >= 0) & (seen.us[newest] > moments - in_microseconds(rule.stale_after))
    true = seen.breaching[newest] >= rule.consecutive
    return np.where(present, np.where(true, _BREACHING, _CLEAR), _ABSENT).astype(np.int8), newest


def _remember(memory: SeriesMemory, seen: _Seen) -> SeriesMemory:
    if not len(seen.us):
        return memory
    last_us, last_value, breaching = int(seen.us[-1]), float(seen.values[-1]), int(seen.breaching[-1])
    return replace(memory, last_us=last_us, last_value=last_value, breaching=breaching)


class _Walk:
    """One series on its way through stretches of evaluations at which it stands alike; `values` are those in force."""

    def __init__(self, rule: Rule, memory: SeriesMemory, labels: Labels, moments: Microseconds, values: Floats) -> None:
        self.transitions: list[Transition] = []
        self._rule, self._labels, self._moments, self._values = rule, labels, moments, values
        self._for_us, self._keep_us = in_microseconds(rule.for_), in_microseconds(rule.keep_firing_for)
        self._phase, self._no_data = memory.phase, memory.no_data
        self._active_us, self._clearing_us = memory.active_us, memory.clearing_us

    @property
    def memory(self) -> SeriesMemory:
        """Where the walk has come to; the samples are for the caller to add."""
        return SeriesMemory(
            phase=self._phase, active_us=self._active_us, clearing_us=self._clearing_us, no_data=self._no_data
        )

    def stretch(self, start: int, end: int, stands: int) -> None:
        """Go through the evaluations [start, end), at all of which the series stands so."""
        if stands == _ABSENT:
            self._absent(start)
            return
        if self._no_data:
            self._no_data = False
            self._emit(start, Change.DATA_AGAIN)
        if stands == _BREACHING:
            self._breaching(start, end)
        else:
            self._clear(start, end)

    def _absent(self, start: int) -> None:
        if self._phase is Phase.PENDING:
            self._end(start, Change.INACTIVE, with_value=False)
        elif self._phase is Phase.FIRING and not self._no_data:
            # Clearing begins anew when data is back: time without data must never help to resolve.
            self._no_data, self._clearing_us = True, None
            self._emit(start, Change.NO_DATA, with_value=False)

    def _breaching(self, start: int, end: int) -> None:
        self._clearing_us = None
        if self._phase is Phase.INACTIVE:
            self._phase, self._active_us = Phase.PENDING, int(self._moments[start])
            if self._for_us:
                self._emit(start, Change.PENDING)
        if self._phase is Phase.PENDING and self._active_us is not None:
            fires = self._reached(start, end, self._active_us + self._for_us)
            if fires < end:
                self._phase = Phase.FIRING
                self._emit(fires, Change.FIRING)

    def _clear(self, start: int, end: int) -> None:
        if self._phase is Phase.PENDING:
            self._end(start, Change.INACTIVE)
        elif self._phase is Phase.FIRING:
            if self._clearing_us is None:
                self._clearing_us = int(self._moments[start])
            resolves = self._reached(start, end, self._clearing_us + self._keep_us)
            if resolves < end:
                self._end(resolves, Change.RESOLVED)

    def _reached(self, start: int, end: int, deadline_us: int) -> int:
        """Give the first evaluation of [start, end) at or after the deadline; `end` where none is."""
        return start + int(self._moments[start:end].searchsorted(deadline_us))

    def _end(self, index: int, change: Change, *, with_value: bool = True) -> None:
        self._phase, self._active_us, self._clearing_us = Phase.INACTIVE, None, None
        self._emit(index, change, with_value=with_value)

    def _emit(self, index: int, change: Change, *, with_value: bool = True) -> None:
        at, value = moment(int(self._moments[index])), float(self._values[index]) if with_value else None
        self.transitions.append(
            Transition(rule=self._rule.name, labels=self._labels, at=at, change=change, value=value)
        )
