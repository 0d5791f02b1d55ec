from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from maxbooster_ops.store.arrow import arrow_schema, to_arrow
from maxbooster_ops.store.facts import FACTS, MetricSample, SourceFailure
from maxbooster_ops.store.findings import FINDINGS

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("kind", [*FACTS, *FINDINGS], ids=lambda kind: kind.table)
def test_every_fact_translates_into_columns(kind):
    assert arrow_schema(kind).names[:2] == ["batch_id", "ts"]


def test_facts_become_columns_in_their_order():
    sample = MetricSample(
        ts=NOON, source="platform", name="x", kind="gauge", labels={"a": "b"}, value=1.5, increase=None
    )
    (row,) = to_arrow([sample], batch_id="beat-1").to_pylist()
    assert row["batch_id"] == "beat-1"
    assert (row["ts"], row["labels"], row["value"], row["increase"]) == (NOON, [("a", "b")], 1.5, None)
    assert to_arrow([sample], batch_id="beat-1").schema.field("labels").type == pa.map_(pa.string(), pa.string())


def test_a_failure_carries_no_credentials():
    error = ConnectionError("cannot reach redis://:word@host:1")
    failure = SourceFailure.of("redis", error, at=NOON, target="redis://:word@host:1", hint="")
    assert "word" not in failure.reason + failure.target


def test_an_error_without_text_is_named_by_its_kind():
    assert SourceFailure.of("redis", TimeoutError(), at=NOON, target="host:1", hint="").reason == "TimeoutError"
