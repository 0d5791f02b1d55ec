"""Real runs of `save_baseline` and of the assets `baselines` and `regressions` on a real store."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import dagster as dg
import numpy as np
import pytest
from support.beats import store_beats

from maxbooster_ops.analysis.baselines.saving import save
from maxbooster_ops.clock import utc_now
from maxbooster_ops.pipelines.baselines import SaveBaselineConfig, baselines
from maxbooster_ops.pipelines.definitions import defs
from maxbooster_ops.pipelines.regressions import regressions
from maxbooster_ops.pipelines.resources import OpsResource
from maxbooster_ops.store.lake import open_lake

HOUR = timedelta(hours=1)


pytestmark = pytest.mark.usefixtures("home")


def noise(seed, count, level=1.0):
    return level * np.random.default_rng(seed).lognormal(6, 0.2, count)


def launched(**config):
    run_config = dg.RunConfig(ops={"save_one_baseline": SaveBaselineConfig(**config)}) if config else None
    return defs.resolve_job_def("save_baseline").execute_in_process(run_config=run_config, raise_on_error=False)


def shown(result, asset):
    (event,) = (event for event in result.get_asset_materialization_events() if event.asset_key == dg.AssetKey([asset]))
    return {name: value.value for name, value in event.materialization.metadata.items()}


def test_the_launchpad_left_as_it_is_saves_the_launch_baseline(home):
    with open_lake(home) as lake:
        store_beats(lake, utc_now(), noise(1, 60))
    result = launched()
    assert result.success
    metadata = shown(result, "baselines")
    assert (metadata["name"], metadata["baselines"], metadata["versions"]) == ("production-launch-baseline", 1, 1)
    (file,) = home.baselines.iterdir()
    assert metadata["file"] == str(file)
    assert json.loads(file.read_text())["name"] == "production-launch-baseline"
    assert "| process\\_rss\\_mb | web | 60 |" in metadata["values"]


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"name": "../elsewhere"}, "cannot name a baseline"),
        ({"last": "5 parsecs"}, "last: `5 parsecs` is not a duration"),
        ({"until": "tomorrow"}, "until: `tomorrow` is no moment"),
        ({"until": "2020-01-01"}, "at least 2 are needed"),
    ],
)
def test_what_cannot_be_saved_fails_the_run_with_what_to_do(home, config, reason):
    with open_lake(home) as lake:
        store_beats(lake, utc_now(), noise(1, 10))
    result = launched(**config)
    (failure,) = (event for event in result.all_events if event.is_step_failure)
    assert reason in failure.event_specific_data.error.to_string()
    assert not home.baselines.exists()


def test_the_schedule_asks_for_the_past_week_on_monday():
    (schedule,) = (one for one in defs.schedules if one.name == "baseline_weekly")
    assert schedule.cron_schedule == "0 0 * * 1"
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    monday = datetime(2026, 11, 23, tzinfo=UTC)
    with dg.build_schedule_context(scheduled_execution_time=monday) as context:
        (request,) = schedule.evaluate_tick(context).run_requests
    config = request.run_config["ops"]["save_one_baseline"]["config"]
    assert (config["name"], config["kind"], config["until"]) == ("weekly", "weekly", monday.isoformat())


def test_what_became_worse_fails_the_check_with_its_reason(home):
    now = utc_now()
    with open_lake(home) as lake:
        store_beats(lake, now - HOUR, noise(1, 500))
        save(lake, "calm", length=12 * HOUR, now=now - HOUR)
        store_beats(lake, now, noise(2, 120, level=1.5))
    result = dg.materialize([baselines, regressions], resources={"ops": OpsResource()})
    assert result.success
    metadata = shown(result, "regressions")
    assert metadata["regressed"] == 1
    assert '| regressed | process\\_rss\\_mb{host="web"} typical |' in metadata["found"]
    assert shown(result, "baselines")["baselines"] >= 1
    (check,) = result.get_asset_check_evaluations()
    assert (check.check_name, check.passed, check.severity) == ("no_regression", False, dg.AssetCheckSeverity.WARN)
    assert check.description.startswith('process_rss_mb{host="web"} typical: changed by +')
    with open_lake(home, read_only=True) as lake:
        rows = lake.query("SELECT DISTINCT baseline, metric FROM latest_regressions WHERE is_significant")
    assert rows == [{"baseline": "calm", "metric": 'process_rss_mb{host="web"} typical'}]


def test_where_nothing_could_be_compared_nothing_is_judged(home):
    with open_lake(home) as lake:
        store_beats(lake, utc_now(), noise(1, 10))
    result = dg.materialize([baselines, regressions], resources={"ops": OpsResource()})
    assert result.success
    assert shown(result, "regressions")["inconclusive"] == 0
    assert result.get_asset_check_evaluations() == [], "no data is never a passed check"
