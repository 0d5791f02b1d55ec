"""Run the service: `python -m maxbooster_ops.sandbox.posts FOLDER PORT`; ends on TERM within two seconds."""

from __future__ import annotations

import sys
from pathlib import Path

from maxbooster_ops.sandbox.posts.app import make_app
from maxbooster_ops.sandbox.posts.database import Posts
from maxbooster_ops.sandbox.serving import serve


def main() -> None:
    """Serve on the loopback until TERM or INT; `FOLDER/posts.pid` names this process meanwhile."""
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    serve(make_app(Posts(folder / "posts.sqlite")), port=port, pid_file=folder / "posts.pid")


if __name__ == "__main__":
    main()
