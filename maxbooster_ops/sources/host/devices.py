"""The disks, file systems and networks that are really there, each once.

Belongs here: leaving out what repeats or only simulates another (partitions, loop devices, bind mounts, bridges).
Not here: rates (`counters.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import psutil

_BLOCK_DEVICES = Path("/sys/block")
_COPIED_INTERFACES = ("lo", "veth", "docker", "br-", "virbr", "cni", "flannel", "cali")
"""Traffic on them never leaves the host, or is counted again on the interface that it leaves by."""

_PACKED_IMAGES = frozenset({"squashfs", "iso9660", "erofs"})
"""Read-only images, which are always full."""


def disk_used_percent() -> Mapping[str, float]:
    """Give how full each file system is, by mount point; `/` always, also where it is a container's overlay."""
    mounted: dict[str, str] = {}
    # Only physical devices (all=False): asking a network file system whose server is gone would hang.
    for partition in sorted(psutil.disk_partitions(all=False), key=lambda found: len(found.mountpoint)):
        if partition.device.startswith("/dev/loop") or partition.fstype in _PACKED_IMAGES:
            continue
        if Path(partition.mountpoint).is_dir():  # a container's /etc/hosts is a mounted file
            mounted.setdefault(partition.device, partition.mountpoint)
    used: dict[str, float] = {}
    for mount_point in sorted({"/", *mounted.values()}):
        try:
            used[mount_point] = psutil.disk_usage(mount_point).percent
        except OSError:  # unmounted since, or not ours to see
            continue
    return used


def disk_bytes() -> tuple[int, int] | None:
    """Give the bytes read from and written to real disks since boot; None where the system does not tell."""
    counters = psutil.disk_io_counters(perdisk=True) or {}
    if _BLOCK_DEVICES.is_dir():
        counters = {name: disk for name, disk in counters.items() if (_BLOCK_DEVICES / name / "device").exists()}
    if not counters:
        return None
    return sum(disk.read_bytes for disk in counters.values()), sum(disk.write_bytes for disk in counters.values())


def network_bytes() -> tuple[int, int] | None:
    """Give the bytes sent and received since boot by interfaces that lead out of the host."""
    counters = psutil.net_io_counters(pernic=True) or {}
    leading_out = [nic for name, nic in counters.items() if not name.startswith(_COPIED_INTERFACES)]
    if not leading_out:
        return None
    return sum(nic.bytes_sent for nic in leading_out), sum(nic.bytes_recv for nic in leading_out)


def open_file_descriptors() -> int | None:
    """Give how many files are open on the whole host; None where the system does not tell (it is Linux that does)."""
    try:
        return int(Path("/proc/sys/fs/file-nr").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return None
