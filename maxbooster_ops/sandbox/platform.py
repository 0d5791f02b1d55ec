"""The sandbox as a whole: starts its four programs and tells where they are.

Belongs here: order and readiness. Not here: what the programs do (`redis_server`, `workers`, `http`, `posts`).
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

import redis
import requests
from pydantic import SecretStr

from maxbooster_ops.errors import UsageError
from maxbooster_ops.processes import Service, Supervisor, wait_for
from maxbooster_ops.processes.family import Identity
from maxbooster_ops.sandbox.endpoints import Endpoints, save_endpoints
from maxbooster_ops.sandbox.redis_server import start_redis
from maxbooster_ops.sandbox.shared_keys import WORKERS_READY_KEY

_READY_WITHIN_SECONDS = 120.0
"""It takes three; a machine that does much else must not make us give up. A program that ends is noticed at once."""
_ANSWER_WITHIN_SECONDS = 2.0
_EXTRA = ("bullmq", "starlette", "uvicorn")

POSTS_PROGRAM = (sys.executable, "-m", "maxbooster_ops.sandbox.posts")


def start_sandbox(
    supervisor: Supervisor,
    folder: Path,
    *,
    seed: int = 1,
    durable: bool = False,
    posts_program: Sequence[str] = POSTS_PROGRAM,
) -> Endpoints:
    """Start Redis, the workers, the HTTP app and the posts service, wait until each answers, write `endpoints.json`.

    They end with the `supervisor`. `folder/platform.pid` names the HTTP app's process. The same `seed` gives the same
    load. A `durable` Redis keeps its jobs when it is started again. `posts_program` is called with FOLDER and PORT.
    Raises `UsageError` where the `sandbox` extra is not installed, `ProcessError` where a program does not come up.
    """
    _require_extra()
    folder.mkdir(parents=True, exist_ok=True)
    redis_url = start_redis(supervisor, folder, durable=durable)
    port, posts_port = supervisor.port(), supervisor.port()
    # All at once: most of the time to readiness is Python's imports.
    workers = supervisor.start("workers", _python("maxbooster_ops.sandbox.workers", folder, seed))
    app = supervisor.start("platform", _python("maxbooster_ops.sandbox.http", folder, port, seed))
    posts = supervisor.start("posts", [*posts_program, str(folder), str(posts_port)])
    platform_url, posts_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{posts_port}"
    with redis.Redis.from_url(redis_url) as client:
        wait_for(
            lambda: client.exists(WORKERS_READY_KEY), seconds=_READY_WITHIN_SECONDS, what="the workers", needs=[workers]
        )
    for url, program in ((platform_url, app), (posts_url, posts)):
        _wait_until_healthy(url, program)
    endpoints = _owned_by_us(redis_url, platform_url, posts_url)
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


def _wait_until_healthy(url: str, program: Service) -> None:
    wait_for(lambda: is_healthy(url), seconds=_READY_WITHIN_SECONDS, what=f"{url}/health", needs=[program])


def is_healthy(url: str) -> bool:
    """Ask one of the sandbox's HTTP programs for its health."""
    try:
        with requests.Session() as session:
            session.trust_env = False  # a proxy has nothing to do with a server of our own
            return session.get(f"{url}/health", timeout=_ANSWER_WITHIN_SECONDS).ok
    except requests.RequestException:
        return False


def _owned_by_us(redis_url: str, platform_url: str, posts_url: str) -> Endpoints:
    owner = Identity.own()
    return Endpoints(
        redis_url=SecretStr(redis_url),
        platform_url=platform_url,
        posts_url=posts_url,
        owner_pid=owner.pid,
        owner_created=owner.created,
    )
