from __future__ import annotations

import pytest

from maxbooster_ops.sources.bullmq.queue import Queue
from maxbooster_ops.sources.bullmq.reading import Scope

OF_A_DRILL = "drill-20261122-101734-37d7-retry-policy"


@pytest.mark.parametrize(
    ("only", "queue", "read"),
    [
        pytest.param([], "mail", True, id="any queue where none is named"),
        pytest.param(["mail"], "mail", True, id="a named one"),
        pytest.param(["mail"], "posts", False, id="another than those named"),
        pytest.param([], OF_A_DRILL, False, id="that of a chaos drill, whose failures are meant"),
        pytest.param([OF_A_DRILL], OF_A_DRILL, True, id="that of a chaos drill, named by the drill"),
        pytest.param([], "drill-press", True, id="a platform's own that only sounds like it"),
    ],
)
def test_which_queues_are_read(only, queue, read):
    assert (Queue("bull", queue) in Scope(prefixes=("bull",), only=frozenset(only))) is read
