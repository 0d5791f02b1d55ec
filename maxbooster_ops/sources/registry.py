"""Which sources there are. Adding one is its own file and one line here.

Belongs here: how each source is made from what is to be watched; None where the target is not configured, since a
source that is not configured is neither read nor failed. Not here: where the targets come from (`watching.py`).
"""

from __future__ import annotations

from collections.abc import Callable

from maxbooster_ops.sources.ai_cache import AiCaches
from maxbooster_ops.sources.bullmq import BullmqQueues
from maxbooster_ops.sources.host import Host
from maxbooster_ops.sources.probes import Probes, load_monitors
from maxbooster_ops.sources.prometheus import PrometheusScrape
from maxbooster_ops.sources.redis_server import RedisServer
from maxbooster_ops.sources.source import Source
from maxbooster_ops.sources.targets import Targets


def _bullmq(targets: Targets) -> Source | None:
    if targets.redis_url is None:
        return None
    return BullmqQueues(targets.redis_url.get_secret_value(), prefixes=targets.queue_prefixes, only=targets.queues)


def _redis(targets: Targets) -> Source | None:
    return RedisServer(targets.redis_url.get_secret_value()) if targets.redis_url else None


def _host(targets: Targets) -> Source | None:
    return Host(platform_process=targets.platform_process)


def _probes(targets: Targets) -> Source | None:
    if targets.platform_url is None:
        return None
    return Probes(
        load_monitors(targets.monitors_file), platform_url=targets.platform_url, frontend_url=targets.frontend_url
    )


def _metrics(targets: Targets) -> Source | None:
    return PrometheusScrape(f"{targets.platform_url}/api/metrics") if targets.platform_url else None


def _ai_caches(targets: Targets) -> Source | None:
    return AiCaches(f"{targets.platform_url}/api/monitoring/ai-models") if targets.platform_url else None


BUILDERS: tuple[Callable[[Targets], Source | None], ...] = (_bullmq, _redis, _host, _probes, _metrics, _ai_caches)


def build_sources(targets: Targets) -> list[Source]:
    """Make every source whose target is configured."""
    return [source for build in BUILDERS if (source := build(targets))]
