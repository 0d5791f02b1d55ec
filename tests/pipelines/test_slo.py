"""Service levels as a user meets them: runs of the assets, their checks, and the command."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from support.service_past import MINUTE, ServicePast
from typer.testing import CliRunner

from maxbooster_ops.alerting.dispatching.silence import Silence, parse_matcher
from maxbooster_ops.alerting.records.silence_store import add_silence
from maxbooster_ops.cli.main import app
from maxbooster_ops.pipelines.resources import OpsResource
from maxbooster_ops.pipelines.slo import CHECKED_SERVICES, ReportConfig, slo_report, slo_report_monthly, slo_status
from maxbooster_ops.slo.objective_file import load_objectives
from maxbooster_ops.slo.report import Month
from maxbooster_ops.store.opening import open_store

RESOURCES = {"ops": OpsResource()}


pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def outage(home):
    """Two hours of the API until now, all requests of the last twenty minutes failed."""
    start = datetime.now(UTC) - 120 * MINUTE

    def requests(minute: float) -> tuple[float, float]:
        return (0.0, 500.0) if minute > 100 else (500.0, 0.0)

    with open_store(home) as store:
        ServicePast(minutes=120, start=start, requests=requests).fill(store)
    return home


def run(*assets, **config):
    configured = {"slo_report": ReportConfig(**config)} if config else {}
    return dg.materialize(list(assets), resources=RESOURCES, run_config=dg.RunConfig(ops=configured))


def command(*words: str) -> str:
    result = CliRunner().invoke(app, ["slo", *words], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


@pytest.mark.usefixtures("outage")
def test_a_run_shows_what_burns_and_fails_the_check_of_that_service_alone():
    result = run(slo_status)
    (event,) = result.get_asset_materialization_events()
    numbers = event.materialization.metadata
    assert numbers["api_availability_burn_1h"].value > 14.4
    # Twenty, less those that are not in an ended window yet.
    assert 13 < numbers["api_availability_spent_minutes"].value < 21
    assert "| API | availability | 99.95 % good | burns fast |" in numbers["objectives"].value
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    assert {name: check.passed for name, check in checks.items()} == {"api_budget": False, "database_budget": True}
    assert checks["api_budget"].severity is dg.AssetCheckSeverity.ERROR
    assert "availability burns fast" in checks["api_budget"].description


@pytest.mark.usefixtures("outage")
def test_the_command_gives_every_objective_with_budget_and_burn_rates():
    assert run(slo_status).success
    found = {(one["service"], one["objective"]): one for one in json.loads(command("--json"))}
    api = found["API", "availability"]
    assert (api["budget_minutes"], api["verdict"]) == (pytest.approx(21.6), "burns fast")
    assert api["left_minutes"] == pytest.approx(api["budget_minutes"] - api["spent_minutes"])
    assert list(api["burn_rates"]) == ["5m", "30m", "1h", "2h", "6h", "1d", "3d"]
    assert api["burn_rates"]["5m"] == pytest.approx(2000)
    unseen = found["Search", "latency"]
    assert (unseen["spent_minutes"], unseen["burn_rates"]["1h"], unseen["verdict"]) == (None, None, "no data")
    assert "burns fast" in command()


@pytest.mark.parametrize("is_silence", [True, False], ids=["a silence", "the file"])
def test_the_command_the_asset_and_the_report_know_of_the_same_maintenance(outage, is_silence):
    now = datetime.now(UTC)
    start, end = now - 60 * MINUTE, now + 60 * MINUTE
    if is_silence:
        silence = Silence(
            id="one", matchers=(parse_matcher("service=API"),), starts_at=start, ends_at=end, reason="PostgreSQL 17",
            author="me", maintenance=True,
        )  # fmt: skip
        with open_store(outage) as store, store.state.writing() as connection:
            add_silence(connection, silence, at=start)
    else:
        entry = {
            "from": f"{start:%Y-%m-%d %H:%M}",
            "to": f"{end:%Y-%m-%d %H:%M}",
            "services": "API",
            "why": "PostgreSQL 17",
        }
        outage.maintenance.write_text(json.dumps({"maintenance": [entry]}))
    (event,) = run(slo_status).get_asset_materialization_events()
    assert "| API | availability | 99.95 % good | maintenance |" in event.materialization.metadata["objectives"].value
    verdicts = {one["service"]: one["verdict"] for one in json.loads(command("--json"))}
    assert verdicts["API"] == "maintenance"
    month = f"{now:%Y-%m}"
    (event,) = run(slo_report, month=month).get_asset_materialization_events()
    for text in (event.materialization.metadata["report"].value, command("--report", month)):
        assert "PostgreSQL 17" in text.partition("## Maintenance that was left out")[2]


def test_before_the_first_window_the_command_says_so(home):
    with open_store(home):
        pass
    assert "No window was computed yet" in command()


def test_a_mistake_in_the_users_file_is_told_and_stops_nothing(outage):
    outage.objectives.write_text("objectives:\n  - {service: API, objective: availability, target: 2}\n")
    assert run(slo_status).success
    result = CliRunner().invoke(app, ["slo", "--json"], catch_exceptions=False)
    assert len(json.loads(result.stdout)) == 8
    assert "objectives.yaml line 2: `target: 2`" in result.stderr


def test_the_report_of_a_month_is_a_file_that_says_that_it_is_partial(outage):
    month = f"{datetime.now(UTC) - 10 * MINUTE:%Y-%m}"
    assert run(slo_status).success
    (event,) = run(slo_report, month=month).get_asset_materialization_events()
    text = (outage.reports / f"slo-{month}.md").read_text()
    assert event.materialization.metadata["report"].value == text
    assert text.startswith(f"# Service levels in {month}\n\n**Partial**")
    assert "## Where the budget went" in text
    assert command("--report", month).startswith(text[:40])


def test_the_report_is_made_on_the_first_of_the_month_of_the_one_before():
    assert (slo_report_monthly.cron_schedule, slo_report_monthly.default_status) == (
        "10 0 1 * *",
        dg.DefaultScheduleStatus.RUNNING,
    )
    first = datetime(2027, 1, 1, 0, 10, tzinfo=UTC)
    month = Month.before(first)
    assert (str(month), month.end) == ("2026-12", datetime(2027, 1, 1, tzinfo=UTC))
    assert Month.parse("2026-02").end - Month.parse("2026-02").start == timedelta(days=28)


def test_every_default_service_has_its_check():
    assert load_objectives().services == CHECKED_SERVICES
