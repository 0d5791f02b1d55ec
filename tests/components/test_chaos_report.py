"""The report of a chaos drill, as a person, a browser, Markdown and a program read it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from markdown_it import MarkdownIt
from support.html_reading import Page

from maxbooster_ops.readiness.report.chaos import write_chaos_report
from maxbooster_ops.readiness.report.chaos_summary import ChaosSummary, ScenarioSummary, StepSummary
from maxbooster_ops.readiness.report.files import ENDINGS, report_file
from maxbooster_ops.store.home import Home

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOSTILE = "job <img src=x onerror=alert(1)> | `x`\n| a | b |\n# big"


def step(number, part, name, outcome="ok", detail=""):
    at = NOON + timedelta(seconds=number)
    return StepSummary(at=at, part=part, name=name, outcome=outcome, detail=detail, duration_ms=12.5)


def scenario(name, outcome="passed", reason="", **changes):
    fields = {"title": name, "started_at": NOON, "ended_at": NOON + timedelta(seconds=11)}
    return ScenarioSummary(name=name, outcome=outcome, reason=reason, **{**fields, **changes})


CRASH = scenario(
    "Worker crash",
    "failed",
    "expected 10 completed jobs, found 8",
    steps=[
        step(0, "steady state before", "workers live", detail="3"),
        step(1, "method", "kill the worker"),
        step(2, "note", "fault processes.killed injected", ""),
        step(9, "steady state after", "all ten completed", "failed", HOSTILE),
        step(10, "rollback", "start the worker"),
    ],
)
DRILL = ChaosSummary(
    drill_id="d1",
    target="a stand of its own",
    started_at=NOON,
    ended_at=NOON + timedelta(minutes=2),
    verdict="review",
    passed=1,
    total=2,
    scenarios=[
        scenario("Redis full", "not run", "The target has no Redis of its own.", counts=False, started_at=None),
        CRASH,
        scenario("Retry policy"),
    ],
)


def written(tmp_path, drill):
    report = write_chaos_report(Home(root=tmp_path), drill)
    texts = {ending: report_file(report, ending).read_text("utf-8") for ending in ENDINGS}
    return Page(texts[".html"]), texts[".md"], json.loads(texts[".json"])


def test_every_scenario_stands_with_its_outcome_reason_and_journal_in_all_three(tmp_path):
    page, markdown, document = written(tmp_path, DRILL)
    assert "! REVIEW 1/2 passed." in page.text
    assert "Beyond those that count, 0/1 passed. In 2 min until" in page.text
    assert page.rows[1:4] == [
        ["Worker crash", "yes", "11 s", "expected 10 completed jobs, found 8", "✗ failed"],
        ["Retry policy", "yes", "11 s", "–", "✓ passed"],
        ["Redis full", "no", "–", "The target has no Redis of its own.", "– not run"],
    ]
    assert ["11-21 12:00:01", "method", "kill the worker", "12.5 ms", "–", "✓ ok"] in page.rows
    assert "| 11-21 12:00:01 | method | kill the worker | 12.5 ms | – | ✓ ok |" in markdown
    assert [one["outcome"] for one in document["scenarios"]] == ["not run", "failed", "passed"]
    assert document["scenarios"][1]["steps"][1]["at"] == "2026-11-21T12:00:01.000Z"


def test_hostile_text_stays_text(tmp_path):
    page, markdown, document = written(tmp_path, replace(DRILL, target=HOSTILE))
    assert page.names & {"img", "script", "a"} == set()
    assert page.text.count("job <img src=x onerror=alert(1)> | `x` | a | b | # big") == 2
    shown = MarkdownIt("commonmark").enable("table").render(markdown)
    assert "<img" not in shown
    assert "<td>a</td>" not in shown
    assert document["target"] == HOSTILE


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        pytest.param("ready", "✓ READY", id="ready"),
        pytest.param("review", "Not valid for a release", id="review"),
        pytest.param("not ready", "Do not deploy. Not valid for a release", id="not ready"),
        pytest.param("partial", "Not valid for a release", id="not all were run"),
    ],
)
def test_the_verdict_says_whether_a_release_may_rest_on_it(tmp_path, verdict, words):
    page, _, _ = written(tmp_path, replace(DRILL, verdict=verdict))
    assert words in page.text
    assert ("Not valid for a release" in page.text) is (verdict != "ready")


def test_a_fault_that_is_still_there_comes_first_even_where_all_passed(tmp_path):
    page, markdown, _ = written(
        tmp_path, replace(DRILL, verdict="ready", leftovers=["redis.full on the stand: refused"])
    )
    assert "Not valid for a release. A fault could not be taken back." in page.text
    assert page.text.index("redis.full on the stand: refused") < page.text.index("Scenarios")
    assert "- redis.full on the stand: refused" in markdown


def test_a_drill_that_ran_nothing_has_a_report(tmp_path):
    page, markdown, _ = written(tmp_path, replace(DRILL, scenarios=[], passed=0, verdict="partial"))
    assert "No scenario was run." in page.text
    assert "No scenario was run." in markdown
