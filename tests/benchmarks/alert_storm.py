"""A storm: `python tests/benchmarks/alert_storm.py`: 1000 label sets fire at once, 500 inhibited, one P0 among them.

With all default rules in force and every channel configured, against the receiver. Prints how long the tick takes by
part, how long after its evaluation began the P0 arrives at each channel, and how many messages each channel gets: of a
storm at once, from its first to its last word, and of one whose label sets come and go over minutes. Exits with 1 where
a bound is not kept.
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.alert_receiver import alert_receiver
from support.storm import INHIBITED, LABEL_SETS, Storm, StormAtOnce

from maxbooster_ops.settings import Settings
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.opening import open_store

MOST_MESSAGES = 6
LONGEST_TICK_S = 1.0
P0_WITHIN_S = 5.0
ROUNDS = 3
"""How often the storm at once is repeated, each time in a new store; a busy machine has slow moments."""

RAGGED_BEATS = 10


def main() -> int:
    rounds = [at_once() for _ in range(ROUNDS)]
    for each in rounds:
        times = each.times
        print(
            f"tick {times.whole:.2f} s (lake {times.lake:.2f}, advancing {times.advancing:.2f}, transaction "
            f"{times.transaction:.2f}): {each.begun} fire, {each.inhibited} inhibited"
        )
        print("  the P0 arrived after: " + ", ".join(f"{name} {s:.2f} s" for name, s in sorted(each.p0_s.items())))
        print("  messages, first to last word: " + counts(each.messages))
    print(f"coming and going over {RAGGED_BEATS} beats: {counts(ragged())}")
    kept = {
        "tick": min(each.times.whole for each in rounds) <= LONGEST_TICK_S,
        "P0": all(seconds <= P0_WITHIN_S for each in rounds for seconds in each.p0_s.values()),
        "messages": all(count <= MOST_MESSAGES for each in rounds for count in each.messages.values()),
        "inhibited": all((each.begun, each.inhibited) == (LABEL_SETS, INHIBITED) for each in rounds),
    }
    print(", ".join(f"{name}: {'kept' if is_kept else 'NOT KEPT'}" for name, is_kept in kept.items()))
    return int(not all(kept.values()))


def at_once() -> StormAtOnce:
    """Run one storm at once in a new store."""
    with (
        alert_receiver() as receiver,
        tempfile.TemporaryDirectory() as folder,
        open_store(Home(root=Path(folder))) as store,
    ):
        return StormAtOnce.run(Storm(store, Settings(_env_file=None, **receiver.settings())), receiver)


def ragged() -> dict[str, int]:
    """Let each label set come and go by chance from beat to beat, the cause included, and count messages."""
    chance = random.Random(1)
    settings = Settings(
        _env_file=None, alert_webhook_url="http://127.0.0.1:9/", slack_webhook_url="http://127.0.0.1:9/"
    )
    with tempfile.TemporaryDirectory() as folder, open_store(Home(root=Path(folder))) as store:
        storm = Storm(store, settings)
        for _ in range(RAGGED_BEATS):
            storm.beat(lambda _: chance.random() < 0.5, is_down=chance.random() < 0.5)
            storm.ticks()
        storm.settle()
        return storm.messages()


def counts(messages: dict[str, int]) -> str:
    return ", ".join(f"{channel} {count}" for channel, count in sorted(messages.items()))


if __name__ == "__main__":
    sys.exit(main())
