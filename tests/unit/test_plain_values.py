"""What every JSON of ours has in common."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType

import numpy as np
import pytest

from maxbooster_ops.cli import output
from maxbooster_ops.plain_values import plain
from maxbooster_ops.readiness.report import json_text


@dataclass
class Sample:
    name: str
    value: float


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param([Sample("a", 1.5)], [{"name": "a", "value": 1.5}], id="dataclasses become objects"),
        pytest.param(MappingProxyType({1: (2, None)}), {"1": [2, None]}, id="so do mappings, with names as text"),
        pytest.param([float("nan"), float("inf"), 0.1], [None, None, 0.1], id="no number that JSON lacks"),
        pytest.param(Sample, str(Sample), id="a class is no value of its own"),
        pytest.param({"at": b"x"}, {"at": "b'x'"}, id="what has no form is text"),
        pytest.param(True, True, id="a truth stays one"),
    ],
)
def test_a_value_becomes_what_json_has(value, expected):
    found = plain(value, lambda scalar: scalar)
    assert found == expected
    assert json.loads(json.dumps(found, allow_nan=False)) == expected


def test_what_holds_no_other_values_is_turned_by_its_reader_and_checked_again():
    assert plain({"a": ["x", "y"]}, str.upper) == {"a": ["X", "Y"]}
    assert plain([Decimal("NaN"), Decimal("1.5")], float) == [None, 1.5]


def test_a_command_and_a_report_read_scalars_in_their_own_way():
    value = [timedelta(minutes=2), Decimal("1.5"), "redis://me:word@host/0"]
    assert output.plain(value) == ["0:02:00", 1.5, "redis://me:word@host/0"]
    assert json_text.plain([*value, np.float32("nan"), np.bool_(True)]) == [
        120.0,
        "1.5",
        "redis://***@host/0",
        None,
        True,
    ]
