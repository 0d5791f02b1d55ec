"""The metrics of the scenario's queue, read through our own source as a beat reads them.

Belongs here: which of them are known, and whether they are true. Not here: the source (`sources/bullmq`).
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict

from maxbooster_ops.readiness.chaos.action import action
from maxbooster_ops.readiness.chaos.actions.reaching import queue_of, redis_of, url_of
from maxbooster_ops.readiness.chaos.drill import Drill, ExpectationError
from maxbooster_ops.sources.bullmq import BullmqQueues
from maxbooster_ops.sources.source import Moment
from maxbooster_ops.store.facts import QueueSample, SourceFailure

_LISTS = {"waiting": "wait", "active": "active"}
_SETS = {
    "completed": "completed",
    "failed": "failed",
    "delayed": "delayed",
    "prioritized": "prioritized",
    "waiting_children": "waiting-children",
}


@action("metrics.prepare")
def prepare(drill: Drill, *, concurrency: int = 10, children: int = 1) -> None:
    """Give the queue a limit of its own, so that its utilization is known, and a job that waits for its children."""
    asyncio.run(_prepare(url_of(drill), queue_of(drill), concurrency, children))


async def _prepare(url: str, name: str, concurrency: int, children: int) -> None:
    from bullmq import FlowProducer, Queue  # noqa: PLC0415 -- slow to import, and listing scenarios needs none of it

    queue, producer = Queue(name, {"connection": url}), FlowProducer({"connection": url})
    try:
        await queue.setGlobalConcurrency(concurrency)
        child = {"name": "drill", "queueName": name, "data": {}}
        family = {"name": "drill", "queueName": name, "data": {}, "children": [child] * children}
        await producer.add(family)
    finally:
        await queue.close()
        await producer.close()


@action("metrics.read")
def read(drill: Drill, *, network: str = "direct") -> str:
    """Read the queue as a beat does; the next reading tells what happened since this one."""
    url = drill.scratch["network_url"] if network == "slow" else url_of(drill)
    source = BullmqQueues(url, only=(queue_of(drill),))
    memory = drill.scratch.get("metrics_memory", {})
    reading = source.read(Moment(at=drill.clock(), interval_seconds=30, memory=memory))
    if isinstance(reading, SourceFailure):
        raise ExpectationError(f"Our source could not read the queue: {reading.error}: {reading.reason}")
    found = [row for row in reading.rows if isinstance(row, QueueSample) and row.queue == queue_of(drill)]
    if not found:
        raise ExpectationError("Our source read Redis, and did not find the queue there.")
    drill.scratch["metrics_memory"] = reading.memory
    drill.scratch["metrics"] = found[0]
    return ", ".join(f"{name} {number}" for name, number in counts(found[0]).items() if number)


@action("metrics.known")
def known(drill: Drill, fields: list[str]) -> bool:
    """Find every one of these metrics in the newest reading; one that is not known is missing."""
    sample = asdict(_newest(drill))
    if missing := [name for name in fields if sample.get(name) is None]:
        raise ExpectationError(
            f"{len(missing)} of {len(fields)} metrics of the queue cannot be read: {', '.join(missing)}."
        )
    return True


@action("metrics.counts_are_true")
def counts_are_true(drill: Drill) -> bool:
    """Hold the newest reading's counts against what Redis itself holds now, while no worker changes it."""
    queue, told = queue_of(drill), counts(_newest(drill))
    with redis_of(drill) as client:
        there = {name: client.llen(f"bull:{queue}:{part}") for name, part in _LISTS.items()}
        there |= {name: client.zcard(f"bull:{queue}:{part}") for name, part in _SETS.items()}
    if wrong := [name for name in there if told[name] != there[name]]:
        said = ", ".join(f"{name}: told {told[name]}, there are {there[name]}" for name in wrong)
        raise ExpectationError(f"Metrics of the queue are not true ({said}).")
    return True


@action("metrics.value")
def value(drill: Drill, field: str) -> float | None:
    """Give one metric of the newest reading."""
    found = asdict(_newest(drill)).get(field)
    return found if found is None else float(found)


@action("metrics.stalled_are_killed")
def stalled_are_killed(drill: Drill, *, seconds: float = 60) -> bool:
    """Read until our source has told of as many stalled jobs as there were active when the worker was killed."""
    killed, told = len(drill.scratch["killed"]), 0

    def seen() -> bool:
        nonlocal told
        read(drill)
        told += _newest(drill).stalled or 0
        return told >= killed

    drill.wait_for(seen, seconds=seconds, what=f"our source to tell of {killed} stalled jobs")
    if told != killed:
        raise ExpectationError(f"Our source told of {told} stalled jobs; {killed} were killed.")
    return True


def counts(sample: QueueSample) -> dict[str, int]:
    """Give what a reading counted."""
    fields = asdict(sample)
    return {name: int(fields[name]) for name in (*_LISTS, *_SETS)}


def _newest(drill: Drill) -> QueueSample:
    if "metrics" not in drill.scratch:
        raise ExpectationError("The queue was not read yet; call `metrics.read` first.")
    sample: QueueSample = drill.scratch["metrics"]
    return sample
