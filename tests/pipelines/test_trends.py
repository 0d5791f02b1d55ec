"""The asset of the trends, in real runs over a real store."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg
import pytest
from support.past import Past

from maxbooster_ops.clock import utc_now
from maxbooster_ops.pipelines.resources import OpsResource
from maxbooster_ops.pipelines.trends import trends
from maxbooster_ops.store.opening import open_store

pytestmark = pytest.mark.usefixtures("home")


def run():
    return dg.materialize([trends], resources={"ops": OpsResource()})


def metadata(result):
    (event,) = result.get_asset_materialization_events()
    return {name: entry.value for name, entry in event.materialization.metadata.items()}


def test_without_data_nothing_is_judged():
    result = run()
    assert result.success
    assert metadata(result)["stable"] == 0
    assert result.get_asset_check_evaluations() == []


def test_a_run_counts_the_verdicts_shows_the_worst_first_and_keeps_them(home):
    now = utc_now()
    with open_store(home) as store:
        Past(start=now - timedelta(hours=3), beats=360, queues=2, trouble="false").fill(store.lake)
        store.lake.write(
            lambda transaction: transaction.connection.execute(
                "INSERT INTO ops.metric_samples BY NAME SELECT 'made-up' AS batch_id, ts, 'platform' AS source, "
                "'forecast_queue_depth' AS name, 'gauge' AS kind, MAP {'tier|': 'x'} AS labels, "
                "epoch(ts - first(ts) OVER (ORDER BY ts)) / 60 AS value FROM ops.beats"
            )
        )
    result = run()
    shown = metadata(result)
    assert (shown["degrading"], shown["unknown"], shown["kept"]) == (1, 0, 1)
    assert shown["stable"] > 5
    assert shown["worst_first"].splitlines()[2].startswith("| forecast\\_queue\\_depth{tier\\|=")
    (check,) = result.get_asset_check_evaluations()
    assert (check.passed, check.metadata["degrading"].value) == (False, 1)
    assert "rises by" in check.description
