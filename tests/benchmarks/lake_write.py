"""What it costs to store a beat of many queues: `python tests/benchmarks/lake_write.py [queues]`.

Stores beats through the real path (lock, intent, transaction, memory) on an open connection, for several numbers of
finished jobs.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.facts import fact

from maxbooster_ops.store.beats import Batch, beat_id
from maxbooster_ops.store.facts import BeatTaken, QueueJob, QueueSample
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.opening import open_store

ROUNDS = 11


def main(queues: int) -> None:
    print(f"{'queues':>8}{'jobs':>8}{'median ms':>12}{'slowest ms':>12}")
    with tempfile.TemporaryDirectory() as folder, open_store(Home(root=Path(folder))) as store:
        for jobs in (0, queues, 10 * queues):
            measured = []
            for number in range(ROUNDS):
                due = datetime.now(UTC) + timedelta(seconds=number)
                facts = [fact(BeatTaken, ts=due, kind="beat", due=due)]
                facts += [fact(QueueSample, ts=due, queue=f"queue-{index}") for index in range(queues)]
                facts += [
                    fact(QueueJob, ts=due, queue=f"queue-{index % queues}", job_id=str(index)) for index in range(jobs)
                ]
                memory = {"bullmq": {"cursors": {f"queue-{index}": f"{number}-0" for index in range(queues)}}}
                batch = Batch(id=beat_id(due), due=due, facts=facts, memories=memory)
                recalled, began = store.beats.recall(), time.perf_counter()
                store.beats.store(batch, recalled)
                measured.append(1000 * (time.perf_counter() - began))
            print(f"{queues:>8}{jobs:>8}{median(measured):>12.0f}{max(measured[1:]):>12.0f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
