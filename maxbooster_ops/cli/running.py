"""Whether `up` runs on a home, and where: the file that it leaves there for the other commands.

Belongs here: that file and its truth. Not here: what `up` does.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass

from maxbooster_ops.processes.family import Identity
from maxbooster_ops.store.home import Home


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningUp:
    """An `up` that runs now."""

    owner: Identity
    dagster_url: str


def running_up(home: Home) -> RunningUp | None:
    """Give the `up` that runs on this home; a file whose owner died counts for nothing."""
    try:
        stored = json.loads((home.root / "up.json").read_text(encoding="utf-8"))
        up = RunningUp(owner=Identity(**stored["owner"]), dagster_url=str(stored["dagster_url"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return up if up.owner.lives() else None


def save_running(home: Home, dagster_url: str) -> None:
    """Say that this process is the `up` of this home."""
    owner = Identity.of(os.getpid())
    if owner:
        text = json.dumps(asdict(RunningUp(owner=owner, dagster_url=dagster_url)))
        (home.root / "up.json").write_text(text, encoding="utf-8")
