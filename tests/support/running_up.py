"""A real `maxbooster-ops up` in a home of its own, as a user starts it."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
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
    """Give the first truthy answer; asked for once more when time is up, since this machine may have stood still."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() >= deadline:
            raise AssertionError(f"waited {seconds:g} s for {what}")
        time.sleep(every)
    return answer


def still_running(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Give those that have not ended; any may end while it is looked at."""
    return [process for process in processes if _status(process) not in {None, psutil.STATUS_ZOMBIE}]


def _status(process: psutil.Process) -> str | None:
    try:
        return process.status() if process.is_running() else None
    except psutil.Error:
        return None


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

    def command_lines(self) -> str:
        """Give what everybody on this machine can read of them; runs come and go meanwhile."""
        lines = []
        for process in self.family():
            with suppress(psutil.Error):
                lines += process.cmdline()
        return " ".join(lines)

    def files(self) -> Iterator[tuple[Path, bytes]]:
        """Give every file of the home and what is in it, but for those that go while we look: it is all in use."""
        for folder, _, names in os.walk(self.home):
            for file in (Path(folder, name) for name in names):
                with suppress(FileNotFoundError):
                    if file.is_file():
                        yield file, file.read_bytes()

    def ask(self, query: str) -> Any:
        """Ask Dagster's GraphQL."""
        reply = requests.post(f"{self.url}/graphql", json={"query": query}, timeout=120).json()
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
        self.process.communicate(timeout=600)
        return self.process.returncode
