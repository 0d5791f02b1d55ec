"""Facts as Arrow tables, the form in which DuckDB takes many rows at once.

Belongs here: the translation of a fact class into an Arrow schema and of facts into columns.
Not here: writing them. Arrow takes 2.5 ms per 2000 rows where `executemany` takes 10 ms per row.
"""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

import pyarrow as pa

from maxbooster_ops.store.facts import Fact
from maxbooster_ops.store.storable import storable

_SCALARS: dict[type, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    datetime: pa.timestamp("us", tz="UTC"),
}


def _arrow_type(hint: Any) -> pa.DataType:
    if get_origin(hint) in (Union, types.UnionType):
        (hint,) = (part for part in get_args(hint) if part is not type(None))
    if get_origin(hint) is Mapping:
        key, value = get_args(hint)
        return pa.map_(_SCALARS[key], _SCALARS[value])
    if get_origin(hint) is Sequence:
        (item,) = get_args(hint)
        return pa.list_(_SCALARS[item])
    return _SCALARS[hint]


@cache
def arrow_schema(kind: type[Fact]) -> pa.Schema:
    """Give the columns of `kind`: `batch_id` first, then its fields in their order."""
    hints = get_type_hints(kind)
    return pa.schema(
        [("batch_id", pa.string()), *((field.name, _arrow_type(hints[field.name])) for field in fields(kind))]
    )


def to_arrow(facts: Sequence[Fact], *, batch_id: str) -> pa.Table:
    """Give facts of one class as a table; raises IndexError for none."""
    # A class is hashable, whatever its objects are; mypy asks these.
    schema = arrow_schema(type(facts[0]))  # type: ignore[arg-type]
    columns: list[list[Any]] = [[batch_id] * len(facts)]
    for field in list(schema)[1:]:
        values = [getattr(fact, field.name) for fact in facts]
        if pa.types.is_string(field.type) or pa.types.is_nested(field.type):
            values = [storable(value) for value in values]
        if pa.types.is_map(field.type):
            values = [list(value.items()) for value in values]
        columns.append(values)
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema=schema
    )
