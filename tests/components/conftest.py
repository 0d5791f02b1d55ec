from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.dead_letter_rig import DeadLetterRig, dead_letter_rig
from support.http_server import HttpServer, http_server
from support.made_homes import HomeMaker
from support.need import lacking
from support.sandbox_client import Sandbox

from maxbooster_ops.processes import Supervisor
from maxbooster_ops.sandbox.platform import start_sandbox
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.opening import Store, open_store


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home that is not there yet."""
    return Home(root=tmp_path / "home")


@pytest.fixture
def store(home: Home, made_home: HomeMaker) -> Iterator[Store]:
    """An empty store in that home, open to write."""
    with open_store(made_home(home.root)) as opened:
        yield opened


@pytest.fixture
def server() -> Iterator[HttpServer]:
    """An HTTP server that answers as the test says."""
    with http_server() as running:
        yield running


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


@pytest.fixture(params=[5, 6])
def rig(request: pytest.FixtureRequest, tmp_path: Path, made_home: HomeMaker) -> Iterator[DeadLetterRig]:
    """What dead letters need, with workers of each BullMQ release in turn."""
    made_home(tmp_path / "home")
    with dead_letter_rig(tmp_path, request.param) as opened:
        yield opened


@pytest.fixture
def rig6(tmp_path: Path, made_home: HomeMaker) -> Iterator[DeadLetterRig]:
    """What dead letters need, for what does not depend on the release of BullMQ."""
    made_home(tmp_path / "home")
    with dead_letter_rig(tmp_path) as opened:
        yield opened
