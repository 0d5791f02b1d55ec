"""`maxbooster-ops rules` as a user runs it: real files, a real lake, a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from support.facts import NOON
from support.past import Past

from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import open_lake

SCENARIOS = sorted((Path(__file__).resolve().parents[2] / "docs" / "scenarios").glob("*.yaml"))

MINE = """
rules:
  - name: queue_backlog
    condition: "> 5000"
  - name: team_backlog
    title: Backlog of our team
    component: queues
    severity: error
    series: {table: queue_samples, value: waiting, labels: [queue]}
    condition: "> 100"
    for: 2m
    keep_firing_for: 1m
    summary: much
    description: too much
    runbook: queue_backlog
"""

DIFFERS = """
scenarios:
  - name: a backlog
    channels: [slack]
    series: [{rule: queue_backlog, labels: {queue: a}, values: "150x9"}]
    at:
      - after: 1 min
        alerts: []
        routes: {slack: ['queue_backlog{queue="a"}']}
"""


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def rules(home, *words):
    """Run the command; give its exit code, what it printed, and what it complained of."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ALERT_", "MAXBOOSTER_"))}
    run = subprocess.run(
        [sys.executable, "-m", "maxbooster_ops", "rules", *map(str, words), "--home", str(home)],
        capture_output=True,
        text=True,
        env=environment,
        cwd=home.parent,
        check=False,
    )
    return run.returncode, run.stdout, run.stderr


def as_json(home, *words):
    code, out, err = rules(home, *words, "--json")
    assert out, err
    return code, json.loads(out)


def write_rules(home, text):
    (home / "rules").mkdir(parents=True)
    (home / "rules" / "mine.yaml").write_text(text)


def test_the_list_has_default_rules_and_the_users_over_them(home):
    write_rules(home, MINE)
    code, listed = as_json(home, "list")
    named = {rule["name"]: rule for rule in listed}
    assert code == 0
    assert named["redis_down"] | {"severity": "critical", "origin": "default"} == named["redis_down"]
    assert named["queue_backlog"]["condition"] == "> 5000"
    assert {
        key: named["team_backlog"][key] for key in ("severity", "for_seconds", "keep_firing_for_seconds", "runbook")
    } == {
        "severity": "error",
        "for_seconds": 120,
        "keep_firing_for_seconds": 60,
        "runbook": "queue_backlog",
    }
    assert all(rule["runbook"] for rule in listed)


def test_sound_rules_pass_the_check(home):
    write_rules(home, MINE)
    code, found = as_json(home, "check")
    assert (code, found["problems"]) == (0, [])


def test_every_problem_fails_the_check_with_its_file_and_line(home):
    write_rules(home, MINE.replace("severity: error", "severity: bad").replace("> 5000", "lots"))
    code, found = as_json(home, "check")
    assert code == 1
    assert [(problem["file"], problem["line"]) for problem in found["problems"]] == [("mine.yaml", 4), ("mine.yaml", 8)]
    assert "lots" in found["problems"][0]["problem"]


def test_a_file_can_be_checked_before_it_is_in_force(home, tmp_path):
    file = tmp_path / "draft.yaml"
    file.write_text("rules: [{name: draft}]")
    code, out, _ = rules(home, "check", file)
    assert code == 1
    assert "draft.yaml line 1" in out


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: file.stem)
def test_the_scenarios_of_the_guide_come_out_as_expected(home, file):
    code, outcomes = as_json(home, "test", file)
    assert [outcome["differences"] for outcome in outcomes] == [[]] * len(outcomes)
    assert code == 0


def test_a_scenario_that_differs_fails_and_says_how(home, tmp_path):
    file = tmp_path / "backlog.yaml"
    file.write_text(DIFFERS)
    code, out, _ = rules(home, "test", file)
    assert code == 1
    assert "a backlog: differs" in out
    assert 'after 60 s (12:01:00) alerts: found queue_backlog{queue="a"} firing warning, which is not expected' in out
    assert "told to slack" not in out, "slack is told as expected"


def test_a_scenario_may_bring_its_own_rules(home, tmp_path):
    (tmp_path / "mine.yaml").write_text(MINE.partition("  - name: team_backlog")[2].join(["rules:\n  - name: own", ""]))
    file = tmp_path / "own.yaml"
    text = DIFFERS.replace("    channels", "    rule_files: [mine.yaml]\n    channels").replace("queue_backlog", "own")
    file.write_text(text)
    code, outcomes = as_json(home, "test", file)
    assert (code, [each["difference"] for each in outcomes[0]["differences"]]) == (
        1,
        ['told to slack: expected own{queue="a"}, which is not there'],
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param(DIFFERS.replace("queue_backlog", "queue_backlock"), "no rule `queue_backlock`", id="no such rule"),
        pytest.param(
            DIFFERS.replace("rule: queue_backlog, labels", "table: quue_samples, column: waiting, row"),
            "rows that the table quue_samples does not take",
            id="no such table",
        ),
        pytest.param("scenarios: 1", "line 1: expected `scenarios:` with a list", id="no scenarios"),
    ],
)
def test_a_scenario_that_cannot_be_played_is_refused(home, tmp_path, text, sentence):
    file = tmp_path / "wrong.yaml"
    file.write_text(text)
    code, _, err = rules(home, "test", file)
    assert (code, sentence in " ".join(err.split())) == (2, True), err


def test_a_backtest_says_what_would_have_fired_when_and_how_long(home):
    with open_lake(Home(root=home)) as lake:
        Past(start=NOON, beats=40, queues=3, trouble="tick BETWEEN 10 AND 29").fill(lake)
    end = NOON + timedelta(minutes=20)
    words = ("backtest", "--from", NOON.isoformat(), "--to", f"{end:%Y-%m-%dT%H:%M}", "--rule", "queue_backlog")
    code, episodes = as_json(home, *words)
    assert code == 0
    assert [(each["rule"], each["labels"], each["duration_s"]) for each in episodes] == [
        ("queue_backlog", {"queue": "queue-0"}, 600),
        ("queue_backlog", {"queue": "queue-1"}, 600),
    ]
    assert episodes[0]["started"] == (NOON + timedelta(minutes=5)).isoformat()
    assert episodes[0]["ended"] == (NOON + timedelta(minutes=15)).isoformat()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        pytest.param(("--from", "yesterday"), "`yesterday` is no time", id="no time"),
        pytest.param(("--from", "1h", "--to", "2h"), "is not before", id="the wrong way round"),
        pytest.param(("--from", "1h", "--rule", "queue_backlock"), "no rule `queue_backlock`", id="no such rule"),
        pytest.param(("--from", "1h"), "Nothing has been collected", id="no lake"),
    ],
)
def test_a_backtest_that_cannot_be_run_is_refused(home, words, sentence):
    code, _, err = rules(home, "backtest", *words)
    assert (code, sentence in " ".join(err.split())) == (2, True), err
