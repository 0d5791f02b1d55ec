"""The runbooks: what to do about an alert, one Markdown file per topic.

Belongs here: finding one by its name. Not here: the texts (`runbooks/`).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from maxbooster_ops.errors import UsageError
from maxbooster_ops.user_files import did_you_mean

FOLDER = Path(__file__).parents[1] / "runbooks"


@cache
def runbook_names() -> tuple[str, ...]:
    """Name every runbook of the product."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.md")))


def is_runbook(name: str) -> bool:
    """Tell whether a rule may name this: a runbook of ours, or an address of the user's own."""
    return name in runbook_names() or name.startswith(("https://", "http://"))


def runbook_text(name: str) -> str:
    """Give the Markdown of a runbook; of an address, a line that leads there. Raises `UsageError` for another name."""
    if name in runbook_names():
        return (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    if is_runbook(name):
        return f"# Runbook\n\n{name}\n"
    hint = did_you_mean(name, runbook_names(), otherwise=f"there are {', '.join(runbook_names())}")
    raise UsageError(f"`{name}` is no runbook; {hint}")
