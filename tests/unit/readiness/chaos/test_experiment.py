"""Scenario files: what they may say, and the sentence for everything that is wrong."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from support.chaos_kit import ACTIONS, FINE, scenario, step, written

from maxbooster_ops.readiness.chaos.drill import Need
from maxbooster_ops.readiness.chaos.experiment import ScenarioFileError, read_experiment
from maxbooster_ops.readiness.chaos.tolerance import parse_tolerance

PUT = step("marker.put", path="/nowhere")


def test_a_scenario_is_read_with_its_steps_and_what_it_needs(tmp_path):
    read = scenario(tmp_path, "two-words", [PUT, FINE], rollbacks=[PUT], five=True, needs=["redis"], deadline="30 s")
    assert (read.name, read.five, read.needs) == ("two-words", True, {Need.REDIS})
    assert read.deadline == timedelta(seconds=30)
    assert [(one.name, one.is_probe) for one in read.method] == [("marker.put", False), ("all is fine", True)]
    assert read.method[0].action.function.__name__ == "put"


def test_variables_come_from_the_configuration_and_keep_their_type(tmp_path):
    file = tmp_path / "one.yaml"
    probe = step("steps.answer", tolerance={"type": "range", "range": [1, "${most}"]}, value="${most}")
    file.write_text(written([step("marker.put", path="/a/${name}"), probe]) + "configuration: {most: 5, name: b}\n")
    read = read_experiment(file, ACTIONS)
    assert read.method[0].arguments == {"path": "/a/b"}
    assert read.method[1].arguments == {"value": 5}
    assert read.method[1].tolerance is not None
    assert read.method[1].tolerance.wanted == "1 to 5"


@pytest.mark.parametrize(
    ("text", "on_line", "said"),
    [
        pytest.param("title: [", "title: [", "this is no YAML", id="no YAML"),
        pytest.param("- a", "- a", "expected fields such as", id="a list"),
        pytest.param(
            written([PUT]).replace("method:", "methods:"), "methods:", "mean `method`?", id="a mistyped field"
        ),
        pytest.param(written([PUT]).replace("func: put", "func: puts"), "puts", "no action; did you mean", id="action"),
        pytest.param(written([step("marker.put", pth="x")]), "pth:", "did you mean `path`?", id="an unknown argument"),
        pytest.param(written([step("marker.put")]), "provider:", "has no `path`", id="a missing argument"),
        pytest.param(written([step("marker.put", path="${x}")]), "path:", "stand in `configuration:`", id="variable"),
        pytest.param(written([PUT], deadline="soon"), "deadline:", "is not a duration", id="deadline"),
        pytest.param(written([PUT], needs=["cats"]), "- cats", "cannot be used", id="need"),
        pytest.param(written([PUT], steady=[dict(PUT)]), "type: action", "must be a probe with a", id="steady state"),
        pytest.param(
            written([step("steps.answer", tolerance={"type": "x"}, value=1)]),
            "tolerance:",
            "no tolerance",
            id="tolerance",
        ),
        pytest.param(written([]), "method: []", "at least 1", id="nothing is done"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text, on_line, said):
    file = tmp_path / "broken.yaml"
    file.write_text(text)
    with pytest.raises(ScenarioFileError) as refusal:
        read_experiment(file, ACTIONS)
    assert said in str(refusal.value)
    number = int(str(refusal.value).split("line ")[1].split(":")[0])
    assert on_line in text.splitlines()[number - 1], str(refusal.value)


@pytest.mark.parametrize(
    ("written", "found", "met"),
    [
        pytest.param(True, 1, False, id="one is not true"),
        pytest.param(1, True, False, id="true is not one"),
        pytest.param(10, 10, True, id="a number"),
        pytest.param("ok", "ok", True, id="a word"),
        pytest.param([200, 204], 204, True, id="one of several"),
        pytest.param([200, 204], 500, False, id="none of several"),
        pytest.param({"type": "range", "range": [1, 5]}, 5, True, id="the end of a range"),
        pytest.param({"type": "range", "range": [1, 5]}, 5.01, False, id="beyond a range"),
        pytest.param({"type": "range", "range": [0, 5]}, True, False, id="true lies in no range"),
        pytest.param({"type": "range", "range": [1, 5]}, None, False, id="nothing lies in no range"),
        pytest.param({"type": "regex", "pattern": "^ok"}, "ok then", True, id="a pattern"),
        pytest.param({"type": "regex", "pattern": "^ok"}, 5, False, id="a number is no text"),
    ],
)
def test_a_tolerance_holds_an_answer(written, found, met):
    assert parse_tolerance(written).met(found) is met


@pytest.mark.parametrize("written", [None, [], {"type": "range", "range": [5, 1]}, {"type": "regex", "pattern": "("}])
def test_a_tolerance_that_means_nothing_is_refused(written):
    with pytest.raises(ValueError, match=r"tolerance|range|pattern"):
        parse_tolerance(written)
