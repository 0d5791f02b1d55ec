"""A posts service that keeps nothing over a restart."""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn

from maxbooster_ops.sandbox.posts.app import make_app
from maxbooster_ops.sandbox.posts.database import Posts

if __name__ == "__main__":
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    for file in folder.glob("posts.sqlite*"):
        file.unlink()
    uvicorn.run(make_app(Posts(folder / "posts.sqlite")), host="127.0.0.1", port=port, log_level="error")
