from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from maxbooster_ops.sources.prometheus.page import Page, UnreadablePageError, complaint, parse_page

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"

PLAIN = """\
# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{method="GET",route="/a \\"b\\"",status_code="200"} 12
# TYPE logins counter
logins 3 1700000000000
# TYPE http_request_duration_ms histogram
http_request_duration_ms_bucket{le="10"} 1
http_request_duration_ms_bucket{le="+Inf"} 4
http_request_duration_ms_sum 99.5
http_request_duration_ms_count 4
# TYPE gc_seconds summary
gc_seconds{quantile="0.5"} NaN
gc_seconds_sum 1.5
gc_seconds_count 7
# TYPE active_users gauge
active_users 42
# TYPE accounts_created counter
accounts_created 6
# TYPE queue_count gauge
queue_count 4
undeclared 1
"""


def parsed(text: str, content_type: str = "text/plain; version=0.0.4", most_series: int = 20_000) -> Page:
    return parse_page(text, content_type=content_type, most_series=most_series)


def said(page: Page) -> str:
    error = complaint(page)
    assert error
    return str(error)


def test_series_keep_their_names_and_get_their_family_s_kind():
    page = parsed(PLAIN)
    assert complaint(page) is None
    assert [(series.name, series.kind, series.only_grows) for series in page.series] == [
        ("http_requests_total", "counter", True),
        ("logins", "counter", True),
        ("http_request_duration_ms_bucket", "histogram", True),
        ("http_request_duration_ms_bucket", "histogram", True),
        ("http_request_duration_ms_sum", "histogram", True),
        ("http_request_duration_ms_count", "histogram", True),
        ("gc_seconds", "summary", False),
        ("gc_seconds_sum", "summary", True),
        ("gc_seconds_count", "summary", True),
        ("active_users", "gauge", False),
        ("accounts_created", "counter", True),
        ("queue_count", "gauge", False),
        ("undeclared", "untyped", False),
    ]
    assert page.series[0].labels == {"method": "GET", "route": '/a "b"', "status_code": "200"}
    assert page.series[1].value == 3


def test_openmetrics_is_read_with_its_own_rules():
    text = """\
# TYPE requests counter
requests_total{code="200"} 5 # {trace_id="abc"} 0.67
requests_created{code="200"} 1700000000
# TYPE build info
build_info{version="1"} 1
# EOF
"""
    page = parsed(text, OPENMETRICS)
    assert complaint(page) is None
    assert [(series.name, series.kind, series.value) for series in page.series] == [
        ("requests_total", "counter", 5),
        ("requests_created", "gauge", 1700000000),
        ("build_info", "gauge", 1),
    ]


def test_openmetrics_that_was_cut_off_is_kept_and_reported():
    page = parsed('# TYPE requests counter\nrequests_total{code="200"} 5\n', OPENMETRICS)
    assert [(series.name, series.kind) for series in page.series] == [("requests_total", "counter")]
    assert "no valid OpenMetrics" in said(page)


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param('a{b="c" 1', id="an open brace"),
        pytest.param("a one", id="a value that is no number"),
        pytest.param("a", id="no value"),
        pytest.param('a{1b="c"} 1', id="a label that is no name"),
        pytest.param("a-b 1", id="a name that is none"),
        pytest.param("{} 1", id="no name"),
        pytest.param("a" * 20_000 + " 1", id="a line without end"),
    ],
)
def test_a_bad_line_costs_only_itself_and_is_named(bad: str):
    page = parsed(f"good_before 1\n\n{bad}\ngood_after 2\n")
    assert [series.name for series in page.series] == ["good_before", "good_after"]
    assert f"1 lines cannot be read: line 3: `{bad[:20]}" in said(page)
    assert len(said(page)) < 300


def test_only_the_first_bad_lines_are_shown_and_all_are_counted():
    page = parsed("good 1\n" + "bad line\n" * 50)
    assert "50 lines cannot be read" in said(page)
    assert said(page).count("`bad line`") == 3


def test_a_secret_in_a_bad_line_is_not_repeated():
    assert "hidden" not in said(parsed("good 1\nbad token=hidden line\n"))


def test_counters_that_are_no_number_are_left_out_and_gauges_kept():
    page = parsed("# TYPE c counter\nc NaN\n# TYPE d counter\nd +Inf\n# TYPE g gauge\ng NaN\n# TYPE h gauge\nh -Inf\n")
    assert [series.name for series in page.series] == ["g", "h"]
    assert math.isnan(page.series[0].value)
    assert page.series[1].value == -math.inf
    assert said(page) == "2 counters are NaN or infinite"


def test_an_integer_beyond_all_measure_is_infinite():
    assert parsed("g 1" + "0" * 400).series[0].value == math.inf


def test_a_series_that_stands_twice_is_kept_once():
    page = parsed('a{x="1",y="2"} 1\na{y="2",x="1"} 5\n')
    assert [series.value for series in page.series] == [1]
    assert "stands there twice" in said(page)


@pytest.mark.parametrize("content_type", ["text/plain", OPENMETRICS])
def test_of_too_many_series_the_first_are_kept_and_the_rest_counted(content_type: str):
    text = "# TYPE a gauge\n" + "".join(f'a{{n="{number}"}} 1\n' for number in range(10)) + "# EOF\n"
    page = parsed(text, content_type, most_series=4)
    assert [series.labels["n"] for series in page.series] == ["0", "1", "2", "3"]
    assert said(page) == "6 series are more than the 4 that are kept of a page"


@pytest.mark.parametrize(
    ("text", "content_type", "found"),
    [
        pytest.param("", "text/plain", "found an empty page", id="nothing"),
        pytest.param("<!doctype html>\n<h1>Log in</h1>", "text/plain", "found a page of markup: `<!doctype", id="HTML"),
        pytest.param("up 1", "text/html", "found a page of markup", id="said to be HTML"),
        pytest.param('{"status": "ok"}', "application/json", 'found line 1: `{"status": "ok"}`', id="JSON"),
        pytest.param("\x00\x01\x02 \ufffd", "text/plain", "found line 1", id="bytes"),
    ],
)
def test_a_page_without_metrics_is_refused_with_what_was_found(text: str, content_type: str, found: str):
    with pytest.raises(UnreadablePageError) as caught:
        parsed(text, content_type)
    assert found in str(caught.value)


SCRAPS = st.sampled_from([*'a{}"=,\\#1- \t\r\n\u2028', "b_total", " # ", "# TYPE ", "counter", "NaN", "__name__"])


@given(st.lists(SCRAPS, max_size=30).map("".join), st.sampled_from(["text/plain", OPENMETRICS]))
@example('a{b="c",,} 1', OPENMETRICS)
@example("# TYPE", OPENMETRICS)
def test_no_page_whatsoever_breaks_the_reader(text: str, content_type: str):
    try:
        page = parsed(text, content_type)
    except UnreadablePageError:
        return
    assert page.series or page.not_finite
