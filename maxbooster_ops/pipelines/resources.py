"""What assets are given: the settings, and through them the collector and the store.

Belongs here: Dagster resources. Not here: any decision; the domain objects they open know nothing of Dagster.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from maxbooster_ops.collecting import open_collector
from maxbooster_ops.logs import configure_logs
from maxbooster_ops.settings import Settings, load_settings
from maxbooster_ops.sources.collector import Collector
from maxbooster_ops.store.lake import Lake, open_lake
from maxbooster_ops.store.opening import Store, open_store
from maxbooster_ops.watching import home_of


class OpsResource(dg.ConfigurableResource["OpsResource"]):
    """The installation that this code location belongs to; its settings are read when a run starts."""

    def settings(self) -> Settings:
        """Read the settings."""
        settings = load_settings()
        configure_logs(settings.maxbooster_log_level, service="pipelines")
        return settings

    @contextmanager
    def collector(self) -> Iterator[Collector]:
        """Open a collector of everything that is watched."""
        with open_collector(self.settings()) as collector:
            yield collector

    @contextmanager
    def lake(self) -> Iterator[Lake]:
        """Open the lake to read."""
        with open_lake(home_of(self.settings()), read_only=True) as lake:
            yield lake

    @contextmanager
    def store(self) -> Iterator[Store]:
        """Open the lake and the state to write."""
        with open_store(home_of(self.settings())) as store:
            yield store
