"""Log files of programs that run for months.

Belongs here: keeping each below a bound while its program writes to it. Not here: the programs (`processes/`), or what
Dagster keeps of its ticks (`pipelines/instance_upkeep.py`).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from maxbooster_ops.store.home import Home
from maxbooster_ops.store.maintenance.freed import Freed

LARGEST_LOG_BYTES = 5 * 1024**2


def rotate(home: Home, *, largest: int = LARGEST_LOG_BYTES) -> Iterator[Freed]:
    """Move the text of every log that is too large to `<name>.log.1`, over the one that was there.

    The programs have their files open to append, so they go on in the emptied one. A line that is written between the
    copy and the emptying is lost.
    """
    for log in sorted(home.logs.glob("*.log")):
        size = log.stat().st_size
        if size > largest:
            older = log.with_name(f"{log.name}.1")
            replaced = older.stat().st_size if older.exists() else 0
            shutil.copyfile(log, older)
            with log.open("r+b") as file:
                file.truncate(0)
            yield Freed(step="logs", subject=log.name, files=1, bytes=replaced)
