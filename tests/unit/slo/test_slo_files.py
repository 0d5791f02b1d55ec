"""Files of objectives and maintenance: what they mean, and that a mistake costs only its own entry."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from maxbooster_ops.slo.maintenance_file import load_maintenance
from maxbooster_ops.slo.objective import Promise
from maxbooster_ops.slo.objective_file import load_objectives

DEFAULTS = {objective.key: objective for objective in load_objectives().active}
SERVICES = load_objectives().services


@pytest.fixture
def loaded(tmp_path):
    def load(text: str):
        file = tmp_path / "objectives.yaml"
        file.write_text(text)
        found = load_objectives(file)
        return {objective.key: objective for objective in found.active}, [str(one) for one in found.problems]

    return load


def test_the_default_objectives_are_those_that_were_promised():
    assert {key: (one.target, one.limit_ms) for key, one in DEFAULTS.items()} == {
        ("API", "availability"): (0.9995, None),
        ("API", "latency"): (0.95, 500),
        ("Generation", "availability"): (0.99, None),
        ("Generation", "latency"): (0.95, 30_000),
        ("Database", "availability"): (0.9999, None),
        ("Database", "latency"): (0.95, 500),
        ("Frontend", "availability"): (0.999, None),
        ("Search", "latency"): (0.95, 1000),
    }
    assert load_objectives().problems == ()


def test_an_entry_changes_what_it_gives_adds_what_is_new_and_switches_off(loaded):
    active, problems = loaded("""
objectives:
  - service: API
    objective: availability
    target: 99.9 %
  - service: Search
    objective: latency
    enabled: false
  - service: Checkout
    objective: availability
    target: 0.995
    indicators:
      - requests: http_requests_total
        labels: { route: /checkout }
        enough_bad: 3
""")
    assert problems == []
    api = active["API", "availability"]
    assert (api.target, api.indicators) == (pytest.approx(0.999), DEFAULTS["API", "availability"].indicators)
    assert ("Search", "latency") not in active
    (indicator,) = active["Checkout", "availability"].indicators
    assert (str(indicator), indicator.labels, indicator.enough_bad) == (
        "requests http_requests_total",
        {"route": "/checkout"},
        3,
    )


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        pytest.param("target: 101 %", "line 4: `target: 101 %`", id="a share above one"),
        pytest.param("target: 1", "line 4: `target: 1`", id="a target that leaves no budget"),
        pytest.param("tarjet: 0.9", "line 4: `tarjet` is no field of an objective; did you mean `target`?", id="typo"),
        pytest.param("limit_ms: 5", "which only `latency` has", id="a limit where nothing is timed"),
        pytest.param(
            "indicators: [{histogram: x}]", "cannot be counted by `histogram`, only by requests", id="wrong counter"
        ),
        pytest.param("indicators: [{probe: a, jobs: b}]", "must name exactly one of requests", id="two counters"),
        pytest.param("indicators: [{probe: a, labels: {b: c}}]", "only `requests` and `histogram` have", id="labels"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_the_default_stays(loaded, entry, said):
    active, (problem,) = loaded(f"objectives:\n  - service: API\n    objective: availability\n    {entry}\n")
    assert said in problem
    assert "The other entries stay in force." in problem
    assert active == DEFAULTS


def test_a_latency_needs_its_limit(loaded):
    _, (problem,) = loaded(
        "objectives:\n  - {service: Mail, objective: latency, target: 0.9, indicators: [{jobs: mail}]}\n"
    )
    assert "objectives.yaml line 2: `Mail latency` needs a `limit_ms`" in problem


def test_of_two_entries_for_one_objective_the_first_is_used(loaded):
    entry = "  - {service: API, objective: availability, target: 0.9%s}\n"
    active, (problem,) = loaded("objectives:\n" + entry % 8 + entry % 7)
    assert active["API", "availability"].target == 0.98
    assert "line 3: `API availability` stands there twice" in problem


def test_maintenance_is_read_in_utc_unless_it_names_a_zone(tmp_path):
    file = tmp_path / "maintenance.yaml"
    file.write_text("""
maintenance:
  - from: 2026-11-22 02:00
    to: 2026-11-22 03:30
    services: [API, Database]
    why: PostgreSQL 17
  - from: 2026-11-23T02:00:00+01:00
    to: 2026-11-24
    services: all
    why: Moving house
  - from: 2026-11-25 02:00
    to: 2026-11-25 01:00
    services: all
    why: Backwards
  - from: tonight
    to: 2026-11-25 01:00
    services: all
    why: Vague
""")
    found = load_maintenance(file, SERVICES)
    first, second = found.planned
    assert (first.start, first.services) == (datetime(2026, 11, 22, 2, tzinfo=UTC), {"API", "Database"})
    assert (second.start, second.end, second.services) == (
        datetime(2026, 11, 23, 1, tzinfo=UTC),
        datetime(2026, 11, 24, tzinfo=UTC),
        None,
    )
    backwards, vague = map(str, found.problems)
    assert "maintenance.yaml line 11: a maintenance must end after it begins" in backwards
    assert "`from: tonight` is no time. Expected one such as `2026-11-22 02:00`" in vague


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param("Databse", "`Databse` is no service with an objective; did you mean `Database`?", id="misspelt"),
        pytest.param("Billing", "there are API, Generation, Database, Frontend, Search", id="unknown"),
    ],
)
def test_a_maintenance_of_a_service_that_nothing_is_promised_of_is_told(tmp_path, name, said):
    file = tmp_path / "maintenance.yaml"
    file.write_text(f"""
maintenance:
  - from: 2026-11-22 02:00
    to: 2026-11-22 03:30
    services: [API, {name}]
    why: PostgreSQL 17
""")
    found = load_maintenance(file, SERVICES)
    assert found.planned[0].services == {"API", name}
    assert "maintenance.yaml line 5: " in str(found.problems[0])
    assert said in str(found.problems[0])


def test_no_file_is_no_maintenance(tmp_path):
    assert load_maintenance(tmp_path / "none.yaml", SERVICES).planned == ()


def test_a_promise_reads_as_a_person_says_it():
    assert DEFAULTS["API", "availability"].words == "99.95 % good"
    assert DEFAULTS["Search", Promise.LATENCY.value].words == "95 % within 1000 ms"
