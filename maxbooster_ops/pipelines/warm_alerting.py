"""Alerting kept open between ticks: opening the lake costs more than evaluating every rule.

Belongs here: what stays open, for how long, and who may use it when. Not here: what a tick does (`alerting.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from maxbooster_ops.alerting.installation import Alerting, edited, load_alerting
from maxbooster_ops.errors import StoreError
from maxbooster_ops.settings import Settings
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import Lake, Version, open_lake
from maxbooster_ops.store.latest import last_beat_ever
from maxbooster_ops.store.state import State, open_state
from maxbooster_ops.watching import home_of


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    home: Home
    lake: Lake
    state: State


class WarmAlerting:
    """The store and the rules of one installation, as long as the code server lives."""

    def __init__(self) -> None:
        self._one_at_a_time = Lock()
        self._stack = ExitStack()
        self._opened: _Opened | None = None
        self._loaded: tuple[object, Alerting] | None = None
        self._newest: tuple[Version, datetime | None] | None = None

    @contextmanager
    def store(self, settings: Settings) -> Iterator[tuple[Lake, State]]:
        """Give lake and state; the lake to one caller at a time. They are opened anew after an error of theirs.

        Raises `StoreError` where nothing was collected yet.
        """
        with self._one_at_a_time:
            opened = self._open(home_of(settings))
            try:
                yield opened.lake, opened.state
            except StoreError:
                self._close()
                raise

    def state(self, settings: Settings) -> State:
        """Give the state alone, which any number of callers may use at once."""
        with self._one_at_a_time:
            return self._open(home_of(settings)).state

    def newest_beat(self, settings: Settings) -> datetime | None:
        """Give the moment of the newest beat; the lake is only asked after somebody wrote to it."""
        with self.store(settings) as (lake, _):
            version = lake.version()
            if version is None or self._newest is None or self._newest[0] != version:
                newest = last_beat_ever(lake)
                self._newest = (version, newest) if version else None
                return newest
            return self._newest[1]

    def alerting(self, settings: Settings) -> Alerting:
        """Give the rules, channels and policy; read again when a setting or a file of theirs has changed."""
        home = home_of(settings)
        version = (settings, edited(home))
        if self._loaded is None or self._loaded[0] != version:
            self._loaded = (version, load_alerting(settings, home))
        return self._loaded[1]

    def _open(self, home: Home) -> _Opened:
        if self._opened is None or self._opened.home != home:
            self._close()
            lake = self._stack.enter_context(open_lake(home, read_only=True, threads=1))
            state = self._stack.enter_context(open_state(home))
            self._opened = _Opened(home=home, lake=lake, state=state)
        return self._opened

    def _close(self) -> None:
        self._opened = self._newest = None
        self._stack.close()
