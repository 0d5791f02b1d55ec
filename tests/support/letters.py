"""A dead letter like any other; what a test is about it replaces.

Belongs here: the letter. Not here: jobs that really died (`dead_letter_rig`).
"""

from __future__ import annotations

from datetime import timedelta

from maxbooster_ops.dead_letters.letter import JobKey, Letter, LetterState, PayloadKept
from support.facts import NOON

_BEFORE = NOON - timedelta(hours=1)

LETTER = Letter(
    id="dl-1",
    job=JobKey(prefix="bull", queue="mail", job_id="1"),
    name="send",
    state=LetterState.RETRYING,
    reason="",
    stack="",
    attempts=3,
    payload=None,
    payload_kept=PayloadKept.REDIS,
    options="{}",
    parent=None,
    first_failed_at=_BEFORE,
    last_failed_at=_BEFORE,
    found_at=_BEFORE,
    tries=1,
    next_try_at=None,
    try_token="dl-1:1",
    tried_at=NOON,
    ended_at=None,
    note="",
    version=2,
)
"""One that is under way for the second time."""
