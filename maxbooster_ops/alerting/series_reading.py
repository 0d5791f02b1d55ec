"""Reading a rule's samples from the lake, as arrays by label set.

Belongs here: running a rule's query and taking its answer apart. Not here: the queries (`series_sql.py`, the rule
files) or judging what they answer (`engine.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from maxbooster_ops.alerting.rule import Labels, Rule
from maxbooster_ops.alerting.samples import Floats, Samples
from maxbooster_ops.errors import StoreBusyError, StoreError
from maxbooster_ops.logs import get_logger
from maxbooster_ops.store.lake import Lake
from maxbooster_ops.store.named_sql import named_queries

_QUERIES = named_queries(Path(__file__).with_name("series_reading.sql"))

_KNOWN_LATE = timedelta(hours=1)
"""How much later than it happened something may become known and still count (`late_table_rows` in `series.sql`)."""

_HELD_AT_MOST = timedelta(hours=6)
"""The longest range that is worth copying into memory."""


def read_evaluations(lake: Lake, start: datetime, end: datetime) -> Floats:
    """Give the moments in [start, end) at which rules are judged: the beats, in seconds since the epoch, ascending."""
    table = lake.columns(_QUERIES["evaluations"], {"from": start, "to": end})
    return np.unique(_seconds(table.column("ts")))


def read_series(lake: Lake, rule: Rule, start: datetime, end: datetime) -> list[Samples]:
    """Give the samples of every series of `rule` in [start, end), sorted by labels; a builtin series has none here.

    Raises `StoreError` where the query cannot be answered.
    """
    if rule.series.sql is None:
        return []
    query = _QUERIES["samples"].format(query=rule.series.sql)
    return list(_taken_apart(lake.columns(query, {"from": start, "to": end}), rule.labels))


def read_all(lake: Lake, rules: Sequence[Rule], start: datetime, end: datetime) -> dict[str, list[Samples]]:
    """Give the samples of many rules in [start, end) by the rules' names, reading each table once where that pays.

    A rule whose query cannot be answered is left out and logged, so that it holds up no other one. Raises
    `StoreBusyError` where the lake itself cannot be read.
    """
    queried = [rule for rule in rules if rule.series.sql is not None]
    if end - start > _HELD_AT_MOST:
        return _each(lake, queried, start, end)
    bounded = [rule for rule in queried if rule.series.look_back is not None]
    with lake.held(_since(bounded, start), end + _KNOWN_LATE):
        read = _each(lake, bounded, start, end)
    return read | _each(lake, [rule for rule in queried if rule.series.look_back is None], start, end)


def _each(lake: Lake, rules: Iterable[Rule], start: datetime, end: datetime) -> dict[str, list[Samples]]:
    read: dict[str, list[Samples]] = {}
    for rule in rules:
        try:
            read[rule.name] = read_series(lake, rule, start, end)
        except StoreBusyError:
            raise
        except StoreError as error:
            get_logger().warning("rule_not_read", rule=rule.name, origin=rule.origin, reason=str(error))
    return read


def _since(rules: Iterable[Rule], start: datetime) -> dict[str, datetime]:
    """Give for each table the moment from which these rules need it."""
    since: dict[str, datetime] = {}
    for rule in rules:
        needed = start - (rule.series.look_back or timedelta()) - _KNOWN_LATE
        for table in rule.series.tables:
            since[table] = min(since.get(table, needed), needed)
    return since


def _taken_apart(table: pa.Table, always: Labels) -> Iterator[Samples]:
    """Take an answer, sorted by ts, apart into its series; where a moment stands there twice, its last value counts."""
    names = [name for name in table.column_names if name not in {"ts", "value"}]
    ts = _seconds(table.column("ts"))
    values = table.column("value").to_numpy()
    for labels, rows in _by_labels(table, names):
        moments = ts[rows]
        kept = np.append(moments[1:] > moments[:-1], True) if len(moments) > 1 else slice(None)
        yield Samples(labels={**always, **labels}, ts=moments[kept], values=values[rows][kept])


def _by_labels(table: pa.Table, names: Sequence[str]) -> Iterator[tuple[Labels, NDArray[np.intp] | slice]]:
    """Give each label set, without its empty labels, and the rows that have it, in their order."""
    if not table.num_rows:
        return
    if not names:
        yield {}, slice(None)
        return
    codes, sets = _coded(table, names)
    order = np.argsort(codes, kind="stable")
    bounds = np.flatnonzero(np.diff(codes[order])) + 1
    found = sorted(((sets[codes[rows[0]]], rows) for rows in np.split(order, bounds)), key=lambda pair: pair[0])
    for texts, rows in found:
        yield {name: text for name, text in zip(names, texts, strict=True) if text}, rows


def _coded(table: pa.Table, names: Sequence[str]) -> tuple[NDArray[np.int64], dict[int, tuple[str, ...]]]:
    """Give each row the number of its label set, and the label set of each number."""
    codes = np.zeros(table.num_rows, dtype=np.int64)
    for name in names:
        column = table.column(name).cast(pa.string()).fill_null("").dictionary_encode().combine_chunks()
        _, codes = np.unique(codes * len(column.dictionary) + column.indices.to_numpy(), return_inverse=True)
    _, firsts = np.unique(codes, return_index=True)
    texts = table.select(names).take(firsts).to_pylist()
    return codes, {code: tuple(str(row[name] or "") for name in names) for code, row in enumerate(texts)}


def _seconds(microseconds: pa.ChunkedArray) -> Floats:
    return np.asarray(microseconds.to_numpy(), dtype=np.float64) / 1_000_000
