"""What a fault is: something put in on purpose that can be taken back from what was written down about it.

Belongs here: the contract. Not here: any one fault (`faults/`), or the ledger that remembers them (`ledger.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from pydantic import SecretStr

from maxbooster_ops.errors import DrillError

Details = Mapping[str, Any]
"""JSON-able; all that taking a fault back needs. Secrets by reference: the ledger is read by people."""


class TargetGoneError(DrillError):
    """The target of a fault has ended for good, as a stand does with its drill, and the fault with it."""


class Secrets(Protocol):
    """Where a fault finds the secrets that its details only name."""

    def redis_url(self, target: str) -> SecretStr:
        """Give the Redis of an allowed target by its name; raises `TargetGoneError` where a stand has ended."""
        ...


class Fault(Protocol):
    """One kind of fault. Every method works from `details` alone, in whatever process, any number of times.

    The order is always: write down, inject, confirm; later roll back, verify, write down. A process may die between
    any two of these, so `roll_back` of a fault that never came into force does nothing, and one that is half in force
    is taken back whole.
    """

    kind: str

    def inject(self, details: Details, secrets: Secrets) -> None:
        """Put it in. Raises `DrillError` where that cannot be done."""
        ...

    def roll_back(self, details: Details, secrets: Secrets) -> None:
        """Take it back, also where it is not or only half in force."""
        ...

    def is_gone(self, details: Details, secrets: Secrets) -> bool:
        """Look whether nothing of it is left."""
        ...
