"""Reading the samples of rules from the lake, one by one or together.

Belongs here: which queries are run, on what. Not here: the queries (`rulebook/series_sql.py`, the rule files), taking
their answers apart (`taking_apart.py`) or judging them (`engine.py`).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from maxbooster_ops.alerting.evaluating.taking_apart import Answer, seconds
from maxbooster_ops.alerting.rule import DEFAULT_ORIGIN, Rule
from maxbooster_ops.alerting.rulebook.series_forms import value_columns
from maxbooster_ops.alerting.rulebook.table_series import KNOWN_LATER
from maxbooster_ops.alerting.samples import Floats, Samples
from maxbooster_ops.errors import StoreBusyError, StoreError
from maxbooster_ops.logs import get_logger
from maxbooster_ops.store.lake import Lake
from maxbooster_ops.store.named_sql import named_queries

_QUERIES = named_queries(Path(__file__).with_name("series_reading.sql"))

_KNOWN_LATE = timedelta(hours=1)
"""How much later than it happened something may become known and still count (as `rulebook/series.sql` says, too)."""

_HELD_AT_MOST = timedelta(minutes=75)
"""How much of a table is worth copying into memory for the rules of one tick: what a window of an hour reads. Asking
the lake for that alone costs as much as copying 70 000 rows, the samples of 42 minutes on a page of 840 series."""

_VALUE = "value"


def read_evaluations(lake: Lake, start: datetime, end: datetime) -> Floats:
    """Give the moments in [start, end) at which rules are judged: the beats, in seconds since the epoch, ascending."""
    table = lake.columns(_QUERIES["evaluations"], {"from": start, "to": end})
    return np.unique(seconds(table.column("ts")))


def read_series(lake: Lake, rule: Rule, start: datetime, end: datetime) -> list[Samples]:
    """Give the samples of every series of `rule` in [start, end), sorted by labels; a builtin series has none here.

    Raises `StoreError` where the query cannot be answered.
    """
    if rule.series.sql is None:
        return []
    return _answer(lake, rule.series.sql, [_VALUE], start, end).samples(_VALUE, rule.labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """The beats to judge at, and by the rules' names what rules see at them."""

    moments: Floats
    samples: Mapping[str, Sequence[Samples]]


def read_news(lake: Lake, rules: Sequence[Rule], after: datetime, end: datetime, *, lateness: timedelta) -> News:
    """Give the beats in (after, end) and the samples of many rules for them, those of up to `lateness` earlier too.

    A rule whose query cannot be answered is left out and logged, so that it holds up no other one. Raises
    `StoreBusyError` where the lake itself cannot be read.
    """
    start = after - lateness
    queried = [rule for rule in rules if rule.series.sql is not None]
    near = [rule for rule in queried if _reads_from(rule, start) > end - _HELD_AT_MOST]
    with lake.held(_since(near, start), end + _KNOWN_LATE) if near else nullcontext():
        evaluations = read_evaluations(lake, after, end)
        moments = evaluations[evaluations > after.timestamp()]
        if not len(moments):
            return News(moments=moments, samples={})
        read = _together(lake, near, start, end)
    far = [rule for rule in queried if rule.name not in read]
    return News(moments=moments, samples=read | _one_by_one(lake, far, start, end))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """One query, and by the column of the answer the rules that it answers."""

    sql: str
    rules: Mapping[str, Sequence[Rule]]


def _together(lake: Lake, rules: Sequence[Rule], start: datetime, end: datetime) -> dict[str, list[Samples]]:
    """Read what is held until one cannot be read; whoever comes after it is left to be asked of the lake."""
    read: dict[str, list[Samples]] = {}
    for question in _questions(rules):
        try:
            answer = _answer(lake, question.sql, [*question.rules], start, end)
        except StoreError:
            break
        for column, alike in question.rules.items():
            read |= {rule.name: answer.samples(column, rule.labels) for rule in alike}
    return read


def _questions(rules: Iterable[Rule]) -> Iterator[_Question]:
    """Ask in one query what is akin, users' rules last and among themselves: they are the most likely to fail."""
    akin: dict[Hashable, dict[str, list[Rule]]] = {}  # thresholds differ more often than series
    for rule in sorted(rules, key=_is_the_users):
        sql, shorthand = str(rule.series.sql), rule.series.shorthand
        kinship = _is_the_users(rule), shorthand.kinship if shorthand else sql
        akin.setdefault(kinship, {}).setdefault(sql, []).append(rule)
    for alike in akin.values():
        first, *rest = (found[0].series.shorthand for found in alike.values())
        sql = first.sql(*rest) if first and rest else next(iter(alike))
        yield _Question(sql=sql, rules=dict(zip(value_columns(len(alike)), alike.values(), strict=True)))


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


def _answer(lake: Lake, sql: str, values: Sequence[str], start: datetime, end: datetime) -> Answer:
    words = {
        "query": sql,
        "columns": ", ".join(f'"{name}"' for name in values),
        "numbers": ", ".join(f'CAST("{name}" AS DOUBLE) AS "{name}"' for name in values),
    }
    return Answer(lake.columns(_QUERIES["samples"].format(**words), {"from": start, "to": end}), values)


def _is_the_users(rule: Rule) -> bool:
    return rule.origin != DEFAULT_ORIGIN


def _since(rules: Iterable[Rule], start: datetime) -> dict[str, datetime]:
    """Give for each table the moment from which these rules need it, and the beats since then in any case."""
    since = {"beats": start}
    for rule in rules:
        for table in rule.series.tables:
            needed = _reads_from(rule, start) - (_KNOWN_LATE if table in KNOWN_LATER else timedelta())
            since[table] = min(since.get(table, needed), needed)
    return since


def _reads_from(rule: Rule, start: datetime) -> datetime:
    """Give the moment from which a rule reads for samples since `start`; the beginning of time where nobody knows."""
    look_back = rule.series.look_back
    return datetime.min.replace(tzinfo=UTC) if look_back is None else start - look_back
