"""Where a running sandbox can be reached, and whether it still can.

Belongs here: the file `endpoints.json` and its truth. Not here: starting what it names (`platform`).
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from maxbooster_ops.processes.family import Identity

_FILE = "endpoints.json"


class Endpoints(BaseModel):
    """What a client of the sandbox needs; `redis_url` carries the password and shows as stars, in JSON too.

    The owner is the process that started the sandbox: when it dies, the sandbox ends with it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    redis_url: SecretStr
    platform_url: str
    posts_url: str | None = None
    owner_pid: int
    owner_created: float


def save_endpoints(endpoints: Endpoints, folder: Path) -> None:
    """Write `folder/endpoints.json` in one step, readable by its owner only."""
    content = {**endpoints.model_dump(mode="json"), "redis_url": endpoints.redis_url.get_secret_value()}
    write_private(folder / _FILE, json.dumps(content, indent=2))


def live_endpoints(folder: Path) -> Endpoints | None:
    """Read where the sandbox of `folder` is; None where there is none, or its owner died and left the file behind."""
    try:
        endpoints = Endpoints.model_validate_json((folder / _FILE).read_bytes())
    except (OSError, ValidationError):
        return None
    owner = Identity(pid=endpoints.owner_pid, created=endpoints.owner_created)
    return endpoints if owner.runs() else None


def write_private(path: Path, text: str) -> None:
    """Put a file with `text` at `path` in one step; nobody but its owner could read it at any time."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)
