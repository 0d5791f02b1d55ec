"""The network between a scenario's workers and Redis, which can be made slow.

Belongs here: the proxy's life and its delay. Not here: passing on (`stand/slow_proxy.py`).
"""

from __future__ import annotations

import socket
import sys
from urllib.parse import urlsplit

from maxbooster_ops.readiness.chaos.action import action
from maxbooster_ops.readiness.chaos.actions.reaching import url_of
from maxbooster_ops.readiness.chaos.drill import Drill, NotRunError

_PROXY = "maxbooster_ops.readiness.chaos.stand.slow_proxy"


@action("network.open")
def open_network(drill: Drill) -> int:
    """Start a proxy in front of Redis, which passes everything on at once for now."""
    parts = urlsplit(url_of(drill))
    if parts.scheme != "redis":
        raise NotRunError(f"A slow network needs a Redis without TLS over TCP; this one is reached by {parts.scheme}.")
    port, orders = drill.supervisor.port(), drill.folder / "network.json"
    host, host_port = parts.hostname or "localhost", parts.port or 6379
    command = [sys.executable, "-m", _PROXY, str(port), host, str(host_port), str(orders)]
    drill.supervisor.start("network", command)
    user = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    drill.scratch["network_url"] = parts._replace(netloc=f"{user}127.0.0.1:{port}").geturl()
    drill.scratch["network_orders"] = str(orders)
    drill.wait_for(lambda: _listens(port), seconds=60, what="the proxy in front of Redis")
    return port


@action("network.slow")
def slow(drill: Drill, delay_ms: float) -> None:
    """Let everything between workers and Redis take `delay_ms` longer, in each direction."""
    orders = drill.scratch["network_orders"]
    drill.scratch["network_fault"] = drill.inject("slow-network", orders=orders, delay_ms=delay_ms)


@action("network.normal")
def normal(drill: Drill) -> None:
    """Let everything pass at once again."""
    drill.roll_back(drill.scratch["network_fault"])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
