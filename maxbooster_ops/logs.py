"""Structured logs: a past-tense event and fields; JSON unless a person reads them in a terminal.

Belongs here: how a log line looks. Not here: what is worth one.
"""

from __future__ import annotations

import logging
import sys
from typing import Any, TextIO, cast

import structlog

from maxbooster_ops.errors import redact


class _StandardError:
    """Standard error as it is when a line is written: whoever replaces it, a server or a test, gets the lines."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def _redacted(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {key: redact(value) if isinstance(value, str) else value for key, value in event.items()}


def _named_as_agreed(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    event["message"] = event.pop("event", "")
    event["level"] = str(event.get("level", "info")).upper()
    return event


def configure_logs(level: str, *, service: str) -> None:
    """Send structured lines of `level` and above to standard error; every line carries `service`."""
    to_a_person = sys.stderr.isatty()
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
        structlog.processors.format_exc_info,
        _redacted,
    ]
    last: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer()] if to_a_person else [_named_as_agreed, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _StandardError())),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)


def get_logger() -> structlog.typing.FilteringBoundLogger:
    """Give the logger; configured or not, it can be called."""
    return cast("structlog.typing.FilteringBoundLogger", structlog.get_logger())
