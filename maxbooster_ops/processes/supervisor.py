"""The supervisor: starts programs, watches them, and ends them in reverse order.

Belongs here: the life of a set of programs. Not here: what happens when we are killed (`guardian`), and how the
processes that belong to a program are found (`family`).
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from maxbooster_ops.errors import ProcessError
from maxbooster_ops.processes.family import GRACE_SECONDS, MARK, Identity, end, family
from maxbooster_ops.processes.service import Service


class Supervisor:
    """Starts programs whose output goes to `logs`; leaving the `with` block ends all of them.

    Whatever they start in turn is ended too, even where it made a session of its own or lost its parent. A guardian
    does the same should this process be killed. Use it from one thread.
    """

    def __init__(self, logs: Path, *, grace_seconds: float = GRACE_SECONDS) -> None:
        self._logs = logs
        self._grace_seconds = grace_seconds
        self._services: list[Service] = []
        self._ports: list[socket.socket] = []
        self._mark = secrets.token_hex(16)
        self._guardian: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        self._guardian = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "maxbooster_ops.processes.guardian", self._mark],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(
        self, name: str, argv: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> Service:
        """Start `argv` as the leader of a session of its own; its output replaces `<logs>/<name>.log`.

        `env` is added to our own environment. The log of the start before is kept as `<name>.log.1`, no older one.
        Raises `ProcessError` where the program is missing or may not be run.
        """
        guardian = self._running_guardian(name)
        log = self._logs / f"{name}.log"
        with _fresh(log) as output:
            try:
                process = subprocess.Popen(  # noqa: S603 - the commands are this product's own
                    argv,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, **(env or {}), MARK: self._mark},
                    cwd=cwd,
                    start_new_session=True,
                )
            except OSError as error:
                raise ProcessError(f"Cannot start {name} ({argv[0]}): {error.strerror}. Is it installed?") from error
        identity = Identity.of(process.pid) or Identity(pid=process.pid, created=time.time())
        service = Service(name=name, argv=tuple(argv), log=log, identity=identity, process=process)
        self._services.append(service)
        _register(service, guardian)
        return service

    def port(self) -> int:
        """Give a port of the loopback for a program of ours; on Linux the kernel gives it to nobody else until we stop.

        A program takes seconds to come up, and may be down for a while later, in which others ask for ports too.
        """
        held = socket.socket()
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        port = int(held.getsockname()[1])
        if sys.platform == "linux":
            # Bound and not listening: a server with the same option, which all set, may still listen on it.
            self._ports.append(held)
        else:
            held.close()
        return port

    def services(self) -> list[Service]:
        """Give all programs that were started and not forgotten, in the order of their start."""
        return list(self._services)

    def ended(self) -> list[Service]:
        """Give the programs that ended by themselves, in the order of their start."""
        return [service for service in self._services if service.exit_code is not None]

    def forget(self, service: Service) -> None:
        """Take a program that ended off the list, so that another may take its place."""
        self._services.remove(service)

    def stop(self) -> None:
        """End every program, the last started first, and all that they left; doing it again does nothing.

        A program is asked before those that it depends on. Together they have the grace time, then they are killed.
        """
        services, self._services = self._services, []
        leaders = [service.identity for service in services]
        # Looked up first: a child that left its session is known only as long as its parent lives.
        relatives = family(leaders, mark=self._mark)
        deadline = time.monotonic() + self._grace_seconds
        for service in reversed(services):
            service.ask_to_end()
            with contextlib.suppress(subprocess.TimeoutExpired):
                service.process.wait(timeout=max(0.0, deadline - time.monotonic()))
        # The relatives of an obedient program were not asked yet, so they have a second at least.
        left = max(1.0, deadline - time.monotonic())
        end([*relatives, *family(leaders, mark=self._mark)], grace_seconds=left)
        for service in services:
            service.process.wait()
        while self._ports:
            self._ports.pop().close()
        self._dismiss_guardian()

    def _running_guardian(self, name: str) -> subprocess.Popen[bytes]:
        """Give the guardian, without which nothing is started: nobody would end it if we were killed."""
        if self._guardian is None:
            raise ProcessError(f"Cannot start {name}: the supervisor is not running. Use it in a `with` block.")
        if (exit_code := self._guardian.poll()) is not None:
            raise ProcessError(
                f"Cannot start {name}: the guardian of our programs (pid {self._guardian.pid}) ended with exit code "
                f"{exit_code}, so nothing would end them if we were killed. Stop and start again."
            )
        return self._guardian

    def _dismiss_guardian(self) -> None:
        guardian, self._guardian = self._guardian, None
        if guardian and guardian.stdin:
            with contextlib.suppress(BrokenPipeError):
                guardian.stdin.close()
            guardian.wait()


def _register(service: Service, guardian: subprocess.Popen[bytes]) -> None:
    if guardian.stdin:
        with contextlib.suppress(BrokenPipeError):  # it ended this moment, as the next start will say
            guardian.stdin.write(json.dumps(asdict(service.identity)).encode() + b"\n")
            guardian.stdin.flush()


def _fresh(log: Path) -> BinaryIO:
    """Open an empty log; appending, because several processes of one program write to it."""
    if log.exists():
        log.replace(log.with_name(f"{log.name}.1"))
    return log.open("ab")
