from __future__ import annotations

from datetime import UTC, datetime

import pytest

from maxbooster_ops.sources.bullmq.events import ACTIVE, FinishedJob, OpenJob
from maxbooster_ops.sources.bullmq.jobs import REASON_KEPT, asking_for, described
from maxbooster_ops.sources.bullmq.queue import Queue
from maxbooster_ops.sources.bullmq.wire import packed

AT = 1_800_000_000_000
QUEUE = Queue("bull", "mail")
SEEN = OpenJob("from the stream", ACTIVE, AT - 50, 8, 1, detoured=False)
UNSEEN = OpenJob()


def finished(*, was=SEEN, reason=None, is_latest=True):
    processing_ms = 50 if was.state == ACTIVE else None
    return FinishedJob("7", "failed" if reason else "completed", AT, processing_ms, reason, was, is_latest)


def own_fields(*, processed=AT - 52, finished=AT - 1, added=AT - 100, name="its own", attempts=1, options=()):
    return [str(processed), str(finished), str(added), name, str(attempts), *options]


def test_a_job_is_described_by_its_own_clocks():
    row = described(QUEUE, finished(), own_fields())
    assert row.ts == datetime.fromtimestamp(AT / 1000, UTC)
    assert (row.processing_ms, row.wait_ms, row.name, row.attempts, row.timed_by) == (51, 48, "its own", 1, "job")


def test_what_was_not_asked_is_told_by_the_stream():
    row = described(QUEUE, finished(), own_fields()[:3])
    assert (row.processing_ms, row.wait_ms, row.name, row.attempts) == (51, 48, "from the stream", 1)


@pytest.mark.parametrize(
    ("job", "extra"),
    [
        pytest.param(finished(), [], id="added, taken once and completed"),
        pytest.param(finished(reason="no luck"), ["name", "atm"], id="failed"),
        pytest.param(finished(was=SEEN._replace(detoured=True)), ["name", "atm"], id="delayed, retried or stalled"),
        pytest.param(finished(was=SEEN._replace(attempts=2)), ["name", "atm"], id="taken twice"),
        pytest.param(finished(was=SEEN._replace(name=None)), ["name", "atm"], id="of an unknown name"),
        pytest.param(finished(was=UNSEEN), ["name", "atm", "opts"], id="never seen waiting"),
    ],
)
def test_only_what_the_stream_did_not_tell_is_asked(job, extra):
    asked = ["processedOn", "finishedOn", "timestamp", *extra]
    assert asking_for(QUEUE, job) == packed("HMGET", QUEUE.key("7"), *asked)


@pytest.mark.parametrize(
    ("job", "reply"),
    [
        pytest.param(finished(), [None] * 5, id="the hash is gone"),
        pytest.param(finished(), None, id="the key is no hash"),
        pytest.param(finished(), [None, None, str(AT), "its own", "3"], id="driven again, not finished"),
        pytest.param(finished(is_latest=False), own_fields(), id="finished again in the same reading"),
        pytest.param(finished(), own_fields(finished=AT + 5000), id="finished again since"),
    ],
)
def test_the_stream_times_a_job_whose_hash_does_not_tell_of_this_finish(job, reply):
    row = described(QUEUE, job, reply)
    assert (row.processing_ms, row.wait_ms, row.attempts, row.timed_by) == (50, 8, 1, "stream")


def test_nothing_is_made_up_for_a_job_that_nobody_tells_of():
    row = described(QUEUE, finished(was=UNSEEN), [None] * 6)
    assert (row.processing_ms, row.wait_ms, row.name, row.attempts, row.timed_by) == (None, None, None, None, None)


@pytest.mark.parametrize(
    ("was", "fields", "wait_ms"),
    [
        pytest.param(SEEN, own_fields(), 48, id="nothing came between"),
        pytest.param(SEEN._replace(detoured=True), own_fields(), 8, id="a delay or retry that the stream saw"),
        pytest.param(UNSEEN, own_fields(options=['{"attempts":1}']), 48, id="unseen"),
        pytest.param(UNSEEN, own_fields(options=['{"delay":40}']), 8, id="unseen, with a delay of its own"),
        pytest.param(UNSEEN, own_fields(options=['{"delay":90}']), 0, id="unseen, promoted before its delay was over"),
        pytest.param(UNSEEN, own_fields(options=['{"delay":']), 48, id="unseen, options that are no JSON"),
        pytest.param(UNSEEN, own_fields(options=['["delay"]']), 48, id="unseen, options of another shape"),
        pytest.param(UNSEEN, own_fields(options=['{"delay":Infinity}']), 48, id="unseen, a delay that is no time"),
        pytest.param(UNSEEN, own_fields(attempts=2, options=["{}"]), None, id="unseen and retried"),
        pytest.param(SEEN, own_fields(added=AT), 0, id="a worker's clock that is behind"),
    ],
)
def test_the_wait_is_that_before_the_attempt_that_finished(was, fields, wait_ms):
    assert described(QUEUE, finished(was=was), fields).wait_ms == wait_ms


def test_a_long_reason_is_cut():
    assert len(described(QUEUE, finished(reason="x" * 9000), None).reason) == REASON_KEPT
