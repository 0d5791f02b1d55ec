"""The report of a chaos drill: `chaos-<drill>.md`, `.html` and `.json` in the home's reports.

Belongs here: what it says and in which order. Not here: the drill itself (`readiness/chaos/`).
"""

from __future__ import annotations

from pathlib import Path

from maxbooster_ops.readiness.report.chaos_summary import ChaosSummary
from maxbooster_ops.readiness.report.files import ENDINGS, write_report
from maxbooster_ops.store.home import Home


def write_chaos_report(home: Home, drill: ChaosSummary) -> Path:
    """Write the report of a drill over any earlier one of it, and give its path without an ending.

    Raises `StoreError` where the files cannot be written.
    """
    return write_report(home, f"chaos-{drill.drill_id}", dict.fromkeys(ENDINGS, drill.verdict))
