"""The programs of a stand, as anybody finds them who knows the stand's folder: who they are, and whether they are held.

Belongs here: killing one and letting it come back, from files alone, so that another process can take it back. Not
here: starting them again (`keeping.py`).
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from dataclasses import asdict
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from maxbooster_ops.errors import DrillError
from maxbooster_ops.processes.family import Identity
from maxbooster_ops.sandbox.endpoints import live_endpoints, write_private
from maxbooster_ops.sandbox.platform import is_healthy
from maxbooster_ops.sandbox.redis_server import redis_url
from maxbooster_ops.sandbox.shared_keys import WORKERS_READY_KEY

PROGRAMS = ("redis", "workers", "platform", "posts")

_KILLED_WITHIN_SECONDS = 5.0
_BACK_WITHIN_SECONDS = 30.0
_POLL_SECONDS = 0.02
_ANSWER_WITHIN_SECONDS = 2.0


def note(folder: Path, name: str, identity: Identity) -> None:
    """Write down which process the program `name` is now."""
    (folder / "programs").mkdir(exist_ok=True)
    write_private(folder / "programs" / f"{name}.json", json.dumps(asdict(identity)))


def identity_of(folder: Path, name: str) -> Identity | None:
    """Give the process that was last written down for the program; None where none ever was."""
    try:
        return Identity(**json.loads((folder / "programs" / f"{name}.json").read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def noted(folder: Path) -> list[Identity]:
    """Give the process of every program that was written down for the stand, also of one that has ended."""
    names = sorted(file.stem for file in (folder / "programs").glob("*.json"))
    return [who for name in names if (who := identity_of(folder, name))]


def is_held(folder: Path, name: str) -> bool:
    """Tell whether the program shall stay down."""
    return _hold(folder, name).exists()


def is_owned(folder: Path) -> bool:
    """Tell whether the stand's owner lives; without it the whole stand ends by itself."""
    return live_endpoints(folder) is not None


def kill(folder: Path, name: str) -> None:
    """Kill the program and keep it down. Raises `DrillError` where it is no program of a stand, or does not die."""
    if name not in PROGRAMS or identity_of(folder, name) is None:
        raise DrillError(f"{folder} is no stand with a program `{name}`; expected one of {', '.join(PROGRAMS)}")
    _hold(folder, name).parent.mkdir(exist_ok=True)
    _hold(folder, name).touch()
    until = time.monotonic() + _KILLED_WITHIN_SECONDS
    # Looked up again: it may just have been started anew when the hold came.
    while (found := identity_of(folder, name)) and found.lives():
        with contextlib.suppress(ProcessLookupError):
            os.kill(found.pid, signal.SIGKILL)
        if time.monotonic() > until:
            raise DrillError(f"The stand's {name} (pid {found.pid}) still runs {_KILLED_WITHIN_SECONDS:g} s after KILL")
        time.sleep(_POLL_SECONDS)


def let_back(folder: Path, name: str) -> None:
    """Let the program be started again, and wait until it answers, as long as the stand has an owner.

    Raises `DrillError` where it does not come back.
    """
    _hold(folder, name).unlink(missing_ok=True)
    until = time.monotonic() + _BACK_WITHIN_SECONDS
    while is_owned(folder) and not answers(folder, name):
        if time.monotonic() > until:
            raise DrillError(f"The stand's {name} does not answer {_BACK_WITHIN_SECONDS:g} s after it was let back")
        time.sleep(_POLL_SECONDS)


def answers(folder: Path, name: str) -> bool:
    """Ask the program whether it works."""
    found, endpoints = identity_of(folder, name), live_endpoints(folder)
    if found is None or endpoints is None or not found.lives():
        return False
    match name:
        case "redis":
            return _pongs(folder)
        case "workers":
            return _says_ready(folder, found.pid)
        case "platform":
            return is_healthy(endpoints.platform_url)
        case _:
            return endpoints.posts_url is not None and is_healthy(endpoints.posts_url)


def _hold(folder: Path, name: str) -> Path:
    return folder / "held" / name


def _client(folder: Path) -> redis.Redis:
    return redis.Redis.from_url(redis_url(folder), socket_timeout=_ANSWER_WITHIN_SECONDS, retry=Retry(NoBackoff(), 0))


def _pongs(folder: Path) -> bool:
    try:
        with _client(folder) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _says_ready(folder: Path, pid: int) -> bool:
    try:
        with _client(folder) as client:
            said = client.get(WORKERS_READY_KEY)
    except redis.RedisError:
        return False
    return said is not None and int(str(said, "ascii") if isinstance(said, bytes) else str(said)) == pid
