"""Dead letters of queues and jobs that look unusual, and what two who look or act at the same time make of them."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from support.dead_letter_rig import BROKEN, dead_letter_rig, die, editing, effects, mend

from maxbooster_ops.clock import utc_now
from maxbooster_ops.dead_letters.by_hand import park
from maxbooster_ops.dead_letters.finding import Finder
from maxbooster_ops.dead_letters.letter import JobKey, LetterState, PayloadKept
from maxbooster_ops.dead_letters.redriving import Redrive, return_of
from maxbooster_ops.errors import StoreError, UsageError
from maxbooster_ops.store.lake import open_lake


@pytest.mark.parametrize(
    ("prefix", "queue", "opts", "name"),
    [
        pytest.param("bull", "mail", {"jobId": 'ü/"x" {1}% *?[a]\\n'}, "send", id="a job id of odd characters"),
        pytest.param("bull", "year end mail {1}", {}, "send", id="a queue name with spaces and braces"),
        pytest.param("{shop}-2", "mail", {}, "send", id="a prefix of its own"),
        pytest.param(
            "bull", "mail", {"lifo": True}, "nobody knows: me\n✉", id="an unknown job name, last in first out"
        ),
    ],
)
def test_unusual_names_come_back_as_they_are(tmp_path, prefix, queue, opts, name):
    with dead_letter_rig(tmp_path, maxbooster_queue_prefixes=(prefix,)) as rig:
        come_back(rig, {"prefix": prefix, "queue": queue}, name, opts)


def come_back(rig, where, name, opts):
    with rig.redis.client() as client:
        client.set("outage", 1)
    rig.platform.tell("work", **where)
    (job_id,) = rig.platform.tell("add", jobs=[{"name": name, "data": BROKEN, "opts": opts}], **where)
    rig.until(**where, failed=1)
    rig.look()
    letter = rig.letter()
    assert (letter.job, letter.name) == (JobKey(**where, job_id=job_id), name)
    mend(rig)
    assert rig.redrive().returned == 1
    rig.until(**where, completed=1)
    rig.look()
    assert (rig.letter().state, effects(rig)) == (LetterState.RECOVERED, [job_id.encode()])


def test_many_that_look_at_once_make_one_letter_of_each_job(rig6):
    die(rig6, jobs=30, opts={"attempts": 1})
    rig6.collector.beat(utc_now())
    together, found, wrong = Barrier(6), [], []

    def look():
        with open_lake(rig6.store.home, read_only=True) as lake:  # each its own, as processes have: a lake is for one
            together.wait()
            try:
                found.append(Finder(lake=lake, state=rig6.store.state, side=rig6.side).find(utc_now()).new)
            except StoreError as error:
                wrong.append(error)

    threads = [Thread(target=look) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (wrong, sum(found), len(rig6.letters())) == ([], 30, 30)


@pytest.mark.parametrize("ahead_ms", [86_400_000, -86_400_000], ids=["ahead", "behind"])
def test_a_worker_whose_clock_is_a_day_off_hides_nothing(rig6, ahead_ms):
    rig6.collector.beat(utc_now())
    (first,) = die(rig6, opts={"attempts": 1})
    rig6.look()
    (skewed,) = die(rig6, queue="mail", opts={"attempts": 1}, waits_for=2)
    with rig6.redis.client() as client:
        client.zincrby("bull:mail:failed", ahead_ms, skewed)
    assert rig6.look().new == 1
    (last,) = die(rig6, opts={"attempts": 1}, waits_for=3)
    assert rig6.look().new == 1
    assert rig6.look().new == 0
    assert {letter.job.job_id for letter in rig6.letters()} == {first, skewed, last}


def test_a_process_that_slept_since_it_claimed_a_try_does_nothing_after_a_later_one(rig6):
    die(rig6, opts={"attempts": 1})
    rig6.look()
    (slept,) = Redrive(state=rig6.store.state, side=rig6.side, actor="test", why="sleeps").claim(
        rig6.letters(), rig6.now()
    )
    rig6.look()  # finishes the first try
    rig6.until("mail", failed=1, waiting=0, active=0)
    rig6.look()
    rig6.ahead += timedelta(days=1)
    assert rig6.redrive().returned == 1
    rig6.until("mail", failed=1, waiting=0, active=0)
    assert rig6.side.bring_back([return_of(slept, slept.try_token)]) == ["superseded"]
    rig6.until("mail", failed=1, waiting=0, active=0)


def test_a_letter_that_was_deleted_while_its_job_ran_is_simply_gone(rig6):
    die(rig6, opts={"attempts": 1})
    rig6.look()
    known = rig6.letter()
    with rig6.store.state.writing() as connection:
        connection.exec_driver_sql("DELETE FROM dead_letters")
    redriven = Redrive(state=rig6.store.state, side=rig6.side, actor="test", why="late").run([known], clock=rig6.now)
    assert (redriven.returned, redriven.taken_by_others) == (0, 1)
    rig6.until("mail", failed=1)
    assert rig6.look().new == 1, "the job still lies there, and failed a moment ago"


def test_new_data_replaces_an_old_copy_too(rig6):
    (job_id,) = die(rig6, opts={"removeOnFail": {"count": 100}})
    rig6.look()
    park(rig6.store.state, rig6.letters(), actor="ann", why="wrong data", now=rig6.now())
    editing(rig6).edit(rig6.letter(), '{"effects": "mended"}', actor="ann", why="", now=rig6.now())
    rig6.platform.tell("remove", queue="mail", id=job_id)
    assert rig6.letter().payload_kept is PayloadKept.COPIED
    Redrive(state=rig6.store.state, side=rig6.side, actor="ann", why="").run(rig6.letters(), clock=rig6.now)
    rig6.until("mail", completed=1)
    with rig6.redis.client() as client:
        assert client.lrange("mended", 0, -1) == [job_id.encode()]


def test_who_edits_what_somebody_else_has_just_changed_changes_nothing(rig6):
    (job_id,) = die(rig6)
    rig6.look()
    known = rig6.letter()
    park(rig6.store.state, [known], actor="ann", why="wrong data", now=rig6.now())
    with pytest.raises(UsageError, match="look at it again"):
        editing(rig6).edit(known, "{}", actor="eli", why="", now=rig6.now())
    with rig6.redis.client() as client:
        assert client.hget(f"bull:mail:{job_id}", "data") != b"{}"


def test_a_copy_whose_deduplication_id_is_taken_meanwhile_waits_instead_of_vanishing(rig6):
    (job_id,) = die(rig6, opts={"removeOnFail": {"count": 100}, "deduplication": {"id": "once"}})
    rig6.look()
    rig6.platform.tell("remove", queue="mail", id=job_id)
    rig6.platform.tell("stop")
    other = {"name": "send", "data": {}, "opts": {"deduplication": {"id": "once"}}}
    rig6.platform.tell("add", queue="mail", jobs=[other])
    rig6.redrive()
    assert (rig6.letter().state, rig6.letter().tries) == (LetterState.PENDING, 0)
    assert "deduplication" in rig6.letter().note
