from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from maxbooster_ops.sources.bullmq.events import ACTIVE, WAITING, OpenJob
from maxbooster_ops.sources.bullmq.remembered import QueueMemory, bounded

JOBS = st.builds(
    OpenJob,
    st.none() | st.text(max_size=5),
    st.sampled_from([ACTIVE, WAITING]),
    st.integers(0, 10**13),
    st.none() | st.integers(0, 10**6),
    st.none() | st.integers(0, 5),
    st.booleans(),
)
MEMORIES = st.builds(
    QueueMemory,
    cursor=st.just("5-1"),
    counted_from_ms=st.integers(0, 10**13),
    open_jobs=st.dictionaries(st.text(max_size=5), JOBS, max_size=8),
    metrics=st.none() | st.tuples(st.integers(0), st.integers(0)),
)


@given(MEMORIES)
def test_a_memory_survives_json(memory):
    kept = json.loads(json.dumps(memory.kept()))
    assert QueueMemory.of(kept) == memory


def waiting(since_ms):
    return OpenJob("x", WAITING, since_ms)


def test_the_oldest_jobs_that_wait_are_forgotten_first_and_active_ones_never():
    queues = {
        "a": QueueMemory(open_jobs={"old": waiting(1), "works": OpenJob("x", ACTIVE, 0), "new": waiting(9)}).kept(),
        "b": QueueMemory(open_jobs={"older": waiting(0), "newer": waiting(8)}).kept(),
    }
    left = {queue: set(kept["open_jobs"]) for queue, kept in bounded(queues, limit=3).items()}
    assert left == {"a": {"works", "new"}, "b": {"newer"}}


def test_below_the_bound_the_very_same_memory_goes_on():
    queues = {"a": QueueMemory(open_jobs={"1": waiting(1)}).kept()}
    assert bounded(queues, limit=1) is queues


def test_a_queue_that_loses_nothing_keeps_the_very_same_memory():
    untouched = QueueMemory(open_jobs={"new": waiting(9)}).kept()
    queues = {"a": QueueMemory(open_jobs={"1": waiting(1), "2": waiting(2)}).kept(), "b": untouched}
    assert bounded(queues, limit=2)["b"] is untouched
