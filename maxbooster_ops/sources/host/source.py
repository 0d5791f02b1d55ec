"""The source that reads the host.

Belongs here: one reading, from psutil to a row. Not here: arithmetic (`counters.py`), devices, finding a process.
"""

from __future__ import annotations

import socket

import psutil

from maxbooster_ops.sources.host import devices
from maxbooster_ops.sources.host.counters import Counters, comparable, cpu_percent, per_second, process_cpu_percent
from maxbooster_ops.sources.host.process import ProcessGoneError, ProcessState, watch_process
from maxbooster_ops.sources.source import Moment, Reading
from maxbooster_ops.store.facts import HostSample, SourceFailure

_MEGABYTE = 1024 * 1024


class Host:
    """CPU, memory, disks and network of this host, and the platform's process (a pid file or a name) where given."""

    name = "host"

    def __init__(self, *, platform_process: str | None = None) -> None:
        self._platform_process = platform_process

    def read(self, moment: Moment) -> Reading | SourceFailure:
        """Read once; a process that is gone is a failure beside the host's row, not instead of it."""
        process, failures = self._process(moment)
        try:
            now = _counters(moment, process)
            row = _row(moment, before=comparable(Counters.recalled(moment.memory), now), now=now, process=process)
        except (psutil.Error, OSError) as error:
            hint = "the system hides part of /proc or /sys from this process"
            return SourceFailure.of(self.name, error, at=moment.at, target=socket.gethostname(), hint=hint)
        return Reading(rows=[row], memory=now.remembered(), failures=failures)

    def close(self) -> None:
        """Hold nothing between readings."""

    def _process(self, moment: Moment) -> tuple[ProcessState | None, list[SourceFailure]]:
        if self._platform_process is None:
            return None, []
        try:
            return watch_process(self._platform_process), []
        except ProcessGoneError as error:
            hint = "start the platform, or correct MAXBOOSTER_PLATFORM_PROCESS"
            return None, [SourceFailure.of(self.name, error, at=moment.at, target=self._platform_process, hint=hint)]


def _counters(moment: Moment, process: ProcessState | None) -> Counters:
    cpu = psutil.cpu_times()
    # Linux counts a guest's time as the user's, too, and waiting for a disk is not working.
    total = sum(cpu) - getattr(cpu, "guest", 0.0) - getattr(cpu, "guest_nice", 0.0)
    disk_read, disk_written = devices.disk_bytes() or (None, None)
    sent, received = devices.network_bytes() or (None, None)
    return Counters(
        at=moment.at.timestamp(),
        booted_at=psutil.boot_time(),
        cpu_seconds=total,
        cpu_busy_seconds=total - cpu.idle - getattr(cpu, "iowait", 0.0),
        disk_read_bytes=disk_read,
        disk_write_bytes=disk_written,
        network_sent_bytes=sent,
        network_received_bytes=received,
        process=process.identity if process else None,
        process_cpu_seconds=process.cpu_seconds if process else None,
    )


def _row(moment: Moment, *, before: Counters | None, now: Counters, process: ProcessState | None) -> HostSample:
    memory, swap, load = psutil.virtual_memory(), psutil.swap_memory(), psutil.getloadavg()
    return HostSample(
        ts=moment.at,
        host=socket.gethostname(),
        cpu_percent=cpu_percent(before, now),
        memory_used_mb=(memory.total - memory.available) / _MEGABYTE,
        memory_total_mb=memory.total / _MEGABYTE,
        memory_percent=memory.percent,
        swap_used_mb=swap.used / _MEGABYTE,
        swap_total_mb=swap.total / _MEGABYTE,
        disk_used_percent=devices.disk_used_percent(),
        disk_read_bytes_per_second=per_second(before, now, "disk_read_bytes"),
        disk_write_bytes_per_second=per_second(before, now, "disk_write_bytes"),
        network_sent_bytes_per_second=per_second(before, now, "network_sent_bytes"),
        network_received_bytes_per_second=per_second(before, now, "network_received_bytes"),
        load_1m=load[0],
        load_5m=load[1],
        load_15m=load[2],
        uptime_seconds=now.at - now.booted_at,
        open_file_descriptors=devices.open_file_descriptors(),
        process_name=process.name if process else None,
        process_pid=process.pid if process else None,
        process_rss_mb=process.rss_mb if process else None,
        process_cpu_percent=process_cpu_percent(before, now),
        process_open_files=process.open_files if process else None,
        process_uptime_seconds=now.at - process.started_at if process else None,
    )
