"""The default rules on drills: what they see, and what says nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from support.chaos_kit import Marker, settings_of
from support.facts import LIMITS, NOON, fact
from support.rule_lake import Case, lake_with, starts

from maxbooster_ops.alerting.evaluating.builtin_series import Watching
from maxbooster_ops.alerting.evaluating.series_reading import read_series
from maxbooster_ops.alerting.rulebook.rulebook import load_rulebook
from maxbooster_ops.readiness.chaos.ledger import Ledger
from maxbooster_ops.readiness.chaos.targets import TargetSecrets
from maxbooster_ops.store.drill_tables import faults
from maxbooster_ops.store.findings import DrillResult
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.state import open_state

BOOK = load_rulebook(None, LIMITS, staging=False)


def result(verdict: str, drill: str = "chaos", scenario: str = "", *, hours: float = 24, planned: float | None = None):
    began = NOON - timedelta(hours=hours)
    numbers = {} if planned is None else {"planned_hours": planned}
    return fact(
        DrillResult, drill=drill, drill_id="1", scenario=scenario, verdict=verdict, started_at=began, numbers=numbers
    )


CASES = [
    Case(rule="drill_failed", beats=[[result("ready")], [result("not ready")], [result("review")]], value=0),
    Case(rule="drill_needs_review", beats=[[result("ready")], [result("not ready")], [result("review")]], value=1),
]
UNJUDGED = [[result("partial"), result("failed", scenario="worker-crash"), result("PARTIAL", drill="burn_in")]]
BURN_INS = [[result(verdict, drill="burn_in")] for verdict in ("PASS", "CONDITIONAL PASS", "FAIL")]
REHEARSED = [
    [result("FAIL", drill="burn_in", planned=24)],
    [result("PASS", drill="burn_in", hours=0.2)],
    [result("PASS", drill="burn_in", hours=49, planned=0.2)],
]
OTHERS = [
    Case(rule="unjudged", beats=UNJUDGED, value=0),
    Case(rule="burn-ins", beats=BURN_INS, value=0),
    Case(rule="rehearsed", beats=REHEARSED, value=0),
]


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    with lake_with(tmp_path_factory.mktemp("rules"), [*CASES, *OTHERS]) as opened:
        yield opened


def seen(lake, rule: str, case: str) -> dict[str, list[float]]:
    start = starts([*CASES, *OTHERS])[case]
    read = read_series(lake, BOOK.rule(rule), start, start + timedelta(hours=1))
    return {samples.labels["drill"]: list(samples.values) for samples in read}


@pytest.mark.parametrize(
    ("rule", "chaos", "burn_in"),
    [
        pytest.param("drill_failed", [0, 1, 0], [0, 0, 1], id="failed"),
        pytest.param("drill_needs_review", [0, 0, 1], [0, 1, 0], id="needs review"),
    ],
)
def test_each_verdict_speaks_until_the_next_of_its_kind(lake, rule, chaos, burn_in):
    assert seen(lake, rule, rule) == {"chaos": chaos}
    assert seen(lake, rule, "burn-ins") == {"burn_in": burn_in}


def test_a_rehearsal_that_passes_leaves_a_day_that_failed_as_it_is(lake):
    assert seen(lake, "drill_failed", "rehearsed") == {"burn_in": [1], "rehearsal": [0, 0]}, "pauses make no day"


@pytest.mark.parametrize("rule", ["drill_failed", "drill_needs_review"])
def test_a_drill_that_was_ended_early_and_a_single_scenario_say_nothing(lake, rule):
    assert seen(lake, rule, "unjudged") == {}


def test_a_fault_counts_as_left_behind_when_it_is_stuck_or_old(tmp_path):
    def left(now) -> float:
        with state.reading() as connection:
            (sample,) = Watching.read(connection, newest_beat=NOON, now=now).samples("faults_left", {})
        return float(sample.values[0])

    home = Home(root=tmp_path / "home")
    marker = tmp_path / "marker"
    marker.with_name("marker.stubborn").touch()
    with open_state(home) as state:
        secrets = TargetSecrets(settings_of(home), home)
        ledger = Ledger(state, {Marker.kind: Marker()}, secrets, clock=lambda: NOON)
        assert left(NOON) == 0
        fault = ledger.inject("d", "s", "marker", target="settings", details={"path": str(marker)})
        assert left(NOON + timedelta(minutes=15)) == 0, "a drill may be under way"
        assert left(NOON + timedelta(minutes=15, seconds=1)) == 1
        ledger.roll_back(fault)
        assert left(NOON) == 1, "it is stuck"
        with state.writing() as connection:
            connection.execute(sa.update(faults).values(state="rolled_back"))
        assert left(NOON) == 0
