"""A throw-away lake with the rows that a scenario brings, so that rules are tried together with their queries.

Belongs here: writing the rows and reading the rules' series back. Not here: playing them (`scenario.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from maxbooster_ops.alerting.evaluating.series_reading import read_series
from maxbooster_ops.alerting.rule import Rule
from maxbooster_ops.alerting.samples import Samples
from maxbooster_ops.alerting.scenarios.scenario import Scenario, TableColumn
from maxbooster_ops.errors import SettingsError, StoreError
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import LakeTransaction, open_lake

Rows = list[dict[str, Any]]


def queried_samples(scenario: Scenario, rules: Sequence[Rule]) -> dict[str, list[Samples]]:
    """Give the series of every rule that reads a table of which the scenario brings rows.

    Raises `SettingsError` where the lake has no such table or column.
    """
    if not scenario.columns:
        return {}
    tables = {column.table for column in scenario.columns}
    reading = [rule for rule in rules if tables & set(rule.series.tables)]
    end = datetime.fromtimestamp(float(scenario.evaluations[-1]), UTC) + timedelta(microseconds=1)
    with TemporaryDirectory(prefix="maxbooster-scenario-") as folder, open_lake(Home(root=Path(folder))) as lake:
        for table, rows in _rows(scenario).items():
            try:
                lake.write(partial(_insert, table=table, rows=rows))
            except StoreError as error:
                raise SettingsError(
                    f"Scenario `{scenario.name}` brings rows that the table {table} does not take: {error}. Expected "
                    "tables and columns as `maxbooster-ops sql` lists them."
                ) from error
        return {rule.name: read_series(lake, rule, scenario.starts, end) for rule in reading}


def _rows(scenario: Scenario) -> dict[str, Rows]:
    """Give the rows by table: columns of the same row at one moment go together; there is a beat at every moment."""
    rows: dict[str, Rows] = defaultdict(list)
    rows["beats"] = [{"ts": _at(scenario, number), "kind": "beat"} for number in range(len(scenario.evaluations))]
    alike: dict[tuple[str, str], list[TableColumn]] = defaultdict(list)
    for column in scenario.columns:
        alike[column.table, repr(sorted(column.row.items()))].append(column)
    for (table, _), columns in alike.items():
        for number in range(max(len(column.values) for column in columns)):
            seen = {each.column: each.values[number] for each in columns if number < len(each.values)}
            if any(value is not None for value in seen.values()):
                rows[table].append({"ts": _at(scenario, number), **columns[0].row, **seen})
    return dict(rows)


def _at(scenario: Scenario, number: int) -> datetime:
    return scenario.starts + number * scenario.interval


def _insert(transaction: LakeTransaction, *, table: str, rows: Rows) -> None:
    names = sorted({name for row in rows for name in row})
    brought = pa.table({name: _column([row.get(name) for row in rows]) for name in names})
    transaction.connection.register("brought", brought)
    name = table.replace('"', '""')
    transaction.connection.execute(f'INSERT INTO ops."{name}" BY NAME SELECT * FROM brought')  # noqa: S608 -- quoted
    transaction.connection.unregister("brought")


def _column(values: Sequence[Any]) -> Any:
    if any(isinstance(value, Mapping) for value in values):
        return pa.array([list((value or {}).items()) for value in values], pa.map_(pa.string(), pa.string()))
    return pa.array(values)
