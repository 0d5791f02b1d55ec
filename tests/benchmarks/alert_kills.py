"""Nothing lost: `python tests/benchmarks/alert_kills.py [stack|ticks] [--kills N] [--seed N]`, without a word both.

`stack` kills -9 the daemon, the code server and `up` itself, at random moments, while `up` watches a small platform
whose gauges flip. `ticks` kills -9 a process that does nothing but evaluate and deliver: at random moments, and right
between deciding and sending. Both send to a real receiver that fails three of ten requests (500, 429 with Retry-After,
time-outs, resets; some after it took the message), and both are then held against the lake and the state: whatever
was decided must have arrived, repeats under their own key. Exits with 1 where anything is missing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.alert_audit import Audit, audit, taken
from support.receiver_process import receiver_process
from support.stack_kills import StackDrill
from support.tick_kills import TickDrill

FAIL_RATIO = 0.3
HANG_SECONDS = 12.0
"""Beyond the 10 s that a channel waits for an answer."""

TICK_KILLS = 100
STACK_KILLS = 12
UP_KILLS = 2


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="?", choices=["stack", "ticks"])
    parser.add_argument("--kills", type=int)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    parts = [options.part] if options.part else ["ticks", "stack"]
    audits = [{"stack": stack, "ticks": ticks}[part](options.kills, options.seed) for part in parts]
    return int(any(each.faults() for each in audits))


def ticks(kills: int | None, seed: int) -> Audit:
    """Kill a process that evaluates and delivers, five times as fast as life."""
    folder = Path(tempfile.mkdtemp(prefix="alert-kills-ticks-"))
    with receiver_process(folder, fail_ratio=FAIL_RATIO, hang_seconds=HANG_SECONDS, seed=seed) as receiver:
        drill = TickDrill(root=folder / "home", receiver=receiver, wanted=kills or TICK_KILLS, speed=5, seed=seed)
        began = time.monotonic()
        drill.run()
        return show(
            f"ticks in {folder}, {time.monotonic() - began:.0f} s, seed {seed}",
            dict(drill.kills),
            audit(drill.root, taken(receiver.log)),
        )


def stack(kills: int | None, seed: int) -> Audit:
    """Kill the programs of a running `up`."""
    folder = Path(tempfile.mkdtemp(prefix="alert-kills-stack-"))
    count = kills or STACK_KILLS
    wanted = {"daemon": count, "code server": count, "up": UP_KILLS}
    with receiver_process(folder, fail_ratio=FAIL_RATIO, hang_seconds=HANG_SECONDS, seed=seed) as receiver:
        drill = StackDrill(root=folder / "home", receiver=receiver, wanted=wanted, pause_s=(8, 40), seed=seed)
        began = time.monotonic()
        drill.run()
        title = f"stack in {folder}, {time.monotonic() - began:.0f} s, seed {seed}, `up` started {drill.starts} times"
        return show(title, dict(drill.kills), audit(drill.root, taken(receiver.log)))


def show(title: str, kills: dict[str, int], found: Audit) -> Audit:
    print(f"\n{title}")
    print(f"{'kills':>20}: {sum(kills.values())} ({', '.join(f'{name} {count}' for name, count in kills.items())})")
    print("\n".join(found.lines()), flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
