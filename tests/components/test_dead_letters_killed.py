"""Dead letters while what brings them back, and Redis, is killed: nothing lost, doubled or in a wrong state."""

from __future__ import annotations

from support.dead_letter_audit import audit_letters
from support.dead_letter_kills import LetterDrill


def test_kills_at_any_moment_lose_and_double_nothing(tmp_path):
    drill = LetterDrill(root=tmp_path, major=6, jobs=20, wanted=4, redis_wanted=1, speed=8000, seed=3)
    try:
        drill.run()
        audit = audit_letters(drill)
    finally:
        drill.redis.kill()
    assert (sum(drill.kills.values()), drill.redis_kills) == (4, 1)
    assert audit.faults == []
    assert audit.counts["letters parked"] + audit.counts["letters recovered"] == 20
