"""Dead letters while everything is killed: `python tests/benchmarks/dead_letter_kills.py [--kills 50] [--major 6|5]`.

Jobs of npm's BullMQ die, half of them for ever, the rest until their outage is over. A process that finds, settles and
brings back is killed -9 at random moments and right between its steps, Redis (append-only file, always) meanwhile. In
the end what each job itself saw is held against the letters. Exits with 1 where anything is lost, doubled or wrong.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # instead of this folder, whose bullmq.py hides the package

from support.dead_letter_audit import audit_letters
from support.dead_letter_kills import LetterDrill


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--redis-kills", type=int, default=5)
    parser.add_argument("--major", type=int, choices=[5, 6], default=6)
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--speed", type=float, default=900)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    drill = LetterDrill(
        root=Path(tempfile.mkdtemp(prefix="dead-letter-kills-")),
        major=options.major,
        jobs=options.jobs,
        wanted=options.kills,
        redis_wanted=options.redis_kills,
        speed=options.speed,
        seed=options.seed,
    )
    began = time.monotonic()
    try:
        drill.run()
        found = audit_letters(drill)
    finally:
        drill.redis.kill()
    print(f"npm bullmq {options.major}, {time.monotonic() - began:.0f} s, seed {options.seed}, in {drill.root}")
    for dies, count in drill.kills.items():
        print(f"{count:>8}  kills {dies}")
    print(f"{drill.redis_kills:>8}  kills of Redis")
    print("\n".join(found.lines()), flush=True)
    return int(bool(found.faults))


if __name__ == "__main__":
    sys.exit(main())
