"""BullMQ queues on Redis: what they hold now, and every job that finished since they were last read.

A reading counts all queues (`census`), reads the event streams from where it left off (`stream`), pairs events into
finished jobs (`events`, pure) and asks those jobs for their own clocks (`interview`). It writes nothing to Redis and
runs no Lua there.
"""

from maxbooster_ops.sources.bullmq.source import BullmqQueues

__all__ = ["BullmqQueues"]
