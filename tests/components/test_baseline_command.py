"""`maxbooster-ops baseline` and `maxbooster-ops regressions`, as a person and as a program call them."""

from __future__ import annotations

import json
from datetime import timedelta

import numpy as np
import pytest
from support.beats import store_beats
from typer.testing import CliRunner

from maxbooster_ops.analysis.baselines.saving import save
from maxbooster_ops.analysis.regressions.finding import find_regressions
from maxbooster_ops.analysis.regressions.keeping import keep_regressions
from maxbooster_ops.cli.main import app
from maxbooster_ops.clock import utc_now
from maxbooster_ops.errors import UsageError
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import open_lake

HOUR = timedelta(hours=1)


def noise(seed, count, level=1.0):
    return level * np.random.default_rng(seed).lognormal(6, 0.2, count)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Calm for hours, saved as `calm`; since an hour half as much again."""
    place, now = Home(root=tmp_path_factory.mktemp("home")), utc_now()
    with open_lake(place) as lake:
        store_beats(lake, now - HOUR, noise(1, 1000))
        save(lake, "calm", length=12 * HOUR, now=now - HOUR)
        store_beats(lake, now, noise(2, 120, level=1.5))
        save(lake, "worse", now=now)
    return place


def called(home, *arguments):
    return CliRunner().invoke(app, [*arguments, "--home", str(home.root)])


def test_saving_tells_where_the_file_is(home):
    result = called(home, "baseline", "save", "again", "--last", "0h 30m", "--kind", "post_update", "--json")
    saved = json.loads(result.stdout)
    assert (result.exit_code, saved["name"], saved["kind"]) == (0, "again", "post_update")
    with open(saved["filepath"], encoding="utf-8") as file:  # noqa: PTH123 -- the path as it was told
        assert json.load(file)["name"] == "again"


def test_the_list_names_every_version_with_its_file(home):
    listed = {row["name"]: row for row in json.loads(called(home, "baseline", "list", "--json").stdout)}
    assert listed["calm"]["duration"] == "8h 20m"
    assert listed["calm"]["filepath"].startswith(str(home.baselines / "calm-"))
    assert "calm" in called(home, "baseline", "list").stdout


def test_showing_a_baseline_gives_its_series(home):
    shown = json.loads(called(home, "baseline", "show", "calm", "--json").stdout)
    (memory,) = (one for one in shown["metrics"] if one["series"] == "process_rss_mb")
    assert (memory["labels"], memory["count"]) == ({"host": "web"}, 1000)


@pytest.mark.parametrize("other", [[], ["worse"]], ids=["now", "another baseline"])
def test_comparing_finds_what_is_worse_and_ends_with_1(home, other):
    result = called(home, "baseline", "compare", "calm", *other, "--json")
    assert result.exit_code == 1
    (worst, *rest) = json.loads(result.stdout)
    assert {"metric", "before", "after", "change", "p_value", "result"} <= worst.keys()
    assert (worst["metric"], worst["result"]) == ('process_rss_mb{host="web"} typical', "regressed")
    assert worst["change"] == pytest.approx(50, abs=10)
    assert "regressed" not in {one["result"] for one in rest}
    told = called(home, "baseline", "compare", "calm", *other).stdout
    assert told.index("regressed") < told.index("1 regressed")


def test_comparing_a_baseline_with_itself_ends_with_0(home):
    result = called(home, "baseline", "compare", "calm", "calm", "--json")
    assert result.exit_code == 0
    typical = [one for one in json.loads(result.stdout) if one["statistic"] == "typical"]
    assert {one["result"] for one in typical} == {"unchanged"}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["save", "../../calm"], "cannot name a baseline"),
        (["save", "calm", "--last", "5 parsecs"], "is not a duration"),
        (["save", "calm", "--kind", "automatic"], "taken by itself"),
        (["show", "unknown"], "There are "),
        (["compare", "calm", "unknown"], "baseline list"),
        (["renew", "unknown"], "fewer than 10 executions"),
    ],
)
def test_what_cannot_be_done_is_refused_with_what_to_do(home, arguments, reason):
    result = called(home, "baseline", *arguments)
    assert isinstance(result.exception, UsageError)
    assert reason in str(result.exception)


def test_regressions_shows_the_newest_run_or_looks_now(home):
    assert "`--now` looks at once" in " ".join(called(home, "regressions").stdout.split())
    with open_lake(home) as lake:
        lake.write(lambda transaction: transaction.connection.execute("DELETE FROM ops.baselines WHERE name <> 'calm'"))
        assert keep_regressions(lake, find_regressions(lake, utc_now()))
    for options in ((), ("--now",)):
        (one, *rest) = json.loads(called(home, "regressions", *options, "--json").stdout)
        assert (one["metric"], one["result"]) == ('process_rss_mb{host="web"} typical', "regressed")
        assert one["baseline"] == "calm"
        assert all(row["exceeds_naive"] for row in rest), "what the 10 % rule alone would have told"
    assert len(json.loads(called(home, "regressions", "--all", "--json").stdout)) > 2
    assert "`--all` shows the rest" in called(home, "regressions").stdout
