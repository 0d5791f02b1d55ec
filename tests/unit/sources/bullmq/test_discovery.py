from __future__ import annotations

import json

import pytest

from maxbooster_ops.sources.bullmq.discovery import Discovery, queue_of
from maxbooster_ops.sources.bullmq.queue import Queue


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        pytest.param("bull:mail:meta", Queue("bull", "mail"), id="a queue"),
        pytest.param("{bull}:mail:meta", Queue("{bull}", "mail"), id="a prefix with a cluster hash tag"),
        pytest.param("shop:eu:mail:meta", Queue("shop:eu", "mail"), id="a prefix with a colon"),
        pytest.param("bull:mail:de:meta", None, id="a deduplication id"),
        pytest.param("bull::meta", None, id="no name"),
        pytest.param("bull:meta", None, id="nothing between"),
        pytest.param("other:mail:meta", None, id="another prefix"),
    ],
)
def test_a_meta_key_names_a_queue(key, expected):
    assert queue_of(key, ("bull", "{bull}", "shop:eu")) == expected


def test_a_discovery_survives_json():
    discovery = Discovery(
        prefixes=("bull",), queues=(Queue("bull", "a"),), complete_at_ms=5, cursor="77", met=(Queue("bull", "b"),)
    )
    assert Discovery.of(json.loads(json.dumps(discovery.kept())), ["bull"]) == discovery


def test_other_prefixes_start_anew():
    kept = Discovery(prefixes=("bull",), queues=(Queue("bull", "a"),), complete_at_ms=5).kept()
    assert Discovery.of(kept, ["bull", "shop"]) == Discovery(prefixes=("bull", "shop"))
