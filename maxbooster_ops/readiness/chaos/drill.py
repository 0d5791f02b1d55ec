"""What every action of a scenario is handed: the target, a place to work, and the one way to put a fault in.

Belongs here: the contract between scenarios and the engine that runs them. Not here: the engine (`runner.py`), how a
target is made (`targets.py`, `stand/`), or any action (`actions/`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydantic import SecretStr

from maxbooster_ops.errors import DrillError
from maxbooster_ops.processes import Supervisor
from maxbooster_ops.readiness.chaos.fault import Details

T = TypeVar("T")

_POLL_SECONDS = 0.05


class ExpectationError(DrillError):
    """What a scenario demands does not hold; the text says what was expected and what was found."""


class NotRunError(DrillError):
    """A scenario cannot be tried here, for a reason that says nothing about the platform."""


class Need(StrEnum):
    """What a scenario asks of its target; where the target lacks one, the scenario is not run."""

    REDIS = "redis"
    """A Redis that jobs of the drill may go through, in queues named `drill-…`."""

    PLATFORM = "platform"
    """An HTTP API with monitoring endpoints."""

    WORKERS = "workers"
    """The drill may start BullMQ workers of its own."""

    SERVICE = "service"
    """A service with scheduled posts that the drill may kill and start again: `Target.service`."""

    OWN_REDIS = "own_redis"
    """A Redis that the drill may kill and start again: `Target.redis_server`."""

    OWN_STORE = "own_store"
    """A collector and a store of the drill's own below its folder, which may come to harm."""


class Restartable(Protocol):
    """A program of the target that a drill may kill and start again."""

    name: str
    url: str

    def kill(self) -> None:
        """End it without a word, as a crash would."""
        ...

    def restart(self) -> None:
        """Start it anew with what it kept, and wait until it answers; kill it first where it still runs."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a drill is run on. The ledger and `fault.Secrets` call it by `name`: `settings at <Redis>`, `stand-<drill>`.

    A stand is opened by `stand.open_stand(folder: Path, *, name: str) -> AbstractContextManager[Target]`; it keeps its
    files in `folder`, its Redis's URL in `folder/redis.url` as the sandbox does, and ends with the block or with us.
    """

    name: str
    environment: str
    """`stand`, `staging` or `production`."""
    offers: frozenset[Need]
    redis_url: SecretStr | None = None
    platform_url: str | None = None
    service: Restartable | None = None
    redis_server: Restartable | None = None
    folder: Path | None = None
    """Where a stand keeps its files; None of a target that is not ours."""


class FaultBook(Protocol):
    """The ledger as a scenario sees it."""

    def inject(self, kind: str, details: Details) -> str: ...  # noqa: D102 -- see `Drill`

    def roll_back(self, fault_id: str) -> None: ...  # noqa: D102 -- see `Drill`


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """One scenario under way on one target."""

    id: str
    """Of the whole drill; name queues `drill-<id>-…`, so that what is left is known for ours."""
    scenario: str
    target: Target
    folder: Path
    """Empty at the start, this scenario's alone, and dropped with the drill."""
    supervisor: Supervisor
    """Starts programs that end with the scenario, also after `kill -9` of the drill."""
    configuration: Mapping[str, Any]
    clock: Callable[[], datetime]
    wait: Callable[[float], None]
    """Sleeps for some seconds; raises when the scenario's time is up."""
    book: FaultBook
    journal: Callable[[str], None]
    scratch: dict[str, Any] = field(default_factory=dict)
    """What one step leaves to the next."""

    def inject(self, kind: str, **details: Any) -> str:
        """Put a fault in: written down first, then put in, then confirmed. Gives its id.

        `details` are JSON-able, hold no secret, and are all that another process needs to take it back. Whatever
        happens afterwards, the fault is taken back at the end of the scenario or at the next start.
        """
        return self.book.inject(kind, details)

    def roll_back(self, fault_id: str) -> None:
        """Take a fault back now, and verify it; doing it again does nothing. Raises `DrillError` where it stays."""
        self.book.roll_back(fault_id)

    def note(self, text: str) -> None:
        """Write a sentence into the journal of the scenario."""
        self.journal(text)

    def wait_for(self, condition: Callable[[], T | None], *, seconds: float, what: str) -> T:
        """Give the first truthy answer of `condition`; raise `ExpectationError` when `seconds` pass without one."""
        until = self.clock() + timedelta(seconds=seconds)
        while not (answer := condition()):
            if self.clock() >= until:
                raise ExpectationError(f"Waited {seconds:g} s for {what}, in vain.")
            self.wait(_POLL_SECONDS)
        return answer
