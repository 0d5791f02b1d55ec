"""Numbers of objectives as people read them.

Belongs here: their form. Not here: which of them are shown.
"""

from __future__ import annotations


def number(value: float | None, digits: int = 1) -> str:
    """Give a number, or a dash where there is none."""
    return "–" if value is None else f"{value:,.{digits}f}"


def percent(share: float | None, digits: int = 3) -> str:
    """Give a share (0-1) in per cent, or a dash where there is none."""
    return "–" if share is None else f"{100 * share:.{digits}f} %"
