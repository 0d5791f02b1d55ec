"""Our code location as Dagster's own commands run it: `dagster dev`, or each program as a service of its own."""

from __future__ import annotations

import shutil
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from maxbooster_ops.processes import Supervisor
from support.redis_process import free_port
from support.running_up import environment, eventually

_CHECKOUT = Path(__file__).resolve().parents[2]
_MODULE = "maxbooster_ops.pipelines.definitions"


@dataclass
class PlainDagster:
    """One installation without `up`; what it runs is ended by whoever ends `supervisor`."""

    root: Path
    supervisor: Supervisor
    variables: dict[str, str]
    port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def dev(self) -> PlainDagster:
        """Start `dagster dev` with this checkout's workspace, as docs/operations.md says."""
        self._prepare()
        workspace = str(_CHECKOUT / "workspace.yaml")
        self._start("dagster", "dev", "--workspace", workspace, "--host", "127.0.0.1", "--port", str(self.port))
        return self

    def services(self) -> PlainDagster:
        """Start the code server, the web server and the daemon, which find each other by a port."""
        self._prepare()
        code = str(free_port())
        workspace = self.root / "workspace.yaml"
        place = f"{{host: 127.0.0.1, port: {code}, location_name: maxbooster_ops}}"
        workspace.write_text(f"load_from: [{{grpc_server: {place}}}]\n")
        self._start("dagster", "api", "grpc", "-m", _MODULE, "--host", "127.0.0.1", "--port", code)
        # The others would come back for it later, and miss the first minute.
        eventually(lambda: _listens(int(code)), seconds=600, what="the code server")
        self._start("dagster-webserver", "-w", str(workspace), "--host", "127.0.0.1", "--port", str(self.port))
        self._start("dagster-daemon", "run", "-w", str(workspace))
        return self

    def ask(self, query: str) -> Any:
        """Ask Dagster's GraphQL, as soon as somebody answers."""
        reply = eventually(lambda: self._answer(query), seconds=600, what=f"Dagster on {self.url}", every=1)
        assert "errors" not in reply, reply
        return reply["data"]

    def _answer(self, query: str) -> Any:
        try:
            return requests.post(f"{self.url}/graphql", json={"query": query}, timeout=120).json()
        except requests.RequestException:
            return None

    def _prepare(self) -> None:
        home = self.root / "dagster"
        home.mkdir(parents=True)
        shutil.copy(_CHECKOUT / "deploy" / "dagster.yaml", home)

    def _start(self, program: str, *arguments: str) -> None:
        ours = {"MAXBOOSTER_HOME": str(self.root), "DAGSTER_HOME": str(self.root / "dagster"), **self.variables}
        command = [str(Path(sys.executable).with_name(program)), *arguments]
        self.supervisor.start(f"{program}-{self.port}", command, env=environment(**ours), cwd=self.root)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
