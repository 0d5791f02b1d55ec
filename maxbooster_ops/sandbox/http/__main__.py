"""Run the app: `python -m maxbooster_ops.sandbox.http FOLDER PORT SEED`; ends on TERM within two seconds."""

from __future__ import annotations

import sys
from pathlib import Path

from prometheus_client import disable_created_metrics

from maxbooster_ops.logs import configure_logs
from maxbooster_ops.sandbox.http.app import make_app
from maxbooster_ops.sandbox.redis_server import redis_url
from maxbooster_ops.sandbox.serving import serve


def main() -> None:
    """Serve on the loopback until TERM or INT; `FOLDER/platform.pid` names this process meanwhile."""
    folder, port, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    configure_logs("INFO", service="sandbox-platform")
    disable_created_metrics()  # type: ignore[no-untyped-call]  # prom-client has no such series
    serve(make_app(redis_url(folder), seed=seed), port=port, pid_file=folder / "platform.pid")


if __name__ == "__main__":
    main()
