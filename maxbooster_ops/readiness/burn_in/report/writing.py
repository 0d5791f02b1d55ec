"""Writing the report of a burn-in: `burn-in-<session>.md`, `.html` and `.json` in the home's reports.

Belongs here: putting its three forms together. Not here: what they say (`content.py`), how they look (`templates/`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from maxbooster_ops.readiness.burn_in.judgement import Judgement
from maxbooster_ops.readiness.burn_in.report.comparing import compared
from maxbooster_ops.readiness.burn_in.report.content import content_of
from maxbooster_ops.readiness.burn_in.report.document import document_of
from maxbooster_ops.readiness.burn_in.report.material import Material, in_order
from maxbooster_ops.readiness.burn_in.session import Session
from maxbooster_ops.readiness.report.files import write_report
from maxbooster_ops.readiness.report.json_text import json_pieces
from maxbooster_ops.readiness.report.rendering import render
from maxbooster_ops.readiness.report.wording import outside
from maxbooster_ops.store.findings import BurnInCheck
from maxbooster_ops.store.home import Home

_TEMPLATES = Path(__file__).with_name("templates")


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

    `target` says in words what was burned in. `ended_at` is when it ended or was ended; where it is absent, the
    session's own end, else its newest check. The comparison is with the newest other burn-in in `home.reports` that
    ran to its end. Raises `StoreError` where the files cannot be written.
    """
    taken = in_order(checks)
    material = Material(
        session=session,
        judgement=judgement,
        checks=taken,
        comparison=compared(home, session, judgement),
        target=outside(target),
        ended_at=ended_at or session.ended_at or (taken[-1].ts if taken else session.started_at),
    )
    content = content_of(material)
    texts = {
        ".json": json_pieces(document_of(material)),
        ".html": [render(_TEMPLATES, "burn_in.html.j2", content)],
        ".md": [render(_TEMPLATES, "burn_in.md.j2", content)],
    }
    return write_report(home, f"burn-in-{session.id}", texts)
