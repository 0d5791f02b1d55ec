"""Opening a stand: the sandbox, with a Redis that keeps its jobs, as the target of one drill.

Belongs here: its life and what it offers. Not here: the sandbox itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from maxbooster_ops.processes import Supervisor
from maxbooster_ops.readiness.chaos.drill import Need, Target
from maxbooster_ops.readiness.chaos.stand import programs
from maxbooster_ops.readiness.chaos.stand.keeping import kept_running
from maxbooster_ops.sandbox.platform import POSTS_PROGRAM, start_sandbox


@dataclass(slots=True, kw_only=True)
class StandProgram:
    """One program of a stand, to be killed and started again."""

    name: str
    url: str = field(repr=False)
    folder: Path

    def kill(self) -> None:
        """End it without a word and keep it down."""
        programs.kill(self.folder, self.name)

    def restart(self) -> None:
        """Start it anew with what it kept, and wait until it answers."""
        programs.kill(self.folder, self.name)
        programs.let_back(self.folder, self.name)


@contextmanager
def open_stand(folder: Path, *, name: str, posts_program: Sequence[str] = POSTS_PROGRAM) -> Iterator[Target]:
    """Start a platform of its own in `folder`; it ends with the block, or with this process, however that ends.

    `posts_program` is called with FOLDER and PORT. Raises `UsageError` where the `sandbox` extra is not installed,
    `ProcessError` where a program does not come up.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with Supervisor(folder / "logs") as supervisor:
        endpoints = start_sandbox(supervisor, folder, durable=True, posts_program=posts_program)
        with kept_running(supervisor, folder):
            yield Target(
                name=name,
                environment="stand",
                offers=frozenset(Need),
                redis_url=endpoints.redis_url,
                platform_url=endpoints.platform_url,
                service=StandProgram(name="posts", url=endpoints.posts_url or "", folder=folder),
                redis_server=StandProgram(name="redis", url=endpoints.redis_url.get_secret_value(), folder=folder),
                folder=folder,
            )
