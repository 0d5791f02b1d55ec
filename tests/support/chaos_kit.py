"""A small real fault, a few actions and scenarios around them: what the engine of chaos drills is tried with.

The fault is a file that a scenario puts where its details say, and takes away again.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from maxbooster_ops.errors import DrillError
from maxbooster_ops.readiness.chaos.action import action, actions_of
from maxbooster_ops.readiness.chaos.drill import Drill, ExpectationError, NotRunError, Target
from maxbooster_ops.readiness.chaos.experiment import Experiment, read_experiment
from maxbooster_ops.readiness.chaos.fault import Details, Secrets
from maxbooster_ops.readiness.chaos.scenarios import Catalog
from maxbooster_ops.readiness.report.chaos_summary import ScenarioSummary, StepSummary
from maxbooster_ops.settings import Settings
from maxbooster_ops.store.home import Home


class Marker:
    """A file; where `<path>.stubborn` lies beside it, it cannot be taken away."""

    kind = "marker"

    def inject(self, details: Details, _secrets: Secrets) -> None:
        Path(details["path"]).touch()
        if details.get("half"):
            raise DrillError("It broke half-way.")

    def roll_back(self, details: Details, _secrets: Secrets) -> None:
        if not Path(f"{details['path']}.stubborn").exists():
            Path(details["path"]).unlink(missing_ok=True)

    def is_gone(self, details: Details, _secrets: Secrets) -> bool:
        return not Path(details["path"]).exists()


@action("marker.put")
def put(drill: Drill, path: str, *, half: bool = False) -> None:
    """Put the file there."""
    drill.scratch["fault"] = drill.inject("marker", path=path, half=half)


@action("marker.take_away")
def take_away(drill: Drill) -> None:
    """Take the file away again."""
    drill.roll_back(drill.scratch["fault"])


@action("marker.lies")
def lies(_drill: Drill, path: str) -> bool:
    """Tell whether the file lies there."""
    return Path(path).exists()


@action("steps.answer")
def answer(_drill: Drill, value: Any) -> Any:
    """Answer what it is told."""
    return value


@action("steps.do")
def do(_drill: Drill, what: str) -> None:
    """End as it is told."""
    if what == "hang":
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0, "nobody would end it"
        signal.setitimer(signal.ITIMER_REAL, 0.001)  # the deadline, brought forward: what came before may take its time
        time.sleep(60)
    if what == "interrupt":
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)
    raise {"expect": ExpectationError, "skip": NotRunError, "break": ZeroDivisionError}[what](f"told to {what}")


ACTIONS = actions_of([sys.modules[__name__]])


def step(func: str, *, name: str | None = None, tolerance: Any = None, **arguments: Any) -> dict[str, Any]:
    """Write one step; a probe where it has a tolerance."""
    module, _, function = func.partition(".")
    written = {
        "type": "action" if tolerance is None else "probe",
        "name": name or func,
        "provider": {"type": "python", "module": module, "func": function, "arguments": arguments},
    }
    return written if tolerance is None else {**written, "tolerance": tolerance}


FINE = step("steps.answer", name="all is fine", tolerance=True, value=True)


def written(
    method: Sequence[Mapping[str, Any]],
    *,
    steady: Sequence[Mapping[str, Any]] = (FINE,),
    rollbacks: Sequence[Mapping[str, Any]] = (),
    **ours: Any,
) -> str:
    """Write a scenario's file."""
    content = {
        "title": "A title",
        "description": "What it proves.",
        "extensions": [{"name": "maxbooster_ops", **ours}],
        "steady-state-hypothesis": {"title": "all is well", "probes": list(steady)},
        "method": list(method),
        "rollbacks": list(rollbacks),
    }
    return yaml.safe_dump(content, sort_keys=False)


def scenario(folder: Path, name: str, method: Sequence[Mapping[str, Any]], **parts: Any) -> Experiment:
    """Write a scenario into `folder` and read it."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.yaml"
    file.write_text(written(method, **parts))
    return read_experiment(file, ACTIONS)


def catalog(*experiments: Experiment) -> Catalog:
    """A catalog of these scenarios and the one fault."""
    return Catalog(experiments=experiments, actions=ACTIONS, faults={Marker.kind: Marker()})


def settings_of(home: Home, redis_url: str = "redis://127.0.0.1:1/0", **others: Any) -> Settings:
    """Settings under which everything named may be drilled; nothing listens at the default address."""
    allowed = others.pop("maxbooster_chaos_targets", ("127.0.0.1:1",))
    return Settings(
        _env_file=None,
        **{
            "maxbooster_home": home.root,
            "maxbooster_env": "staging",
            "redis_url": redis_url,
            "maxbooster_chaos_targets": allowed,
            **others,
        },
    )


@dataclass
class Heard:
    """A listener that keeps what it heard, and does something at each step where it is told to."""

    at_step: Callable[[StepSummary], None] = lambda _: None
    steps: list[tuple[str, StepSummary]] = field(default_factory=list)
    results: list[ScenarioSummary] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)

    def target_ready(self, target: Target) -> None:
        self.targets.append(target)

    def scenario_begins(self, experiment: Experiment) -> None:
        pass

    def step_done(self, scenario: str, step: StepSummary) -> None:
        self.steps.append((scenario, step))
        self.at_step(step)

    def scenario_ended(self, result: ScenarioSummary) -> None:
        self.results.append(result)
