"""For programs that are jobs: tracking their executions."""

from maxbooster_ops.jobs.tracking import Tracked, track

__all__ = ["Tracked", "track"]
