"""Dead letters in real Dagster runs, with a real Redis and npm's BullMQ: found by collecting, brought back hourly."""

from __future__ import annotations

import dagster as dg
import pytest
from support.dead_letter_rig import dead_letter_rig, installed, mend

from maxbooster_ops.alerting.evaluating.watched_jobs import job_failed
from maxbooster_ops.dead_letters.letter import LetterState
from maxbooster_ops.dead_letters.letter_store import history
from maxbooster_ops.pipelines.dead_letters import RedriveConfig
from maxbooster_ops.pipelines.definitions import defs
from maxbooster_ops.pipelines.refusals import was_refused
from maxbooster_ops.settings import variables
from maxbooster_ops.store.lake import open_lake

BROKEN = {"failWhile": "outage", "effects": "effects", "reason": "no connection"}


@pytest.fixture
def rig(tmp_path, monkeypatch, made_home):
    made_home(tmp_path / "home")
    with dead_letter_rig(tmp_path) as opened:
        yield installed(opened, monkeypatch)


def die(rig, *, queue="mail", jobs=1, **data):
    with rig.redis.client() as client:
        client.set(data.get("failWhile", "outage"), 1)
    rig.platform.tell("work", queue=queue)
    job = {"name": "send", "data": {**BROKEN, **data}, "opts": {"attempts": 1}}
    ids = rig.platform.tell("add", queue=queue, jobs=[job] * jobs)
    rig.until(queue, failed=jobs)
    return ids


def run(job, **config):
    run_config = dg.RunConfig(ops={"bring_back": RedriveConfig(**config)}) if config else None
    return defs.resolve_job_def(job).execute_in_process(run_config=run_config, raise_on_error=False)


def shown(result, asset):
    events = {event.asset_key.to_user_string(): event for event in result.get_asset_materialization_events()}
    return {name: entry.value for name, entry in events[asset].materialization.metadata.items()}


def checks(result):
    return {check.check_name: check.passed for check in result.get_asset_check_evaluations()}


def counted(rig):
    with open_lake(rig.store.home, read_only=True) as lake:
        return lake.query(
            "SELECT queue, pending, recovered, parked, stuck FROM dead_letter_samples "
            "QUALIFY row_number() OVER (PARTITION BY queue ORDER BY ts DESC) = 1 ORDER BY queue"
        )


def test_a_collecting_run_finds_what_died_and_counts_it(rig):
    die(rig, jobs=2)
    assert run("collect").success
    assert {letter.state for letter in rig.letters()} == {LetterState.PENDING}
    assert counted(rig) == [{"queue": "mail", "pending": 2, "recovered": 0, "parked": 0, "stuck": 0}]


def test_a_look_that_fails_costs_no_beat_and_no_run(rig, monkeypatch):
    die(rig)
    monkeypatch.setenv("REDIS_URL", f"{rig.redis.url.rsplit('/', 1)[0].rsplit(':', 1)[0]}:1/0")
    before = len(beats(rig))
    result = run("collect")
    assert result.success
    assert len(beats(rig)) == before + 1
    assert rig.letters() == []
    assert outcome(rig) is False, "that Redis is away has an alert of its own"


def test_a_job_whose_hash_somebody_wrote_over_costs_no_beat_and_hides_no_other(rig):
    (job_id, _) = die(rig, jobs=2)
    with rig.redis.client() as client:
        client.hset(f"bull:mail:{job_id}", "atm", "many")
    assert run("collect").success
    assert sorted(letter.attempts for letter in rig.letters()) == [0, 1]


def test_people_are_told_of_looks_that_fail_until_one_succeeds(rig):
    die(rig)
    with rig.redis.client() as client:
        client.zadd("bull:mail:failed", {"odd": 1})
        client.set("bull:mail:odd", "no hash")
    assert run("collect").success
    assert outcome(rig) is True
    with rig.redis.client() as client:
        client.delete("bull:mail:odd")
    assert run("collect").success
    assert outcome(rig) is False
    assert len(rig.letters()) == 1


