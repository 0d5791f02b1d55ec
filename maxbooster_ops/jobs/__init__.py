"""For programs that are jobs: tracking their executions, working on queues by policy, adding jobs."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from maxbooster_ops.jobs.tracking import Tracked, track

if TYPE_CHECKING:
    from maxbooster_ops.jobs.adding import Producer, add
    from maxbooster_ops.jobs.worker import Worker

__all__ = ["Producer", "Tracked", "Worker", "add", "track"]

_LATER = {"Producer": "adding", "add": "adding", "Worker": "worker"}
"""What needs BullMQ and Redis, which a job that is only tracked must not wait for."""


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
