from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from maxbooster_ops.errors import ProcessError
from maxbooster_ops.processes import Supervisor, is_free, wait_for
from maxbooster_ops.processes.family import Identity

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)",
]

# A program with every kind of relative: a child, a child in a session of its own, and a daemon that lost its parent. It
# writes the pids of all, itself included, to the file that it is given.
CLAN = textwrap.dedent(
    """
    import os, subprocess, sys, time
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    child = subprocess.Popen(sleep)
    session = subprocess.Popen(sleep, start_new_session=True)
    middle = subprocess.run(
        [sys.executable, "-c", "import subprocess, sys; print(subprocess.Popen(sys.argv[1:], start_new_session=True, "
         "stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).pid)", *sleep], capture_output=True, check=True)
    pids = [os.getpid(), child.pid, session.pid, int(middle.stdout)]
    with open(sys.argv[1] + ".new", "w") as file:
        file.write(" ".join(map(str, pids)))
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    time.sleep(600)
    """
)


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def clan_of(pids_file: Path) -> list[psutil.Process]:
    wait_for(pids_file.exists, seconds=60, what="the clan's pids")
    return [psutil.Process(int(pid)) for pid in pids_file.read_text().split()]


def wait_until_dead(processes: list[psutil.Process], *, seconds: float) -> None:
    wait_for(lambda: not any(map(is_alive, processes)), seconds=seconds, what=f"the end of {processes}")


def test_leaving_the_supervisor_ends_every_relative_of_a_program(tmp_path):
    with Supervisor(tmp_path) as supervisor:
        supervisor.start("clan", [sys.executable, "-c", CLAN, str(tmp_path / "pids")])
        clan = clan_of(tmp_path / "pids")
        assert [is_alive(process) for process in clan] == [True] * 4
    assert [is_alive(process) for process in clan] == [False] * 4


def test_a_killed_parent_leaves_nothing_behind(tmp_path):
    """SIGKILL lets nobody clean up; the guardian must, and must go itself afterwards."""
    parent_code = textwrap.dedent(
        f"""
        import sys, time
        from pathlib import Path
        from maxbooster_ops.processes import Supervisor
        with Supervisor(Path({str(tmp_path)!r})) as supervisor:
            supervisor.start("clan", [sys.executable, "-c", {CLAN!r}, {str(tmp_path / "pids")!r}])
            time.sleep(600)
        """
    )
    with subprocess.Popen([sys.executable, "-c", parent_code]) as parent:
        clan = clan_of(tmp_path / "pids")
        everyone = {*clan, *psutil.Process(parent.pid).children(recursive=True)}
        assert len(everyone) == 5, "the clan of four and the guardian"
        parent.kill()
        parent.wait()
        wait_until_dead([*everyone], seconds=60)


def test_a_program_that_ignores_term_is_killed_when_the_grace_is_over(tmp_path):
    with Supervisor(tmp_path, grace_seconds=0.3) as supervisor:
        service = supervisor.start("deaf", DEAF)
        wait_for(lambda: "deaf" in service.last_lines(), seconds=60, what="the program to be deaf")
    assert service.exit_code == -signal.SIGKILL


def test_programs_end_in_the_reverse_order_of_their_start(tmp_path):
    farewell = (
        "import signal, sys, time\n"
        "def leave(*_): open(sys.argv[1], 'a').write(sys.argv[2]); sys.exit()\n"
        "signal.signal(15, leave); print('ready', flush=True); time.sleep(600)"
    )
    order = tmp_path / "order"
    with Supervisor(tmp_path / "logs", grace_seconds=60) as supervisor:
        for name in ("a", "b", "c"):
            service = supervisor.start(name, [sys.executable, "-c", farewell, str(order), name])
            wait_for(lambda service=service: "ready" in service.last_lines(), seconds=60, what=f"program {name}")
    assert order.read_text() == "cba"


def test_stopping_twice_is_as_good_as_once(tmp_path):
    with Supervisor(tmp_path, grace_seconds=60) as supervisor:
        service = supervisor.start("sleep", SLEEP)
        supervisor.stop()
        supervisor.stop()
    assert service.exit_code == -signal.SIGTERM
    assert supervisor.ended() == []


def test_a_program_that_ended_by_itself_is_named_with_its_last_words(tmp_path):
    with Supervisor(tmp_path) as supervisor:
        supervisor.start("steady", SLEEP)
        supervisor.start(
            "broken", [sys.executable, "-c", "print('redis://me:secret@x is no good'); raise SystemExit(3)"]
        )
        [service] = wait_for(supervisor.ended, seconds=60, what="the end of the program")
        message = str(service.failure())
    assert (service.name, service.exit_code) == ("broken", 3)
    assert "broken ended by itself, with exit code 3" in message
    assert "redis://***@x is no good" in message
    assert str(service.log) in message


