from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from maxbooster_ops.sources.probes import Monitors, load_monitors
from maxbooster_ops.sources.probes.monitors import Base, Monitor, MonitorClass

SPECIFIED = {
    "API Health Check": ("/health", 5, 10, MonitorClass.CRITICAL),
    "AI Generation Service": ("/api/generation/health", 5, 15, MonitorClass.CRITICAL),
    "Database Connection": ("/api/health/db", 5, 10, MonitorClass.CRITICAL),
    "Authentication Service": ("/api/auth/health", 5, 10, MonitorClass.CRITICAL),
    "API Gateway": ("/api/status", 5, 10, MonitorClass.CRITICAL),
    "Cache Health": ("/api/health/cache", 10, 10, MonitorClass.WARNING),
    "Frontend Application": ("/", 10, 15, MonitorClass.WARNING),
    "WebSocket Service": ("/api/websocket/health", 10, 10, MonitorClass.WARNING),
    "File Upload Service": ("/api/upload/health", 10, 10, MonitorClass.WARNING),
    "Search Service": ("/api/search/health", 10, 10, MonitorClass.WARNING),
}


def loaded(folder: Path, text: str) -> Monitors:
    file = folder / "monitors.yaml"
    file.write_text(text, encoding="utf-8")
    return load_monitors(file)


def named(monitors: Monitors, name: str) -> Monitor:
    (found,) = (monitor for monitor in monitors.active if monitor.name == name)
    return found


@pytest.mark.parametrize("user_file", [None, Path("/nowhere/monitors.yaml")], ids=["none", "absent"])
def test_without_a_file_of_the_user_the_ten_of_the_specification_are_active(user_file: Path | None):
    monitors = load_monitors(user_file)
    assert monitors.problems == ()
    found = {
        monitor.name: (
            monitor.path,
            monitor.every / timedelta(minutes=1),
            monitor.timeout.total_seconds(),
            monitor.monitor_class,
        )
        for monitor in monitors.active
    }
    assert found == SPECIFIED
    assert all(monitor.expect == {200} for monitor in monitors.active)
    frontend = named(monitors, "Frontend Application")
    assert (frontend.base, frontend.follow_redirects) == (Base.FRONTEND, True)


def test_an_entry_with_a_known_name_changes_only_what_it_gives(tmp_path: Path):
    monitors = loaded(tmp_path, "monitors:\n- name: Cache Health\n  every: 30 s\n")
    changed = named(monitors, "Cache Health")
    assert (changed.every, changed.path) == (timedelta(seconds=30), "/api/health/cache")
    assert changed.body == named(load_monitors(), "Cache Health").body
    assert (len(monitors.active), monitors.problems) == (10, ())


def test_an_entry_may_switch_a_monitor_off_and_give_it_another_address(tmp_path: Path):
    text = """\
monitors:
- name: Search Service
  enabled: false
- name: API Gateway
  url: https://gateway.example/status
"""
    monitors = loaded(tmp_path, text)
    assert "Search Service" not in {monitor.name for monitor in monitors.active}
    gateway = named(monitors, "API Gateway")
    assert (gateway.url, gateway.path) == ("https://gateway.example/status", None)
    assert monitors.problems == ()


def test_a_third_party_is_added_with_all_that_can_be_said_of_it(tmp_path: Path):
    text = """\
monitors:
- name: Payments
  url: https://payments.example/v1/status
  class: platform
  every: 1 min
  timeout: 2.5 s
  expect: [200, 401]
  follow_redirects: true
  body:
    status: string
    region: { equals: eu }
    load: { one_of: [low, high] }
    mode: { none_of: [read-only] }
"""
    payments = named(loaded(tmp_path, text), "Payments")
    assert (payments.monitor_class, payments.timeout.total_seconds()) == (MonitorClass.PLATFORM, 2.5)
    assert (payments.expect, payments.follow_redirects) == ({200, 401}, True)
    assert [(rule.field, rule.type, rule.one_of, rule.none_of) for rule in payments.body] == [
        ("status", "string", None, ()),
        ("region", None, ("eu",), ()),
        ("load", None, ["low", "high"], ()),
        ("mode", None, None, ["read-only"]),
    ]


