"""What is watched, and a collector for it: where settings, a running sandbox, the sources and the store meet.

Belongs here: that wiring, shared by the commands and the pipelines. Not here: any rule of either.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from maxbooster_ops.sandbox.endpoints import live_endpoints
from maxbooster_ops.settings import Settings
from maxbooster_ops.sources.collector import Collector
from maxbooster_ops.sources.registry import Targets, build_sources
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.opening import open_store


def home_of(settings: Settings) -> Home:
    """Give the home folder in force."""
    return Home(root=settings.maxbooster_home)


def targets_of(settings: Settings) -> Targets:
    """Decide what is watched: what the settings name, else the sandbox that runs in this home, else this host alone."""
    home = home_of(settings)
    redis_url, platform_url = settings.redis_url, _base(settings.platform_url)
    process, origin = settings.maxbooster_platform_process, "settings"
    if redis_url is None and platform_url is None:
        sandbox = live_endpoints(home.sandbox)
        origin = "sandbox" if sandbox else "nothing but this host"
        if sandbox:
            redis_url, platform_url = sandbox.redis_url, _base(sandbox.platform_url)
            process = process or str(home.sandbox / "platform.pid")
    return Targets(
        redis_url=redis_url,
        platform_url=platform_url,
        frontend_url=_base(settings.production_frontend_url) or platform_url,
        queue_prefixes=settings.maxbooster_queue_prefixes,
        queues=settings.maxbooster_queues,
        platform_process=process,
        monitors_file=home.monitors,
        origin=origin,
    )


@contextmanager
def open_collector(settings: Settings) -> Iterator[Collector]:
    """Open the store and a collector of everything that is watched."""
    with open_store(home_of(settings)) as store:
        collector = Collector(
            build_sources(targets_of(settings)),
            store.beats,
            interval_seconds=settings.maxbooster_collect_interval_seconds,
            deadline_seconds=settings.maxbooster_source_deadline_seconds,
        )
        try:
            yield collector
        finally:
            collector.close()


def _base(url: object | None) -> str | None:
    return str(url).rstrip("/") if url else None
