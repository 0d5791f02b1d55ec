from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxbooster_ops.sources.bullmq.events import ACTIVE, PARKED, WAITING, OpenJob, happened

T0 = 1_800_000_000_000


def event(kind, job="1", *, at=0, **more):
    """One entry as Redis gives it, `at` ms after T0."""
    fields = ["event", kind, "jobId", job]
    for name, value in more.items():
        fields += [name, value]
    return (f"{T0 + at}-0", fields)


ADDED = [event("added", name="send"), event("waiting")]
FIRST_ATTEMPT = [*ADDED, event("active", at=30, prev="waiting")]


def counts(told):
    return {name: getattr(told, name) for name in ("completed", "failed", "retried", "stalled", "redriven")}


def only(**expected):
    return {"completed": 0, "failed": 0, "retried": 0, "stalled": 0, "redriven": 0} | expected


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param(ADDED, only(), id="added"),
        pytest.param([event("added", name="send"), event("delayed", delay="5")], only(), id="added with a delay"),
        pytest.param([*FIRST_ATTEMPT, event("delayed", at=40)], only(retried=1), id="retry after backoff"),
        pytest.param([*FIRST_ATTEMPT, event("waiting", at=40, prev="active")], only(retried=1), id="immediate retry"),
        pytest.param(
            [*FIRST_ATTEMPT, event("waiting", at=40, prev="active"), event("stalled", at=40)],
            only(stalled=1),
            id="stall",
        ),
        pytest.param(
            [
                *FIRST_ATTEMPT,
                event("waiting", at=40, prev="active"),
                event("waiting", "2", at=40, prev="active"),
                event("stalled", "2", at=40),
            ],
            only(retried=1, stalled=1),
            id="a retry beside another job's stall",
        ),
        pytest.param([event("waiting", prev="failed")], only(redriven=1), id="re-drive of a failed job"),
        pytest.param([event("waiting", prev="completed")], only(redriven=1), id="re-drive of a completed job"),
        pytest.param([event("waiting", prev="delayed")], only(), id="a delay that is over"),
        pytest.param([event("delayed"), event("delayed")], only(), id="a changed delay"),
        pytest.param([event("completed", returnvalue="x")], only(completed=1), id="completed"),
        pytest.param([event("failed", failedReason="x")], only(failed=1), id="failed"),
        pytest.param([event("failed"), event("retries-exhausted")], only(failed=1), id="retries exhausted"),
        pytest.param([(f"{T0}-0", ["event", "drained"])], only(), id="an event without a job"),
        pytest.param([event("progress", data="5"), event("my-own")], only(), id="events that change nothing"),
    ],
)
def test_every_event_is_counted_for_what_it_means(entries, expected):
    assert counts(happened(entries, {})) == expected


def test_a_finished_job_is_timed_by_the_stream():
    told = happened([*FIRST_ATTEMPT, event("failed", at=75, failedReason="no luck", prev="active")], {})
    [job] = told.finished
    assert (job.job_id, job.outcome, job.at_ms, job.processing_ms, job.reason) == (
        "1",
        "failed",
        T0 + 75,
        45,
        "no luck",
    )
    assert (job.was.name, job.was.wait_ms, job.was.attempts, job.was.detoured) == ("send", 30, 1, False)
    assert told.open_jobs == {}


def test_a_retried_job_is_timed_from_its_last_attempt():
    second = [event("waiting", at=50, prev="active"), event("active", at=54), event("completed", at=60)]
    [job] = happened([*FIRST_ATTEMPT, *second], {}).finished
    assert (job.processing_ms, job.was.wait_ms, job.was.attempts, job.was.detoured) == (6, 4, 2, True)


def test_a_stalled_attempt_is_not_an_attempt_made():
    stall = [event("waiting", at=50, prev="active"), event("stalled", at=50)]
    [job] = happened([*FIRST_ATTEMPT, *stall, event("active", at=54), event("completed", at=60)], {}).finished
    assert job.was.attempts == 1


def test_a_job_whose_start_was_not_seen_has_no_duration():
    [job] = happened([event("completed", at=9)], {}).finished
    assert (job.processing_ms, job.was.wait_ms, job.was.name, job.was.attempts) == (None, None, None, None)


def test_only_the_last_finish_of_a_job_is_the_latest():
    again = [event("waiting", at=80, prev="failed"), event("active", at=81), event("completed", at=82)]
    told = happened([*FIRST_ATTEMPT, event("failed", at=75), *again], {})
    assert [(job.outcome, job.is_latest) for job in told.finished] == [("failed", False), ("completed", True)]


@pytest.mark.parametrize(
    ("entries", "state"),
    [
        pytest.param(ADDED[:1], PARKED, id="just added"),
        pytest.param(ADDED, WAITING, id="waiting"),
        pytest.param(FIRST_ATTEMPT, ACTIVE, id="active"),
        pytest.param([*ADDED, event("waiting-children")], PARKED, id="waiting for children"),
    ],
)
def test_an_open_job_is_remembered_in_its_state(entries, state):
    assert happened(entries, {}).open_jobs["1"].state == state


def test_a_removed_job_is_forgotten():
    assert happened([*ADDED, event("removed", prev="wait")], {}).open_jobs == {}


def test_what_happened_before_the_counted_time_only_opens_jobs():
    entries = [*FIRST_ATTEMPT, event("completed", "old", at=35), event("completed", at=75)]
    told = happened(entries, {}, counted_from_ms=T0 + 40)
    assert [(job.job_id, job.processing_ms) for job in told.finished] == [("1", 45)]
    assert counts(told) == only(completed=1)


KINDS = st.sampled_from(["added", "waiting", "active", "delayed", "stalled", "completed", "failed", "removed"])
PREVIOUS = st.sampled_from(["active", "failed", "delayed", "completed"])
STREAMS = st.lists(st.tuples(KINDS, st.sampled_from("abc"), PREVIOUS), max_size=40).map(
    lambda drawn: [event(kind, job, at=at, prev=previous) for at, (kind, job, previous) in enumerate(drawn)]
)


@given(STREAMS, st.integers(0, 40))
def test_reading_in_two_parts_finishes_the_same_jobs_as_reading_at_once(entries, cut):
    """Except whether a finish is the latest, which is a question about one reading."""
    whole = happened(entries, {})
    first = happened(entries[:cut], {})
    remembered = {job: OpenJob(*kept) for job, kept in json.loads(json.dumps(first.open_jobs)).items()}
    second = happened(entries[cut:], remembered)
    assert [job[:-1] for job in (*first.finished, *second.finished)] == [job[:-1] for job in whole.finished]
    assert second.open_jobs == whole.open_jobs


@given(STREAMS)
def test_what_was_remembered_is_never_changed(entries):
    before = {"a": OpenJob("send", WAITING, T0, None, 0, detoured=False)}
    once = happened(entries, before)
    assert before == {"a": OpenJob("send", WAITING, T0, None, 0, detoured=False)}
    assert happened(entries, before) == once
