"""Run the service: `python -m maxbooster_ops.sandbox.posts FOLDER PORT`; ends on TERM within two seconds."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import uvicorn

from maxbooster_ops.sandbox.posts.app import make_app
from maxbooster_ops.sandbox.posts.database import Posts


def main() -> None:
    """Serve on the loopback until TERM or INT; `FOLDER/posts.pid` names this process meanwhile."""
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    app = make_app(Posts(folder / "posts.sqlite"))
    (folder / "posts.pid").write_text(f"{os.getpid()}\n", encoding="ascii")
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


if __name__ == "__main__":
    main()
