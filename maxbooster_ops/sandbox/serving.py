"""Serving one of the sandbox's apps: on the loopback, named by a pid file, gone two seconds after TERM.

Belongs here: what all of them have in common. Not here: the apps.
"""

from __future__ import annotations

import os
from pathlib import Path

import uvicorn
from starlette.applications import Starlette


def serve(app: Starlette, *, port: int, pid_file: Path) -> None:
    """Serve until TERM or INT; `pid_file` names this process meanwhile."""
    pid_file.write_text(f"{os.getpid()}\n", encoding="ascii")
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=1,
    )
