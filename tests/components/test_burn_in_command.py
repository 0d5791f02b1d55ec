"""`maxbooster-ops burn-in` as a person or a pipeline runs it: a real process, a real Redis, a small HTTP platform."""

from __future__ import annotations

import json
import signal
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from support.burn_ins import dead_owner
from support.http_server import answer_json, http_server
from support.redis_process import RedisProcess
from support.running_up import COMMAND, environment

from maxbooster_ops.cli.burn_in import run
from maxbooster_ops.cli.burn_in_display import sparkline
from maxbooster_ops.clock import utc_now
from maxbooster_ops.errors import MaxboosterError, UsageError
from maxbooster_ops.readiness.burn_in.plan import Plan
from maxbooster_ops.readiness.burn_in.sessions import begin
from maxbooster_ops.settings import variables
from maxbooster_ops.store.asking import ask
from maxbooster_ops.store.state import open_state

RESULT = ["verdict", "reasons", "success_rate", "checks", "memory_growth_mb", "redis_latency_avg_ms", "report"]
EXIT_CODES = {"PASS": 0, "CONDITIONAL PASS": 1, "FAIL": 2, "PARTIAL": 3}


@pytest.fixture(scope="module")
def home(tmp_path_factory, made_home):
    return made_home(tmp_path_factory.mktemp("command") / "home")


@pytest.fixture(scope="module")
def burn_in(home, tmp_path_factory):
    """Starts the command on one home, which keeps what the tests before left."""
    redis = RedisProcess(folder=tmp_path_factory.mktemp("redis")).start()
    with http_server() as server:
        for path in ("/health", "/api/health"):
            server.on(path, answer_json({"status": "ok"}))
        platform = environment(REDIS_URL=redis.url, PLATFORM_URL=server.url)

        def started(*arguments):
            return subprocess.Popen(
                [COMMAND, "burn-in", *arguments, "--home", str(home.root)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=platform,
                cwd=home.root.parent,
            )

        yield started
    redis.kill()


def ended(process):
    out, err = process.communicate(timeout=600)
    return process.returncode, out, " ".join(err.split())


def test_json_is_an_object_a_check_and_at_last_the_result(burn_in, home):
    home.ops_sql.unlink(missing_ok=True)
    code, out, _ = ended(burn_in("--json", "--duration", "2s", "--interval", "1s"))
    *checks, result = map(json.loads, out.splitlines())
    assert [check["number"] for check in checks] == list(range(1, result["checks"] + 1))
    assert list(result) == RESULT
    assert code == EXIT_CODES[result["verdict"]]
    assert result["verdict"] in Path(result["report"]).read_text(encoding="utf-8")
    assert ask(home, "SELECT verdict FROM drill_results").rows == [(result["verdict"],)], "also the first in a home"


def test_ctrl_c_gives_a_partial_report_that_can_be_resumed_and_stopped(burn_in):
    process = burn_in("--duration", "10m", "--interval", "1s")
    session_id = process.stdout.readline().split()[1]
    assert any("check 2 of 601" in line for line in iter(process.stdout.readline, ""))
    process.send_signal(signal.SIGINT)
    code, out, _ = ended(process)
    assert code == 3
    assert "PARTIAL" in out
    assert "not valid for a release" in out
    resumed = burn_in("--resume", session_id, "--json")
    resumed.stdout.readline()
    _, asked, _ = ended(burn_in("--stop", session_id))
    assert "was asked to stop" in asked
    code, out, _ = ended(resumed)
    assert code == 3
    assert json.loads(out.splitlines()[-1])["verdict"] == "PARTIAL"


def test_the_list_shows_the_newest_first(burn_in):
    _, out, _ = ended(burn_in("--list", "--json"))
    newest, *_ = json.loads(out)
    assert (newest["status"], newest["verdict"], newest["launched_by"]) == ("cancelled", "PARTIAL", "terminal")
    assert Path(newest["report"]).is_file()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param({}, "Nothing is watched, so there is nothing to burn in", id="nothing is watched"),
        pytest.param({"interval": timedelta(days=2)}, "does not fit into", id="no two checks"),
        pytest.param({"threshold": ["memory=1"]}, "`memory=1` is no threshold", id="no threshold"),
        pytest.param(
            {"threshold": ["redis_latency_ms=inf"]},
            "`redis_latency_ms: inf` cannot be used",
            id="a threshold without end",
        ),
        pytest.param({"resume_id": "bi-nobody"}, "There is no burn-in `bi-nobody`", id="no session"),
        pytest.param({"stop_id": "bi-nobody"}, "There is no burn-in `bi-nobody`", id="nothing to stop"),
    ],
)
def test_what_cannot_be_done_is_said(home, monkeypatch, options, said):
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(home.root)
    with pytest.raises(MaxboosterError, match=said):
        run(home=home.root, **options)


def test_a_sandbox_is_not_started_beside_a_platform_that_is_named(home, monkeypatch):
    monkeypatch.setenv("PLATFORM_URL", "http://127.0.0.1:1")
    with pytest.raises(UsageError, match="--sandbox starts a platform, but REDIS_URL or PLATFORM_URL names one"):
        run(home=home.root, sandbox=True)


def test_a_burn_in_that_a_dead_process_left_is_not_passed_over(burn_in, home):
    with open_state(home) as state:
        session = begin(state, Plan(), launched_by="terminal", run_id=None, owner=dead_owner(), now=utc_now())
    code, _, err = ended(burn_in("--duration", "2s", "--interval", "1s"))
    assert code == 2
    assert f"--resume {session.id} goes on with it" in err
    code, out, _ = ended(burn_in("--stop", session.id))
    assert (code, "PARTIAL" in out) == (3, True)


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        pytest.param([1, 2, 3], "▁▅█", id="lowest to highest"),
        pytest.param([5, 5], "▄▄", id="flat"),
        pytest.param([1, None, 2], "▁ █", id="a gap where nothing is known"),
        pytest.param([None, None], "", id="nothing known"),
    ],
)
def test_the_course_of_a_series_is_drawn_in_one_line(values, drawn):
    assert sparkline(values) == drawn
