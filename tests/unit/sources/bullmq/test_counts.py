from __future__ import annotations

import pytest
from redis.exceptions import ResponseError

from maxbooster_ops.sources.bullmq.counts import client_names, connections_by_name, counted, whole
from maxbooster_ops.sources.bullmq.queue import Queue

REPLIES = [3, 0, 2, 1, 0, 0, 9, 4, [None, "5", "bullmq:6.7.0", "10000"], "17"]


def test_replies_become_counts_and_settings():
    held = counted(REPLIES)
    assert (held.waiting, held.active, held.delayed, held.completed, held.failed) == (3, 2, 1, 9, 4)
    assert (held.is_paused, held.concurrency, held.bullmq_version, held.last_in_line) == (False, 5, "6.7.0", "17")


def test_a_marker_of_bullmq_4_is_no_job():
    held = counted([*REPLIES[:-1], "0:1800000000000"])
    assert (held.waiting, held.last_in_line) == (2, None)


def test_a_key_of_another_kind_is_an_error_and_no_number():
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        counted([ResponseError("WRONGTYPE Operation against a key"), *REPLIES[1:]])


@pytest.mark.parametrize(
    ("replies", "is_gone"),
    [
        pytest.param([0] * 8 + [[None] * 4, None], True, id="obliterated"),
        pytest.param([0] * 8 + [[None, None, None, "10000"], None], False, id="empty"),
        pytest.param([0] * 7 + [1, [None] * 4, None], False, id="settings lost, a job left"),
    ],
)
def test_a_queue_without_settings_and_jobs_is_gone(replies, is_gone):
    assert counted(replies).is_gone == is_gone


@pytest.mark.parametrize(
    ("name", "workers"),
    [
        pytest.param("bull:bWFpbA==", 1, id="npm"),
        pytest.param("bull:bWFpbA==:w:eu-1", 1, id="npm, with a name of its own"),
        pytest.param("bull:mail:w:py", 1, id="python"),
        pytest.param("bull:bWFpbA==:qe", 0, id="a listener"),
        pytest.param("bull:bWFpbGVy", 0, id="another queue"),
        pytest.param("", 0, id="no name"),
    ],
)
def test_workers_are_told_by_the_names_of_their_connections(name, workers):
    connections = connections_by_name(f"id=1 addr=127.0.0.1:1 name={name} age=1\nid=2 addr=127.0.0.1:2 name= age=1\n")
    assert sum(connections[known] for known in client_names(Queue("bull", "mail"))) == workers


def test_a_server_that_does_not_list_clients_leaves_workers_unknown():
    assert connections_by_name(ResponseError("NOPERM")) is None


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        pytest.param("12", 12, id="whole"),
        pytest.param("12.9", 12, id="with a fraction"),
        pytest.param("1.8e+12", 1_800_000_000_000, id="as Lua writes large ones"),
        pytest.param("", None, id="empty"),
        pytest.param(None, None, id="absent"),
        pytest.param("inf", None, id="infinite"),
        pytest.param("soon", None, id="a word"),
    ],
)
def test_numbers_are_read_as_bullmq_writes_them(reply, expected):
    assert whole(reply) == expected