def outcome(rig):
    with rig.store.state.reading() as connection:
        return job_failed(connection, "dead_letters")


def beats(rig):
    with open_lake(rig.store.home, read_only=True) as lake:
        return lake.query("SELECT ts FROM beats")


def test_the_hourly_run_brings_back_what_is_due_and_shows_what_stands(rig):
    die(rig, jobs=2)
    die(rig, queue="report", failWhile="broken for ever")
    run("collect")
    mend(rig)
    result = run("redrive")
    assert result.success
    done = shown(result, "redrive")
    assert (done["asked"], done["brought_back"], done["held_by_breaker"]) == (3, 3, 0)
    rig.until("mail", completed=2)
    rig.until("report", failed=1, waiting=0, active=0)
    run("collect")
    again = run("redrive")
    assert shown(again, "redrive")["asked"] == 0, "what failed again waits for its backoff"
    stands = shown(again, "dead_letters")
    assert (stands["recovered"], stands["pending"], stands["recovery_rate_percent"]) == (2, 1, 100)
    assert "| report | 1 | 0 |" in stands["by_queue"]
    assert "| mail | 0 | 0 | 2 |" in stands["by_queue"]
    assert "no connection" in stands["newest"]
    assert checks(again) == {"nothing_parked": True, "nothing_stuck": True}


def test_the_launchpad_brings_back_what_a_person_picks_and_keeps_who_and_why(rig):
    first, second = die(rig, jobs=2)
    run("collect")
    mend(rig)
    letters = {letter.job.job_id: letter.id for letter in rig.letters()}
    foreseen = shown(run("redrive", dry_run=True), "redrive")
    assert (foreseen["asked"], foreseen["would_be_brought_back"]) == (2, 2)
    assert {letter.tries for letter in rig.letters()} == {0}
    done = run("redrive", ids=[letters[first]], actor="ann", why="the bank is back")
    assert shown(done, "redrive")["brought_back"] == 1
    notes = {letter.job.job_id: (letter.tries, letter.note) for letter in rig.letters()}
    assert notes[first] == (1, "the bank is back")
    assert notes[second][0] == 0


def test_who_asked_is_kept_though_nobody_says_it(rig):
    die(rig, jobs=2)
    run("collect")
    by_hand, due = rig.letters()
    run("redrive", ids=[by_hand.id])
    defs.resolve_job_def("redrive").execute_in_process(tags={"dagster/schedule_name": "redrive_hourly"})
    assert [last_try(rig, letter) for letter in (by_hand, due)] == [
        ("launchpad", "by hand"),
        ("schedule", "it was due"),
    ]


def last_try(rig, letter):
    with rig.store.state.reading() as connection:
        tries = [done for done in history(connection, letter.id) if done.action == "retried"]
    return tries[-1].actor, tries[-1].why


@pytest.mark.usefixtures("rig")
def test_a_letter_that_nobody_knows_fails_the_run_that_asks_for_it():
    with dg.DagsterInstance.ephemeral() as instance:
        config = dg.RunConfig(ops={"bring_back": RedriveConfig(ids=["dl-unknown"])})
        job = defs.resolve_job_def("redrive")
        result = job.execute_in_process(run_config=config, raise_on_error=False, instance=instance)
        assert was_refused(instance.get_run_by_id(result.run_id)), "nobody is called for it"
    assert not result.success
    assert "No dead letter dl-unknown" in str([event.step_failure_data for event in result.get_step_failure_events()])


def test_parked_letters_fail_the_check(rig):
    die(rig)
    run("collect")
    letter = rig.letter()
    with rig.store.state.writing() as connection:
        connection.exec_driver_sql("UPDATE dead_letters SET state = 'parked' WHERE id = ?", (letter.id,))
    assert checks(run("redrive"))["nothing_parked"] is False


def test_without_a_redis_the_hourly_run_has_nothing_to_do(tmp_path, monkeypatch):
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAXBOOSTER_HOME", str(tmp_path / "home"))
    result = run("redrive")
    assert result.success
    assert shown(result, "redrive")["note"] == "No Redis is watched: set REDIS_URL."
