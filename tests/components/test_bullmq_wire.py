"""The ways to a Redis server, and the reading of a stream in parts, on real sockets."""

from __future__ import annotations

import socket
import subprocess
import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import pytest
import redis
from support.need import lacking, program
from support.redis_process import PASSWORD, free_port

from maxbooster_ops.sources.bullmq import BullmqQueues
from maxbooster_ops.sources.bullmq.queue import Queue
from maxbooster_ops.sources.bullmq.remembered import BEGINNING
from maxbooster_ops.sources.bullmq.stream import inquire, take_news
from maxbooster_ops.sources.bullmq.wire import Address, Wire
from maxbooster_ops.sources.source import Moment, Reading

MAIL = Queue("bull", "mail")


@pytest.fixture
def queue(redis_process):
    with redis_process.client() as client:
        client.hset(MAIL.key("meta"), "opts.maxLenEvents", "10000")
        yield client


@pytest.fixture
def certificate(tmp_path):
    """A certificate for the loopback, signed by itself."""
    openssl = program("openssl", "install openssl")
    paths = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-out", paths[0], "-keyout", paths[1]]
    subprocess.run(command, check=True, capture_output=True)
    return paths


@pytest.fixture
def tls_port(queue, certificate):
    """A port of the same server that speaks TLS."""
    port = free_port()
    try:
        queue.config_set("tls-cert-file", str(certificate[0]), "tls-key-file", str(certificate[1]))
        queue.config_set("tls-auth-clients", "no")
        queue.config_set("tls-port", port)
    except redis.ResponseError as error:
        lacking("a redis-server with TLS", str(error))
    return port


def read(url):
    return BullmqQueues(url, deadline_seconds=60).read(Moment(at=datetime.now(UTC), interval_seconds=30))


def test_a_server_is_read_over_tls_by_its_authority(tls_port, certificate):
    reading = read(f"rediss://:{PASSWORD}@127.0.0.1:{tls_port}/0?ssl_ca_certs={certificate[0]}")
    assert [row.queue for row in reading.rows] == ["mail"]


def test_a_certificate_is_not_checked_where_the_address_says_so(tls_port):
    reading = read(f"rediss://:{PASSWORD}@127.0.0.1:{tls_port}/0?ssl_cert_reqs=none")
    assert [row.queue for row in reading.rows] == ["mail"]


def test_a_certificate_of_an_unknown_authority_is_refused(tls_port):
    failure = read(f"rediss://:{PASSWORD}@127.0.0.1:{tls_port}/0")
    assert failure.error == "ConnectionError"
    assert "certificate verify failed" in failure.reason


@contextmanager
def unix_socket_to(port, path):
    """Pass one connection on a socket file through to a port of the loopback."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve():
            with listener.accept()[0] as near, socket.create_connection(("127.0.0.1", port)) as far:
                back = threading.Thread(target=pass_on, args=(far, near), daemon=True)
                back.start()
                pass_on(near, far)
                back.join(10)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield
        thread.join(10)


def pass_on(source, target):
    with suppress(OSError):
        while received := source.recv(65_536):
            target.sendall(received)
        target.shutdown(socket.SHUT_WR)


@pytest.mark.usefixtures("queue")
def test_a_server_is_read_through_a_socket_file(redis_process, tmp_path):
    path = tmp_path / "redis.sock"
    with unix_socket_to(redis_process.port, path):
        reading = read(f"unix://:{PASSWORD}@{path}?db=0")
    assert isinstance(reading, Reading)
    assert [row.queue for row in reading.rows] == ["mail"]


def test_a_backlog_is_read_in_parts_without_loss_or_repetition(redis_process, queue):
    written = [queue.xadd(MAIL.key("events"), {"event": "drained"}).decode() for _ in range(330)]
    read_ids, parts, cursor = [], 0, BEGINNING
    while True:
        with Wire.to(Address.parsed(redis_process.url), within_seconds=60) as wire:
            news = take_news(wire, inquire(wire, {MAIL: cursor}, limit=100))
        read_ids += [entry_id for entry_id, _ in news.entries.get(MAIL, ())]
        parts += 1
        if not news.unfinished:
            break
        cursor = read_ids[-1]
    assert read_ids == written
    assert parts == 4


@pytest.mark.usefixtures("queue")
def test_a_queue_that_the_budget_did_not_reach_is_unfinished_and_has_no_news(redis_process):
    with Wire.to(Address.parsed(redis_process.url), within_seconds=60) as wire:
        news = take_news(wire, inquire(wire, {MAIL: BEGINNING}, limit=0))
    assert (news.entries, news.unfinished) == ({}, (MAIL,))
