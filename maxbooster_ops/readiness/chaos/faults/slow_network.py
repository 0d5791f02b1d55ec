"""The network between a drill's workers and Redis is slow: a proxy between them waits with all that it passes on.

Belongs here: telling the proxy. Not here: the proxy (`stand/slow_proxy.py`), which obeys a file.
"""

from __future__ import annotations

import json
from pathlib import Path

from maxbooster_ops.errors import DrillError
from maxbooster_ops.readiness.chaos.fault import Details, Secrets


class SlowNetwork:
    """`details`: `orders`, the file that the proxy obeys, and `delay_ms` for each direction."""

    kind = "slow-network"

    def inject(self, details: Details, secrets: Secrets) -> None:
        """Order the delay."""
        del secrets
        orders = Path(details["orders"])
        if not orders.parent.is_dir():
            raise DrillError(f"There is no proxy that would obey {orders}.")
        fresh = orders.with_name(f"{orders.name}.new")
        fresh.write_text(json.dumps({"delay_ms": float(details["delay_ms"])}), encoding="utf-8")
        fresh.replace(orders)

    def roll_back(self, details: Details, secrets: Secrets) -> None:
        """Take the order back."""
        del secrets
        Path(details["orders"]).unlink(missing_ok=True)

    def is_gone(self, details: Details, secrets: Secrets) -> bool:
        """Look whether nothing is ordered."""
        del secrets
        return not Path(details["orders"]).exists()
