"""The run server: one process that has imported everything and forks each run from itself.

Belongs here: forking runs and keeping an eye on each. Not here: who asks for them (`run_launcher.py`), what they do.

It reads a line per run from standard input, the JSON that `dagster api execute_run` takes, and answers with a line that
holds the pid of the run. It ends when its input does; runs go on. Each run has a keeper, a second fork that only waits
for it: a run that dies without a word is reported as failed within a moment, whoever else died with it.
"""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import BinaryIO, NoReturn

MODULES = ("maxbooster_ops.pipelines.definitions", "dagster._cli.api", "dagster._core.execution.api")


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Fork a run per line of `requests`, until there is no more."""
    while line := requests.readline():
        read, write = os.pipe()
        if os.fork() == 0:
            requests.close()
            answers.close()
            os.close(read)
            _keep(line.decode(), write)
        os.close(write)
        with os.fdopen(read, "rb") as pipe:
            answers.write(pipe.readline())
        answers.flush()


def _keep(serialized: str, answer: int) -> NoReturn:
    """Fork the run, tell its pid, wait for it, and report it where it could not do so itself."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    run = os.fork()
    if run == 0:
        os.close(answer)
        os._exit(_execute(serialized))
    # Whoever stops the installation asks the run, and the keeper ends when the run has.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.write(answer, f"{run}\n".encode())
    os.close(answer)
    _, status = os.waitpid(run, 0)
    if status:
        _report(serialized, run, os.waitstatus_to_exitcode(status))
    os._exit(0)


def _execute(serialized: str) -> int:
    """Do what `dagster api execute_run` does, in a process that has done its imports."""
    from dagster._cli.api import execute_run_command  # noqa: PLC0415 -- imported already, and only here

    try:
        execute_run_command.main(args=[serialized], standalone_mode=False)
    except SystemExit as ended:
        return int(ended.code or 0)
    except BaseException:  # noqa: BLE001 -- a fork must never return into the server's loop
        sys.excepthook(*sys.exc_info())
        return 1
    finally:
        with suppress(ValueError):
            sys.stderr.flush()
    return 0


def _report(serialized: str, pid: int, exit_code: int) -> None:
    from dagster import DagsterInstance  # noqa: PLC0415 -- see _execute
    from dagster._grpc.types import ExecuteRunArgs  # noqa: PLC0415
    from dagster._serdes import deserialize_value  # noqa: PLC0415

    arguments = deserialize_value(serialized, ExecuteRunArgs)
    reference = arguments.instance_ref
    with DagsterInstance.from_ref(reference) if reference else DagsterInstance.get() as instance:
        run = instance.get_run_by_id(arguments.run_id)
        if run and not run.is_finished:
            cause = signal.Signals(-exit_code).name if exit_code < 0 else f"exit code {exit_code}"
            instance.report_run_failed(run, f"The process of this run (pid {pid}) ended with {cause}.")


def _bury(_: int, __: FrameType | None) -> None:
    """Take note of keepers that ended, so that none stays a zombie and their CPU time is counted as ours."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def main() -> None:
    """Import everything, then serve standard input."""
    for module in MODULES:
        importlib.import_module(module)
    from maxbooster_ops.pipelines.definitions import defs  # noqa: PLC0415 -- after the list above, which says why
    from maxbooster_ops.pipelines.warm_storage import newest_revision  # noqa: PLC0415 -- see above

    defs.get_repository_def()
    newest_revision()  # each run asks for it
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what runs print goes to the log, not to who waits for a pid
    signal.signal(signal.SIGCHLD, _bury)
    gc.collect()
    gc.freeze()  # else the first collection in each run would copy every page that it shares with this process
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
