from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from support.made_homes import HomeMaker
from support.redis_process import RedisProcess

# How long an example takes says something of the machine and of what else it does, and nothing of the product.
settings.register_profile("unhurried", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "alone: a file that runs while no other worker does, since it compares clocks")
    # A shell that starts the tests in the background ignores these for us, and what we start would inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    # Whoever wants the tests' own output in colour does not mean what the commands print, which is read here.
    for name in ("FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS"):
        os.environ.pop(name, None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the files marked `alone` for the end; elsewhere all would wait for the longest test of the others."""
    items.sort(key=lambda item: item.get_closest_marker("alone") is not None)


@pytest.fixture(autouse=True)
def _alone_or_beside_others(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Have the machine to oneself where the file is marked `alone`, else share it with the tests of other workers.

    Held for one test and not for a file: between two tests a worker may wait for what the others are to do.
    """
    with _machine(request, tmp_path_factory, fcntl.LOCK_EX if _is_alone(request) else fcntl.LOCK_SH):
        yield


def _is_alone(request: pytest.FixtureRequest) -> bool:
    return request.node.get_closest_marker("alone") is not None


@contextmanager
def _machine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, how: int) -> Iterator[None]:
    if not hasattr(request.config, "workerinput"):
        yield
        return
    folder = _folder_of_all_workers(request.config, tmp_path_factory)
    with (folder / "machine.lock").open("w") as machine:
        # Who waits to be alone holds the turnstile, so that nobody comes in before.
        with (folder / "turnstile.lock").open("w") as turnstile:
            fcntl.flock(turnstile, fcntl.LOCK_EX)
            fcntl.flock(machine, how)
        yield


@pytest.fixture(scope="session")
def made_home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> HomeMaker:
    """Makes a home with an empty store in a folder, far quicker than the product would."""
    return HomeMaker.beside(_folder_of_all_workers(request.config, tmp_path_factory))


@pytest.fixture
def redis_process(tmp_path: Path) -> Iterator[RedisProcess]:
    """A real Redis of its own for one test."""
    folder = tmp_path / "redis"
    folder.mkdir()
    server = RedisProcess(folder=folder).start()
    yield server
    server.kill()


def _folder_of_all_workers(config: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    own = tmp_path_factory.getbasetemp()
    return own.parent if hasattr(config, "workerinput") else own
