"""Reading a rule's samples from the lake, as arrays by label set.

Belongs here: running a rule's query and taking its answer apart. Not here: the queries (`series_sql.py`, the rule
files) or judging what they answer (`engine.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from maxbooster_ops.alerting.rule import DEFAULT_ORIGIN, Labels, Rule
from maxbooster_ops.alerting.rulebook.series_sql import KNOWN_LATER
from maxbooster_ops.alerting.samples import Floats, Samples
from maxbooster_ops.errors import StoreBusyError, StoreError
from maxbooster_ops.logs import get_logger
from maxbooster_ops.store.lake import Lake
from maxbooster_ops.store.named_sql import named_queries

_QUERIES = named_queries(Path(__file__).with_name("series_reading.sql"))

_KNOWN_LATE = timedelta(hours=1)
"""How much later than it happened something may become known and still count (`late_table_rows` in `series.sql`)."""

_HELD_AT_MOST = timedelta(minutes=35)
"""How much of a table is worth copying into memory for the rules of one tick."""


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
    return list(_taken_apart(_answer(lake, rule.series.sql, start, end), rule.labels))


def read_all(lake: Lake, rules: Sequence[Rule], start: datetime, end: datetime) -> dict[str, list[Samples]]:
    """Give the samples of many rules in [start, end) by the rules' names, reading each table once where that pays.

    A rule whose query cannot be answered is left out and logged, so that it holds up no other one. Raises
    `StoreBusyError` where the lake itself cannot be read.
    """
    queried = [rule for rule in rules if rule.series.sql is not None]
    near = [rule for rule in queried if _reads_from(rule, start) > end - _HELD_AT_MOST]
    read = _together(lake, sorted(near, key=_is_the_users), start, end) if len(near) > 1 else {}
    return read | _one_by_one(lake, [rule for rule in queried if rule.name not in read], start, end)


def _together(lake: Lake, rules: Sequence[Rule], start: datetime, end: datetime) -> dict[str, list[Samples]]:
    """Read from memory until one cannot be read; whoever comes after it is asked of the lake, one by one."""
    read: dict[str, list[Samples]] = {}
    answers: dict[str, pa.Table] = {}  # thresholds differ more often than series
    with lake.held(_since(rules, start), end + _KNOWN_LATE):
        for rule in rules:
            try:
                answer = answers.get(sql := str(rule.series.sql))
                answers[sql] = answer = _answer(lake, sql, start, end) if answer is None else answer
            except StoreError:
                break
            read[rule.name] = list(_taken_apart(answer, rule.labels))
    return read


def _one_by_one(lake: Lake, rules: Iterable[Rule], start: datetime, end: datetime) -> dict[str, list[Samples]]:
    read: dict[str, list[Samples]] = {}
    for rule in rules:
        try:
            read[rule.name] = read_series(lake, rule, start, end)
        except StoreBusyError:
            raise
        except StoreError as error:
            get_logger().warning("rule_not_read", rule=rule.name, origin=rule.origin, reason=str(error))
    return read


def _answer(lake: Lake, sql: str, start: datetime, end: datetime) -> pa.Table:
    return lake.columns(_QUERIES["samples"].format(query=sql), {"from": start, "to": end})


def _is_the_users(rule: Rule) -> bool:
    """Sort the rules that are most likely to fail to the end."""
    return rule.origin != DEFAULT_ORIGIN


def _since(rules: Iterable[Rule], start: datetime) -> dict[str, datetime]:
    """Give for each table the moment from which these rules need it."""
    since: dict[str, datetime] = {}
    for rule in rules:
        for table in rule.series.tables:
            needed = _reads_from(rule, start) - (_KNOWN_LATE if table in KNOWN_LATER else timedelta())
            since[table] = min(since.get(table, needed), needed)
    return since


def _reads_from(rule: Rule, start: datetime) -> datetime:
    """Give the moment from which a rule reads for samples since `start`; the beginning of time where nobody knows."""
    look_back = rule.series.look_back
    return datetime.min.replace(tzinfo=UTC) if look_back is None else start - look_back


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
