"""`maxbooster-ops chaos` as people and scripts run it, on a real Redis that the settings name."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support.chaos_kit import written
from support.redis_process import RedisProcess
from support.running_up import eventually
from typer.testing import CliRunner

from maxbooster_ops.cli.main import app
from maxbooster_ops.errors import MaxboosterError
from maxbooster_ops.settings import variables
from maxbooster_ops.store.home import Home

LIMIT = 64 * 1024**2


def step(module, func, *, pause=0, tolerance=None):
    kind = {"type": "action"} if tolerance is None else {"type": "probe", "tolerance": tolerance}
    provider = {"type": "python", "module": module, "func": func}
    return {**kind, "name": func, "provider": provider, "pauses": {"after": pause}}


ANSWERS = step("redis", "answers", tolerance=True)
SCENARIOS = {
    "quick": written([ANSWERS], steady=[ANSWERS], needs=["redis"]),
    "wrong": written([step("redis", "answers", tolerance=False)], steady=[ANSWERS], needs=["redis"]),
    "long": written([step("redis", "fill", pause=60)], steady=[ANSWERS], needs=["redis"]),
    "broken": "title: [",
}


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    server = RedisProcess(folder=tmp_path_factory.mktemp("redis")).start()
    with server.client() as client:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", LIMIT)
    yield server
    server.kill()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    opened = Home(root=tmp_path_factory.mktemp("home"))
    opened.chaos.mkdir()
    for name, text in SCENARIOS.items():
        (opened.chaos / f"{name}.yaml").write_text(text)
    return opened


@pytest.fixture(autouse=True)
def environment(home, redis, monkeypatch, tmp_path):
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAXBOOSTER_HOME", str(home.root))
    monkeypatch.setenv("MAXBOOSTER_ENV", "staging")
    monkeypatch.setenv("REDIS_URL", redis.url)
    monkeypatch.setenv("MAXBOOSTER_CHAOS_TARGETS", f"127.0.0.1:{urlsplit(redis.url).port}")
    return monkeypatch


@pytest.fixture
def chaos():
    """Run the command to its end; it takes TERM and INT for itself, which pytest wants back."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield lambda *arguments: CliRunner().invoke(app, ["chaos", *arguments])
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def drilling(redis):
    """A process of its own that has filled Redis and would keep it so for a minute."""
    command = [sys.executable, "-m", "maxbooster_ops", "chaos", "--target", "settings", "-s", "long"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    eventually(lambda: limit(redis) != LIMIT, seconds=120, what="a Redis that is full")
    return process


def limit(redis):
    with redis.client() as client:
        return int(client.config_get("maxmemory")["maxmemory"])


def test_a_drill_tells_each_step_and_what_came_of_it(chaos, redis):
    result = chaos("--target", "settings", "-s", "quick", "-s", "wrong")
    assert result.exit_code == 1
    assert f"The target is 127.0.0.1:{urlsplit(redis.url).port} (staging)." in result.output
    assert "failed method: answers: expected false, found True" in result.output
    assert "0/0 passed, and 1/2 beyond: partial (not all five ran, so it says nothing about a release)" in result.output
    assert "broken.yaml line 1: this is no YAML" in result.output
    assert redis.url not in result.output


def test_json_is_one_object_with_verdict_outcomes_and_report(chaos):
    result = chaos("--target", "settings", "-s", "quick", "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["verdict"], told["beyond"], told["leftovers"]) == (0, "partial", "1/1", [])
    assert told["scenarios"] == [{"name": "quick", "outcome": "passed", "reason": "", "five": False}]
    assert told["verdict"].upper() in Path(told["report"]).read_text(encoding="utf-8")


def test_a_dry_run_shows_the_steps_and_touches_nothing(chaos, home, redis):
    before = sorted(home.reports.glob("*"))
    result = chaos("--dry-run", "-s", "long", "--target", "settings")
    assert result.exit_code == 0
    assert "method: fill  [redis.fill(): Set Redis's memory limit below what it uses.]" in result.output
    assert "Nothing was touched." in result.output
    assert (limit(redis), sorted(home.reports.glob("*"))) == (LIMIT, before)


def test_the_list_has_the_five_and_the_users_own(chaos):
    told = {one["name"]: one["five"] for one in json.loads(chaos("--list", "--json").stdout)}
    assert sum(told.values()) == 5
    assert told["worker-crash"]
    assert not told["quick"]


@pytest.mark.parametrize(
    ("arguments", "changed", "said"),
    [
        pytest.param(
            ("--target", "settings"), {"MAXBOOSTER_CHAOS_TARGETS": "a:1"}, "nothing was touched", id="allowed"
        ),
        pytest.param(("--target", "settings"), {"MAXBOOSTER_ENV": "production"}, "Say --production", id="production"),
        pytest.param(("-s", "quik"), {}, "did you mean `quick`?", id="no such scenario"),
        pytest.param(("-s", "broken"), {}, "broken.yaml line 1", id="a broken scenario"),
        pytest.param(("--forget", "f-0"), {}, "There is no fault f-0", id="no such fault"),
    ],
)
def test_what_is_refused_says_why(chaos, environment, arguments, changed, said):
    for name, value in changed.items():
        environment.setenv(name, value)
    result = chaos(*arguments)
    assert isinstance(result.exception, MaxboosterError)
    assert said in str(result.exception)


@pytest.mark.parametrize("request_to_end", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_who_is_asked_to_end_takes_the_fault_back_first(drilling, redis, request_to_end):
    drilling.send_signal(request_to_end)
    out, _ = drilling.communicate()
    assert (drilling.returncode, limit(redis)) == (130, LIMIT)
    assert "not run: It was interrupted." in out
    assert "Report: " in out


def test_who_cannot_print_any_more_takes_the_fault_back_all_the_same(drilling, redis):
    drilling.stdout.close()
    drilling.send_signal(signal.SIGHUP)
    drilling.wait()
    assert limit(redis) == LIMIT


def test_after_a_kill_the_next_start_takes_the_fault_back(drilling, chaos, redis):
    drilling.kill()
    drilling.communicate()
    assert limit(redis) != LIMIT
    result = chaos("--roll-back")
    assert result.exit_code == 0
    assert "rolled back: redis-full in settings" in result.output
    assert limit(redis) == LIMIT
    assert "No drill left anything behind." in chaos("--roll-back").output
