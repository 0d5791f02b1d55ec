"""What a scenario may call: functions of ours that were registered under a name, and nothing else.

Belongs here: marking such a function, and finding the marked ones of a module. Not here: any one action (`actions/`).

An action is handed the `Drill` and the arguments that its scenario names; a probe is an action whose answer is held
against a tolerance. Raise `ExpectationError` (`drill.py`) where what the scenario demands does not hold, `NotRunError`
where it cannot be tried on this machine, and `DrillError` for anything else that a person must read.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import TypeVar

_MARK = "__drill_action__"

F = TypeVar("F", bound=Callable[..., object])


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One function that scenarios may name."""

    name: str
    function: Callable[..., object]

    @property
    def summary(self) -> str:
        """The first line of what the function says about itself."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    @property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        """What it takes besides the drill."""
        _, *others = inspect.signature(self.function).parameters.items()
        return dict(others)


def action(name: str) -> Callable[[F], F]:
    """Let scenarios call the function as `name`: module and function with a dot between, such as `workers.kill`."""
    module, _, function = name.partition(".")
    if not (module.isidentifier() and function.isidentifier()):
        raise ValueError(f"`{name}` is no name of an action: expected a module and a function, such as `workers.kill`")

    def mark(marked: F) -> F:
        setattr(marked, _MARK, name)
        return marked

    return mark


def actions_of(modules: Iterable[ModuleType]) -> Mapping[str, Action]:
    """Collect what is marked in `modules`, by name."""
    marked = (value for module in modules for value in vars(module).values() if hasattr(value, _MARK))
    return {getattr(function, _MARK): Action(name=getattr(function, _MARK), function=function) for function in marked}
