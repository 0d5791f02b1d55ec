"""Chaos drills that die: `python tests/benchmarks/chaos_kills.py [--kills 50] [--on-stand 0.3] [--seed 1]`.

The process that runs scenarios is killed -9 at random moments, right after each word of the ledger, and between a deed
and the word on it; on a Redis that the settings name, and on stands. Then `chaos --roll-back`, as `up`, the next drill
and the sensor do. What is left in Redis, in the process table, in the ledger and on disk is looked up without our code.
Exits with 1 where anything is left.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # instead of this folder, whose bullmq.py hides the package

from support.chaos_kills import Killing


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--on-stand", type=float, default=0.3, help="Share of the kills that hit a drill on a stand.")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    drill = Killing(root=Path(tempfile.mkdtemp(prefix="chaos-kills-")), seed=options.seed)
    began = time.monotonic()
    try:
        drill.run(options.kills, on_stand=options.on_stand, told=lambda said: print(said, flush=True))
    finally:
        drill.redis.kill()
    print(f"{sum(drill.kills.values())} kills in {time.monotonic() - began:.0f} s, seed {options.seed}, {drill.root}")
    for where, count in sorted(drill.kills.items()):
        print(f"{count:>6}  {where}")
    print(f"{drill.survived:>6}  drills that ended before they were killed")
    print(f"{sum(drill.open_faults.values()):>6}  faults open when it died: {dict(drill.open_faults)}")
    print(f"{statistics.median(drill.start_s):>6.1f}  s the next start took, median; {max(drill.start_s):.1f} at most")
    print(f"{len(drill.wrong):>6}  left behind", *drill.wrong, sep="\n        ")
    return int(bool(drill.wrong))


if __name__ == "__main__":
    sys.exit(main())
