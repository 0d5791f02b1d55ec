"""`maxbooster-ops dead-letters` as a person and as a program call it, on a real Redis with npm's BullMQ."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import timedelta

import pytest
from support.dead_letter_rig import installed, mend
from typer.testing import CliRunner

from maxbooster_ops.cli.main import app
from maxbooster_ops.dead_letters.letter import LetterState
from maxbooster_ops.errors import UsageError
from maxbooster_ops.jobs.breaker import Failed, Limits
from maxbooster_ops.jobs.breaker_store import BreakerStore

BROKEN = {"failWhile": "outage", "effects": "effects", "reason": "no connection", "password": "hunter2", "to": "ann"}


@pytest.fixture
def rig(rig6, monkeypatch):
    return installed(rig6, monkeypatch)


def die(rig, *, queue="mail", jobs=1, name="send", opts=None, **data):
    with rig.redis.client() as client:
        client.set("outage", 1)
    rig.platform.tell("work", queue=queue)
    job = {"name": name, "data": {**BROKEN, **data}, "opts": {"attempts": 1, **(opts or {})}}
    ids = rig.platform.tell("add", queue=queue, jobs=[job] * jobs)
    rig.until(queue, failed=jobs)
    rig.look()
    return ids


def said(*arguments):
    result = CliRunner().invoke(app, ["dead-letters", *arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout


def answered(*arguments):
    return json.loads(said(*arguments, "--json"))


def test_a_person_finds_out_why_a_job_died_mends_its_data_and_retries_it(rig):
    (job_id,) = die(rig)
    (listed,) = answered("list")
    assert {name: listed[name] for name in ("queue", "job_id", "name", "state", "tries", "reason")} == {
        "queue": "mail",
        "job_id": job_id,
        "name": "send",
        "state": "pending",
        "tries": 0,
        "reason": "no connection",
    }
    assert listed["next_try"]
    shown = answered("show", listed["id"])
    assert (shown["payload"]["data"]["to"], shown["payload"]["data"]["password"]) == ("ann", "***")
    assert [action["action"] for action in shown["history"]] == ["found"]
    assert "hunter2" not in said("show", listed["id"])
    edited = answered(
        "edit", listed["id"], "--data", '{"effects": "effects"}', "--retry", "--by", "ann", "--why", "typo"
    )
    assert edited["state"] == "retrying"
    rig.until("mail", completed=1, failed=0)
    (recovered,) = answered("list", "--look")
    assert (recovered["state"], recovered["tries"]) == ("recovered", 1)
    history = answered("show", listed["id"])["history"]
    assert [(action["action"], action["by"], action["why"]) for action in history[1:3]] == [
        ("edited", "ann", "typo"),
        ("retried", "ann", "typo"),
    ]


def test_filters_pick_letters_and_a_filter_that_matches_nothing_says_so(rig):
    die(rig, jobs=2)
    die(rig, queue="report", name="render", reason="out of memory")
    assert len(answered("list")) == 3
    assert [row["name"] for row in answered("list", "--queue", "report")] == ["render"]
    assert [row["name"] for row in answered("list", "--reason", "of mem")] == ["render"]
    assert [row["queue"] for row in answered("list", "--name", "send", "--state", "pending")] == ["mail", "mail"]
    assert answered("list", "--older-than", "1h") == []
    assert said("list", "--queue", "nowhere").strip() == "No dead letter matches."
    assert "nothing was brought back" in said("retry", "--queue", "nowhere")
    assert said("park", "--name", "unknown").strip() == "No dead letter matches."
    with pytest.raises(UsageError, match=r"--reason: `\(` is no regular expression"):
        said("list", "--reason", "(")
    with pytest.raises(UsageError, match="--older-than: `2 fortnights` is not a duration"):
        said("retry", "--older-than", "2 fortnights")
    with pytest.raises(UsageError, match="Say which letters"):
        said("discard")
    with pytest.raises(UsageError, match="No dead letter dl-unknown"):
        said("retry", "dl-unknown")


def test_a_dry_run_tells_what_a_retry_then_does(rig):
    back, late, retried, gone = die(rig, jobs=4)
    rig.platform.tell("stop")
    rig.platform.tell("remove", queue="mail", id=gone)
    rig.platform.tell("retry", queue="mail", id=retried)
    letters = {letter.job.job_id: letter.id for letter in rig.letters()}
    assert said("park", letters[late], "--why", "later").strip() == "1 of 1 parked."
    told = {
        row["job_id"]: (row["would"], row["would_return"]) for row in answered("retry", "--queue", "mail", "--dry-run")
    }
    assert told[back] == ("would be brought back", True)
    assert told[late] == ("would be brought back", True)
    assert told[gone][1] is told[retried][1] is False
    assert "somebody removed it" in told[gone][0]
    assert "somebody else retried the job" in told[retried][0]
    assert {letter.tries for letter in rig.letters()} == {0}, "nothing was changed"
    done = {row["job_id"]: row["state"] for row in answered("retry", "--queue", "mail")}
    assert done == {back: "retrying", late: "retrying", gone: "discarded", retried: "retrying"}
    assert rig.platform.tell("counts", queue="mail")["waiting"] == 3


def test_redrive_does_what_the_schedule_does_and_leaves_what_is_parked(rig):
    ids = die(rig, jobs=2)
    mend(rig)
    parked = next(letter.id for letter in rig.letters() if letter.job.job_id == ids[1])
    said("park", parked)
    assert [row["job_id"] for row in answered("redrive", "--now")] == [ids[0]]
    rig.until("mail", completed=1, failed=1)
    assert "No dead letter is due" in said("redrive", "--now")


def test_the_backoff_holds_a_letter_until_it_is_ignored(rig):
    die(rig)
    assert answered("redrive")[0]["state"] == "retrying"
    rig.until("mail", failed=1, waiting=0, active=0)
    assert answered("list", "--look")[0]["state"] == "pending"
    (foreseen,) = answered("redrive", "--dry-run")
    assert foreseen["would"].startswith("nothing yet: it waits until")
    assert answered("redrive") == []
    assert answered("redrive", "--now")[0]["tries"] == 2


def test_an_open_breaker_holds_back_the_letters_of_its_jobs(rig):
    die(rig)
    die(rig, queue="report")
    with rig.redis.client() as client:
        for number in range(5):
            BreakerStore(client).take("mail", Failed(run=str(number)), Limits(open_for=timedelta(hours=1)))
    foreseen = {row["queue"]: row["would"] for row in answered("redrive", "--dry-run")}
    assert foreseen["report"] == "would be brought back"
    assert re.fullmatch(
        r"nothing: the circuit breaker of mail is open since [-0-9: ]+ UTC, after 5 failures in a row; "
        r"from [0-9:]+ UTC on it lets one through on trial",
        foreseen["mail"],
    )
    told = said("retry", "--queue", "mail", "--queue", "report")
    assert "1 of 2 brought back; 1 held back: the circuit breaker of mail is open since" in told
    assert "They now are: 1 pending, 1 retrying." in told
    assert "What is held back stays as it is" in told
    (row,) = answered("retry", "--queue", "mail")
    assert (row["state"], row["tries"]) == ("pending", 0)
    assert row["held"].startswith("the circuit breaker of mail is open")
    edited = said("edit", row["id"], "--data", "{}", "--retry")
    assert "it is pending" in edited
    assert "It was not retried: the circuit breaker of mail is open" in edited


def test_a_reason_that_cannot_be_kept_is_refused_in_words(rig):
    die(rig)
    result = CliRunner().invoke(app, ["dead-letters", "park", "--queue", "mail", "--why", "caf\udce9"])
    assert result.exit_code == 2
    assert "no text in UTF-8" in result.stderr
    assert rig.letter().state is LetterState.PENDING


def test_a_letter_that_cannot_be_retried_as_it_stands_is_named(rig):
    die(rig)
    (letter,) = rig.letters()
    said("discard", letter.id)
    assert f"0 of 1 brought back; {letter.id} left alone: it is discarded." in said("retry", letter.id)
    (row,) = answered("retry", letter.id, "--dry-run")
    assert (row["would"], row["would_return"]) == ("nothing: it is discarded", False)
    with pytest.raises(UsageError, match="No dead letter dl-unknown"):
        said("retry", letter.id, "dl-unknown", "--dry-run")


def test_two_engineers_who_retry_the_same_filter_at_once_bring_each_job_back_once(rig):
    die(rig, jobs=60)
    mend(rig)
    command = [sys.executable, "-m", "maxbooster_ops", "dead-letters", "retry", "--queue", "mail", "--json", "--by"]
    both = [
        subprocess.Popen([*command, name], stdout=subprocess.PIPE, env=dict(os.environ), text=True)
        for name in ("ann", "ben")
    ]
    for process in both:
        process.communicate()
    assert [process.returncode for process in both] == [0, 0]
    rig.until("mail", completed=60, failed=0)
    with rig.redis.client() as client:
        assert client.llen("effects") == 60
    assert {letter.tries for letter in rig.letters()} == {1}


def test_what_the_platform_wrote_cannot_move_the_cursor_or_pose_as_markup(rig):
    die(rig, name="[red]\x1b[2Jsend[/]\u202e", reason="\x1b]0;owned\x07 [link=x]\n| a | b |", text="\x9b31m")
    (letter,) = rig.letters()
    for shown in (said("list"), said("show", letter.id), said("retry", letter.id, "--dry-run")):
        assert not [one for one in shown if not one.isprintable() and one != "\n"]
    assert "[red]\\x1b[2Jsend[/]\\u202e" in said("list")
    assert answered("list")[0]["name"] == "[red]\x1b[2Jsend[/]\u202e"
