"""How often `up` starts a program again that ends by itself; the programs are real."""

from __future__ import annotations

import sys

import pytest

from maxbooster_ops.cli.dagster_services import DagsterServices
from maxbooster_ops.cli.keeping_up import Keeper
from maxbooster_ops.errors import ProcessError
from maxbooster_ops.processes import Supervisor, wait_for
from maxbooster_ops.store.home import Home

ENDS_AT_ONCE = [sys.executable, "-S", "-c", ""]
RUNS_A_WHILE = [sys.executable, "-S", "-c", "import time; time.sleep(0.3)"]


@pytest.fixture
def supervisor(tmp_path):
    with Supervisor(tmp_path / "logs") as opened:
        yield opened


@pytest.fixture
def services(supervisor, tmp_path):
    return DagsterServices(supervisor, Home(root=tmp_path / "home").prepare(), host="127.0.0.1", port=1)


def look_after_each_end(supervisor, keeper, *, times):
    """Let the keeper look as often, each time when a program has ended."""
    for _ in range(times):
        wait_for(supervisor.ended, seconds=60, what="the end of the program")
        keeper.restart_ended()


def test_a_program_of_the_sandbox_that_ends_again_and_again_is_left_alone_after_five_restarts(supervisor, services):
    supervisor.start("sandbox", ENDS_AT_ONCE)
    look_after_each_end(supervisor, Keeper(supervisor, services), times=6)
    with pytest.raises(ProcessError, match="Waited 1 s"):
        wait_for(supervisor.ended, seconds=1, what="the end of one that nobody should have started")


def test_a_program_that_ran_well_before_it_ended_is_started_again_as_often_as_it_takes(supervisor, services):
    supervisor.start("sandbox", RUNS_A_WHILE)
    keeper = Keeper(supervisor, services, forgiven_after_seconds=0.2)
    look_after_each_end(supervisor, keeper, times=8)
    wait_for(supervisor.ended, seconds=60, what="the end of its ninth life")
