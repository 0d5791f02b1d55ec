"""The run launcher: asks a warm run server for each run, so that none spends a second on imports.

Belongs here: Dagster's side of a launch. Not here: the server (`run_server.py`). `dagster.yaml` names the class.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any, Self

from dagster import DagsterInstance, DagsterRun
from dagster._config.config_schema import UserConfigSchema
from dagster._core.launcher.base import CheckRunHealthResult, LaunchRunContext, RunLauncher, WorkerStatus
from dagster._core.storage.tags import HIDDEN_TAG_PREFIX
from dagster._grpc.types import ExecuteRunArgs
from dagster._serdes import ConfigurableClass, ConfigurableClassData, serialize_value

from maxbooster_ops.errors import ProcessError
from maxbooster_ops.processes.family import Identity

PROCESS_TAG = f"{HIDDEN_TAG_PREFIX}maxbooster_ops/process"
"""The run's process as `pid:creation time`, so that every program of the instance finds it; no page shows it."""

_PACKAGE = Path(__file__).resolve().parents[1]
_NOTED_WITHIN_SECONDS = 60.0


class WarmRunLauncher(RunLauncher[DagsterInstance], ConfigurableClass):
    """Launches a run as a fork of a process that has imported this code location already."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data
        self._server: subprocess.Popen[bytes] | None = None
        self._code = 0
        self._one_at_a_time = Lock()
        super().__init__()  # type: ignore[no-untyped-call]

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """Give what Dagster was configured with."""
        return self._inst_data

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        """Take no configuration."""
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """Build the launcher that `dagster.yaml` names."""
        return cls(inst_data=inst_data, **config_value)

    def launch_run(self, context: LaunchRunContext) -> None:
        """Have the run forked; raises `ProcessError` where the server gives no process."""
        run = context.dagster_run
        if run.job_code_origin is None:
            raise ProcessError(f"Run {run.run_id} does not say which code it belongs to, so it cannot be launched.")
        arguments = ExecuteRunArgs(
            job_origin=run.job_code_origin,
            run_id=run.run_id,
            instance_ref=self._instance.get_ref(),
            set_exit_code_on_failure=False,
        )
        with self._one_at_a_time:
            pid = _ask(self._running_server(), serialize_value(arguments))
        if process := Identity.of(pid):
            self._instance.add_run_tags(run.run_id, {PROCESS_TAG: f"{process.pid}:{process.created}"})

    def terminate(self, run_id: str) -> bool:
        """Interrupt the run's process; False where there is none any more."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        self._instance.report_run_canceling(run)
        if (process := _living_process(run)) is None:
            return False
        os.kill(process.pid, signal.SIGINT)
        return True

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Let the daemon's monitor ask."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Tell whether the run's process lives."""
        if PROCESS_TAG not in run.tags and not self._is_overdue(run):
            return CheckRunHealthResult(WorkerStatus.RUNNING, "its process is not noted yet")
        if _living_process(run) is None:
            return CheckRunHealthResult(WorkerStatus.FAILED, "its process is gone")
        return CheckRunHealthResult(WorkerStatus.RUNNING)

    def _is_overdue(self, run: DagsterRun) -> bool:
        """Tell whether the daemon must have died between the fork and its note: it takes milliseconds."""
        record = self._instance.get_run_record_by_id(run.run_id)
        started = record.start_time if record else None
        return started is not None and time.time() - started > _NOTED_WITHIN_SECONDS

    def dispose(self) -> None:
        """Let the server end; its runs go on."""
        self._dismiss()

    def _running_server(self) -> subprocess.Popen[bytes]:
        code = _newest_change()
        if self._server is None or self._server.poll() is not None or code != self._code:
            self._dismiss()
            self._code = code
            self._server = subprocess.Popen(
                [sys.executable, "-m", "maxbooster_ops.pipelines.run_server"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        return self._server

    def _dismiss(self) -> None:
        server, self._server = self._server, None
        if server and server.stdin and server.stdout:
            server.stdin.close()
            server.stdout.close()
            server.wait()


def _ask(server: subprocess.Popen[bytes], serialized: str) -> int:
    if server.stdin is None or server.stdout is None:
        raise ProcessError("The run server was started without pipes; restart the daemon.")
    try:
        server.stdin.write(serialized.encode() + b"\n")
        server.stdin.flush()
        return int(server.stdout.readline())
    except (OSError, ValueError) as error:
        raise ProcessError(
            f"The run server (pid {server.pid}) gave no process for a run; its last words are in the daemon's log. "
            "The next run starts a new one."
        ) from error


def _newest_change() -> int:
    """Give when this package's code last changed, in ns: a server that is older runs what no longer stands there."""
    return max(path.stat().st_mtime_ns for path in _PACKAGE.rglob("*") if path.suffix in {".py", ".sql", ".yaml"})


def has_process(run: DagsterRun) -> bool | None:
    """Tell whether the run's process lives; None where none is noted, so that nobody knows."""
    return _living_process(run) is not None if PROCESS_TAG in run.tags else None


def _living_process(run: DagsterRun) -> Identity | None:
    pid, _, created = run.tags.get(PROCESS_TAG, "").partition(":")
    noted = Identity(pid=int(pid), created=float(created)) if pid else None
    return noted if noted and noted.lives() else None
