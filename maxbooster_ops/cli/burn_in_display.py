"""A burn-in as it goes on: a live picture on a terminal, a line a check elsewhere, or JSON.

Belongs here: how checks are shown as they come. Not here: how it ended (`burn_in_views.py`).
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from maxbooster_ops.cli.output import console, print_json, print_text, shown
from maxbooster_ops.clock import utc_now
from maxbooster_ops.errors import redact
from maxbooster_ops.readiness.burn_in.part_names import PARTS
from maxbooster_ops.readiness.burn_in.session import Session
from maxbooster_ops.readiness.report.wording import outside
from maxbooster_ops.sources.targets import Targets
from maxbooster_ops.store.findings import BurnInCheck

_PART_STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red", "missing": "dim"}
_BARS = "▁▂▃▄▅▆▇█"
_WIDTH = 48
_PROBLEMS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    name: str
    column: str
    unit: str


_LINES = (
    _Line(name="Redis latency", column="redis_latency_ms", unit="ms"),
    _Line(name="health endpoint", column="health_latency_ms", unit="ms"),
    _Line(name="requests, p95", column="request_ms_p95", unit="ms"),
    _Line(name="memory", column="memory_mb", unit="MB"),
    _Line(name="AI caches", column="cache_utilization_percent", unit="%"),
    _Line(name="database pool", column="pool_utilization_percent", unit="%"),
    _Line(name="jobs waiting", column="waiting", unit=""),
    _Line(name="jobs completed", column="completed_delta", unit="since the last check"),
    _Line(name="jobs failed", column="failed_delta", unit="since the last check"),
)


class Display(Protocol):
    """Something that checks are shown on."""

    def show(self, check: BurnInCheck) -> None:
        """Show one more check."""
        ...


@contextmanager
def display_for(session: Session, targets: Targets, *, json: bool) -> Iterator[Display]:
    """Give the display that suits where the output goes."""
    if json:
        yield JsonLines()
        return
    platform = " ".join(_addresses(targets))
    ends = f"{session.target_end_at:%Y-%m-%d %H:%M} UTC"
    console.print(f"Burn-in {session.id} of {platform}, until {ends}. Ctrl-C ends it.", highlight=False, soft_wrap=True)
    if not console.is_terminal:
        yield PlainLines(session)
        return
    picture = Picture(session)
    with Live(get_renderable=picture.render, console=console, refresh_per_second=1, transient=True):
        yield picture


def sparkline(values: Sequence[float | None]) -> str:
    """Draw the course of a series, lowest to highest; a gap where nothing is known, a flat line in the middle."""
    known = [value for value in values if value is not None]
    if not known:
        return ""
    low, span = min(known), max(known) - min(known)
    top = len(_BARS) - 1
    return "".join(
        " " if value is None else _BARS[round(top * (value - low) / span) if span else top // 2] for value in values
    )


class JsonLines:
    """A JSON object a check."""

    def show(self, check: BurnInCheck) -> None:
        """Print it at once, also into a pipe."""
        print_json(check, indent=None)
        sys.stdout.flush()


class PlainLines:
    """A line a check."""

    def __init__(self, session: Session) -> None:
        self._expected = session.plan.expected_checks

    def show(self, check: BurnInCheck) -> None:
        """Print it, its problems below."""
        numbers = ", ".join(_numbers(check))
        state = "ok" if check.ok else "NOT OK"
        said = f"{check.ts:%H:%M:%S} check {check.number} of {self._expected} {state}: {numbers}"
        lines = [said, *(f"         {outside(problem)}" for problem in check.problems)]
        print_text("\n".join(lines))


class Picture:
    """What a person watches: progress, the parts of the newest check, every series, the newest problems."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._checks: deque[BurnInCheck] = deque(maxlen=_WIDTH)
        self._problems: deque[str] = deque(maxlen=_PROBLEMS)
        self._good = self._seen = 0

    def show(self, check: BurnInCheck) -> None:
        """Take the check into the next picture."""
        self._checks.append(check)
        self._seen += 1
        self._good += check.ok
        self._problems += [f"{check.ts:%H:%M:%S}  {outside(problem)}" for problem in check.problems]

    def render(self) -> RenderableType:
        """Draw it as it is now."""
        parts: list[RenderableType] = [self._progress()]
        if self._checks:
            parts += [_states(self._checks[-1]), self._series()]
        if self._problems:
            parts.append(Text("\n".join(["", *self._problems]), style="yellow"))
        return Group(*parts)

    def _progress(self) -> RenderableType:
        session, now = self._session, utc_now()
        whole = (session.target_end_at - session.started_at).total_seconds()
        left = max(session.target_end_at - now, type(session.plan.duration)())
        grid = Table.grid(padding=(0, 2))
        number = self._checks[-1].number if self._checks else session.checks_done
        grid.add_row(
            ProgressBar(total=whole, completed=whole - left.total_seconds(), width=_WIDTH),
            Text(f"check {number} of {session.plan.expected_checks}"),
            Text(f"{shown(left)} left"),
            Text(f"{self._good} of {self._seen} ok", style="green" if self._good == self._seen else "yellow"),
        )
        return grid

    def _series(self) -> RenderableType:
        table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, show_header=False)
        for justify in ("left", "right", "left", "left"):
            table.add_column(justify=justify, no_wrap=True)
        for line in _LINES:
            values = [getattr(check, line.column) for check in self._checks]
            table.add_row(line.name, shown(values[-1]), Text(sparkline(values), style="cyan"), Text(line.unit, "dim"))
        return table


def _states(check: BurnInCheck) -> Text:
    found = Text("\n")
    for part, name in PARTS.items():
        state = getattr(check, part)
        found.append(f"{name} ").append(f"{state}   ", style=_PART_STYLES.get(state, ""))
    return found.append("\n")


def _numbers(check: BurnInCheck) -> Iterator[str]:
    """Give what matters most in a few words; what nobody knows is a dash."""
    yield f"Redis {shown(check.redis_latency_ms)} ms"
    yield f"memory {shown(check.memory_mb)} MB"
    yield f"{shown(check.waiting)} waiting"
    yield f"{shown(check.completed_delta)} completed"
    yield f"{shown(check.failed_delta)} failed"


def _addresses(targets: Targets) -> Iterator[str]:
    if targets.origin == "sandbox":
        yield "the sandbox:"
    if targets.platform_url:
        yield redact(targets.platform_url)
    if targets.redis_url:
        yield redact(targets.redis_url.get_secret_value())
