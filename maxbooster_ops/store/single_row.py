"""One fact as an INSERT with parameters, for who runs for a day and need not hold Arrow for it.

Belongs here: the text and the parameters. Not here: writing them (`lake.py`), or many facts at once (`arrow.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from maxbooster_ops.store.facts import Fact
from maxbooster_ops.store.storable import storable


def insert_of(fact: Fact, *, batch_id: str) -> tuple[str, dict[str, Any]]:
    """Give the statement and its parameters; names of columns are those of our own classes."""
    parameters: dict[str, Any] = {"batch_id": batch_id}
    values = ["$batch_id"]
    for field in fields(fact):
        value = storable(getattr(fact, field.name))
        if isinstance(value, Mapping):  # DuckDB would take it for a STRUCT
            values.append(f"map(${field.name}_keys, ${field.name}_values)")
            parameters |= {f"{field.name}_keys": list(value), f"{field.name}_values": list(value.values())}
        else:
            values.append(f"${field.name}")
            parameters[field.name] = value
    columns = ", ".join(["batch_id", *(field.name for field in fields(fact))])
    return f"INSERT INTO ops.{fact.table} ({columns}) VALUES ({', '.join(values)})", parameters  # noqa: S608
