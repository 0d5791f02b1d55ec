"""What is watched: what the settings name, else a running sandbox.

Belongs here: that decision, shared by the commands and the pipelines. Not here: the reading (`collecting.py`).
"""

from __future__ import annotations

from maxbooster_ops.sandbox.endpoints import live_endpoints
from maxbooster_ops.settings import Settings
from maxbooster_ops.sources.targets import Targets
from maxbooster_ops.store.home import Home


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


def _base(url: object | None) -> str | None:
    return str(url).rstrip("/") if url else None
