"""A real `maxbooster-ops up` in a home of its own, as a user starts it."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psutil
import requests

from maxbooster_ops.settings import variables

COMMAND = str(Path(sys.executable).with_name("maxbooster-ops"))

T = TypeVar("T")


def environment(**ours: str) -> dict[str, str]:
    """Give the environment without any variable of ours but those named."""
    return {**{name: value for name, value in os.environ.items() if name not in variables()}, **ours}


def eventually(condition: Callable[[], T], *, seconds: float, what: str, every: float = 0.2) -> T:
    """Give the first truthy answer."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(every)
    raise AssertionError(f"waited {seconds:g} s for {what}")


@dataclass
class RunningUp:
    """`up` with the sandbox; `printed` is what a person saw until the UI was there."""

    home: Path
    port: int
    variables: dict[str, str] = field(default_factory=dict)
    printed: str = ""
    process: subprocess.Popen[str] = field(init=False)

    def start(self) -> RunningUp:
        command = [COMMAND, "up", "--home", str(self.home), "--dagster-port", str(self.port)]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(**self.variables),
            cwd=self.home.parent,
            start_new_session=True,
        )
        for line in self.process.stdout:
            self.printed += line
            if "Ctrl-C" in line:
                return self
        raise AssertionError(f"up ended with {self.process.wait()}:\n{self.printed}")

    @property
    def url(self) -> str:
        return next(line.split()[-1] for line in self.printed.splitlines() if line.startswith("Dagster UI"))

    def family(self) -> list[psutil.Process]:
        """Give every process that it started, however far down."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def ask(self, query: str) -> Any:
        """Ask Dagster's GraphQL."""
        reply = requests.post(f"{self.url}/graphql", json={"query": query}, timeout=30).json()
        assert "errors" not in reply, reply
        return reply["data"]

    def runs(self, job: str) -> list[dict[str, str]]:
        """Give the runs of a job."""
        found = self.ask(
            f'{{runsOrError(filter: {{pipelineName: "{job}"}}) {{... on Runs {{results {{runId status}}}}}}}}'
        )
        return found["runsOrError"]["results"]

    def is_in_state(self, query: str) -> bool:
        """Tell whether the state has a row that answers `query`: for waiting, as a command takes a second each time."""
        with closing(sqlite3.connect(f"file:{self.home / 'state.db'}?mode=ro", uri=True)) as state:
            return state.execute(query).fetchone() is not None

    def cli(self, *arguments: str, check: bool = True) -> str:
        """Run another command on the same home and give what it prints."""
        command = [COMMAND, *arguments, "--home", str(self.home)]
        run = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env=environment(**self.variables),
            cwd=self.home.parent,
        )
        assert run.returncode == 0 or not check, run.stderr
        return run.stdout

    def stop(self) -> int:
        """Press Ctrl-C and give the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=60)
        return self.process.returncode
