"""The platform's process: found by a pid file or by name, and described.

Belongs here: finding the right process, and never another that got its pid. Not here: rates (`counters.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from maxbooster_ops.errors import MaxboosterError

_CLOCK_GRAIN_SECONDS = 2.0
"""Start times are counted from boot in ticks, file times are not; they differ by a second where both are the same."""

_MEGABYTE = 1024 * 1024


class ProcessGoneError(MaxboosterError):
    """The platform's process does not run."""

    permanent = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessState:
    """One process now. `identity` is its pid with its start, since a pid alone is given to others later."""

    name: str
    pid: int
    identity: str
    rss_mb: float
    cpu_seconds: float
    open_files: int | None
    started_at: float


def watch_process(named: str) -> ProcessState:
    """Describe the process that `named` says: a pid file (anything with a `/` or `.pid` in it), or a process name.

    Raises `ProcessGoneError` where there is none. Of several with one name, the oldest: the others are its children.
    """
    process = _by_pid_file(Path(named)) if "/" in named or named.endswith(".pid") else _by_name(named)
    try:
        with process.oneshot():
            cpu = process.cpu_times()
            return ProcessState(
                name=process.name(),
                pid=process.pid,
                identity=f"{process.pid}@{process.create_time():.2f}",
                rss_mb=process.memory_info().rss / _MEGABYTE,
                cpu_seconds=cpu.user + cpu.system,
                open_files=_open_files(process),
                started_at=process.create_time(),
            )
    except psutil.Error as error:
        raise ProcessGoneError(f"process {process.pid} of `{named}` cannot be read: {error}") from error


def _by_pid_file(file: Path) -> psutil.Process:
    try:
        pid, written_at = int(file.read_text(encoding="ascii").strip()), file.stat().st_mtime
    except (OSError, ValueError) as error:
        raise ProcessGoneError(f"pid file {file} cannot be read: {error}") from error
    try:
        process = psutil.Process(pid)
        started_at = process.create_time()
        is_zombie = process.status() == psutil.STATUS_ZOMBIE
    except (psutil.Error, ValueError, OverflowError) as error:
        raise ProcessGoneError(f"pid file {file} names process {pid}, which does not run") from error
    if started_at > written_at + _CLOCK_GRAIN_SECONDS:
        raise ProcessGoneError(f"pid file {file} names process {pid}, but that started after the file was written")
    if is_zombie:
        raise ProcessGoneError(f"pid file {file} names process {pid}, which ended and was not yet cleared away")
    return process


def _by_name(name: str) -> psutil.Process:
    found = [process for process in psutil.process_iter() if _is_called(process, name)]
    if not found:
        raise ProcessGoneError(f"no process is called `{name}`")
    return min(found, key=lambda process: (process.create_time(), process.pid))


def _is_called(process: psutil.Process, name: str) -> bool:
    with suppress(psutil.Error):
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        # A script runs under its interpreter's name; people call it by its own.
        return name == process.name() or name in _program_names(process.cmdline())
    return False


def _program_names(command: Sequence[str]) -> list[str]:
    return [Path(part).name for part in command[:2]]


def _open_files(process: psutil.Process) -> int | None:
    try:
        return process.num_fds()
    except (psutil.AccessDenied, AttributeError):  # another user's process; Windows has no such number
        return None
