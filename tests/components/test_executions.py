"""Executions in a real lake: metrics against numpy, quantiles of histograms, bottlenecks with advice, the command."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import dagster as dg
import numpy as np
import pytest
from support.facts import NOON, fact
from typer.testing import CliRunner

from maxbooster_ops.analysis.executions.bottlenecks import bottlenecks
from maxbooster_ops.analysis.executions.metrics import job_metrics, slowest_operations, totals
from maxbooster_ops.analysis.executions.recommending import Pattern, Severity
from maxbooster_ops.cli.main import app
from maxbooster_ops.errors import UsageError
from maxbooster_ops.pipelines.executions import bottlenecks as bottlenecks_asset
from maxbooster_ops.pipelines.executions import job_metrics as job_metrics_asset
from maxbooster_ops.pipelines.resources import OpsResource
from maxbooster_ops.store.asking import ask
from maxbooster_ops.store.facts import MetricSample, QueueJob, TrackedExecution
from maxbooster_ops.store.findings import Regression
from maxbooster_ops.store.opening import open_store

DAY = (NOON - timedelta(hours=24), NOON)


@pytest.fixture
def home(tmp_path, made_home):
    return made_home(tmp_path)


@pytest.fixture
def lake(home):
    with open_store(home) as store:
        yield store.lake


def write(lake, *facts):
    for kind in dict.fromkeys(map(type, facts)):
        rows = [row for row in facts if type(row) is kind]
        lake.write(lambda transaction, rows=rows: transaction.insert(rows, batch_id=f"b-{len(rows)}"))


def job(queue, ms, *, minutes_ago=1.0, outcome="completed", now=NOON, **known):
    ts = now - timedelta(minutes=minutes_ago)
    return fact(QueueJob, ts=ts, prefix="bull", queue=queue, processing_ms=ms, outcome=outcome, **known)


def test_metrics_are_those_of_numpy(lake):
    durations = np.random.default_rng(7).lognormal(6, 1, 997)
    write(lake, *(job("forecast", float(ms), minutes_ago=1 + n / 1000) for n, ms in enumerate(durations)))
    (found,) = job_metrics(lake, *DAY)
    assert (found.job, found.executions, found.success_rate, found.last_error) == ("forecast", 997, 1.0, None)
    measured = [found.avg_ms, found.p50_ms, found.p95_ms, found.p99_ms, found.slowest_ms]
    assert measured == pytest.approx(
        [durations.mean(), *np.quantile(durations, [0.5, 0.95, 0.99]), durations.max()], rel=1e-9
    )


def test_own_jobs_and_jobs_of_queues_stand_side_by_side_each_by_its_name(lake):
    write(
        lake,
        job("export", 10.0, name="export"),
        job("export", 20.0, name="pdf", outcome="failed", reason="disk", minutes_ago=3),
        job("export", None, name="pdf", outcome="failed", reason="newer", minutes_ago=2),
        fact(TrackedExecution, ts=NOON - timedelta(hours=1), job="nightly", success=True, duration_ms=5.0),
        fact(TrackedExecution, ts=NOON, job="of the next window", success=True, duration_ms=5.0),
        fact(TrackedExecution, ts=DAY[0], job="first moment", success=True, duration_ms=5.0),
    )
    found = {metrics.job: metrics for metrics in job_metrics(lake, *DAY)}
    assert set(found) == {"export", "export/pdf", "nightly", "first moment"}
    pdf = found["export/pdf"]
    assert (pdf.executions, pdf.failures, pdf.timed, pdf.avg_ms, pdf.last_error) == (2, 2, 1, 20.0, "newer")


def test_without_executions_there_are_no_numbers_and_no_verdict_on_the_targets(lake):
    total = totals(job_metrics(lake, *DAY))
    assert (total.executions, total.failed_share, total.avg_ms) == (0, None, None)
    assert (total.meets_failures, total.meets_average) == (None, None)


def test_the_targets_are_of_single_executions_and_their_boundary_is_a_miss(lake):
    write(lake, *[job("often", 10.0)] * 19, job("rare", 600_000.0 - 190.0, outcome="failed"))
    total = totals(job_metrics(lake, *DAY))
    assert (total.failed_share, total.avg_ms) == (0.05, 30_000.0)
    assert (total.meets_failures, total.meets_average) == (False, False)


def test_the_slowest_come_first_and_are_twenty(lake):
    write(lake, *(job("q", float(ms), job_id=str(ms)) for ms in range(100)), job("q", None, job_id="never timed"))
    assert [run.run_id for run in slowest_operations(lake, *DAY)] == [str(ms) for ms in range(99, 79, -1)]


@pytest.mark.parametrize(
    ("ms", "severity"),
    [
        pytest.param(60_000.0, None, id="exactly a minute"),
        pytest.param(60_000.1, Severity.MEDIUM, id="just more"),
        pytest.param(120_000.0, Severity.MEDIUM, id="exactly two"),
        pytest.param(120_000.1, Severity.HIGH, id="just more than two"),
    ],
)
def test_a_job_is_a_bottleneck_beyond_a_minute_and_a_severe_one_beyond_two(lake, ms, severity):
    write(lake, job("export", ms), job("export", 50.0))
    assert [found.evidence.severity for found in bottlenecks(lake, *DAY)] == ([severity] if severity else [])


def test_evidence_is_everything_that_the_advice_needs(lake):
    errors = ["TimeoutError: after 30 s", "TimeoutError: after 31 s", "job 4711 of acme", "job 4712 of acme"]
    write(
        lake,
        *(job("export", 70_000.0, outcome="failed", reason=reason, attempts=2) for reason in [*errors, errors[0]]),
        *(job("export", 1000.0, wait_ms=500.0, attempts=1) for _ in range(5)),
    )
    (found,) = bottlenecks(lake, *DAY)
    seen = found.evidence
    assert (seen.executions, seen.failures, seen.retried, seen.too_slow) == (10, 5, 5, 5)
    assert (seen.frequent_error, seen.wait_ms_p95, seen.slowest_ms) == ("TimeoutError", 500.0, 70_000.0)
    assert found.recommendation.pattern is Pattern.FAILING


def test_alike_errors_are_one_class(lake):
    classes = {
        "ConnectionError: to 10.0.0.1": "ConnectionError",
        "redis.exceptions.TimeoutError: x": "redis.exceptions.TimeoutError",
        "connect ECONNREFUSED 127.0.0.1:6379": "connect ECONNREFUSED #.#.#.#:#",
        "no user 0b6f4c8e-89ab-4cde-8f01-23456789abcd": "no user #",
        "Error: user 4711 is unknown": "Error: user # is unknown",
        "Errors were found": "Errors were found",
        "": "",
    }
    rows = lake.query(
        "SELECT text, ops.error_class(text) AS class FROM (SELECT unnest(from_json($texts, '[\"VARCHAR\"]')) AS text)",
        {"texts": json.dumps(list(classes))},
    )
    assert {row["text"]: row["class"] for row in rows} == classes


def test_a_regression_that_still_holds_says_since_when_and_a_past_one_does_not(lake):
    def regression(job, minutes_ago, *, is_significant):
        return fact(
            Regression,
            ts=NOON - timedelta(minutes=minutes_ago),
            series="job_duration_ms",
            labels={"job": job},
            is_significant=is_significant,
            started_at=NOON - timedelta(hours=5),
            change_percent=40.0,
        )

    write(
        lake,
        job("slower", 70_000.0),
        job("well again", 70_000.0),
        regression("slower", 1, is_significant=True),
        regression("well again", 31, is_significant=True),
        regression("well again", 1, is_significant=False),
    )
    found = {b.evidence.operation: b for b in bottlenecks(lake, *DAY)}
    assert found["slower"].recommendation.pattern is Pattern.REGRESSED
    assert found["slower"].evidence.regressed_since == NOON - timedelta(hours=5)
    assert found["well again"].evidence.regressed_since is None


def buckets(name, counts, *, minutes_ago=1.0, **labels):
    """Give the samples of one histogram, whose buckets grew to `counts` (cumulative, by upper bound)."""
    return [
        fact(
            MetricSample,
            ts=NOON - timedelta(minutes=minutes_ago),
            name=f"{name}_bucket",
            kind="histogram",
            labels={"le": bound, **labels},
            increase=float(count),
        )
        for bound, count in counts.items()
    ]


def test_a_route_s_quantiles_are_those_of_all_its_buckets_together(lake):
    """By hand as Prometheus does it: 100 requests, the 95th among the 50 between 1000 and 2000 ms."""
    good = buckets(
        "http_request_duration_ms", {"500": 10, "1000": 20, "2000": 60, "+Inf": 60}, route="/a", method="GET"
    )
    bad = buckets(
        "http_request_duration_ms",
        {"500": 10, "1000": 30, "2000": 40, "+Inf": 40},
        route="/a",
        method="GET",
        status_code="500",
        minutes_ago=2,
    )
    write(lake, *good, *bad)
    (found,) = bottlenecks(lake, *DAY)
    seen = found.evidence
    assert (seen.kind, seen.operation, seen.severity) == ("route", "GET /a", Severity.MEDIUM)
    assert (seen.executions, seen.failures) == (100, 40)
    assert (seen.p50_ms, seen.p95_ms) == pytest.approx((1000.0, 1000 + 1000 * (95 - 50) / 50))
    assert found.recommendation.pattern is Pattern.FAILING


@pytest.mark.parametrize(
    ("counts", "p95"),
    [
        pytest.param({"100": 0, "1000": 0, "+Inf": 10}, 1000.0, id="beyond the last finite bound: that bound"),
        pytest.param({"100": 10, "1000": 10, "+Inf": 10}, 95.0, id="in the first bucket, which begins at 0"),
        pytest.param({"100": 8, "1000": 4, "+Inf": 10}, 1000.0, id="counts that fall are levelled"),
        pytest.param({"100": 10, "1000": 10}, None, id="without a bucket +Inf there is no quantile"),
        pytest.param({"100": 0, "1000": 0, "+Inf": 0}, None, id="nobody asked"),
        pytest.param({"+Inf": 10}, None, id="only +Inf says nothing"),
    ],
)
def test_the_edges_of_histograms(lake, counts, p95):
    write(lake, *buckets("db_query_duration_ms", counts, query_type="select"))
    rows = lake.query("FROM ops.timed_requests_over($from, $until)", dict(zip(("from", "until"), DAY, strict=True)))
    assert [(row["operation"], row["p95_ms"]) for row in rows if row["p95_ms"] is not None] == (
        [("query select", p95)] if p95 else []
    )


@pytest.fixture
def recent(lake):
    now = datetime.now(UTC)
    rows = [job("forecast", 1000.0, name="forecast", now=now) for _ in range(30)]
    write(lake, *rows, job("export", 200_000.0, outcome="failed", reason="ValueError: [b]x|y[/b]", now=now))


def asked(home, *options):
    result = CliRunner().invoke(app, ["jobs", "--home", str(home.root), *options])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.usefixtures("recent")
def test_the_views_answer_as_the_command_does(home):
    views = {name: ask(home, f"FROM {name}") for name in ("job_metrics", "bottlenecks", "slowest_operations")}
    answers = {
        "job_metrics": json.loads(asked(home, "--json")),
        "bottlenecks": json.loads(asked(home, "--bottlenecks", "--json")),
        "slowest_operations": json.loads(asked(home, "--slowest", "--json")),
    }
    for name, answer in answers.items():
        assert len(views[name].rows) == len(answer) > 0
        assert set(views[name].columns) <= set(answer[0])
    assert answers["bottlenecks"][0]["recommendation"].startswith("100 % of its executions fail")


@pytest.mark.usefixtures("recent")
def test_the_command_reads_well(home):
    assert "ValueError: [b]x|y[/b]" in asked(home)
    assert "HIGH export (slow and failing)" in asked(home, "--bottlenecks")
    assert "No job ended" in asked(home, "--last", "1ms")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        pytest.param(["--last", "5"], "--last: `5` is not a duration", id="a number without a unit"),
        pytest.param(["--last", "999999999d"], "--last: `999999999d` is too long", id="longer than time itself"),
        pytest.param(["--slowest", "--bottlenecks"], "two different answers", id="two answers at once"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_sentence(home, options, says):
    result = CliRunner().invoke(app, ["jobs", "--home", str(home.root), *options])
    assert isinstance(result.exception, UsageError)
    assert says in str(result.exception)


@pytest.mark.usefixtures("recent")
def test_the_assets_show_the_numbers_and_warn_where_a_target_is_missed(home, monkeypatch):
    monkeypatch.setenv("MAXBOOSTER_HOME", str(home.root))
    result = dg.materialize([job_metrics_asset, bottlenecks_asset], resources={"ops": OpsResource()})
    shown = {
        event.asset_key.to_user_string(): event.materialization.metadata
        for event in result.get_asset_materialization_events()
    }
    assert (shown["job_metrics"]["executions"].value, shown["bottlenecks"]["high"].value) == (31, 1)
    assert "ValueError: \\[b\\]x\\|y\\[/b\\]" in shown["job_metrics"]["per_job"].value
    verdicts = {check.check_name: check for check in result.get_asset_check_evaluations()}
    assert {name: check.passed for name, check in verdicts.items()} == {"job_failures": True, "job_average": True}
    assert "3.2 % of all executions failed. export: 1 of 1" in verdicts["job_failures"].description


def test_where_nothing_ran_nothing_is_judged(home, lake, monkeypatch):  # noqa: ARG001 -- the lake exists
    monkeypatch.setenv("MAXBOOSTER_HOME", str(home.root))
    result = dg.materialize([job_metrics_asset], resources={"ops": OpsResource()})
    assert result.get_asset_check_evaluations() == []
