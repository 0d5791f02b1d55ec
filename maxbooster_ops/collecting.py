"""A collector of everything that is watched: where settings, the sources and the store meet.

Belongs here: that wiring, shared by the commands and the pipelines. Not here: any rule of either.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from maxbooster_ops.settings import Settings
from maxbooster_ops.sources.collector import Collector
from maxbooster_ops.sources.executions import Executions
from maxbooster_ops.sources.registry import build_sources
from maxbooster_ops.store.opening import open_store
from maxbooster_ops.watching import home_of, targets_of


@contextmanager
def open_collector(settings: Settings) -> Iterator[Collector]:
    """Open the store and a collector of everything that is watched."""
    with open_store(home_of(settings)) as store:
        collector = Collector(
            [*build_sources(targets_of(settings)), Executions(store.state)],
            store.beats,
            interval_seconds=settings.maxbooster_collect_interval_seconds,
            deadline_seconds=settings.maxbooster_source_deadline_seconds,
        )
        try:
            yield collector
        finally:
            collector.close()
