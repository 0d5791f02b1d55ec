"""One drill at a time on a home: two would not know whose fault hurts.

Belongs here: the lock, who holds it, and the folders that only its holder may touch. Not here: what is done under it
(`drilling.py`).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from filelock import FileLock, Timeout

from maxbooster_ops.errors import RefusedError
from maxbooster_ops.processes.family import Identity
from maxbooster_ops.store.home import Home


class DrillRunsError(RefusedError):
    """A drill runs already."""

    permanent = False


@contextmanager
def only_one(home: Home, drill_id: str) -> Iterator[None]:
    """Hold the home for this drill, by a lock that the kernel releases whatever happens to us.

    Raises `DrillRunsError` at once where another holds it.
    """
    home.drills.mkdir(parents=True, exist_ok=True)
    note = home.drills / "drill.json"
    try:
        with FileLock(home.drills / "drill.lock", timeout=0):
            note.write_text(json.dumps({"drill": drill_id, "owner": asdict(Identity.own())}), encoding="utf-8")
            try:
                yield
            finally:
                note.unlink(missing_ok=True)
    except Timeout as error:
        raise DrillRunsError(
            f"A chaos drill runs already on {home.root} ({running_drill(home) or 'it is just starting'}). "
            "Wait until it is over, or stop it."
        ) from error


def running_drill(home: Home) -> str | None:
    """Say which drill runs now, and in which process; None where none does."""
    try:
        stored = json.loads((home.drills / "drill.json").read_text(encoding="utf-8"))
        owner = Identity(**stored["owner"])
        return f"{stored['drill']}, pid {owner.pid}" if owner.runs() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextmanager
def drill_folder(home: Home, drill_id: str) -> Iterator[Path]:
    """Give the drill that holds the lock a folder that goes with it."""
    folder = home.drills / drill_id
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def left_folders(home: Home) -> dict[str, Path]:
    """Give the folders of drills by the drills' ids; for who holds the lock, those of drills that died."""
    return {path.name: path for path in home.drills.iterdir() if path.is_dir()} if home.drills.is_dir() else {}
