"""What is watched: addresses and names, decided elsewhere (`watching.py`), used by the sources.

Belongs here: the data. Not here: how a source is made from it (`registry.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """What is watched. `origin` says for people where that was decided."""

    redis_url: SecretStr | None
    platform_url: str | None
    frontend_url: str | None
    queue_prefixes: tuple[str, ...]
    queues: tuple[str, ...]
    platform_process: str | None
    monitors_file: Path
    origin: str
