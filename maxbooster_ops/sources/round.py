"""One round: all sources read at once, each with a deadline, so that a hanging one delays nobody.

Belongs here: the threads and the deadline. Not here: what a source does, or what is done with the answers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from maxbooster_ops.logs import get_logger
from maxbooster_ops.sources.source import Moment, Reading, Source
from maxbooster_ops.store.facts import SourceFailure


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one source answered and how long it took."""

    reading: Reading | SourceFailure
    duration_ms: float


@dataclass(slots=True)
class _Reader:
    """One source being read in a thread of its own; a daemon, since a thread that hangs can only be left behind."""

    source: Source
    moment: Moment
    answer: Answer | None = None
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run, name=f"source-{self.source.name}", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        started = time.perf_counter()
        reading = _read(self.source, self.moment)
        self.answer = Answer(reading=reading, duration_ms=(time.perf_counter() - started) * 1000)


class Rounds:
    """Reads sources round by round and remembers which of them still hang from an earlier one."""

    def __init__(self, sources: Sequence[Source], *, deadline_seconds: float) -> None:
        self.sources = sources
        self._deadline_seconds = deadline_seconds
        self._hanging: dict[str, _Reader] = {}

    def read(self, moment_of: Callable[[Source], Moment]) -> Mapping[str, Answer]:
        """Read every source once; one without an answer at the deadline, or still busy from before, is a failure."""
        self._hanging = {name: reader for name, reader in self._hanging.items() if reader.thread.is_alive()}
        readers = [_Reader(source, moment_of(source)) for source in self.sources if source.name not in self._hanging]
        ends_at = time.monotonic() + self._deadline_seconds
        for reader in readers:
            reader.thread.join(max(0.0, ends_at - time.monotonic()))
        answers = {name: self._too_late(reader, moment_of(reader.source)) for name, reader in self._hanging.items()}
        for reader in readers:
            answers[reader.source.name] = reader.answer or self._too_late(reader, reader.moment)
            if reader.answer is None:
                self._hanging[reader.source.name] = reader
        return answers

    def _too_late(self, reader: _Reader, moment: Moment) -> Answer:
        error = TimeoutError(
            f"no answer within {self._deadline_seconds:g} s (reading began {reader.moment.at:%H:%M:%S})"
        )
        hint = "what it reads hangs or is very slow; see MAXBOOSTER_SOURCE_DEADLINE_SECONDS"
        name = reader.source.name
        failure = SourceFailure.of(name, error, at=moment.at, target=name, hint=hint)
        return Answer(reading=failure, duration_ms=self._deadline_seconds * 1000)


def _read(source: Source, moment: Moment) -> Reading | SourceFailure:
    try:
        return source.read(moment)
    except Exception as error:  # noqa: BLE001 -- see below
        # A source answers failures of the outside world as values; whatever it raises is a fault of ours. The other
        # sources must go on all the same, and the trace belongs in the log.
        get_logger().exception("source_raised", source=source.name)
        hint = "a fault of maxbooster-ops, not of the platform: the log has the trace, please report it"
        return SourceFailure.of(source.name, error, at=moment.at, target=source.name, hint=hint)
