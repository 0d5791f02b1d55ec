from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.need import lacking
from support.sandbox_client import Sandbox

from maxbooster_ops.processes import Supervisor
from maxbooster_ops.sandbox.platform import start_sandbox


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    for package in ("bullmq", "starlette", "uvicorn"):
        try:
            __import__(package)
        except ImportError:
            lacking(package, "install the `sandbox` extra")
    folder = tmp_path_factory.mktemp("sandbox folder")
    with Supervisor(folder / "logs") as supervisor:
        yield Sandbox(folder=folder, endpoints=start_sandbox(supervisor, folder), supervisor=supervisor)
        assert supervisor.ended() == [], "no program of the sandbox ended by itself"


@pytest.fixture
def calm(sandbox: Sandbox) -> Iterator[Sandbox]:
    """The sandbox, without faults before and after."""
    assert sandbox.order("reset").ok
    yield sandbox
    assert sandbox.order("reset").ok
