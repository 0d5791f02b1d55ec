"""A TCP proxy that passes everything on, later than it came where somebody orders so.

Run as `python -m maxbooster_ops.readiness.chaos.stand.slow_proxy PORT HOST HOST_PORT ORDERS`; ends on TERM.
Belongs here: passing on. Not here: who writes `ORDERS`, a file `{"delay_ms": 50}` that may come and go (`faults`).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from pathlib import Path

_READ_BYTES = 64 * 1024


class Line:
    """One direction of one connection: what comes in goes out in the same order, after the delay in force."""

    def __init__(self, orders: Path) -> None:
        self._orders = orders

    async def run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on until one side hangs up."""
        with contextlib.suppress(OSError):
            while data := await reader.read(_READ_BYTES):
                await asyncio.sleep(delay_seconds(self._orders))
                writer.write(data)
                await writer.drain()
        with contextlib.suppress(OSError):
            writer.close()


def delay_seconds(orders: Path) -> float:
    """Give the delay in force; none where nothing, or nothing that can be read, is ordered."""
    try:
        return float(json.loads(orders.read_text(encoding="utf-8"))["delay_ms"]) / 1000
    except (OSError, ValueError, KeyError):
        return 0.0


async def serve(port: int, host: str, host_port: int, orders: Path) -> None:
    """Listen on the loopback for ever."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there_reader, there_writer = await asyncio.open_connection(host, host_port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(Line(orders).run(reader, there_writer), Line(orders).run(there_reader, writer))

    server = await asyncio.start_server(connected, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Run the process."""
    port, host, host_port, orders = sys.argv[1:5]
    asyncio.run(serve(int(port), host, int(host_port), Path(orders)))


if __name__ == "__main__":
    main()
