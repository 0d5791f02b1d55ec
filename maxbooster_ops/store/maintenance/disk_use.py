"""How much room files and folders take.

Belongs here: adding up. Not here: databases with their side files (`sqlite_file.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def bytes_in(places: Iterable[Path]) -> int:
    """Give the bytes of files, and of all files below folders.

    What is not there, or goes away meanwhile as a database's side files do, counts for nothing.
    """
    total = 0
    for place in places:
        for file in (place, *place.rglob("*")):
            with suppress(OSError):
                total += file.stat().st_size if file.is_file() else 0
    return total
