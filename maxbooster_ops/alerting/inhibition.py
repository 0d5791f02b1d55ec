"""Inhibition: a cause that fires keeps its consequences from being told.

Belongs here: which alert inhibits which. Not here: what follows from it (`dispatch.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from maxbooster_ops.alerting.alert import Alert
from maxbooster_ops.alerting.silence import Matcher


@dataclass(frozen=True, slots=True, kw_only=True)
class Inhibition:
    """An open alert that matches every `source` inhibits those that match every `target` and share the `equal` labels.

    An alert never inhibits itself, nor one that would inhibit it in turn.
    """

    name: str
    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...] = ()

    def is_source(self, alert: Alert) -> bool:
        """Tell whether `alert` is such a cause."""
        return all(matcher.holds(alert) for matcher in self.source)

    def is_target(self, alert: Alert) -> bool:
        """Tell whether `alert` is such a consequence."""
        return all(matcher.holds(alert) for matcher in self.target)


def cause_of(alert: Alert, inhibitions: Iterable[Inhibition], alerts: Iterable[Alert]) -> Alert | None:
    """Give an open alert that inhibits `alert`, None where none does."""
    raise NotImplementedError
