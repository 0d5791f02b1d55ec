"""Inhibition: a cause that fires keeps its consequences from being told.

Belongs here: which alert inhibits which. Not here: what follows from it (`dispatch.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from maxbooster_ops.alerting.alert import Alert
from maxbooster_ops.alerting.dispatching.silence import Matcher, label_of


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


class Causes:
    """The open alerts that inhibit others, found once for many questions."""

    def __init__(self, inhibitions: Iterable[Inhibition], alerts: Iterable[Alert]) -> None:
        # The oldest cause is the one to name, whatever order the alerts come in.
        eldest_first = sorted(alerts, key=lambda alert: (alert.since, alert.id))
        openly = [alert for alert in eldest_first if alert.resolved_at is None]
        self._reigns = [_Reign(inhibition, openly) for inhibition in inhibitions]

    def of(self, alert: Alert) -> Alert | None:
        """Give the open alert that inhibits `alert`, None where none does."""
        for reign in self._reigns:
            for cause in reign.over(alert):
                if not any(other.holds(alert, over=cause) for other in self._reigns):
                    return cause
        return None


class _Reign:
    """One inhibition with its causes at hand, by the labels that cause and consequence share."""

    def __init__(self, inhibition: Inhibition, alerts: Sequence[Alert]) -> None:
        self._inhibition = inhibition
        self._causes: dict[tuple[str, ...], list[Alert]] = defaultdict(list)
        self._outright: dict[tuple[str, ...], list[Alert]] = defaultdict(list)
        for alert in filter(inhibition.is_source, alerts):
            self._causes[self._shared(alert)].append(alert)
            if not inhibition.is_target(alert):
                self._outright[self._shared(alert)].append(alert)

    def over(self, alert: Alert) -> Sequence[Alert]:
        """Give the causes that `alert` is a consequence of, without those that it would inhibit in turn."""
        if not self._inhibition.is_target(alert):
            return ()
        causes = self._outright if self._inhibition.is_source(alert) else self._causes
        return causes.get(self._shared(alert), ())

    def holds(self, cause: Alert, *, over: Alert) -> bool:
        """Tell whether `cause` would inhibit `over`."""
        return (
            self._inhibition.is_source(cause)
            and self._inhibition.is_target(over)
            and self._shared(cause) == self._shared(over)
        )

    def _shared(self, alert: Alert) -> tuple[str, ...]:
        return tuple(label_of(alert, name) for name in self._inhibition.equal)
