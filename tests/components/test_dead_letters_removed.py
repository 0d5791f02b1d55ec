"""Dead letters whose jobs the platform removes: known, copied where they may be, never brought back otherwise."""

from __future__ import annotations

import pytest
from support.dead_letter_rig import BROKEN, die, editing, effects, mend

from maxbooster_ops.dead_letters.deciding import Refusal
from maxbooster_ops.dead_letters.letter import LetterState, PayloadKept
from maxbooster_ops.errors import UsageError
from maxbooster_ops.processes.waiting import wait_for


def test_a_job_that_is_removed_when_it_fails_is_known_and_parked(rig6):
    die_removed(rig6, {"removeOnFail": True})
    rig6.look()
    letter = rig6.letter()
    assert (letter.state, letter.payload_kept, letter.name) == (LetterState.PARKED, PayloadKept.LOST, "send")
    assert rig6.look().new == 0


def die_removed(rig, opts):
    rig.collector.beat(rig.now())  # the event stream is read from here on
    with rig.redis.client() as client:
        client.set("outage", 1)
    rig.platform.tell("work", queue="mail")
    rig.platform.tell("add", queue="mail", jobs=[{"name": "send", "data": BROKEN, "opts": opts}])
    with rig.redis.client() as client:
        failed = lambda: any(b"failed" in fields.values() for _, fields in client.xrange("bull:mail:events"))  # noqa: E731
        wait_for(failed, seconds=300, what="the failure on the stream")


def test_a_copied_job_is_added_again_after_it_was_removed(rig6):
    (job_id,) = die(rig6, opts={"removeOnFail": {"count": 100}, "attempts": 2, "priority": 3})
    rig6.look()
    assert rig6.letter().payload_kept is PayloadKept.COPIED
    rig6.platform.tell("remove", queue="mail", id=job_id)
    mend(rig6)
    assert rig6.redrive().returned == 1
    rig6.until("mail", completed=1)
    rig6.look()
    assert (rig6.letter().state, effects(rig6)) == (LetterState.RECOVERED, [job_id.encode()])


def test_a_redacted_copy_is_never_added_again(rig6):
    rig6.redacted = ("Token",)
    (job_id,) = die(rig6, data={**BROKEN, "user": {"token": "t0p"}}, opts={"removeOnFail": {"count": 9}})
    rig6.look()
    assert (rig6.letter().payload_kept, "t0p" in (rig6.letter().payload or "")) == (PayloadKept.REDACTED, False)
    rig6.platform.tell("remove", queue="mail", id=job_id)
    rig6.redrive()
    assert rig6.letter().state is LetterState.PARKED


def test_a_worker_that_trims_its_failed_jobs_is_noticed_and_copied_from_then_on(rig6):
    """The option stands with the worker, not with its jobs, so that only what is missing tells of it."""
    with rig6.redis.client() as client:
        client.set("outage", 1)
    rig6.platform.tell("work", queue="mail", removeOnFail={"count": 2})
    first = add_dying(rig6, jobs=2)
    rig6.look()
    assert {letter.payload_kept for letter in rig6.letters()} == {PayloadKept.REDIS}
    add_dying(rig6, jobs=2)
    assert rig6.redrive().refused == {Refusal.TRIMMED: 2}
    trimmed = rig6.letters(states=(LetterState.PARKED,))
    assert {letter.job.job_id for letter in trimmed} == set(first)
    assert all("seems to remove its failed jobs" in letter.note for letter in trimmed)

    rig6.look()
    copied = rig6.letters(states=(LetterState.PENDING,))
    assert [letter.payload_kept for letter in copied] == [PayloadKept.COPIED] * 2
    add_dying(rig6, jobs=2)
    mend(rig6)
    assert rig6.redrive().returned == 2
    rig6.until("mail", completed=2)
    assert effects(rig6) == sorted(letter.job.job_id.encode() for letter in copied)


def test_a_completed_job_that_the_platform_removed_has_recovered(rig6):
    (job_id,) = die(rig6, opts={"removeOnComplete": True})
    rig6.look()
    mend(rig6)
    rig6.redrive()
    rig6.until("mail", failed=0, active=0, waiting=0)
    rig6.look()
    assert (rig6.letter().state, effects(rig6)) == (LetterState.RECOVERED, [job_id.encode()])


def add_dying(rig, *, jobs):
    """Add jobs to workers that stand already, and wait until as many more have failed."""
    with rig.redis.client() as client:
        before = failures(client)
        ids = rig.platform.tell("add", queue="mail", jobs=[{"name": "send", "data": BROKEN}] * jobs)
        wait_for(lambda: failures(client) == before + jobs, seconds=300, what="the failures on the stream")
    return ids


def failures(client):
    return sum(fields[b"event"] == b"failed" for _, fields in client.xrange("bull:mail:events"))


def test_new_data_with_a_redacted_key_leaves_no_secret_in_the_copy(rig6):
    rig6.redacted = ("token",)
    (job_id,) = die(rig6, opts={"removeOnFail": {"count": 9}})
    rig6.look()
    editing(rig6).edit(rig6.letter(), '{"token": "t0p"}', actor="ann", why="", now=rig6.now())
    assert (rig6.letter().payload_kept, rig6.letter().payload) == (PayloadKept.REDACTED, '{"token": "***"}')
    with rig6.redis.client() as client:
        assert client.hget(f"bull:mail:{job_id}", "data") == b'{"token": "t0p"}'
    rig6.platform.tell("remove", queue="mail", id=job_id)
    with pytest.raises(UsageError, match="could never be brought back"):
        editing(rig6).edit(rig6.letter(), '{"token": "t0p"}', actor="ann", why="", now=rig6.now())
