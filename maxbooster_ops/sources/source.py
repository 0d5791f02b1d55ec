"""What a source is: something that is read once per beat and answers with facts or with the reason why not.

Belongs here: the contract between the collector and a source. Not here: any one source.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from maxbooster_ops.store.facts import Fact, SourceFailure

Memory = Mapping[str, Any]
"""What a source must know of its previous reading: JSON-able, kept in the state, never changed in place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When a source is read, and what it remembers.

    `at` is the beat's own time (UTC); `interval_seconds` the usual distance between beats, which bounds how far a first
    reading may look back; `memory` what the previous *stored* reading left (`NOTHING_REMEMBERED` on the first).
    """

    at: datetime
    interval_seconds: float
    memory: Memory = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a source saw. `failures` are parts that could not be read while others could.

    The collector keeps `memory` only if the rows were stored: a beat that was not written is read again from where the
    last written one ended, so that nothing is lost and nothing is counted twice.
    """

    rows: Sequence[Fact] = ()
    memory: Memory = field(default_factory=dict)
    failures: Sequence[SourceFailure] = ()


class Source(Protocol):
    """Something the product watches.

    `read` may block, but must bound every wait itself: the collector gives up after its deadline and records a failure.
    It never raises for what the outside world does; it answers `SourceFailure`. It does not change in between: what it
    must know next time goes into `Reading.memory`.
    """

    name: str

    def read(self, moment: Moment) -> Reading | SourceFailure:
        """Read once."""
        ...

    def close(self) -> None:
        """Release connections; reading again opens them anew."""
        ...
