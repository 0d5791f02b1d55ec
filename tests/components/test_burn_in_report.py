"""The report of a burn-in, as a person, a browser, Markdown and a program read it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from markdown_it import MarkdownIt
from support.burn_in_reports import NOON, a_check, a_gap, a_judgement, a_session, checks_of
from support.html_reading import Page

from maxbooster_ops.errors import StoreError
from maxbooster_ops.readiness.burn_in.judgement import Figure, Reason, Verdict, Weight
from maxbooster_ops.readiness.burn_in.plan import Plan
from maxbooster_ops.readiness.burn_in.report.writing import write_burn_in_report
from maxbooster_ops.readiness.report.files import ENDINGS, report_file
from maxbooster_ops.store.home import Home

HOSTILE = "job <script>alert(1)</script> | `tick` [x](javascript:alert(1))\n| new | row |\n\n# heading \x1b[31m\udc80 redis://me:s3cr3t@h"
MARKDOWN = MarkdownIt("commonmark").enable("table")


@pytest.fixture
def home(tmp_path):
    return Home(root=tmp_path)


def read(report):
    texts = {ending: report_file(report, ending).read_text("utf-8") for ending in ENDINGS}
    return Page(texts[".html"]), texts[".md"], json.loads(texts[".json"])


def written(home, session, checks, judgement, **options):
    return read(write_burn_in_report(home, session, checks, judgement, **options))


def test_every_reason_and_figure_is_in_all_three(home):
    reasons = [
        Reason(weight=Weight.NOTE, kind="takeovers", text="taken up again 2 times"),
        Reason(weight=Weight.FAILS, kind="memory", text="memory grows by 662 MB per 24 h, limit 500 MB"),
        Reason(weight=Weight.CONDITIONAL, kind="success", text="99.2 % of the checks succeeded"),
    ]
    judgement = a_judgement(Verdict.FAIL, reasons=reasons)
    session = a_session(takeovers=2, paused_seconds=90.0)
    page, markdown, document = written(home, session, checks_of(session, 289), judgement, target="the sandbox")
    shown = MARKDOWN.render(markdown)
    for reason in reasons:
        assert reason.text in page.text
        assert reason.text in shown
    for figure in judgement.figures:
        assert any(row[0] == figure.name for row in page.rows)
        assert f"<td>{figure.name}</td>" in shown
    assert page.text.index("Fails:") < page.text.index("Warning:") < page.text.index("Note:")
    assert "✗ FAIL Do not deploy. Not valid for a release." in page.text
    assert "another took over, 2 times" in page.text
    assert "It stood still for 1 min 30 s" in page.text
    assert [one["text"] for one in document["reasons"]] == [one.text for one in reasons]
    assert (document["verdict"], document["valid_for_release"]) == ("FAIL", False)
    assert document["session"]["target"] == "the sandbox"
    assert len(document["checks"]) == 289
    assert document["checks"][0]["redis_latency_ms"] == a_check(1, at=NOON).redis_latency_ms


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        pytest.param(Verdict.PASS, "✓ PASS Fit for a release", id="PASS"),
        pytest.param(Verdict.CONDITIONAL_PASS, "! CONDITIONAL PASS Fit for a release once", id="CONDITIONAL PASS"),
        pytest.param(Verdict.FAIL, "Not valid for a release", id="FAIL"),
        pytest.param(Verdict.PARTIAL, "Not valid for a release", id="PARTIAL"),
    ],
)
def test_the_verdict_is_said_in_words_and_whether_a_release_may_rest_on_it(home, verdict, words):
    page, markdown, document = written(home, a_session(), [], a_judgement(verdict, checks=0))
    assert words in page.text
    assert verdict in markdown
    assert document["valid_for_release"] is (words != "Not valid for a release")


def test_hostile_text_stays_text_in_all_three(home):
    session = a_session(launched_by=HOSTILE)
    checks = checks_of(session, 20, redis="failed", problems=[HOSTILE])
    judgement = a_judgement(
        Verdict.FAIL,
        reasons=[Reason(weight=Weight.FAILS, kind="redis", text=HOSTILE)],
        figures=[Figure(name=HOSTILE, value=1.0, limit=2.0, unit=HOSTILE, ok=True)],
    )
    page, markdown, document = written(home, session, checks, judgement, target=HOSTILE)
    assert page.names & {"script", "a", "img", "iframe", "link"} == set()
    assert page.text.count("job <script>alert(1)</script> | `tick` [x](javascript:alert(1)) | new | row |") >= 5
    shown = MARKDOWN.render(markdown)
    assert not re.search(r"<(script|a|img|code|pre)\b", shown)
    assert len(re.findall(r"<h1>|<h2>", shown)) == 10
    assert "<td>row</td>" not in shown
    assert document["reasons"][0]["text"] == HOSTILE.replace("me:s3cr3t", "***")
    texts = [report_file(home.reports / "burn-in-b7f3", ending).read_text("utf-8") for ending in ENDINGS]
    assert "<script" not in texts[0]
    assert "\x1b" not in "".join(texts)
    assert "s3cr3t" not in "".join(texts)


def test_a_page_needs_no_network_and_no_script(home):
    session = a_session()
    page, _, _ = written(home, session, checks_of(session, 289, failed={7}), a_judgement())
    assert not {name for _, attributes in page.tags for name in attributes} & {"src", "href", "onload", "onclick"}
    assert ("viewport", "width=device-width, initial-scale=1") in {
        (attributes.get("name"), attributes.get("content")) for name, attributes in page.tags if name == "meta"
    }


@pytest.mark.parametrize("count", [0, 1, 2, 289])
def test_a_report_of_any_number_of_checks_is_whole(home, count):
    session = a_session()
    page, markdown, _ = written(home, session, checks_of(session, count), a_judgement(checks=count))
    drawn = [attributes for name, attributes in page.tags if name == "svg" and attributes.get("class") == "plot"]
    assert len(drawn) == (8 if count else 0)
    assert not any("nan" in (attributes.get("d") or "").lower() for _, attributes in page.tags)
    assert ("No check of 289 expected" in markdown) is (count == 0)


def test_what_was_never_measured_is_said_and_not_drawn(home):
    session = a_session()
    page, _, document = written(
        home,
        session,
        checks_of(session, 5, cache_utilization_percent=None, redis_latency_ms=float("nan")),
        a_judgement(),
    )
    assert "Never measured, so not shown: Redis latency, AI model cache utilization." in page.text
    assert {check["redis_latency_ms"] for check in document["checks"]} == {None}


def test_failed_checks_in_a_row_are_told_once_and_a_gap_parts_them(home):
    session = a_session(plan=Plan(duration=timedelta(minutes=100)))
    checks = [check for check in checks_of(session, 21, failed={3, 4, 5, 9, 14}) if not 9 < check.number < 14]
    gap = a_gap(checks[8].ts, timedelta(minutes=25), 4)
    page, _, document = written(home, session, checks, a_judgement(checks=17, gaps=[gap]))
    assert [(run["first_number"], run["checks"]) for run in document["failures"]] == [(3, 3), (9, 1), (14, 1)]
    problem = "Redis does not answer: connection refused."
    assert ["11-21 12:10:00", "11-21 12:20:00", "3", "Redis ×3", problem] in page.rows
    assert ["11-21 12:40:00", "11-21 13:05:00", "25 min", "4"] in page.rows
    assert "4 checks missed in 1 gap; what happened then, nobody saw." in page.text


def test_a_day_of_checks_every_ten_seconds_makes_a_small_page(home):
    """Every second check fails: nothing in it is alike, so nothing can be left out for being alike."""
    session = a_session(plan=Plan(interval=timedelta(seconds=10)))
    checks = checks_of(session, 8641, failed=set(range(1, 8641, 2)))
    page, _, document = written(home, session, checks, a_judgement(Verdict.FAIL, checks=8641))
    assert report_file(home.reports / "burn-in-b7f3", ".html").stat().st_size < 500_000
    assert "and 4280 more, all of them in the JSON" in page.text
    assert len(document["failures"]) == 4320


def test_the_final_report_replaces_the_partial_one_and_leaves_nothing_else(home):
    session = a_session()
    write_burn_in_report(home, session, checks_of(session, 3), a_judgement(Verdict.PARTIAL, checks=3))
    page, markdown, document = written(home, session, checks_of(session, 289), a_judgement())
    assert document["verdict"] == "PASS"
    assert "PARTIAL" not in page.text + markdown
    assert {file.name for file in home.reports.iterdir()} == {f"burn-in-b7f3{ending}" for ending in ENDINGS}


def test_a_report_that_cannot_be_written_says_so(home):
    home.reports.write_text("in the way")
    with pytest.raises(StoreError, match=r"burn-in-b7f3 cannot be written"):
        write_burn_in_report(home, a_session(), [], a_judgement())


class TestComparison:
    @pytest.fixture
    def before(self, home):
        """A burn-in of the day before that passed, with a latency of 0.31 ms."""
        session = a_session("e001", started_at=NOON - timedelta(days=1))
        return write_burn_in_report(home, session, checks_of(session, 2), a_judgement())

    def now(self, home, **changes):
        figures = [replace(one, value=0.62) if "latency" in one.name else one for one in a_judgement().figures]
        return written(home, a_session(**changes), [], a_judgement(figures=figures))

    @pytest.mark.usefixtures("before")
    def test_the_last_burn_in_stands_beside_this_one_figure_by_figure(self, home):
        page, markdown, document = self.now(home)
        assert ["Redis latency, average", "0.31 ms", "0.62 ms", "+0.31 ms (+100 %)"] in page.rows
        assert ["failed jobs", "0 jobs", "0 jobs", "0 jobs"] in page.rows
        assert "| Redis latency, average | 0.31 ms | 0.62 ms | +0.31 ms (+100 %) |" in markdown
        assert "Before: PASS, burn-in e001 of 2026-11-20 12:00:00 UTC" in page.text
        assert (document["comparison"]["with"], document["comparison"]["verdict_before"]) == ("e001", "PASS")

    def test_one_that_somebody_formatted_anew_is_read_all_the_same(self, home, before):
        file = report_file(before, ".json")
        file.write_text(json.dumps(json.loads(file.read_text()), indent=4, sort_keys=True))
        assert self.now(home)[2]["comparison"]["with"] == "e001"

    @pytest.mark.usefixtures("before")
    def test_a_shorter_one_is_compared_with_a_warning(self, home):
        page, _, _ = self.now(home, plan=Plan(duration=timedelta(minutes=20), interval=timedelta(seconds=10)))
        assert "totals do not compare, only averages do" in page.text

    @pytest.mark.usefixtures("before")
    def test_one_that_was_ended_early_is_passed_over(self, home):
        partial = a_session("e002", started_at=NOON - timedelta(hours=1))
        write_burn_in_report(home, partial, [], a_judgement(Verdict.PARTIAL, checks=0))
        assert self.now(home)[2]["comparison"]["with"] == "e001"

    @pytest.mark.usefixtures("before")
    def test_one_that_began_later_is_not_the_last(self, home):
        assert self.now(home, started_at=NOON - timedelta(days=2))[2]["comparison"]["with"] is None

    def test_without_another_there_is_none_and_it_says_why(self, home):
        page, _, document = self.now(home)
        assert "No comparison: no other burn-in before this one ran to its end." in page.text
        assert document["comparison"]["changes"] == []

    @pytest.mark.parametrize(
        ("content", "why"),
        [
            pytest.param(b'{"format": "maxboo', "is broken", id="cut off"),
            pytest.param(b"\xff\xfe\x00", "is broken", id="not text"),
            pytest.param(b"[]", "was written in another form", id="another form"),
            pytest.param(
                b'{"format": "maxbooster-ops burn-in report", "version": 99}',
                "its `version` is not",
                id="another version",
            ),
        ],
    )
    @pytest.mark.usefixtures("before")
    def test_a_broken_or_foreign_report_costs_the_comparison_only(self, home, content, why):
        report_file(home.reports / "burn-in-e009", ".json").write_bytes(content)
        page, _, document = self.now(home)
        assert "No comparison: burn-in-e009.json" in page.text
        assert why in page.text
        assert document["verdict"] == "PASS"

    def test_one_that_may_not_be_read_costs_the_comparison_only(self, home):
        (home.reports / "burn-in-e009.json").mkdir(parents=True)
        assert "burn-in-e009.json cannot be read (Is a directory)" in self.now(home)[0].text
