"""A Redis that cannot be read is a failure with a reason, in time, and without its password."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import pytest
from support.redis_process import PASSWORD, free_port

from maxbooster_ops.errors import SettingsError
from maxbooster_ops.processes import wait_for
from maxbooster_ops.sources.bullmq import BullmqQueues
from maxbooster_ops.sources.bullmq.source import DEADLINE_SECONDS
from maxbooster_ops.sources.source import Moment, Reading
from maxbooster_ops.store.facts import SourceFailure


def read(url, *, deadline_seconds=60):
    source = BullmqQueues(url, deadline_seconds=deadline_seconds)
    return source.read(Moment(at=datetime.now(UTC), interval_seconds=30))


@contextmanager
def server_that_says(answer, *, then=b""):
    """Serve one client on the loopback: `answer` once it has spoken, then a byte of `then` at a time."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        served = threading.Event()

        def serve():
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.recv(65_536)
                connection.sendall(answer)
                for byte in then:
                    connection.sendall(bytes([byte]))
                    if served.wait(0.05):
                        break

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"redis://:{PASSWORD}@127.0.0.1:{listener.getsockname()[1]}/0"
        served.set()
        thread.join(10)


def test_a_refused_connection_says_where():
    port = free_port()
    failure = read(f"redis://me:{PASSWORD}@127.0.0.1:{port}/3")
    assert isinstance(failure, SourceFailure)
    assert (failure.error, failure.target) == ("ConnectionError", f"redis://127.0.0.1:{port}/3")
    assert "refused" in failure.reason
    assert PASSWORD not in repr(failure)


def test_a_wrong_password_says_so_and_does_not_show_it(redis_process):
    failure = read(f"redis://:not-{PASSWORD}@127.0.0.1:{redis_process.port}/0")
    assert (failure.error, failure.hint) == ("AuthenticationError", "check user and password in REDIS_URL")
    assert PASSWORD not in repr(failure)


def test_a_missing_password_says_so(redis_process):
    assert read(f"redis://127.0.0.1:{redis_process.port}/0").error == "AuthenticationError"


def test_a_server_that_loads_its_data_says_so():
    with server_that_says(b"-LOADING Redis is loading the dataset in memory\r\n") as url:
        failure = read(url)
    assert (failure.error, failure.hint) == (
        "BusyLoadingError",
        "Redis reads its data set from disk; wait until it is done",
    )


def test_a_server_that_speaks_another_protocol_is_a_failure():
    with server_that_says(b"HTTP/1.1 400 Bad Request\r\n\r\n") as url:
        failure = read(url)
    assert failure.error == "InvalidResponse"


def test_an_address_that_cannot_be_read_is_refused_at_once_without_its_password():
    with pytest.raises(SettingsError, match="Expected redis://") as refused:
        BullmqQueues(f"redis://:{PASSWORD}@127.0.0.1:many/0")
    assert PASSWORD not in str(refused.value)


def test_a_frozen_server_is_given_up(redis_process):
    redis_process.freeze()
    assert read(redis_process.url, deadline_seconds=DEADLINE_SECONDS).error == "TimeoutError"


def test_a_server_that_drips_is_given_up_by_the_same_deadline():
    """A time-out per call would start anew with every byte, and find the line closed after the last."""
    with server_that_says(b"+OK\r\n$999\r\n", then=b"x" * 200) as url:
        failure = read(url, deadline_seconds=0.5)
    assert failure.error == "TimeoutError"


def test_a_server_without_room_for_us_is_a_failure(redis_process):
    with redis_process.client() as client:
        client.config_set("maxclients", 1)
        client.ping()
        failure = read(redis_process.url)
    assert isinstance(failure, SourceFailure)
    assert failure.error in {"ConnectionError", "ResponseError"}


def test_after_a_failure_the_same_source_reads_again(redis_process):
    source = BullmqQueues(redis_process.url, deadline_seconds=0.3)
    moment = Moment(at=datetime.now(UTC), interval_seconds=30)
    redis_process.freeze()
    assert isinstance(source.read(moment), SourceFailure)
    redis_process.thaw()
    wait_for(lambda: isinstance(source.read(moment), Reading), seconds=120, what="a reading")


@pytest.mark.parametrize("database", [0, 3])
def test_the_database_of_the_url_is_read(redis_process, database):
    with redis_process.client() as client:
        client.select(database)
        client.hset("bull:mail:meta", "opts.maxLenEvents", "10000")
    url = redis_process.url.removesuffix("0") + str(database)
    assert [row.queue for row in read(url).rows] == ["mail"]
