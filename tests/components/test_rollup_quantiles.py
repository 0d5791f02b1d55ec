"""The quantiles of histograms as they are rolled up, against Prometheus' own `histogram_quantile`."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.facts import NOON, fact
from support.made_homes import HomeMaker
from support.need import program

from maxbooster_ops.analysis.rollups.rolling import roll_up_day
from maxbooster_ops.sources.prometheus.increase import increase
from maxbooster_ops.store.facts import MetricSample
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.opening import Store, open_store

QUANTILES = {"p50": 0.5, "p75": 0.75, "p95": 0.95, "p99": 0.99, "p999": 0.999}
SAMPLES = 61
"""One every 30 s: the first lies before the half hour, the others in it."""

BEFORE = timedelta(seconds=15)
"""Nothing lies on an edge, so the half hour's growth is that of Prometheus between its first sample and its last."""


@dataclass(frozen=True)
class Case:
    """The values of one histogram's buckets, by their bound as it stands on the page."""

    name: str
    buckets: dict[str, list[float]]

    def facts(self) -> list[MetricSample]:
        return [
            fact(
                MetricSample,
                ts=NOON - BEFORE + timedelta(seconds=30 * number),
                source="p",
                name=f"{self.name}_bucket",
                kind="histogram",
                labels={"le": bound, "zone": "a"},
                value=value,
                increase=increase(values[number - 1] if number else None, value),
            )
            for bound, values in self.buckets.items()
            for number, value in enumerate(values)
        ] + self.totals()

    def totals(self) -> list[MetricSample]:
        """Its count and sum, so that there is a row even where there is no quantile."""
        at = NOON + BEFORE
        members = {"_count": 10.0, "_sum": 25.0}
        return [
            fact(MetricSample, ts=at, name=self.name + what, kind="histogram", labels={"zone": "a"}, increase=grown)
            for what, grown in members.items()
        ]

    def prometheus_series(self) -> list[dict[str, str]]:
        return [
            {"series": f'{self.name}_bucket{{le="{bound}", zone="a"}}', "values": " ".join(map(str, values))}
            for bound, values in self.buckets.items()
        ]


def grown(
    bounds: Sequence[str], events: Sequence[Sequence[float]], *, restarts: Sequence[int] = ()
) -> dict[str, list[float]]:
    """Give the buckets of a platform that saw so many events by beat and bucket, and began anew at `restarts`."""
    # So much to begin with that Prometheus does not take the beginning of the counter to lie in the window.
    buckets = {bound: [1e7] for bound in bounds}
    for number, seen in enumerate(events, start=1):
        total = 0.0
        for bound, count in zip(bounds, seen, strict=True):
            total += count
            before = 0.0 if number in restarts else buckets[bound][-1]
            buckets[bound].append(before + total)
    return buckets


def generated(number: int) -> Case:
    chance = random.Random(number)
    bounds = sorted(chance.sample([0.5, 1, 2.5, 10, 50, 100, 1000, 5000], chance.randint(1, 8)))
    written = [*map(str, bounds), "+Inf"]
    most = chance.choice([1, 3, 200])
    empty = {bound for bound in written if chance.random() < 0.3}
    events = [[0 if bound in empty else chance.randint(0, most) for bound in written] for _ in range(SAMPLES - 1)]
    restarts = chance.sample(range(2, SAMPLES), chance.choice([0, 0, 1, 2]))
    return Case(name=f"case_{number}", buckets=grown(written, events, restarts=restarts))


def steadily(**each_time: float) -> dict[str, list[float]]:
    names = {name: name.replace("le_", "").replace("inf", "+Inf").replace("minus_", "-") for name in each_time}
    return {names[name]: [1e7 + count * number for number in range(SAMPLES)] for name, count in each_time.items()}