def test_a_program_without_last_words_is_named_with_what_to_try(tmp_path):
    with Supervisor(tmp_path) as supervisor:
        service = supervisor.start("silent", SLEEP)
        os.kill(service.pid, signal.SIGKILL)
        wait_for(supervisor.ended, seconds=60, what="the end of the program")
    assert "silent ended by itself, with signal SIGKILL, and wrote nothing" in str(service.failure())


def test_a_program_that_ended_may_be_replaced(tmp_path):
    with Supervisor(tmp_path, grace_seconds=60) as supervisor:
        first = supervisor.start("worker", SLEEP)
        os.kill(first.pid, signal.SIGKILL)
        wait_for(supervisor.ended, seconds=60, what="the end of the program")
        supervisor.forget(first)
        second = supervisor.start("worker", SLEEP)
        assert supervisor.ended() == []
    assert second.exit_code == -signal.SIGTERM


def test_nothing_is_started_that_nobody_would_end(tmp_path):
    before = {process.pid for process in psutil.Process().children()}
    with Supervisor(tmp_path) as supervisor:
        [guardian] = [process for process in psutil.Process().children() if process.pid not in before]
        guardian.kill()
        wait_for(lambda: not is_alive(guardian), seconds=60, what="the end of the guardian")
        with pytest.raises(ProcessError, match="the guardian of our programs"):
            supervisor.start("sleep", SLEEP)
    with pytest.raises(ProcessError, match="Use it in a `with` block"):
        supervisor.start("sleep", SLEEP)


def test_a_missing_program_is_an_error_that_names_it(tmp_path):
    with (
        Supervisor(tmp_path) as supervisor,
        pytest.raises(ProcessError, match=r"Cannot start ghost \(/no/such/program\)"),
    ):
        supervisor.start("ghost", ["/no/such/program"])


def test_a_log_starts_empty_and_the_one_before_is_kept_once(tmp_path):
    for words in ("first", "second", "third"):
        with Supervisor(tmp_path) as supervisor:
            service = supervisor.start("speaker", [sys.executable, "-c", f"print('{words}')"])
            wait_for(supervisor.ended, seconds=60, what="the end of the program")
            assert service.last_lines() == words
    assert {path.name: path.read_text().strip() for path in tmp_path.iterdir()} == {
        "speaker.log": "third",
        "speaker.log.1": "second",
    }


def test_no_program_holds_the_pipe_that_tells_the_guardian_of_our_death(tmp_path):
    """A child with the write end would keep the guardian waiting for ever."""
    with Supervisor(tmp_path) as supervisor:
        first, second = supervisor.start("first", SLEEP), supervisor.start("second", SLEEP)
        for service in (first, second):
            descriptors = Path(f"/proc/{service.pid}/fd")
            if not descriptors.exists():
                pytest.skip("needs /proc: only Linux shows a process's descriptors there")
            wait_for(lambda pid=service.pid: psutil.Process(pid).cmdline() == SLEEP, seconds=60, what="exec")
            assert [target for target in targets_of(descriptors) if target.startswith("pipe:")] == []


def targets_of(descriptors: Path) -> Iterator[str]:
    """Give what a process has open, but not what it closed while it was looked at: it reads its modules meanwhile."""
    for descriptor in descriptors.iterdir():
        with suppress(FileNotFoundError):
            yield str(descriptor.readlink())


def test_the_guardian_is_small_and_quick(tmp_path):
    before = {process.pid for process in psutil.Process().children()}
    with Supervisor(tmp_path) as supervisor:
        service = supervisor.start("sleep", SLEEP)
        known = {*before, service.pid}
        [guardian] = [process for process in psutil.Process().children() if process.pid not in known]
        wait_for(lambda: guardian.status() == psutil.STATUS_SLEEPING, seconds=60, what="the guardian to wait")
        assert guardian.memory_info().rss < 40_000_000
    program = (
        "import sys; before = set(sys.modules); import maxbooster_ops.processes.guardian; "
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before} - sys.stdlib_module_names)"
    )
    brought_in = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(brought_in.stdout.split()) == {"maxbooster_ops", "psutil"}, "what else would take its time"


def test_a_pid_that_was_given_to_another_process_is_not_the_same_process():
    own = Identity.own()
    assert own.lives()
    assert not Identity(pid=own.pid, created=own.created - 3600).lives()


def test_waiting_ends_when_a_program_that_is_needed_ends(tmp_path):
    with Supervisor(tmp_path) as supervisor:
        service = supervisor.start("broken", [sys.executable, "-c", "raise SystemExit('no disk')"])
        with pytest.raises(ProcessError, match="broken ended while waiting for the moon"):
            wait_for(lambda: False, seconds=60, what="the moon", needs=[service])


def test_waiting_in_vain_says_for_what_and_how_long():
    with pytest.raises(ProcessError, match=r"Waited 0.05 s for the moon, in vain"):
        wait_for(lambda: None, seconds=0.05, what="the moon")


def test_a_port_is_free_until_somebody_listens_and_again_afterwards():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        taken = listener.getsockname()[1]
        assert not is_free(taken)
    assert is_free(taken)
