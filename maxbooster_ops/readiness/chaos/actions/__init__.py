"""Everything that scenarios may do and look at.

Belongs here: the list of modules; a new one is a file plus one entry in it. Not here: the engine that calls them.
"""

from types import ModuleType

from maxbooster_ops.readiness.chaos.actions import (
    collector,
    jobs,
    metrics,
    monitoring,
    network,
    posts,
    queues,
    redis_server,
    retries,
    workers,
)

MODULES: tuple[ModuleType, ...] = (
    collector,
    jobs,
    metrics,
    monitoring,
    network,
    posts,
    queues,
    redis_server,
    retries,
    workers,
)
