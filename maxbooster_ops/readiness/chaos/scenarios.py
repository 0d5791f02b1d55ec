"""Which scenarios there are: those that come with the product, and the user's own in `chaos/` of the home.

Belongs here: finding and choosing. Not here: reading one (`experiment.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from maxbooster_ops.errors import UsageError
from maxbooster_ops.readiness.chaos.action import Action, actions_of
from maxbooster_ops.readiness.chaos.actions import MODULES
from maxbooster_ops.readiness.chaos.experiment import Experiment, ScenarioFileError, read_experiment
from maxbooster_ops.readiness.chaos.fault import Fault
from maxbooster_ops.readiness.chaos.faults import FAULTS
from maxbooster_ops.store.home import Home
from maxbooster_ops.user_files import did_you_mean

SHIPPED = Path(__file__).with_name("experiments")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""It becomes part of the names of a queue and of a folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """Everything that a drill may use; files that cannot be are `problems`."""

    experiments: Sequence[Experiment]
    actions: Mapping[str, Action]
    faults: Mapping[str, Fault]
    problems: Sequence[ScenarioFileError] = ()

    @property
    def five(self) -> int:
        """How many scenarios decide whether a release is ready."""
        return sum(one.five for one in self.experiments)

    def chosen(self, names: Sequence[str]) -> Sequence[Experiment]:
        """Give the scenarios of these names, all where none is named. Raises `UsageError` for one that there is not."""
        known = {one.name: one for one in self.experiments}
        for name in names:
            if name not in known:
                problem = next((str(one) for one in self.problems if str(one).startswith(f"{name}.yaml")), None)
                hint = problem or did_you_mean(name, known, otherwise="`maxbooster-ops chaos --list` shows all")
                raise UsageError(f"There is no scenario `{name}`; {_ended(hint)}")
        return [one for one in self.experiments if not names or one.name in names]


def _ended(hint: str) -> str:
    return hint if hint.endswith((".", "?")) else f"{hint}."


def load_catalog(home: Home) -> Catalog:
    """Read every scenario; one of the user's that cannot be used leaves the others alone.

    Raises `ScenarioFileError` where one of ours cannot be used: without it a verdict would say too much.
    """
    actions = actions_of(MODULES)
    ours = [read_experiment(file, actions) for file in sorted(SHIPPED.glob("*.yaml"))]
    ours.sort(key=lambda one: not one.five)
    users: list[Experiment] = []
    problems: list[ScenarioFileError] = []
    for file in sorted([*home.chaos.glob("*.yaml"), *home.chaos.glob("*.yml")]):
        try:
            _refuse_name(file)
            users.append(_of_user(read_experiment(file, actions), {one.name for one in ours}, file))
        except ScenarioFileError as error:
            problems.append(error)
    return Catalog(
        experiments=(*ours, *users),
        actions=actions,
        faults={fault.kind: fault for fault in FAULTS},
        problems=tuple(problems),
    )


def _refuse_name(file: Path) -> None:
    if file.suffix != ".yaml":
        raise ScenarioFileError(f"{file.name} is not read: call it {file.stem}.yaml.")
    if not _NAME.fullmatch(file.stem):
        raise ScenarioFileError(
            f"{file.name}: this cannot be the name of a scenario. Expected at most 64 letters, digits, `-`, `_` and "
            "`.`. Rename the file."
        )


def _of_user(experiment: Experiment, taken: set[str], file: Path) -> Experiment:
    if experiment.name in taken:
        raise ScenarioFileError(f"{file.name}: a scenario of the product has this name. Rename the file.")
    if experiment.five:
        raise ScenarioFileError(
            f"{file.name}: only scenarios of the product decide whether a release is ready. Remove `five: true`."
        )
    return experiment
