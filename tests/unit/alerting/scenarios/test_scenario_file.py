"""Scenario files: what they become, and what is said of those that cannot be used."""

from __future__ import annotations

from datetime import timedelta

import pytest

from maxbooster_ops.alerting.alert import AlertState
from maxbooster_ops.alerting.dispatching.decision import Reason
from maxbooster_ops.alerting.rule import Severity
from maxbooster_ops.alerting.scenarios.expectation import ExpectedAlert, ExpectedHold, Named
from maxbooster_ops.alerting.scenarios.scenario import STARTS, Acknowledgement, RuleSeries, TableColumn
from maxbooster_ops.alerting.scenarios.scenario_file import ScenarioFileError, read_scenarios

COMPLETE = """
scenarios:
  - name: everything
    rule_files: [mine.yaml]
    interval: 1 min
    channels: [slack]
    series:
      - {rule: backlog, labels: {queue: a}, values: "1 _ 3"}
      - {table: queue_samples, row: {queue: b}, column: waiting, values: "5x1"}
    silences:
      - {matchers: ['queue="a"'], after: 1 min, until: 3 min, reason: planned, maintenance: true}
    acknowledgements:
      - {after: 2 min, alert: 'backlog{queue="a"}', by: ada}
    at:
      - after: 3 min
        alerts: [{alert: 'backlog{queue="a"}', state: silenced, severity: error}]
        routes: {slack: [{rule: backlog, labels: {queue: b}}]}
        held: [{alert: 'backlog{queue="a"}', reason: silenced}]
      - {after: 1 min}
"""


@pytest.fixture
def file(tmp_path):
    return tmp_path / "scenario.yaml"


def test_every_field_is_read(file):
    file.write_text(COMPLETE)
    (scenario,) = read_scenarios(file)
    a, b = Named(rule="backlog", labels={"queue": "a"}), Named(rule="backlog", labels={"queue": "b"})
    (silence,) = scenario.silences
    first, last = scenario.expectations
    assert scenario.rule_files == (file.parent / "mine.yaml",)
    assert scenario.series == (RuleSeries(rule="backlog", labels={"queue": "a"}, values=(1, None, 3)),)
    assert scenario.columns == (
        TableColumn(table="queue_samples", column="waiting", row={"queue": "b"}, values=(5, 5)),
    )
    assert (silence.starts_at, silence.ends_at) == (STARTS + timedelta(minutes=1), STARTS + timedelta(minutes=3))
    assert (silence.reason, silence.maintenance) == ("planned", True)
    assert scenario.acknowledgements == (Acknowledgement(after=timedelta(minutes=2), named=a, by="ada"),)
    assert (first.after, first.alerts) == (timedelta(minutes=1), None)
    assert last.alerts == (ExpectedAlert(named=a, state=AlertState.SILENCED, severity=Severity.ERROR),)
    assert last.routes == {"slack": (b,)}
    assert last.held == (ExpectedHold(named=a, reason=Reason.SILENCED),)
    assert len(scenario.evaluations) == 4, "every minute up to the last expectation, both ends included"


HEAD = "scenarios:\n  - name: one\n"
SERIES = '    series: [{rule: backlog, values: "1x5"}]\n'
AT = "    at: [{after: 1 min}]\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("", "line 1: it holds no scenario", id="nothing in it"),
        pytest.param("scenarios: [", "line 1: this is no YAML", id="no YAML"),
        pytest.param("tests: []", "line 1: expected `scenarios:`", id="another heading"),
        pytest.param(HEAD + SERIES, "line 2: `one` has no `at`", id="nothing expected"),
        pytest.param(
            HEAD + SERIES + AT + "    chanels: []\n",
            "line 5: `chanels` is no field of a scenario; did you mean `channels`?",
            id="a mistyped field",
        ),
        pytest.param(
            HEAD + AT + "    series:\n      - {rule: backlog, values: 0x3}\n",
            "line 5: .* must stand in quotes",
            id="values that YAML took for a number",
        ),
        pytest.param(
            HEAD + AT + '    series:\n      - {rule: backlog, values: "1 two"}\n',
            "line 5: .* holds `two`, which is no value",
            id="values that are none",
        ),
        pytest.param(
            HEAD + AT + '    series:\n      - {values: "1"}\n', "line 5: .* is of no kind", id="a series of nothing"
        ),
        pytest.param(
            HEAD + AT + '    series:\n      - {table: queue_samples, values: "1"}\n',
            "line 5: .* both `table` and `column`",
            id="a table without a column",
        ),
        pytest.param(
            HEAD + SERIES + "    at: [{after: 45 s}]\n",
            "line 2: .*0:00:45 is no multiple of the interval 0:00:30",
            id="a moment between two evaluations",
        ),
        pytest.param(
            HEAD + SERIES + "    at:\n      - {after: 1 min, alerts: [{alert: x, severity: bad}]}\n",
            "line 5: .* is no severity. Expected one of info, warning, error, critical",
            id="no severity",
        ),
        pytest.param(
            HEAD + SERIES + "    at:\n      - {after: 1 min, routes: {slack: ['x{queue=a}']}}\n",
            "line 5: .* is no alert",
            id="labels without quotes",
        ),
        pytest.param(
            HEAD + SERIES + AT + "    silences:\n      - {matchers: ['queue'], until: 1 min}\n",
            "line 6: .* is no matcher",
            id="no matcher",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_line_and_reason(file, text, sentence):
    file.write_text(text)
    with pytest.raises(ScenarioFileError, match=rf"scenario\.yaml {sentence}"):
        read_scenarios(file)


def test_a_file_that_is_not_there_is_refused(file):
    with pytest.raises(ScenarioFileError, match="cannot be read"):
        read_scenarios(file)
