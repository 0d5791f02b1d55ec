"""Memory that is really taken, for the leak switch.

Belongs here: taking and giving back. Not here: how much and when (`faults`).
"""

from __future__ import annotations

import mmap

_BLOCK_BYTES = 1024 * 1024


class Ballast:
    """Blocks of 1 MB, mapped apart from Python's heap so that giving one back makes the process smaller at once."""

    def __init__(self) -> None:
        self._blocks: list[mmap.mmap] = []

    @property
    def mb(self) -> int:
        """How much is taken now."""
        return len(self._blocks)

    def adjust(self, mb: float) -> None:
        """Take or give back until `mb` whole megabytes are taken."""
        while len(self._blocks) < int(mb):
            block = mmap.mmap(-1, _BLOCK_BYTES)
            block.write(b"\x01" * _BLOCK_BYTES)  # a page counts only when it was written to
            self._blocks.append(block)
        while len(self._blocks) > int(mb):
            self._blocks.pop().close()
