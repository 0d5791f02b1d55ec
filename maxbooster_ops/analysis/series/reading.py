"""Reading the raw values of series from the lake, in the order of time.

Belongs here: that one question. Not here: what is made of the values.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from maxbooster_ops.analysis.series.series import SeriesKey, Values
from maxbooster_ops.store.lake import Lake
from maxbooster_ops.store.named_sql import named_queries

QUERIES = Path(__file__).with_name("series.sql")


def read_values(lake: Lake, series: Iterable[str], start: datetime, until: datetime) -> dict[SeriesKey, Values]:
    """Give the values of every series of these names with `start <= ts < until`; one without a value is left out."""
    queries = named_queries(QUERIES)
    table = lake.columns(
        queries["values"].format(samples=queries["samples"], observations=queries["observations"]),
        {"series": json.dumps(sorted(set(series))), "from": start, "until": until},
    )
    # Arrays as they come: as Python's numbers a week of them would take seconds and hundreds of megabytes.
    keys = table.select(["series", "labels"]).to_pylist()
    return {
        SeriesKey.of(key["series"], dict(key["labels"])): Values(
            moments=moments.values.to_numpy(), values=found.values.to_numpy()
        )
        for key, moments, found in zip(keys, table.column("moments"), table.column("values"), strict=True)
    }
