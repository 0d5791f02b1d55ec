"""One chaos drill that dies: `python -m support.chaos_life TARGET POINT NUMBER SCENARIO…`.

POINT is where it kills itself with SIGKILL: right after the NUMBER-th time that the ledger says so (`written down`,
`put in`, `taken back`), between a fault's own `inject` or `roll_back` and the ledger's next word, or never.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass, field

from maxbooster_ops.readiness.chaos.drilling import Asked, ChaosDrill
from maxbooster_ops.readiness.chaos.fault import Details, Fault, Secrets
from maxbooster_ops.readiness.chaos.scenarios import Catalog, load_catalog
from maxbooster_ops.readiness.chaos.targets import Choice
from maxbooster_ops.settings import load_settings
from maxbooster_ops.store.opening import open_store
from maxbooster_ops.watching import home_of
from support.chaos_kit import Heard

LEDGER_POINTS = ("written down", "put in", "taken back")
FAULT_POINTS = ("after inject", "after roll_back")
NEVER = "never"


@dataclass
class Countdown:
    """Kills this process the `number`-th time that it is told of `point`."""

    point: str
    number: int

    def at(self, point: str) -> None:
        if point == self.point:
            self.number -= 1
            if not self.number:
                os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class Deadly:
    """A fault of ours, and a moment after each of its deeds at which the process may die."""

    fault: Fault
    countdown: Countdown
    kind: str = field(init=False)

    def __post_init__(self) -> None:
        self.kind = self.fault.kind

    def inject(self, details: Details, secrets: Secrets) -> None:
        self.fault.inject(details, secrets)
        self.countdown.at("after inject")

    def roll_back(self, details: Details, secrets: Secrets) -> None:
        self.fault.roll_back(details, secrets)
        self.countdown.at("after roll_back")

    def is_gone(self, details: Details, secrets: Secrets) -> bool:
        return self.fault.is_gone(details, secrets)


def main() -> None:
    target, point, number, *scenarios = sys.argv[1:]
    countdown = Countdown(point=point, number=int(number))

    def hear(step: object) -> None:
        name = getattr(step, "name", "")
        if name.startswith("fault "):
            countdown.at(next((one for one in LEDGER_POINTS if name.endswith(one)), ""))

    settings = load_settings()
    with open_store(home_of(settings)) as store:
        ours = load_catalog(store.home)
        faults = {kind: Deadly(fault=fault, countdown=countdown) for kind, fault in ours.faults.items()}
        catalog = Catalog(experiments=ours.experiments, actions=ours.actions, faults=faults)
        heard = Heard(at_step=hear)
        ChaosDrill(settings, store, catalog).run(Asked(scenarios=scenarios, target=Choice(target)), heard)


if __name__ == "__main__":
    main()
