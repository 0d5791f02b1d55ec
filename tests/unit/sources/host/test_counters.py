from __future__ import annotations

import json
from dataclasses import replace

import pytest

from maxbooster_ops.sources.host.counters import Counters, comparable, cpu_percent, per_second, process_cpu_percent

BEFORE = Counters(
    at=1000.0,
    booted_at=100.0,
    cpu_seconds=500.0,
    cpu_busy_seconds=50.0,
    disk_read_bytes=1_000,
    process="7@200.00",
    process_cpu_seconds=10.0,
)
NOW = replace(
    BEFORE, at=1030.0, cpu_seconds=560.0, cpu_busy_seconds=65.0, disk_read_bytes=4_000, process_cpu_seconds=25.0
)


def test_counters_survive_their_memory():
    assert Counters.recalled(json.loads(json.dumps(BEFORE.remembered()))) == BEFORE


@pytest.mark.parametrize("memory", [{}, {"at": 1.0}, {"of": "another release"}])
def test_a_memory_that_lacks_something_is_none(memory):
    assert Counters.recalled(memory) is None


def test_rates_are_those_between_two_readings():
    assert cpu_percent(BEFORE, NOW) == pytest.approx(25.0)
    assert per_second(BEFORE, NOW, "disk_read_bytes") == pytest.approx(100.0)
    assert process_cpu_percent(BEFORE, NOW) == pytest.approx(50.0)


def test_on_first_sight_nothing_is_known():
    assert (cpu_percent(None, NOW), per_second(None, NOW, "disk_read_bytes"), process_cpu_percent(None, NOW)) == (
        None,
    ) * 3


@pytest.mark.parametrize(
    ("now", "is_comparable"),
    [
        pytest.param(NOW, True, id="the same boot"),
        pytest.param(replace(NOW, booted_at=101.0), True, id="the wall clock was adjusted"),
        pytest.param(replace(NOW, booted_at=950.0), False, id="rebooted"),
        pytest.param(replace(NOW, at=1000.0), False, id="no time went by"),
        pytest.param(replace(NOW, at=900.0), False, id="an earlier moment"),
    ],
)
def test_only_readings_of_one_boot_are_compared(now: Counters, *, is_comparable: bool):
    assert comparable(BEFORE, now) == (BEFORE if is_comparable else None)


def test_a_counter_that_fell_has_no_rate():
    assert per_second(BEFORE, replace(NOW, disk_read_bytes=999), "disk_read_bytes") is None
    assert cpu_percent(BEFORE, replace(NOW, cpu_busy_seconds=49.0)) is None
    assert cpu_percent(BEFORE, replace(NOW, cpu_seconds=500.0)) is None


def test_another_process_is_not_compared_with_the_previous():
    assert process_cpu_percent(BEFORE, replace(NOW, process="7@900.00")) is None
    assert process_cpu_percent(BEFORE, replace(NOW, process=None, process_cpu_seconds=None)) is None
