"""The verdict on a drill: what failed counts, and what an interruption kept from running does not."""

from __future__ import annotations

import pytest

from maxbooster_ops.readiness.chaos.results import judge
from maxbooster_ops.readiness.report.chaos_summary import ScenarioSummary

FAILED, NOT_RUN, PASSED = "failed", "not run", "passed"


def ended(outcomes, *, counts=True):
    return [
        ScenarioSummary(
            name=f"s{number}", title="", outcome=outcome, reason="", started_at=None, ended_at=None, counts=counts
        )
        for number, outcome in enumerate(outcomes)
    ]


@pytest.mark.parametrize(
    ("outcomes", "interrupted", "expected"),
    [
        pytest.param([PASSED] * 5, False, "ready", id="all pass"),
        pytest.param([PASSED] * 4 + [NOT_RUN], False, "review", id="one cannot be tried"),
        pytest.param([PASSED] * 2 + [NOT_RUN] * 3, False, "not ready", id="three cannot be tried"),
        pytest.param([PASSED, PASSED, NOT_RUN], True, "partial", id="Ctrl-C in the third"),
        pytest.param([PASSED, FAILED, NOT_RUN], True, "review", id="Ctrl-C after one failed"),
        pytest.param([FAILED] * 3 + [NOT_RUN], True, "not ready", id="Ctrl-C after three failed"),
        pytest.param([PASSED] * 5, True, "partial", id="Ctrl-C in what comes beyond the five"),
        pytest.param([], False, "partial", id="nothing ran"),
    ],
)
def test_the_verdict_on_five(outcomes, interrupted, expected):
    assert judge(ended(outcomes), five=5, interrupted=interrupted) == expected


def test_what_comes_beyond_the_five_decides_nothing():
    assert judge(ended([PASSED] * 5) + ended([FAILED] * 6, counts=False), five=5, interrupted=False) == "ready"
