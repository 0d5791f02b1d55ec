"""Scenarios of the product run on a stand, as they are or with one thing in them changed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import redis
import yaml
from pydantic import SecretStr

from maxbooster_ops.clock import utc_now
from maxbooster_ops.readiness.chaos.action import actions_of
from maxbooster_ops.readiness.chaos.actions import MODULES
from maxbooster_ops.readiness.chaos.drill import Target
from maxbooster_ops.readiness.chaos.experiment import Experiment, read_experiment
from maxbooster_ops.readiness.chaos.faults import FAULTS
from maxbooster_ops.readiness.chaos.journal import Journal
from maxbooster_ops.readiness.chaos.ledger import Ledger
from maxbooster_ops.readiness.chaos.runner import Place, run_scenario
from maxbooster_ops.readiness.chaos.scenarios import SHIPPED
from maxbooster_ops.readiness.chaos.stand import open_stand
from maxbooster_ops.readiness.report.chaos_summary import ScenarioSummary
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.state import open_state

ACTIONS = actions_of(MODULES)

_PATIENT_SECONDS = 600
"""How long a step waits that has an argument `seconds`."""


@dataclass(frozen=True)
class StandSecrets:
    """Knows the Redis of one stand."""

    url: SecretStr

    def redis_url(self, _target: str) -> SecretStr:
        return self.url


@dataclass(frozen=True)
class Rig:
    """A stand and a ledger; `run` gives what came of a scenario."""

    target: Target
    ledger: Ledger
    folder: Path
    numbers: Iterator[int]

    def run(self, name: str, *, target: Target | None = None, **configuration: Any) -> ScenarioSummary:
        """Run a scenario of ours; `configuration` changes that of its file, `target` fields of the stand."""
        folder = self.folder / str(next(self.numbers))
        folder.mkdir()
        place = Place(
            drill_id=folder.name,
            target=target or self.target,
            folder=folder / "work",
            ledger=self.ledger,
            clock=utc_now,
            wait=time.sleep,
        )
        journal = Journal(Home(root=folder), folder.name, name, heading={}, told=lambda *_: None)
        return run_scenario(changed(name, folder, configuration), place, journal).summary

    def redis(self) -> redis.Redis:
        assert self.target.redis_url
        return redis.Redis.from_url(self.target.redis_url.get_secret_value(), decode_responses=True)

    def with_platform(self, url: str) -> Target:
        return replace(self.target, platform_url=url)


def changed(name: str, folder: Path, configuration: dict[str, Any]) -> Experiment:
    """Read a scenario of ours with some of its configuration changed."""
    document = yaml.safe_load((SHIPPED / f"{name}.yaml").read_text())
    assert configuration.keys() <= document.get("configuration", {}).keys()
    document["configuration"] = {**document.get("configuration", {}), **configuration}
    _make_patient(document)
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump(document))
    return read_experiment(file, ACTIONS)


def _make_patient(document: dict[str, Any]) -> None:
    """Let everything that is waited for take its time: on a slow machine it is late and not lost."""
    document["extensions"][0]["deadline"] = "1 h"
    for step in (*document["steady-state-hypothesis"]["probes"], *document["method"]):
        provider = step["provider"]
        known = ACTIONS[f"{provider['module']}.{provider['func']}"].parameters
        if "seconds" in known:
            provider["arguments"] = {**provider.get("arguments", {}), "seconds": _PATIENT_SECONDS}


@contextmanager
def open_rig(folder: Path, **options: Any) -> Iterator[Rig]:
    """Open a stand with these options of `open_stand`; at its end no fault may be open."""
    with ExitStack() as stack:
        target = stack.enter_context(open_stand(folder / "stand", name="stand-test", **options))
        assert target.redis_url
        state = stack.enter_context(open_state(Home(root=folder / "home")))
        kinds = {fault.kind: fault for fault in FAULTS}
        ledger = Ledger(state, kinds, StandSecrets(target.redis_url), clock=utc_now)
        yield Rig(target=target, ledger=ledger, folder=folder, numbers=count(1))
        assert ledger.open() == []