NAMED = {
    "no bucket +Inf": steadily(le_5=3, le_10=8),
    "nothing but +Inf": steadily(inf=8),
    "no events": steadily(le_5=0, le_10=0, inf=0),
    "all beyond the last finite bound": steadily(le_5=0, le_10=0, inf=4),
    "all in the first bucket": steadily(le_5=4, le_10=4, inf=4),
    "a first bound of zero": steadily(le_0=4, le_10=8, inf=8),
    "a first bound below zero": steadily(le_minus_5=6, le_10=8, inf=8),
    "counts that fall from bucket to bucket": steadily(le_5=4, le_10=2, le_20=7, inf=6),
    "exactly on a bound": steadily(le_5=2, le_10=3, inf=4),
}
CASES = [Case(name=f"named_{number}", buckets=buckets) for number, buckets in enumerate(NAMED.values())]
CASES += [generated(number) for number in range(120)]


@pytest.fixture
def store(tmp_path: Path, made_home: HomeMaker) -> Iterator[Store]:
    with open_store(made_home(tmp_path)) as opened:
        yield opened


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """What we roll up of every case, by its name."""
    with open_store(Home(root=tmp_path_factory.mktemp("rollups"))) as store:
        facts = [each for case in CASES for each in case.facts()]
        store.lake.write(lambda transaction: transaction.insert(facts, batch_id="beat-1"))
        roll_up_day(store, NOON.date(), NOON + timedelta(hours=1))
        return {row["series"]: row for row in store.lake.query("FROM rollups_30m WHERE ts = $noon", {"noon": NOON})}


def question(case: Case, quantile: float, value: float | None) -> str:
    """Ask whether it is our value, or for NULL whether it is a number: NaN equals nothing, not even itself.

    The range is a second longer than the growth, so that every release of Prometheus takes in its first sample.
    """
    asked = f"histogram_quantile({quantile}, increase({case.name}_bucket[1801s]))"
    if value is None:
        return f"{asked} == bool {asked}"
    return f"abs({asked} - {value!r}) <= bool {1e-9 * max(1, abs(value))!r}"


def test_promtool_finds_the_same_quantiles(found: dict[str, dict], tmp_path: Path):
    """Random buckets, sparse and full, restarts among them, and the corners by name. NaN is what we leave NULL."""
    promtool = program("promtool", "install Debian's package `prometheus`")
    tests = [
        {
            "interval": "30s",
            "input_series": case.prometheus_series(),
            "promql_expr_test": [
                {
                    "expr": question(case, quantile, found[case.name][name]),
                    "eval_time": "1800s",
                    "exp_samples": [{"labels": '{zone="a"}', "value": int(found[case.name][name] is not None)}],
                }
                for name, quantile in QUANTILES.items()
            ],
        }
        for case in CASES
    ]
    (tmp_path / "tests.yml").write_text(json.dumps({"rule_files": [], "tests": tests}))
    run = subprocess.run(
        [promtool, "test", "rules", "tests.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, (run.stdout + run.stderr)[:4000]


def test_the_cases_are_worth_comparing(found: dict[str, dict]):
    rows = list(found.values())
    assert len(rows) == len(CASES)
    assert sum(row["p50"] is None for row in rows) >= 3
    assert len({row["p95"] for row in rows}) > 40
    assert sum(min(case.buckets["+Inf"]) < 1e6 for case in CASES if "+Inf" in case.buckets) > 30, "restarts"


def test_count_and_mean_are_of_the_observations_and_extremes_are_unknown(found: dict[str, dict]):
    assert {(row["kind"], row["count"], row["avg"], row["min"], row["max"]) for row in found.values()} == {
        ("histogram", 10, 2.5, None, None)
    }


def test_a_histogram_is_one_series_without_its_bound(store: Store):
    """Buckets, sum and count are no series of their own; what NaN left or nobody observed has no row."""
    quiet = replace(CASES[-1], name="quiet")
    facts = [each for each in quiet.facts() if not each.name.endswith("_count")]
    facts += [replace(each, increase=0.0) for each in quiet.totals() if each.name.endswith("_count")]
    store.lake.write(lambda transaction: transaction.insert([*CASES[-1].facts(), *facts], batch_id="beat-1"))
    roll_up_day(store, NOON.date(), NOON + timedelta(hours=1))
    found = store.lake.query("SELECT DISTINCT series, labels FROM rollups")
    assert found == [{"series": CASES[-1].name, "labels": {"zone": "a"}}]
