"""Taking the answer of a query apart into samples by label set.

Belongs here: from a table to arrays. Not here: asking (`series_reading.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from maxbooster_ops.alerting.rule import Labels
from maxbooster_ops.alerting.samples import Floats, Samples


class Answer:
    """What a query answered, sorted by ts: a column per name in `values`; every other one but ts is a label."""

    def __init__(self, table: pa.Table, values: Sequence[str]) -> None:
        self._ts = seconds(table.column("ts"))
        self._values = {name: table.column(name).to_numpy() for name in values}
        self._series = list(_by_labels(table, [name for name in table.column_names if name not in {"ts", *values}]))

    def samples(self, value: str, always: Labels) -> list[Samples]:
        """Give the series of one column with the labels `always` on them, sorted by labels.

        Neither NULL nor NaN is a sample. Where a moment stands there twice, its last value counts.
        """
        found, values = [], self._values[value]
        for labels, rows in self._series:
            kept = rows[~np.isnan(values[rows])]
            if len(kept):
                ts = self._ts[kept]
                last = np.append(ts[1:] > ts[:-1], True)
                found.append(Samples(labels={**always, **labels}, ts=ts[last], values=values[kept[last]]))
        return found


def _by_labels(table: pa.Table, names: Sequence[str]) -> Iterator[tuple[Labels, NDArray[np.intp]]]:
    """Give each label set, without its empty labels, and the rows that have it, in their order."""
    if not table.num_rows:
        return
    if not names:
        yield {}, np.arange(table.num_rows)
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


def seconds(microseconds: pa.ChunkedArray) -> Floats:
    """Give a column of microseconds since the epoch in seconds."""
    return np.asarray(microseconds.to_numpy(), dtype=np.float64) / 1_000_000
