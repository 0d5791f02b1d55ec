"""Dead letters against a real Redis and npm's BullMQ: found, brought back once, parked, left alone when others did."""

from __future__ import annotations

import re
from datetime import timedelta
from threading import Thread

import pytest
from support.dead_letter_rig import BROKEN, dead_letter_rig, die, editing, effects, mend

from maxbooster_ops.dead_letters.by_hand import discard, park
from maxbooster_ops.dead_letters.deciding import MOST_TRIES, VANISHED_AFTER, Refusal
from maxbooster_ops.dead_letters.letter import LetterState, PayloadKept
from maxbooster_ops.dead_letters.letter_store import history
from maxbooster_ops.dead_letters.redriving import Redrive

DAY = timedelta(days=1)


def test_a_job_that_used_up_its_attempts_becomes_a_letter_once(rig):
    (job_id,) = die(rig, opts={"attempts": 2, "priority": 7})
    assert rig.look().new == 1
    assert rig.look().new == 0
    letter = rig.letter()
    assert (letter.job.queue, letter.job.job_id, letter.name, letter.attempts) == ("mail", job_id, "send", 2)
    assert (letter.state, letter.reason) == (LetterState.PENDING, "no connection to the bank")
    assert "platform.mjs" in letter.stack
    assert (letter.payload_kept, letter.payload) == (PayloadKept.REDIS, None)


def test_a_recovered_job_does_its_work_exactly_once_more(rig):
    ids = die(rig, jobs=3, opts={"attempts": 3})
    rig.look()
    mend(rig)
    assert rig.redrive().returned == 3
    rig.until("mail", completed=3, failed=0)
    rig.look()
    assert {letter.state for letter in rig.letters()} == {LetterState.RECOVERED}
    assert effects(rig) == sorted(job.encode() for job in ids)
    assert [action.action for action in _history(rig, rig.letters()[0])] == ["found", "retried", "recovered"]


def test_a_job_that_stays_dead_is_parked_after_exactly_five_tries(rig6):
    die(rig6, opts={"attempts": 1})
    rig6.look()
    for tried in range(1, MOST_TRIES + 1):
        assert rig6.redrive().returned == 1
        rig6.until("mail", failed=1, waiting=0, active=0)
        rig6.look()
        assert rig6.letter().tries == tried
        assert rig6.redrive().returned == 0, "the next try waits for its backoff"
        rig6.ahead += DAY
    assert rig6.letter().state is LetterState.PARKED
    assert rig6.redrive().returned == 0


def test_a_retried_job_gets_its_own_attempts_again_and_keeps_its_priority(rig):
    (job_id,) = die(rig, opts={"attempts": 3, "priority": 4, "backoff": 10})
    rig.look()
    rig.platform.tell("stop")
    rig.redrive()
    with rig.redis.client() as client:
        assert client.zscore("bull:mail:prioritized", job_id) // 2**32 == 4
        assert client.hmget(f"bull:mail:{job_id}", "atm", "stc", "failedReason") == [None, None, None]


