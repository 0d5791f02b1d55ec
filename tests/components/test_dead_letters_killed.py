"""Dead letters while what brings them back, and Redis, is killed: nothing lost, doubled or in a wrong state."""

from __future__ import annotations

import pytest
from support.dead_letter_audit import audit_letters
from support.dead_letter_kills import LetterDrill


@pytest.mark.parametrize("major", [6, 5])
def test_kills_at_any_moment_lose_and_double_nothing(tmp_path, major):
    drill = LetterDrill(root=tmp_path, major=major, jobs=30, wanted=5, redis_wanted=1, speed=6000, seed=major)
    try:
        drill.run()
        audit = audit_letters(drill)
    finally:
        drill.redis.kill()
    assert (sum(drill.kills.values()), drill.redis_kills) == (5, 1)
    assert audit.faults == []
    assert audit.counts["letters parked"] + audit.counts["letters recovered"] == 30
