"""The engine of chaos drills on a real store: outcomes, rollbacks, the ledger, who may be drilled."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.chaos_kit import FINE, Heard, Marker, catalog, scenario, settings_of, step

from maxbooster_ops.errors import DrillError, StoreError, UsageError
from maxbooster_ops.readiness.chaos.drill_lock import DrillRunsError, only_one
from maxbooster_ops.readiness.chaos.drilling import Asked, ChaosDrill, Finished
from maxbooster_ops.readiness.chaos.experiment import Experiment
from maxbooster_ops.readiness.chaos.leftovers import forget, roll_back_leftovers
from maxbooster_ops.readiness.chaos.targets import Choice
from maxbooster_ops.store.drill_tables import faults
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.opening import Store, open_store

FAULTS = {Marker.kind: Marker()}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with open_store(Home(root=tmp_path_factory.mktemp("home"))) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _nothing_open(store: Store) -> Iterator[None]:
    yield
    with store.state.writing() as connection:
        connection.execute(sa.delete(faults))


def drill(store: Store, *experiments: Experiment, heard: Heard | None = None, names: tuple[str, ...] = ()) -> Finished:
    runs = ChaosDrill(settings_of(store.home), store, catalog(*experiments))
    return runs.run(Asked(scenarios=names, target=Choice.SETTINGS), heard or Heard())


def states(store: Store) -> list[tuple[str, str | None]]:
    with store.state.reading() as connection:
        return [(row.state, row.problem) for row in connection.execute(sa.select(faults)).all()]


def put(path: Path, **others: object) -> dict[str, object]:
    return step("marker.put", path=str(path), **others)


def lies(path: Path, *, wanted: bool = True) -> dict[str, object]:
    return step("marker.lies", name="the file", tolerance=wanted, path=str(path))


def test_a_fault_is_seen_by_the_method_and_gone_afterwards(store, tmp_path):
    marker = tmp_path / "marker"
    finished = drill(store, scenario(tmp_path, "one", [put(marker), lies(marker)], five=True))
    assert (finished.summary.verdict, finished.summary.passed, finished.summary.total) == ("ready", 1, 1)
    assert not marker.exists()
    assert states(store) == [("rolled_back", None)]


def test_the_journal_holds_every_step_in_its_order(store, tmp_path):
    marker = tmp_path / "marker"
    finished = drill(store, scenario(tmp_path, "one", [put(marker), lies(marker)], rollbacks=[FINE]))
    journal = json.loads((store.home.reports / f"chaos-{finished.summary.drill_id}" / "one.json").read_text())
    assert journal["outcome"] == "passed"
    assert [(line["part"], line["name"], line["outcome"]) for line in journal["steps"]] == [
        ("steady state before", "all is fine", "ok"),
        ("note", "fault marker written down", ""),
        ("note", "fault marker put in", ""),
        ("method", "marker.put", "ok"),
        ("method", "the file", "ok"),
        ("steady state after", "all is fine", "ok"),
        ("rollback", "all is fine", "ok"),
        ("rollback", "fault marker taken back", ""),
    ]


def test_without_a_steady_state_nothing_is_injected(store, tmp_path):
    marker = tmp_path / "marker"
    finished = drill(store, scenario(tmp_path, "one", [put(marker)], steady=[lies(marker)], five=True))
    (result,) = finished.summary.scenarios
    assert (result.outcome, finished.summary.verdict) == ("failed", "review")
    assert result.reason == "No steady state before the fault: the file: expected true, found False"
    assert states(store) == []


@pytest.mark.parametrize(
    ("what", "outcome", "reason"),
    [
        pytest.param("expect", "failed", "steps.do: told to expect", id="an expectation that does not hold"),
        pytest.param("break", "failed", "steps.do: ZeroDivisionError: told to break", id="a broken action"),
        pytest.param("skip", "not run", "told to skip", id="it cannot be tried here"),
        pytest.param("hang", "failed", "steps.do: It took longer than 600 s.", id="it takes too long"),
    ],
)
def test_whatever_ends_the_method_the_fault_is_taken_back(store, tmp_path, what, outcome, reason):
    marker = tmp_path / "marker"
    method = [put(marker), step("steps.do", what=what), step("marker.take_away")]
    finished = drill(store, scenario(tmp_path, "one", method, deadline="10 min", five=True))
    (result,) = finished.summary.scenarios
    assert (result.outcome, result.reason, finished.summary.verdict) == (outcome, reason, "review")
    assert not marker.exists()
    assert states(store) == [("rolled_back", None)]


def test_a_fault_that_came_in_half_way_is_taken_back(store, tmp_path):
    marker = tmp_path / "marker"
    finished = drill(store, scenario(tmp_path, "one", [put(marker, half=True)]))
    assert finished.summary.scenarios[0].reason == "marker.put: It broke half-way."
    assert not marker.exists()
    assert states(store) == [("rolled_back", None)]


def test_a_steady_state_that_does_not_come_back_fails_the_scenario(store, tmp_path):
    marker = tmp_path / "marker"
    finished = drill(store, scenario(tmp_path, "one", [put(marker)], steady=[lies(marker, wanted=False)]))
    said = "No steady state after the fault: the file: expected false, found True"
    assert finished.summary.scenarios[0].reason == said


def test_ctrl_c_takes_back_reports_and_ends_the_drill(store, tmp_path):
    marker = tmp_path / "marker"
    first = scenario(tmp_path, "first", [put(marker), step("steps.do", what="interrupt")], five=True)
    second = scenario(tmp_path, "second", [put(marker)], five=True)
    finished = drill(store, first, second)
    assert isinstance(finished.interruption, KeyboardInterrupt)
    assert [(one.name, one.outcome, one.reason) for one in finished.summary.scenarios] == [
        ("first", "not run", "It was interrupted.")
    ]
    assert (finished.summary.verdict, finished.summary.total) == ("partial", 2)
    assert not marker.exists()
    assert states(store) == [("rolled_back", None)]
    assert finished.report is not None


def test_a_second_ctrl_c_does_not_cut_the_rollback_short(store, tmp_path):
    marker = tmp_path / "marker"

    def again(told: object) -> None:
        if getattr(told, "part", "") == "rollback":
            os.kill(os.getpid(), signal.SIGINT)

    one = scenario(tmp_path, "one", [put(marker), step("steps.do", what="interrupt")], rollbacks=[FINE])
    finished = drill(store, one, heard=Heard(at_step=again))
    assert isinstance(finished.interruption, KeyboardInterrupt)
    assert not marker.exists()
    assert states(store) == [("rolled_back", None)]


def test_what_ran_is_kept_when_the_drill_breaks_between_two_scenarios(store, tmp_path):
    class Broken(Heard):
        def scenario_begins(self, experiment):
            if experiment.name == "second":
                raise StoreError("No room is left.")

    bad = scenario(tmp_path, "first", [step("steps.do", what="expect")], five=True)
    finished = drill(store, bad, scenario(tmp_path, "second", [FINE], five=True), heard=Broken())
    assert str(finished.interruption) == "No room is left."
    assert (finished.summary.verdict, len(finished.summary.scenarios)) == ("review", 1)
    assert finished.report is not None


def test_a_listener_that_fails_keeps_no_fault_in(store, tmp_path):
    marker = tmp_path / "marker"

    def broken(_: object) -> None:
        raise BrokenPipeError

    finished = drill(store, scenario(tmp_path, "one", [put(marker), put(marker)]), heard=Heard(at_step=broken))
    assert finished.summary.scenarios[0].outcome == "passed"
    assert not marker.exists()
    assert {state for state, _ in states(store)} == {"rolled_back"}


def test_a_fault_that_stays_fails_the_scenario_and_the_next_drill_refuses_to_begin(store, tmp_path):
    marker, stubborn = tmp_path / "marker", tmp_path / "marker.stubborn"
    stubborn.touch()
    one = scenario(tmp_path, "one", [put(marker)], five=True)
    finished = drill(store, one)
    assert finished.summary.scenarios[0].reason.startswith("a fault cannot be taken back: marker in settings")
    assert finished.summary.leftovers
    assert states(store) == [("stuck", "it was taken back, and is still there")]

    with pytest.raises(DrillError, match=r"A fault of an earlier drill is still there.*--roll-back"):
        drill(store, one)
    stubborn.unlink()
    assert drill(store, one).summary.verdict == "ready"
    assert {state for state, _ in states(store)} == {"rolled_back"}


def test_who_takes_a_fault_back_by_hand_says_so(store, tmp_path):
    marker = tmp_path / "marker"
    marker.with_name("marker.stubborn").touch()
    drill(store, scenario(tmp_path, "one", [put(marker)]))
    (left,) = roll_back_leftovers(settings_of(store.home), store.state, FAULTS)
    assert forget(settings_of(store.home), store.state, left.id).state == "rolled_back"
    assert roll_back_leftovers(settings_of(store.home), store.state, FAULTS) == ()


def test_two_drills_at_once_are_refused(store, tmp_path):
    with only_one(store.home, "the-other"):
        with pytest.raises(DrillRunsError, match=rf"the-other, pid {os.getpid()}"):
            drill(store, scenario(tmp_path, "one", [FINE]))
        assert roll_back_leftovers(settings_of(store.home), store.state, FAULTS) == ()


def test_what_a_target_does_not_offer_is_not_run(store, tmp_path):
    asks = scenario(tmp_path, "asks", [FINE], needs=["redis", "service", "platform"], five=True)
    (result,) = drill(store, asks).summary.scenarios
    assert (result.outcome, result.reason) == ("not run", "The target offers no platform, service.")


def test_the_facts_and_the_report_of_a_drill_are_kept(store, tmp_path):
    good = scenario(tmp_path, "good", [FINE], five=True)
    bad = scenario(tmp_path, "bad", [step("steps.do", what="expect")])
    finished = drill(store, good, bad)
    rows = store.lake.query(
        "SELECT scenario, verdict, valid_for_release, reasons, numbers['passed'] AS passed, report "
        f"FROM drill_results WHERE drill_id = '{finished.summary.drill_id}' ORDER BY scenario"
    )
    assert [(row["scenario"], row["verdict"], row["valid_for_release"]) for row in rows] == [
        ("", "ready", True),
        ("bad", "failed", False),
        ("good", "passed", True),
    ]
    assert rows[0]["reasons"] == ["A title: steps.do: told to expect"]
    reports = {store.home.root / f"{row['report']}{ending}" for row in rows for ending in (".md", ".html", ".json")}
    assert [report.is_file() for report in reports] == [True] * 3


@pytest.mark.parametrize(
    ("failing", "verdict"),
    [
        pytest.param(0, "ready", id="all pass"),
        pytest.param(1, "review", id="one fails"),
        pytest.param(2, "review", id="two fail"),
        pytest.param(3, "not ready", id="three fail"),
    ],
)
def test_the_verdict_counts_the_five(store, tmp_path, failing, verdict):
    five = [
        scenario(tmp_path, f"s{n}", [step("steps.do", what="expect") if n < failing else FINE], five=True)
        for n in range(5)
    ]
    summary = drill(store, *five).summary
    assert (summary.verdict, summary.passed, summary.total) == (verdict, 5 - failing, 5)


def test_some_of_the_five_say_nothing_about_a_release(store, tmp_path):
    five = [scenario(tmp_path, f"s{n}", [FINE], five=True) for n in range(2)]
    summary = drill(store, *five, names=("s1",)).summary
    assert (summary.verdict, summary.passed, summary.total) == ("partial", 1, 1)


def test_a_scenario_that_there_is_not_is_refused(store, tmp_path):
    with pytest.raises(UsageError, match="There is no scenario `worker-crush`; did you mean `worker-crash`"):
        drill(store, scenario(tmp_path, "worker-crash", [FINE]), names=("worker-crush",))


@pytest.mark.parametrize(
    ("others", "said"),
    [
        pytest.param({"maxbooster_chaos_targets": ()}, "127.0.0.1:1 is not on the list", id="nothing is allowed"),
        pytest.param({"platform_url": "http://10.0.0.1"}, "10.0.0.1:80 is not on the list", id="half is allowed"),
        pytest.param({"maxbooster_env": "production"}, "--production", id="production, not meant"),
        pytest.param({"redis_url": None}, "nothing that could be drilled", id="nothing is named"),
    ],
)
def test_a_target_that_may_not_be_drilled_is_refused_before_anything_is_touched(store, tmp_path, others, said):
    marker = tmp_path / "marker"
    settings = settings_of(store.home, **others)
    runs = ChaosDrill(settings, store, catalog(scenario(tmp_path, "one", [put(marker)])))
    with pytest.raises(DrillError, match=said):
        runs.run(Asked(target=Choice.SETTINGS), Heard())
    assert states(store) == []


def test_production_may_be_drilled_by_who_says_so(store, tmp_path):
    settings = settings_of(store.home, maxbooster_env="production")
    runs = ChaosDrill(settings, store, catalog(scenario(tmp_path, "one", [FINE])))
    assert (
        runs.run(Asked(target=Choice.SETTINGS, production=True), Heard()).summary.target == "127.0.0.1:1 (production)"
    )
