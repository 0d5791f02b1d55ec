"""A baseline: a name, a time, and every judged series as it was then.

Belongs here: what a baseline is, its kinds, which names it may have. Not here: how it is measured (`taking.py`), where
it is kept (`keeping.py`), what is held against it (`analysis/regressions/`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from maxbooster_ops.analysis.series.series import SeriesKey, Values
from maxbooster_ops.analysis.statistics.sample import Sample, sample_of
from maxbooster_ops.errors import UsageError
from maxbooster_ops.store.findings import BaselineMetric

LAUNCH_BASELINE = "production-launch-baseline"
"""The name that the launchpad proposes (spec: analysis, "Baselines")."""

AUTOMATIC_PREFIX = "auto:"
"""What the names of automatic baselines begin with; the job follows."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
"""It becomes part of a file's name: no separator, no leading dot."""


class Kind(StrEnum):
    """On what occasion a baseline was taken."""

    AUTOMATIC = "automatic"
    NAMED = "named"
    WEEKLY = "weekly"
    PRE_LAUNCH = "pre_launch"
    POST_LAUNCH = "post_launch"
    POST_UPDATE = "post_update"

    @property
    def length(self) -> timedelta:
        """How long it measures where nobody says otherwise."""
        return {Kind.WEEKLY: timedelta(days=7), Kind.POST_LAUNCH: timedelta(hours=24)}.get(self, timedelta(hours=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """Every judged series from `start` to `until`, saved at `ts`; another `ts` of a name is another version."""

    name: str
    kind: Kind
    ts: datetime
    start: datetime
    until: datetime
    metrics: tuple[BaselineMetric, ...]

    @property
    def batch_id(self) -> str:
        """The one write that brings it."""
        return f"baseline-{self.name}-{self.ts:%Y%m%dT%H%M%S.%f}"

    @property
    def samples(self) -> dict[SeriesKey, Sample]:
        """Its values by series, as a comparison takes them."""
        return {key_of(metric): sample_in(metric) for metric in self.metrics}


def measured(
    name: str, kind: Kind, *, ts: datetime, window: tuple[datetime, datetime], values: Mapping[SeriesKey, Values]
) -> Baseline:
    """Make a baseline of the values of a window."""
    start, until = window
    metrics = [
        _metric(name, kind, ts=ts, window=window, key=key, values=found)
        for key, found in sorted(values.items())
        if len(found)
    ]
    return Baseline(name=name, kind=kind, ts=ts, start=start, until=until, metrics=tuple(metrics))


def _metric(
    name: str, kind: Kind, *, ts: datetime, window: tuple[datetime, datetime], key: SeriesKey, values: Values
) -> BaselineMetric:
    sample = sample_of(values.values)
    return BaselineMetric(
        ts=ts,
        name=name,
        kind=kind,
        start=window[0],
        until=window[1],
        series=key.name,
        labels=dict(key.labels),
        count=sample.count,
        effective_count=sample.effective_count,
        avg=float(values.values.mean()),
        min=sample.quantile(0),
        max=sample.quantile(1),
        p50=sample.quantile(0.5),
        p95=sample.quantile(0.95),
        p99=sample.quantile(0.99),
        quantiles=sample.quantiles(),
    )


def key_of(metric: BaselineMetric) -> SeriesKey:
    """Give the series that a row of a baseline is about."""
    return SeriesKey.of(metric.series, metric.labels)


def sample_in(metric: BaselineMetric) -> Sample:
    """Give the values that a row of a baseline stands for."""
    return Sample.from_quantiles(metric.quantiles, metric.count, metric.effective_count)


def checked_name(name: str) -> str:
    """Give `name` back; raises `UsageError` where it cannot be that of a saved baseline."""
    if _NAME.fullmatch(name):
        return name
    if name.startswith(AUTOMATIC_PREFIX):
        raise UsageError(
            f"`{name}` is the name of an automatic baseline, which is taken by itself. `maxbooster-ops baseline renew "
            f"{name.removeprefix(AUTOMATIC_PREFIX)}` takes it anew; or choose another name."
        )
    raise UsageError(
        f"`{name}` cannot name a baseline: it becomes part of a file's name. Expected at most 100 letters, digits, "
        f"dots, hyphens and underscores, beginning with a letter or a digit, such as `{LAUNCH_BASELINE}`."
    )
