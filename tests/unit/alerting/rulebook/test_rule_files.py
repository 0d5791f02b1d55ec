"""Rule files: what an entry means, and how every mistake is told, with its line."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.facts import LIMITS

from maxbooster_ops.alerting.rule import Comparison, Condition, Rule, Severity
from maxbooster_ops.alerting.rulebook.rule_entry import parse_condition
from maxbooster_ops.alerting.rulebook.rulebook import Rulebook, parse_rules

RULE = """\
rules:
  - name: deep_queue
    title: Deep Queue
    component: queues
    severity: warning
    series: { table: queue_samples, value: waiting, labels: [queue] }
    condition: "> 10"
    summary: "{{ labels.queue }} holds {{ value | number }}"
"""
SERIES = "series: { table: queue_samples, value: waiting, labels: [queue] }"
INHIBITION = """\
inhibitions:
  - name: cause
    source: ['rule="a"']
    target: ['rule="b"']
"""


def parsed(text: str, *, staging: bool = False) -> Rulebook:
    return parse_rules(text, "mine.yaml", LIMITS, staging)


def only(text: str, *, staging: bool = False) -> Rule:
    book = parsed(text, staging=staging)
    assert book.problems == ()
    (rule,) = book.rules
    return rule


def test_a_rule_needs_few_fields_and_has_sensible_defaults():
    rule = only(RULE)
    assert (rule.severity, rule.component, rule.origin) == (Severity.WARNING, "queues", "mine.yaml")
    assert rule.condition == Condition(comparison=Comparison.ABOVE, threshold=10)
    assert (rule.for_, rule.keep_firing_for, rule.stale_after) == (timedelta(), timedelta(), timedelta(minutes=5))
    assert (rule.consecutive, rule.repeat_every, rule.immediate) == (1, None, False)
    assert (rule.description, rule.runbook) == (rule.summary, "first_response")
    assert (rule.series.tables, rule.series.look_back) == (("queue_samples",), timedelta())


def test_a_rule_takes_all_that_can_be_said_of_it():
    rule = only(
        RULE
        + """\
    for: 5m
    keep_firing_for: 90 s
    stale_after: 15 min
    consecutive: 3
    repeat_every: 30m
    immediate: true
    value_name: waiting
    unit: jobs
    labels: { team: payments }
    description: "{{ title }} at {{ threshold | number }} {{ unit }}"
    runbook: queue_backlog
"""
    )
    assert (rule.for_, rule.keep_firing_for) == (timedelta(minutes=5), timedelta(seconds=90))
    assert (rule.stale_after, rule.consecutive) == (timedelta(minutes=15), 3)
    assert (rule.repeat_every, rule.immediate) == (timedelta(minutes=30), True)
    assert (rule.value_name, rule.unit, rule.labels, rule.runbook) == (
        "waiting",
        "jobs",
        {"team": "payments"},
        "queue_backlog",
    )


@pytest.mark.parametrize(
    ("text", "comparison", "threshold"),
    [
        pytest.param("> 100", Comparison.ABOVE, 100, id="above"),
        pytest.param(">=0.5", Comparison.AT_LEAST, 0.5, id="at least, without a space"),
        pytest.param("< 1e3", Comparison.BELOW, 1000, id="below"),
        pytest.param(" <= -2 ", Comparison.AT_MOST, -2, id="at most"),
        pytest.param("== 1", Comparison.EQUAL, 1, id="equal"),
        pytest.param("!= 0", Comparison.UNEQUAL, 0, id="unequal"),
        pytest.param("> queue_waiting", Comparison.ABOVE, 7, id="a limit by its name"),
    ],
)
def test_a_condition_is_a_comparison_and_a_number_or_a_limit(text: str, comparison: Comparison, threshold: float):
    assert parse_condition(text, {"queue_waiting": 7}) == Condition(comparison=comparison, threshold=threshold)


def test_staging_has_its_own_condition_or_none_of_the_rule():
    stricter = RULE + '    staging: "> 5"\n'
    assert (only(stricter).condition.threshold, only(stricter, staging=True).condition.threshold) == (10, 5)
    assert parsed(RULE + "    staging: off\n", staging=True).rules == ()


def test_a_rule_that_is_switched_off_is_not_in_force():
    assert parsed(RULE + "    enabled: false\n") == Rulebook(rules=(), inhibitions=())


def test_a_rule_on_a_table_that_does_not_exist_yet_waits():
    text = RULE.replace(
        SERIES, "sql: SELECT ts, queue, 1 AS value FROM database_samples WHERE ts >= $from AND ts < $to"
    )
    book = parsed(text)
    ((rule, reason),) = book.waiting
    assert (book.rules, book.problems, rule.name) == ((), (), "deep_queue")
    assert reason == "the lake of this release has no table database_samples"
    assert book.rule("deep_queue") is rule


def test_own_names_of_a_query_are_no_tables():
    sql = "WITH x AS (FROM queue_samples WHERE ts >= $from AND ts < $to) SELECT ts, queue, waiting AS value FROM x"
    text = RULE.replace(SERIES, f"sql: {sql}")
    assert only(text).series.tables == ("queue_samples",)


def test_a_broken_rule_takes_no_other_one_down():
    broken = "  - name: broken\n    severity: none\n"
    book = parsed(RULE + broken + RULE.removeprefix("rules:\n").replace("deep_queue", "other") + INHIBITION)
    assert [rule.name for rule in book.rules] == ["deep_queue", "other"]
    assert [problem.line for problem in book.problems] == [9]
    assert [inhibition.name for inhibition in book.inhibitions] == ["cause"]


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "rules: []\n"], ids=["empty", "a comment", "no rules"])
def test_an_empty_file_says_nothing(text: str):
    assert parsed(text) == Rulebook(rules=(), inhibitions=())
