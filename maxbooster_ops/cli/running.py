"""Whether `up` runs on a home, and where: the file that it leaves there for the other commands.

Belongs here: that file and its truth. Not here: what `up` does.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from maxbooster_ops.errors import redact
from maxbooster_ops.processes.family import Identity
from maxbooster_ops.sources.targets import Targets
from maxbooster_ops.store.home import Home


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedAddresses:
    """What is watched as people may read it: `by` says where that was decided, no address has its password."""

    by: str
    redis: str | None
    platform: str | None

    @classmethod
    def of(cls, targets: Targets) -> WatchedAddresses:
        """Leave out what nobody should read."""
        return cls(
            by=targets.origin,
            redis=redact(targets.redis_url.get_secret_value()) if targets.redis_url else None,
            platform=redact(targets.platform_url) if targets.platform_url else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningUp:
    """An `up` that runs now. What it watches may follow from variables that another terminal has not got."""

    owner: Identity
    dagster_url: str
    watched: WatchedAddresses


def running_up(home: Home) -> RunningUp | None:
    """Give the `up` that runs on this home; a file whose owner died counts for nothing."""
    try:
        stored = json.loads((home.root / "up.json").read_text(encoding="utf-8"))
        up = RunningUp(
            owner=Identity(**stored["owner"]),
            dagster_url=str(stored["dagster_url"]),
            watched=WatchedAddresses(**stored["watched"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return up if up.owner.lives() else None


def save_running(home: Home, dagster_url: str, watched: WatchedAddresses) -> None:
    """Say that this process is the `up` of this home."""
    up = RunningUp(owner=Identity.own(), dagster_url=dagster_url, watched=watched)
    (home.root / "up.json").write_text(json.dumps(asdict(up)), encoding="utf-8")
