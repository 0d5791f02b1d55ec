from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.redis_process import RedisProcess


@pytest.fixture
def redis_process(tmp_path: Path) -> Iterator[RedisProcess]:
    """A real Redis of its own for one test."""
    folder = tmp_path / "redis"
    folder.mkdir()
    server = RedisProcess(folder=folder).start()
    yield server
    server.kill()
