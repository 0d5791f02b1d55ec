from __future__ import annotations

import math
from dataclasses import replace

import pytest

from maxbooster_ops.alerting.rule import Comparison, Condition, Rule, SeriesQuery, Severity
from maxbooster_ops.alerting.rulebook.texts import Texts, broken_template, render

RULE = Rule(
    name="queue_backlog",
    title="High Queue Backlog",
    severity=Severity.WARNING,
    component="queues",
    series=SeriesQuery(),
    condition=Condition(comparison=Comparison.ABOVE, threshold=100),
    summary="Queue {{ labels.queue }} has {{ value | number }} waiting jobs (threshold: {{ threshold | number }})",
    description="{{ title }} ({{ severity }}): {{ value_name }} in {{ unit }}",
    runbook="queue_backlog",
    value_name="waiting",
    unit="jobs",
)


def test_texts_name_the_series_its_value_and_its_threshold():
    assert render(RULE, {"queue": "scheduled-posts"}, 150.0) == Texts(
        summary="Queue scheduled-posts has 150 waiting jobs (threshold: 100)",
        description="High Queue Backlog (warning): waiting in jobs",
    )


def test_without_a_value_the_text_says_so():
    assert render(RULE, {"queue": "a"}, None).summary == "Queue a has no data waiting jobs (threshold: 100)"


@pytest.mark.parametrize(
    "summary",
    ["{{ labels.absent }}", "{{ value + labels }}", "{{ 1 / 0 }}", "{% for %}", "{{ ''.__class__.__mro__ }}"],
    ids=["no such label", "no such sum", "division by zero", "no template", "out of the sandbox"],
)
def test_a_text_that_cannot_be_rendered_gives_way_to_plain_words(summary: str):
    """An alert must be told, whatever its template does."""
    told = render(replace(RULE, summary=summary), {"queue": "a"}, 150.0)
    assert told == Texts(
        summary="High Queue Backlog (queue=a): waiting is 150 jobs (threshold: 100)", description="High Queue Backlog"
    )


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        pytest.param("150.0 | number", "150", id="whole"),
        pytest.param("12.345 | number", "12.35", id="two decimals"),
        pytest.param("12.5 | number(0)", "12", id="no decimals"),
        pytest.param("1000000 | number", "1000000", id="large"),
        pytest.param("0.004 | number", "0", id="small"),
        pytest.param("inf | number", "infinite", id="infinite"),
        pytest.param("59 | duration", "59 s", id="just below a minute"),
        pytest.param("60 | duration", "1 min", id="a minute"),
        pytest.param("61 | duration", "1 min 1 s", id="just above a minute"),
        pytest.param("7200 | duration", "2 h", id="hours"),
        pytest.param("9000 | duration", "2 h 30 min", id="hours and minutes"),
        pytest.param("none | duration", "no data", id="no duration"),
        pytest.param("2147483648 | megabytes", "2048 MB", id="bytes"),
    ],
)
def test_filters_write_figures_as_people_do(expression: str, text: str):
    rule = replace(RULE, summary="{% set inf = value %}{{ " + expression + " }}")
    assert render(rule, {}, math.inf).summary == text


@pytest.mark.parametrize(
    ("field", "template", "reason"),
    [
        pytest.param("summary", "{{ labels.que }}", "has no attribute 'que'", id="a label that the series has not"),
        pytest.param("description", "{{ treshold }}", "'treshold' is undefined", id="a mistyped name"),
        pytest.param("summary", "{{ value / 2 }}", "unsupported operand", id="breaks only without a value"),
    ],
)
def test_a_broken_template_is_found_before_an_alert_needs_it(field: str, template: str, reason: str):
    found = broken_template(replace(RULE, **{field: template}), ["queue"])
    assert found is not None
    assert (found[0], reason in found[1]) == (field, True)


def test_any_label_is_accepted_where_only_the_query_knows_them():
    assert broken_template(RULE, None) is None
    assert broken_template(RULE, ["queue"]) is None
