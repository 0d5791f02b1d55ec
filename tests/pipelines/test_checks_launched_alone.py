"""The button `Execute` of a check: it is judged, and its asset is neither shown anew nor the run failed."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg
import pytest
from support.past import Past

from maxbooster_ops.clock import utc_now
from maxbooster_ops.pipelines.executions import job_metrics
from maxbooster_ops.pipelines.regressions import regressions
from maxbooster_ops.pipelines.resources import OpsResource
from maxbooster_ops.pipelines.slo import slo_status
from maxbooster_ops.pipelines.trends import trends
from maxbooster_ops.store.opening import open_store


@pytest.fixture
def busy_home(home):
    """Three hours of queues, hosts and requests; no baseline."""
    with open_store(home) as store:
        Past(start=utc_now() - timedelta(hours=3), beats=360, queues=2, trouble="false").fill(store.lake)
    return home


@pytest.mark.usefixtures("busy_home")
@pytest.mark.parametrize(
    ("asset", "check", "judged"),
    [
        pytest.param(trends, "nothing_degrades", ["nothing_degrades"], id="trends"),
        pytest.param(job_metrics, "job_failures", ["job_failures"], id="the one of two checks that was asked for"),
        pytest.param(slo_status, "api_budget", ["api_budget"], id="the one of five services that was asked for"),
        pytest.param(regressions, "no_regression", [], id="nothing to compare with"),
    ],
)
def test_a_check_that_is_launched_alone_is_all_that_its_run_gives(asset, check, judged):
    selection = dg.AssetSelection.checks(dg.AssetCheckKey(asset.key, check))
    result = dg.materialize([asset], resources={"ops": OpsResource()}, selection=selection)
    assert result.success
    assert [evaluation.check_name for evaluation in result.get_asset_check_evaluations()] == judged
    assert result.get_asset_materialization_events() == []
