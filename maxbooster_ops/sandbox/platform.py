"""The sandbox as a whole: starts its three programs and tells where they are.

Belongs here: order and readiness. Not here: what the programs do (`redis_server`, `workers`, `http`).
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import redis
import requests
from pydantic import SecretStr

from maxbooster_ops.errors import UsageError
from maxbooster_ops.processes import Supervisor, free_port, wait_for
from maxbooster_ops.processes.family import Identity
from maxbooster_ops.sandbox.endpoints import Endpoints, save_endpoints
from maxbooster_ops.sandbox.redis_server import start_redis
from maxbooster_ops.sandbox.shared_keys import WORKERS_READY_KEY

_READY_WITHIN_SECONDS = 30.0
_ANSWER_WITHIN_SECONDS = 2.0
_EXTRA = ("bullmq", "starlette", "uvicorn")


def start_sandbox(supervisor: Supervisor, folder: Path, *, seed: int = 1) -> Endpoints:
    """Start Redis, the workers and the HTTP app, wait until each answers, and write `folder/endpoints.json`.

    They end with the `supervisor`. `folder/platform.pid` names the HTTP app's process. The same `seed` gives the same
    load. Raises `UsageError` where the `sandbox` extra is not installed, `ProcessError` where a program does not come
    up.
    """
    _require_extra()
    folder.mkdir(parents=True, exist_ok=True)
    redis_url = start_redis(supervisor, folder)
    port = free_port()
    # Both at once: most of the time to readiness is Python's imports.
    workers = supervisor.start("workers", _python("maxbooster_ops.sandbox.workers", folder, seed))
    app = supervisor.start("platform", _python("maxbooster_ops.sandbox.http", folder, port, seed))
    platform_url = f"http://127.0.0.1:{port}"
    with redis.Redis.from_url(redis_url) as client:
        wait_for(
            lambda: client.exists(WORKERS_READY_KEY), seconds=_READY_WITHIN_SECONDS, what="the workers", needs=[workers]
        )
    wait_for(
        lambda: _is_healthy(platform_url), seconds=_READY_WITHIN_SECONDS, what=f"{platform_url}/health", needs=[app]
    )
    endpoints = _owned_by_us(redis_url, platform_url)
    save_endpoints(endpoints, folder)
    return endpoints


def _require_extra() -> None:
    missing = [name for name in _EXTRA if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"The sandbox needs {', '.join(missing)}, which is not installed. "
            "Install the `sandbox` extra: pip install 'maxbooster-ops[sandbox]'."
        )


def _python(module: str, *arguments: object) -> list[str]:
    return [sys.executable, "-m", module, *(str(argument) for argument in arguments)]


def _is_healthy(platform_url: str) -> bool:
    try:
        with requests.Session() as session:
            session.trust_env = False  # a proxy has nothing to do with a server of our own
            return session.get(f"{platform_url}/health", timeout=_ANSWER_WITHIN_SECONDS).ok
    except requests.RequestException:
        return False


def _owned_by_us(redis_url: str, platform_url: str) -> Endpoints:
    owner = Identity.own()
    return Endpoints(
        redis_url=SecretStr(redis_url),
        platform_url=platform_url,
        owner_pid=owner.pid,
        owner_created=owner.created,
    )
