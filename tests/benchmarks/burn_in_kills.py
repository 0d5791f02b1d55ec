"""A burn-in while what works on it is killed: `python tests/benchmarks/burn_in_kills.py [--minutes 10] [--seed 1]`.

Starts `maxbooster-ops up` in a new home, launches `burn_in`, and kills -9 the run, its keeper, the code server, the
daemon or everything in turn at random moments; after everything it starts `up` again. At the end the checks in the lake
are held against the session and the kills. Several may run side by side. Exits with 1 where anything is wrong.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # instead of this folder, whose bullmq.py hides the package

from support.burn_in_audit import audit_burn_in
from support.burn_in_kills import VICTIMS, BurnInDrill


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--interval", type=float, default=10, help="seconds from check to check")
    parser.add_argument("--victims", nargs="+", choices=VICTIMS, default=VICTIMS, help="killed in turn")
    parser.add_argument("--pause", type=float, nargs=2, default=(10, 45), help="seconds of peace before a kill")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    drill = BurnInDrill(
        root=Path(tempfile.mkdtemp(prefix="burn-in-kills-")) / "home",
        minutes=options.minutes,
        interval_s=options.interval,
        victims=options.victims,
        pause_s=tuple(options.pause),
        seed=options.seed,
    )
    began = time.monotonic()
    try:
        session = drill.run()
        time.sleep(5)  # the run that reported it ends
        found = audit_burn_in(drill, session)
    finally:
        drill.up.stop()
    print(f"{time.monotonic() - began:.0f} s, seed {options.seed}, {len(drill.kills)} kills, in {drill.root}")
    print("\n".join(found.lines()), flush=True)
    return int(bool(found.faults))


if __name__ == "__main__":
    sys.exit(main())