def test_of_twenty_that_redrive_at_once_one_succeeds_per_job(rig6):
    die(rig6, jobs=50, opts={"attempts": 1})
    rig6.look()
    mend(rig6)
    due = rig6.letters(states=(LetterState.PENDING,))
    done = []

    def one():
        redrive = Redrive(state=rig6.store.state, side=rig6.side, actor="test", why="race")
        done.append(redrive.run(due, clock=rig6.now))

    threads = [Thread(target=one) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 20
    assert sum(redriven.returned for redriven in done) == 50
    rig6.until("mail", completed=50, failed=0)
    assert len(effects(rig6)) == 50


def test_a_claim_that_never_reached_redis_is_finished_by_the_next_look(rig6):
    die(rig6)
    rig6.look()
    mend(rig6)
    claimed = Redrive(state=rig6.store.state, side=rig6.side, actor="test", why="dies").claim(
        rig6.letters(), rig6.now()
    )
    assert claimed
    assert rig6.letter().state is LetterState.RETRYING
    rig6.look()
    assert rig6.settled.finished.returned == 1
    rig6.until("mail", completed=1)
    rig6.look()
    assert (rig6.letter().state, rig6.letter().tries, len(effects(rig6))) == (LetterState.RECOVERED, 1, 1)


def test_a_job_that_somebody_else_retried_is_left_to_them_and_does_not_count(rig6):
    (job_id,) = die(rig6)
    rig6.look()
    mend(rig6)
    rig6.platform.tell("retry", queue="mail", id=job_id)
    rig6.until("mail", completed=1)
    assert rig6.redrive().refused == {Refusal.NOT_FAILED: 1}
    rig6.look()
    letter = rig6.letter()
    assert (letter.state, letter.tries, len(effects(rig6))) == (LetterState.RECOVERED, 0, 1)


def test_a_job_that_somebody_removed_is_discarded_with_the_reason(rig6):
    (job_id,) = die(rig6)
    rig6.look()
    rig6.platform.tell("remove", queue="mail", id=job_id)
    rig6.redrive()
    assert rig6.letter().state is LetterState.DISCARDED
    assert "somebody removed it" in rig6.letter().note


def test_an_obliterated_queue_leaves_discarded_letters(rig6):
    die(rig6, jobs=3)
    rig6.look()
    rig6.platform.tell("stop")
    rig6.platform.tell("obliterate", queue="mail")
    rig6.redrive()
    assert {letter.state for letter in rig6.letters()} == {LetterState.DISCARDED}


def test_a_paused_queue_of_bullmq_5_is_not_written_to(tmp_path):
    with dead_letter_rig(tmp_path, 5) as rig:
        die(rig)
        rig.look()
        rig.platform.tell("pause", queue="mail")
        assert rig.redrive().refused == {Refusal.PAUSED_V5: 1}
        assert (rig.letter().state, rig.letter().tries) == (LetterState.PENDING, 0)
        rig.platform.tell("resume", queue="mail")
        rig.ahead += DAY
        assert rig.redrive().returned == 1


@pytest.mark.parametrize("version", ["bullmq-pro:7.40.0", "bullmq:4.18.2", "something else", None])
def test_a_paused_queue_of_which_nobody_knows_how_it_keeps_its_jobs_is_not_written_to(rig6, version):
    die(rig6)
    rig6.look()
    rig6.platform.tell("pause", queue="mail")
    with rig6.redis.client() as client:
        if version:
            client.hset("bull:mail:meta", "version", version)
        else:
            client.hdel("bull:mail:meta", "version")
    assert rig6.redrive().refused == {Refusal.PAUSED_V5: 1}


def test_a_paused_queue_of_bullmq_6_keeps_the_job_until_it_is_resumed(rig6):
    die(rig6)
    rig6.look()
    mend(rig6)
    rig6.platform.tell("pause", queue="mail")
    assert rig6.redrive().returned == 1
    rig6.look()
    assert rig6.settled.under_way == 1
    rig6.platform.tell("resume", queue="mail")
    rig6.until("mail", completed=1)


def test_a_taken_deduplication_id_refuses_the_job_until_it_is_free(rig6):
    die(rig6, opts={"deduplication": {"id": "once"}})
    rig6.look()
    rig6.platform.tell("stop")
    other = {"name": "send", "data": {}, "opts": {"deduplication": {"id": "once"}}}
    rig6.platform.tell("add", queue="mail", jobs=[other])
    assert rig6.redrive().refused == {Refusal.DEDUPLICATED: 1}
    assert rig6.letter().state is LetterState.PENDING


def test_five_megabytes_and_bytes_that_are_no_text_go_back_as_they_were(rig6):
    die(rig6, data={**BROKEN, "text": "ü" * 2_500_000})
    (letter,) = (rig6.look(), rig6.letters())[1]
    with rig6.redis.client() as client:
        client.hset(f"bull:mail:{letter.job.job_id}", "binary", bytes(range(256)))
    mend(rig6)
    rig6.redrive()
    rig6.until("mail", completed=1)
    with rig6.redis.client() as client:
        assert client.hstrlen(f"bull:mail:{letter.job.job_id}", "data") > 5_000_000
        assert client.hget(f"bull:mail:{letter.job.job_id}", "binary") == bytes(range(256))


def test_a_vanished_job_is_parked_after_a_while(rig6):
    (job_id,) = die(rig6)
    rig6.look()
    rig6.platform.tell("stop")
    rig6.redrive()
    rig6.platform.tell("remove", queue="mail", id=job_id)
    rig6.look()
    assert rig6.letter().state is LetterState.RETRYING
    rig6.ahead += VANISHED_AFTER
    rig6.look()
    assert (rig6.letter().state, "vanished" in rig6.letter().note) == (LetterState.PARKED, True)


def test_a_parked_letter_waits_for_a_person_who_may_retry_it_with_other_data(rig6):
    die(rig6)
    rig6.look()
    state = rig6.store.state
    assert park(state, rig6.letters(), actor="ann", why="wrong address", now=rig6.now()) == 1
    assert rig6.redrive().returned == 0
    editing(rig6).edit(rig6.letter(), '{"effects": "effects"}', actor="ann", why="mended", now=rig6.now())
    Redrive(state=state, side=rig6.side, actor="ann", why="mended").run(rig6.letters(), clock=rig6.now)
    rig6.until("mail", completed=1)
    rig6.look()
    assert rig6.letter().state is LetterState.RECOVERED
    done = [(action.action, action.actor) for action in _history(rig6, rig6.letter())]
    assert done[1:4] == [("parked", "ann"), ("edited", "ann"), ("retried", "ann")]


def test_a_discarded_letter_is_not_found_again_though_its_job_still_lies_there(rig6):
    die(rig6)
    rig6.look()
    assert discard(rig6.store.state, rig6.letters(), actor="ann", why="too old", now=rig6.now()) == 1
    assert rig6.look().new == 0


def test_letters_are_chosen_by_what_they_say(rig6):
    die(rig6)
    die(rig6, queue="report", data={**BROKEN, "reason": "out of memory"})
    rig6.look()
    assert [letter.job.queue for letter in rig6.letters(reason=re.compile("memory"))] == ["report"]
    assert [letter.job.queue for letter in rig6.letters(queues=("mail",))] == ["mail"]
    assert rig6.letters(failed_before=rig6.now() - DAY) == []


def _history(rig, letter):
    with rig.store.state.reading() as connection:
        return history(connection, letter.id)
