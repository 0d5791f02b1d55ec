"""Dagster's three programs as `up` runs them: the code server, the web server and the daemon.

Belongs here: their command lines, their order, their port and their restarts. Not here: what they load (`pipelines/`).
Three programs instead of `dagster dev` use 440 MB instead of 660 MB and half of its idle CPU.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import psutil
import requests

from maxbooster_ops.cli.dagster_config import write_dagster_config
from maxbooster_ops.errors import ProcessError
from maxbooster_ops.processes import Service, Supervisor, free_port, is_free, wait_for
from maxbooster_ops.store.home import Home

_MODULE = "maxbooster_ops.pipelines.definitions"
_CALM = (sys.executable, "-m", "maxbooster_ops.pipelines.calm_dagster")
_QUIET = ("--log-level", "warning")
"""Every tick and launch is in the UI; in a file they would be 3 MB a day."""

_LONGEST_SOCKET_PATH = 100
"""The kernel's limit is 104 bytes on macOS and 108 on Linux."""

_START_SECONDS = 120.0
"""A cold start takes 8 s; a busy machine without byte code may take a minute."""

_PORTS_TRIED = 20


class DagsterServices:
    """The code server, the web server and the daemon of one home. `port` is the wanted one until they have started."""

    def __init__(self, supervisor: Supervisor, home: Home, *, host: str, port: int) -> None:
        self.port = port
        self._host = host
        self._supervisor = supervisor
        self._home = home
        self._socket = _socket(home)
        self._workspace = home.dagster / "workspace.yaml"
        self._workspace.write_text(
            f"load_from:\n  - grpc_server:\n      socket: {self._socket}\n      location_name: maxbooster_ops\n"
        )

    @property
    def url(self) -> str:
        """Where the UI is."""
        return f"http://{self._host}:{self.port}"

    def start(self) -> None:
        """Start all three and wait until the UI answers, on the next port where others have the wanted one.

        Raises `ProcessError` with the log's end when one does not come up.
        """
        write_dagster_config(self._home)
        code = self._launch("code-server")
        wait_for(self._socket.exists, seconds=_START_SECONDS, what="the code server", needs=[code])
        self._launch("daemon")
        for _ in range(_PORTS_TRIED):
            self.port = self._free_port()
            if self._serves(code):
                return
        raise ProcessError(
            f"The Dagster UI found no port: others took {_PORTS_TRIED} while it started, {self.port} the last. "
            "Start again with --dagster-port and one that nobody wants."
        )

    def start_again(self, name: str) -> None:
        """Start one of the three after it ended."""
        self._launch(name)

    def __contains__(self, name: object) -> bool:
        return name in self._commands()

    def _free_port(self) -> int:
        nearby = range(self.port, min(self.port + _PORTS_TRIED, 65536))
        return next((port for port in nearby if is_free(port, host=self._host)), free_port())

    def _serves(self, code: Service) -> bool:
        """Start the web server and wait for it; False where others took the port in the seconds that it needs."""
        web = self._launch("web-server")
        try:
            wait_for(
                lambda: _listens(web, self.port) and self._answers(),
                seconds=_START_SECONDS,
                what=f"the Dagster UI on {self.url}",
                needs=[code, web],
            )
        except ProcessError:
            if web.exit_code is None or is_free(self.port, host=self._host):
                raise
            self._supervisor.forget(web)
            return False
        return True

    def _launch(self, name: str) -> Service:
        environment = {
            "DAGSTER_HOME": str(self._home.dagster),
            "MAXBOOSTER_HOME": str(self._home.root),
            # Without byte code every run would spend two more CPU-seconds on imports.
            "PYTHONDONTWRITEBYTECODE": "",
        }
        self._socket.unlink(missing_ok=True) if name == "code-server" else None
        return self._supervisor.start(name, self._commands()[name], env=environment)

    def _commands(self) -> Mapping[str, list[str]]:
        place = ["--workspace", str(self._workspace)]
        code = ["--module-name", _MODULE, "--socket", str(self._socket)]
        return {
            "code-server": [*_CALM, "dagster", "api", "grpc", *code, *_QUIET],
            "web-server": [*_CALM, "dagster-webserver", *place, "--host", self._host, "--port", str(self.port)],
            "daemon": [*_CALM, "dagster-daemon", "run", *place, *_QUIET],
        }

    def _answers(self) -> bool:
        try:
            with requests.Session() as session:
                session.trust_env = False  # a proxy has nothing to do with a server of our own
                return session.get(f"{self.url}/server_info", timeout=5).ok
        except requests.RequestException:
            return False


def _listens(web: Service, port: int) -> bool:
    """Tell whether it is ours that listens there: another home's web server would answer, too."""
    try:
        sockets = psutil.Process(web.identity.pid).net_connections("tcp")
    except psutil.Error:
        return False
    return any(each.status == psutil.CONN_LISTEN and each.laddr.port == port for each in sockets)


def _socket(home: Home) -> Path:
    """Give the code server's socket: unlike a port, no other user of this machine can reach it."""
    socket = home.dagster / "code.sock"
    if len(str(socket)) <= _LONGEST_SOCKET_PATH:
        return socket
    return Path(tempfile.mkdtemp(prefix="maxbooster-ops-")) / "code.sock"
