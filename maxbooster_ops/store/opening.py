"""Opening both stores of a home together, the way every writer does.

Belongs here: the order of opening. Not here: either store.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from maxbooster_ops.store.beats import Beats
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import Lake, open_lake
from maxbooster_ops.store.ops_sql import write_ops_sql
from maxbooster_ops.store.state import State, open_state


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The lake and the state of one home."""

    home: Home
    lake: Lake
    state: State

    @property
    def beats(self) -> Beats:
        """The beats in both."""
        return Beats(self.lake, self.state)


@contextmanager
def open_store(home: Home) -> Iterator[Store]:
    """Open both stores to write, creating or migrating them, and keep `ops.sql` up to date."""
    with open_state(home) as state, open_lake(home) as lake:
        write_ops_sql(home)
        yield Store(home=home, lake=lake, state=state)
