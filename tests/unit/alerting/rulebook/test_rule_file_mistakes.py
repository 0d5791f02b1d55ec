"""Mistakes in a rule file: each is told with its file, its line, what was found, what was expected and what to do."""

from __future__ import annotations

import pytest
from support.facts import LIMITS

from maxbooster_ops.alerting.rulebook.rulebook import parse_rules

FILE = """\
rules:
  - name: deep_queue
    title: Deep Queue
    component: queues
    severity: warning
    series: { table: queue_samples, value: waiting, labels: [queue] }
    condition: "> 10"
    summary: "{{ labels.queue }} holds {{ value | number }}"
inhibitions:
  - name: cause
    source: ['rule="a"']
    target: ['rule="b"']
"""
SERIES = "series: { table: queue_samples, value: waiting, labels: [queue] }"
LAST = '    summary: "{{ labels.queue }} holds {{ value | number }}"\n'
BOUNDS = "WHERE ts >= $from AND ts < $to"


def after(line: str) -> tuple[str, str]:
    """Add a field to the rule, on line 9."""
    return LAST, f"{LAST}    {line}\n"


def instead(sql: str) -> tuple[str, str]:
    """Give the rule a query instead of its series, on line 6."""
    return SERIES, f"sql: {sql}"


QUERY = "the query of `deep_queue`"

MISTAKES = {
    "mistyped field": (("severity", "severty"), 5, "`severty` is no field of a rule; did you mean `severity`?"),
    "unknown field": (after("colour: red"), 9, "`colour` is no field of a rule; remove it."),
    "missing field": (("    title: Deep Queue\n", ""), 2, "`deep_queue` has no `title`."),
    "severity": (("warning", "urgent"), 5, "`severity: urgent` cannot be used: input should be 'info', 'warning'"),
    "a number alone": (('"> 10"', "10"), 7, "`condition: 10` cannot be used: input should be a valid string"),
    "words": (("> 10", "above 10"), 7, "`condition: above 10` is no condition. Expected one of > >= < <= == != and"),
    "mistyped limit": (
        ("> 10", "> queue_waitin"),
        7,
        "`condition: > queue_waitin` holds `queue_waitin`, which is neither",
    ),
    "duration": (after("for: 5 minuts"), 9, "`for: 5 minuts` is not a duration. Expected a number with a unit"),
    "no look-back": (after("stale_after: 0s"), 9, "`stale_after: 0s` cannot be used"),
    "none in a row": (after("consecutive: 0"), 9, "`consecutive: 0` cannot be used"),
    "runbook": (
        after("runbook: queue_backlg"),
        9,
        "`runbook: queue_backlg` is no runbook; did you mean `queue_backlog`?",
    ),
    "two sources": (
        after("builtin: job_failed"),
        2,
        "`deep_queue` needs exactly one of `series`, `sql` and `builtin`.",
    ),
    "builtin": (
        (SERIES, "builtin: age"),
        6,
        "`builtin: age` is no builtin series. Expected one of collection_age_seconds",
    ),
    "nothing": (
        ("table: queue_samples, ", ""),
        6,
        "`series: {'value': 'waiting', 'labels': ['queue']}` must say exactly",
    ),
    "no value": (
        ("value: waiting, ", ""),
        6,
        "`series: {'table': 'queue_samples', 'labels': ['queue']}` with `table` needs",
    ),
    "value of a histogram": (
        (SERIES, "series: { histogram: h, quantile: 0.9, value: waiting }"),
        6,
        "`series: {'histogram': 'h', 'quantile': 0.9, 'value': 'waiting'}` with `histogram` takes no `value`.",
    ),
    "mistyped column": (
        ("value: waiting", "value: waitin"),
        6,
        f'{QUERY} is refused by DuckDB: Binder Error: Referenced column "waitin" not found in FROM clause! Candidate',
    ),
    "a text": (("value: waiting", "value: queue"), 6, f"{QUERY} must answer `value` as a number, it answers VARCHAR."),
    "more than a table": (
        ("queue_samples", "beats; DROP TABLE beats"),
        6,
        "`series.table: beats; DROP TABLE beats` is no",
    ),
    "more than a value": (
        ("value: waiting", 'value: "1) AS v; DROP TABLE beats; --"'),
        6,
        f"{QUERY} is refused by DuckDB",
    ),
    "no select": (instead(f"DELETE FROM beats {BOUNDS}"), 6, f"{QUERY} must be one SELECT and nothing else."),
    "two statements": (
        instead("SELECT 1 AS value; DROP TABLE beats"),
        6,
        f"{QUERY} must be one SELECT and nothing else.",
    ),
    "unbounded": (
        instead("SELECT ts, rows AS value FROM beats WHERE ts >= $from"),
        6,
        f"{QUERY} must bound ts by $from",
    ),
    "no moment": (
        instead(f"SELECT rows AS value FROM beats {BOUNDS}"),
        6,
        f"{QUERY} must answer a column `ts`, it answers",
    ),
    "unknown label": (
        ("labels.queue", "labels.que"),
        8,
        "the template of `summary` cannot be rendered: 'dict object' has",
    ),
    "unknown filter": (
        ("| number", "| nmber"),
        8,
        "the template of `summary` cannot be rendered: No filter named 'nmber'",
    ),
    "no matcher": (
        ('rule="a"', "rule a"),
        11,
        "`source: ['rule a']` `rule a` is no matcher. Expected a label, one of =",
    ),
    "mistyped target": (("target:", "targets:"), 12, "`targets` is no field of an inhibition; did you mean `target`?"),
    "mistyped heading": (("inhibitions:", "inhibition:"), 9, "`inhibition:` is not known here, only `rules:` or `inhi"),
    "twice": (
        ("inhibitions:", "  - name: deep_queue\ninhibitions:"),
        9,
        "`name: deep_queue` stands there twice; the first",
    ),
    "no list": ((FILE, "rules:\n  name: x\n"), 2, "expected `rules:` with a list of entries below it."),
    "no YAML": ((FILE, "rules:\n- name: 'x\n"), 3, "this is no YAML: found unexpected end of stream."),
}


@pytest.mark.parametrize(("change", "line", "sentence"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_told_with_its_line_and_what_to_do(change: tuple[str, str], line: int, sentence: str):
    assert change[0] in FILE
    (problem,) = parse_rules(FILE.replace(*change, 1), "mine.yaml", LIMITS, staging=False).problems
    assert str(problem).startswith(f"mine.yaml line {line}: {sentence}")
    assert (problem.file, problem.line) == ("mine.yaml", line)
    assert str(problem).endswith("Correct the file and see it with `maxbooster-ops rules check`.")
