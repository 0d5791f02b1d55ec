"""The host that we run on, and one process of the platform where it is named.

`counters` compares two readings, `devices` tells real disks and networks from copies of them, `process` finds the
platform's process, `source` reads. Not here: other hosts, which report through the application's metrics.
"""

from maxbooster_ops.sources.host.source import Host

__all__ = ["Host"]
