"""Where Dagster keeps what sensors and schedules say: a file per tick that said something, none for the others.

Belongs here: the log manager that `dagster.yaml` names. What runs say is in their event logs; capturing their output
as well would start four processes a run, and our runs print nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, Self, cast

from dagster._core.storage.compute_log_manager import CapturedLogContext, ComputeIOType
from dagster._core.storage.local_compute_log_manager import IO_TYPE_EXTENSION, LocalComputeLogManager
from dagster._serdes import ConfigurableClassData


class TickLogs(LocalComputeLogManager):
    """Keeps the logs of ticks on disk, and captures nothing else."""

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """Build the manager that `dagster.yaml` names."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def capture_logs(self, log_key: Sequence[str]) -> Iterator[CapturedLogContext]:
        """Capture nothing."""
        yield CapturedLogContext(log_key)

    @contextmanager
    def open_log_stream(self, log_key: Sequence[str], io_type: ComputeIOType) -> Iterator[IO[bytes] | None]:
        """Give a file that comes into being with its first line: most ticks have none, and there are many.

        Dagster's annotation says bytes; its loggers write text.
        """
        path = Path(self.get_captured_local_path(log_key, IO_TYPE_EXTENSION[io_type]))
        with ExitStack() as stack:
            yield cast("IO[bytes]", _LateFile(path, stack))


class _LateFile:
    """What a tick's logger writes to."""

    def __init__(self, path: Path, stack: ExitStack) -> None:
        self._path = path
        self._stack = stack
        self._file: IO[str] | None = None

    def write(self, text: str) -> int:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._stack.enter_context(self._path.open("a", encoding="utf-8"))
        return self._file.write(text)
