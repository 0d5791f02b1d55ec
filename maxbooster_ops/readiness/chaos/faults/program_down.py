"""A program of a stand is killed and stays down: its Redis, its posts service, its workers, its HTTP app.

Belongs here: the fault. Not here: how a stand holds its programs (`stand/programs.py`).
"""

from __future__ import annotations

from pathlib import Path

from maxbooster_ops.readiness.chaos.fault import Details, Secrets
from maxbooster_ops.readiness.chaos.stand import programs


class ProgramDown:
    """`details`: `folder` of the stand and `program` in it."""

    kind = "program-down"

    def inject(self, details: Details, secrets: Secrets) -> None:
        """Kill it, and let nobody start it again."""
        del secrets
        programs.kill(Path(details["folder"]), details["program"])

    def roll_back(self, details: Details, secrets: Secrets) -> None:
        """Let it be started again, and wait until it answers; a stand whose owner died needs no more than that."""
        del secrets
        programs.let_back(Path(details["folder"]), details["program"])

    def is_gone(self, details: Details, secrets: Secrets) -> bool:
        """Look whether it answers again, or the whole stand is over."""
        del secrets
        folder, name = Path(details["folder"]), details["program"]
        return not programs.is_held(folder, name) and (not programs.is_owned(folder) or programs.answers(folder, name))
