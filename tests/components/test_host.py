from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from maxbooster_ops.sources.host import Host
from maxbooster_ops.sources.source import Memory, Moment, Reading
from maxbooster_ops.store.facts import HostSample, SourceFailure

BUSY = "import sys\nprint('ready', flush=True)\nwhile True: pass"
# Found by name on the whole machine, where others may run the same tests.
BUSY_NAME, IDLE_NAME = f"busy-platform-{os.getpid()}.py", f"idle-platform-{os.getpid()}.py"
IDLE = "import sys\nprint('ready', flush=True)\nsys.stdin.read()"


def moment(memory: Memory | None = None) -> Moment:
    return Moment(at=datetime.now(UTC), interval_seconds=30, memory=json.loads(json.dumps(memory or {})))


def sampled(host: Host, at: Moment) -> tuple[HostSample, Reading]:
    reading = host.read(at)
    assert isinstance(reading, Reading), reading
    (row,) = reading.rows
    assert isinstance(row, HostSample)
    return row, reading


class Program:
    """A real process that a test may look at; named by the script that it runs."""

    def __init__(self, script: Path, source: str) -> None:
        script.write_text(source, encoding="utf-8")
        self.began = time.time()
        self.process = subprocess.Popen([sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout
        assert self.process.stdout.readline() == b"ready\n"

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def idle(tmp_path: Path) -> Iterator[Program]:
    program = Program(tmp_path / IDLE_NAME, IDLE)
    yield program
    program.end()


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Program]:
    program = Program(tmp_path / BUSY_NAME, BUSY)
    yield program
    program.end()


@retry(retry=retry_if_exception_type(AssertionError), stop=stop_after_delay(60), wait=wait_fixed(0.05), reraise=True)
def has_used_cpu(program: Program, seconds: float) -> None:
    assert cpu_seconds(program) >= seconds


def cpu_seconds(program: Program) -> float:
    used = psutil.Process(program.process.pid).cpu_times()
    return used.user + used.system


def test_the_host_is_described():
    row, reading = sampled(Host(platform_process=None), moment())
    assert row.host == socket.gethostname()
    assert 0 < row.memory_used_mb < row.memory_total_mb
    assert row.memory_percent == pytest.approx(100 * row.memory_used_mb / row.memory_total_mb, abs=1)
    assert 0 < row.disk_used_percent["/"] <= 100
    assert row.uptime_seconds > 0
    assert (row.process_name, row.process_pid, row.process_rss_mb) == (None, None, None)
    assert reading.failures == []


def test_no_mount_point_is_there_twice_or_for_a_single_file():
    row, _ = sampled(Host(platform_process=None), moment())
    assert all(Path(mount_point).is_dir() for mount_point in row.disk_used_percent)
    assert not [
        mount_point for mount_point in row.disk_used_percent if mount_point.startswith(("/proc", "/sys", "/snap"))
    ]


def test_on_first_sight_there_are_no_rates():
    row, _ = sampled(Host(platform_process=None), moment())
    assert (row.cpu_percent, row.disk_read_bytes_per_second, row.network_sent_bytes_per_second) == (None, None, None)


def test_another_process_of_ours_measures_since_the_previous_reading(busy: Program):
    """Every collecting run is a new process, so a new object must go on from the memory."""
    before = cpu_seconds(busy)
    first_row, first = sampled(Host(platform_process=BUSY_NAME), moment())
    has_used_cpu(busy, cpu_seconds(busy) + 0.4)
    row, _ = sampled(Host(platform_process=BUSY_NAME), moment(first.memory))
    after = cpu_seconds(busy)
    assert row.process_pid == busy.process.pid
    assert row.cpu_percent is not None
    assert 0 < row.cpu_percent <= 100
    assert row.process_cpu_percent is not None
    used = row.process_cpu_percent / 100 * (row.ts - first_row.ts).total_seconds()
    assert 0.399 < used < after - before + 0.001


def test_after_a_reboot_there_are_no_rates():
    _, reading = sampled(Host(platform_process=None), moment())
    memory = {**reading.memory, "booted_at": reading.memory["booted_at"] - 3600, "cpu_seconds": 1.0}
    row, _ = sampled(Host(platform_process=None), moment(memory))
    assert (row.cpu_percent, row.disk_read_bytes_per_second) == (None, None)


def test_a_process_is_found_by_its_pid_file(idle: Program, tmp_path: Path):
    file = tmp_path / "platform.pid"
    file.write_text(f"{idle.process.pid}\n", encoding="ascii")
    row, reading = sampled(Host(platform_process=str(file)), moment())
    assert row.process_pid == idle.process.pid
    assert row.process_rss_mb is not None
    assert 1 < row.process_rss_mb < 500
    assert row.process_open_files is not None
    assert row.process_open_files >= 3
    assert row.process_uptime_seconds is not None
    # The system tells when it was booted, and with that when anything began, to the second.
    assert -1 < row.process_uptime_seconds < time.time() - idle.began + 1
    assert reading.failures == []


def test_of_several_processes_with_one_name_the_oldest_is_watched(idle: Program, tmp_path: Path):
    other = tmp_path / "other"
    other.mkdir()
    younger = Program(other / IDLE_NAME, IDLE)
    try:
        row, _ = sampled(Host(platform_process=IDLE_NAME), moment())
        assert row.process_pid == idle.process.pid
    finally:
        younger.end()


def gone(named: str) -> SourceFailure:
    row, reading = sampled(Host(platform_process=named), moment())
    (failure,) = reading.failures
    assert (row.process_pid, failure.source, failure.error, failure.target) == (None, "host", "ProcessGoneError", named)
    assert "MAXBOOSTER_PLATFORM_PROCESS" in failure.hint
    return failure


def test_a_process_that_is_gone_is_a_failure_beside_the_host(idle: Program, tmp_path: Path):
    file = tmp_path / "platform.pid"
    file.write_text(str(idle.process.pid), encoding="ascii")
    idle.end()
    assert "which does not run" in gone(str(file)).reason
    assert gone(IDLE_NAME).reason == f"no process is called `{IDLE_NAME}`"


def test_a_process_that_ended_and_still_has_its_pid_is_gone(idle: Program, tmp_path: Path):
    file = tmp_path / "platform.pid"
    file.write_text(str(idle.process.pid), encoding="ascii")
    idle.process.kill()
    os.waitid(os.P_PID, idle.process.pid, os.WEXITED | os.WNOWAIT)
    assert "ended" in gone(str(file)).reason


def test_a_pid_that_another_process_got_is_not_the_platform(idle: Program, tmp_path: Path):
    file = tmp_path / "platform.pid"
    file.write_text(str(idle.process.pid), encoding="ascii")
    an_hour_ago = time.time() - timedelta(hours=1).total_seconds()
    os.utime(file, (an_hour_ago, an_hour_ago))
    assert "started after the file was written" in gone(str(file)).reason


@pytest.mark.parametrize("content", ["", "not a pid", "-1", "99999999999999999999"])
def test_a_pid_file_that_names_no_process_is_a_failure(tmp_path: Path, content: str):
    file = tmp_path / "platform.pid"
    file.write_text(content, encoding="ascii")
    assert str(file) in gone(str(file)).reason


def test_a_pid_file_that_is_not_there_is_a_failure(tmp_path: Path):
    assert "cannot be read" in gone(str(tmp_path / "platform.pid")).reason