ENTRY = "monitors:\n\n- name: New\n  path: /new\n  class: warning\n  timeout: 1 s\n  every: 1 min\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            ENTRY.replace("1 min", "5 minuts"),
            "line 7: `every: 5 minuts` is not a duration. Expected a number with a unit, such as `5 min` or `30 s`",
            id="a unit that is none",
        ),
        pytest.param(ENTRY.replace("1 min", "300"), "line 7: `every: 300` is not a duration", id="no unit"),
        pytest.param(ENTRY.replace("1 s", "2 h"), "line 6: `timeout: 2 h` is out of bounds", id="too long"),
        pytest.param(ENTRY.replace("warning", "urgent"), "line 5: `class: urgent` cannot be used: input", id="class"),
        pytest.param(ENTRY.replace("every", "evry"), "line 7: `evry` is no field of a monitor; did you", id="mistyped"),
        pytest.param(ENTRY + "  mail: a@b.c\n", "line 8: `mail` is no field of a monitor; remove it", id="unknown"),
        pytest.param(ENTRY.replace("  class: warning\n", ""), "line 3: `New` has no `class`", id="missing"),
        pytest.param(ENTRY.replace("/new", "new"), "line 4: `path: new` cannot be used: string should", id="path"),
        pytest.param(ENTRY + "  url: http://a\n", "line 3: `New` needs either a `path` or a `url`", id="two addresses"),
        pytest.param(ENTRY + "  expect: 99\n", "line 8: `expect: 99` cannot be used: input", id="no status code"),
        pytest.param(
            ENTRY + "  body:\n    a: string\n    b: sting\n", "line 10: `body.b.type: sting` cannot be used", id="type"
        ),
        pytest.param(
            ENTRY + "  body:\n    a: {equals: 1, one_of: [2]}\n", "line 9: `body.a: ", id="a rule that says two things"
        ),
        pytest.param(ENTRY + "- name: New\n", "line 8: `name: New` stands there twice; the first is used", id="twice"),
        pytest.param(ENTRY + "- some text\n", "line 8: `some text` is no entry", id="text"),
        pytest.param(ENTRY + "- 3: 4\n", "line 8: `{3: 4}` is no entry", id="a number for a name"),
        pytest.param(ENTRY + "- name: [a]\n", "line 8: `name: ['a']` cannot be used", id="a list for a name"),
        pytest.param("monitors:\n  name: New\n", "line 2: expected `monitors:` with a list of entries", id="no list"),
        pytest.param("- name: New\n", "line 1: expected `monitors:` with a list of entries", id="no heading"),
        pytest.param("monitors:\n- name: 'New\n", "line 3: this is no YAML: found unexpected end", id="no YAML"),
        pytest.param("monitors:\n- !!python/name:os.system x\n", "line 2: this is no YAML: could not", id="a tag"),
        pytest.param("monitors: " + "[" * 5000, "line 1: this is no YAML", id="endlessly nested"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_the_rest_stays_active(tmp_path: Path, text: str, expected: str):
    monitors = loaded(tmp_path, text)
    (problem,) = monitors.problems
    assert str(problem).startswith(f"monitors.yaml {expected}")
    assert "The other monitors stay active" in str(problem)
    assert {monitor.name for monitor in monitors.active} >= SPECIFIED.keys()


def test_a_broken_change_leaves_the_default_as_it_is(tmp_path: Path):
    monitors = loaded(tmp_path, "monitors:\n- name: Cache Health\n  every: often\n")
    assert named(monitors, "Cache Health") == named(load_monitors(), "Cache Health")


def test_a_file_that_is_no_text_is_a_problem(tmp_path: Path):
    file = tmp_path / "monitors.yaml"
    file.write_bytes(b"\xff\xfe\x00")
    monitors = load_monitors(file)
    assert "monitors.yaml cannot be read" in str(monitors.problems[0])
    assert len(monitors.active) == 10


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "monitors: []\n"])
def test_an_empty_file_changes_nothing(tmp_path: Path, text: str):
    monitors = loaded(tmp_path, text)
    assert (len(monitors.active), monitors.problems) == (10, ())
