"""Dagster's three programs as `up` runs them: the code server, the web server and the daemon.

Belongs here: their command lines, their order and their restarts. Not here: what they load (`pipelines/`).
Three programs instead of `dagster dev` use 440 MB instead of 660 MB and half of its idle CPU.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import requests

from maxbooster_ops.cli.dagster_config import write_dagster_config
from maxbooster_ops.processes import Service, Supervisor, wait_for
from maxbooster_ops.store.home import Home

_MODULE = "maxbooster_ops.pipelines.definitions"
_CALM = (sys.executable, "-m", "maxbooster_ops.pipelines.calm_dagster")
_QUIET = ("--log-level", "warning")
"""Every tick and launch is in the UI; in a file they would be 3 MB a day."""

_LONGEST_SOCKET_PATH = 100
"""The kernel's limit is 104 bytes on macOS and 108 on Linux."""

_START_SECONDS = 120.0
"""A cold start takes 8 s; a busy machine without byte code may take a minute."""


class DagsterServices:
    """The code server, the web server and the daemon of one home."""

    def __init__(self, supervisor: Supervisor, home: Home, *, host: str, port: int) -> None:
        self.url = f"http://{host}:{port}"
        self._supervisor = supervisor
        self._home = home
        self._socket = _socket(home)
        workspace = home.dagster / "workspace.yaml"
        workspace.write_text(
            f"load_from:\n  - grpc_server:\n      socket: {self._socket}\n      location_name: maxbooster_ops\n"
        )
        place = ["--workspace", str(workspace)]
        code = ["--module-name", _MODULE, "--socket", str(self._socket)]
        self._commands = {
            "code-server": [*_CALM, "dagster", "api", "grpc", *code, *_QUIET],
            "web-server": [*_CALM, "dagster-webserver", *place, "--host", host, "--port", str(port)],
            "daemon": [*_CALM, "dagster-daemon", "run", *place, *_QUIET],
        }

    def start(self) -> None:
        """Start all three and wait until the UI answers; raises `ProcessError` with the log's end when one does not."""
        write_dagster_config(self._home)
        code = self._launch("code-server")
        wait_for(self._socket.exists, seconds=_START_SECONDS, what="the code server", needs=[code])
        web, _ = self._launch("web-server"), self._launch("daemon")
        wait_for(self._answers, seconds=_START_SECONDS, what=f"the Dagster UI on {self.url}", needs=[code, web])

    def start_again(self, name: str) -> None:
        """Start one of the three after it ended."""
        self._launch(name)

    def __contains__(self, name: object) -> bool:
        return name in self._commands

    def _launch(self, name: str) -> Service:
        environment = {
            "DAGSTER_HOME": str(self._home.dagster),
            "MAXBOOSTER_HOME": str(self._home.root),
            # Without byte code every run would spend two more CPU-seconds on imports.
            "PYTHONDONTWRITEBYTECODE": "",
        }
        self._socket.unlink(missing_ok=True) if name == "code-server" else None
        return self._supervisor.start(name, self._commands[name], env=environment)

    def _answers(self) -> bool:
        try:
            with requests.Session() as session:
                session.trust_env = False  # a proxy has nothing to do with a server of our own
                return session.get(f"{self.url}/server_info", timeout=5).ok
        except requests.RequestException:
            return False


def _socket(home: Home) -> Path:
    """Give the code server's socket: unlike a port, no other user of this machine can reach it."""
    socket = home.dagster / "code.sock"
    if len(str(socket)) <= _LONGEST_SOCKET_PATH:
        return socket
    return Path(tempfile.mkdtemp(prefix="maxbooster-ops-")) / "code.sock"
