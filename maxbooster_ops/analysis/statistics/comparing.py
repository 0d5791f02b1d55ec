"""Comparing a series before with the same after: whether it is worse, by how much, and whether beyond noise.

Belongs here: the decision and its reason. Not here: the tests' arithmetic (`rank_tests.py`), or which series are
compared with what (`analysis/regressions/`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from maxbooster_ops.analysis.series.catalog import Worse
from maxbooster_ops.analysis.statistics import rank_tests
from maxbooster_ops.analysis.statistics.sample import Sample

LEAST_CHANGE_PERCENT = 10.0
"""A change counts from here on (spec: analysis, "Regressions")."""

SIGNIFICANT_BELOW = 0.01
"""With the 10 % this keeps false alarms at 1 % or less, where the 10 % alone give up to 45 % (`docs/benchmarks.md`)."""

LEAST_EFFECTIVE = 8.0
"""Independent values on either side; with fewer, what they are worth cannot be estimated either."""

LEAST_EFFECTIVE_P95 = 800.0
"""The same for a 95th percentile, which rests on one value in twenty: about 1000 values as they are measured."""

_SHOWN_AT_Z = 3.42
"""Values could have shown a change that lies so many deviations from none: then it is significant (2.58) in 80 % (0.84)
of all cases, the usual power."""


class Result(StrEnum):
    """What a comparison came to. Inconclusive is an answer: these values cannot tell."""

    REGRESSED = "regressed"
    IMPROVED = "improved"
    UNCHANGED = "unchanged"
    INCONCLUSIVE = "inconclusive"


class Statistic(StrEnum):
    """What of a series is compared."""

    TYPICAL = "typical"
    P95 = "p95"

    @property
    def share(self) -> float:
        """The quantile that stands for it."""
        return 0.5 if self is Statistic.TYPICAL else 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A comparison of two samples, with everything that led to its result.

    `before` and `after` are medians or 95th percentiles, None where there was no value. `change_percent` is what the
    series changed by from one to the other; None where `before` is 0. For typical values it is the middle of all
    ratios between a value after and one before (Hodges-Lehmann), which is steadier than the ratio of the medians.
    `exceeds_naive` says that `after` is worse than `before` by 10 % or more, without any test.
    """

    before: float | None
    after: float | None
    change_percent: float | None
    p_value: float | None
    result: Result
    exceeds_naive: bool
    reason: str


def compare(
    before: Sample,
    after: Sample,
    *,
    worse: Worse = Worse.HIGHER,
    statistic: Statistic = Statistic.TYPICAL,
    least_change: float = 0.0,
) -> Comparison:
    """Decide whether `after` is worse or better than `before` by 10 % and beyond noise (p < 0.01, two-sided).

    A change of less than `least_change`, in the unit of the values, never counts. Where `before` is 0 no share of it
    can be formed: the change counts by `least_change` alone, and is inconclusive without one.
    """
    if not before.count or not after.count:
        which = "before and after" if before.count == after.count else "after" if before.count else "before"
        return _without_values(before, after, statistic, f"no values {which}")
    return _Case(before, after, worse, statistic, least_change).decide()


def _without_values(before: Sample, after: Sample, statistic: Statistic, reason: str) -> Comparison:
    known = [sample.quantile(statistic.share) if sample.count else None for sample in (before, after)]
    return Comparison(
        before=known[0],
        after=known[1],
        change_percent=None,
        p_value=None,
        result=Result.INCONCLUSIVE,
        exceeds_naive=False,
        reason=reason,
    )


def _independent(count: float) -> str:
    return "1 independent one" if round(count) == 1 else f"{count:.0f} independent ones"


class _Case:
    """One comparison while it is decided."""

    def __init__(self, before: Sample, after: Sample, worse: Worse, statistic: Statistic, least_change: float) -> None:
        self.samples = (before, after)
        self.statistic = statistic
        self.least_change = least_change
        self.before, self.after = (sample.quantile(statistic.share) for sample in self.samples)
        self.sign = 1 if worse is Worse.HIGHER else -1
        if statistic is Statistic.TYPICAL:
            self.p_value = rank_tests.typical_differs(before, after)
            self.change = rank_tests.typical_change(before, after)
        else:
            self.p_value = rank_tests.tail_differs(before, after, statistic.share)
            self.change = rank_tests.relative_change(self.before, self.after)

    def decide(self) -> Comparison:
        """Give the result with its reason."""
        result, reason = self._result()
        naive = rank_tests.relative_change(self.before, self.after)
        naive_percent = None if naive is None else 100 * naive * self.sign
        return Comparison(
            before=self.before,
            after=self.after,
            change_percent=None if self.change is None else 100 * self.change,
            p_value=self.p_value,
            result=result,
            exceeds_naive=naive_percent is not None and naive_percent >= LEAST_CHANGE_PERCENT,
            reason=reason,
        )

    def _result(self) -> tuple[Result, str]:
        if few := self._too_few():
            return Result.INCONCLUSIVE, few
        significant = self.p_value < SIGNIFICANT_BELOW
        if significant and self._is_large():
            if self.change is None and not self.least_change:
                return Result.INCONCLUSIVE, f"{self._by()}; of 0 no share can be formed"
            is_worse = self.sign * (self.after - self.before if self.change is None else self.change) > 0
            return Result.REGRESSED if is_worse else Result.IMPROVED, f"{self._by()}, p = {self.p_value:.2g}"
        if significant:
            return Result.UNCHANGED, f"{self._by()}, which is beyond noise but too little to count"
        if not self._would_show():
            lacking = f"too few or too scattered to show {100 * self._least_share():.3g} %"
            return Result.INCONCLUSIVE, f"{self._by()}, within noise; these values are {lacking}"
        return Result.UNCHANGED, f"{self._by()}, within noise (p = {self.p_value:.2g})"

    def _too_few(self) -> str | None:
        least = LEAST_EFFECTIVE if self.statistic is Statistic.TYPICAL else LEAST_EFFECTIVE_P95
        fewest = min(self.samples, key=lambda sample: sample.effective_count)
        if fewest.effective_count >= least:
            return None
        where = "before" if fewest is self.samples[0] else "after"
        counted = "1 value" if fewest.count == 1 else f"{fewest.count} values"
        verb = "is" if fewest.count == 1 else "are"
        return f"{counted} {where} {verb} worth {_independent(fewest.effective_count)}; {least:.0f} are needed"

    def _is_large(self) -> bool:
        difference = abs(self.after - self.before)
        if self.change is None:
            return difference > 0 and difference >= self.least_change
        return abs(100 * self.change) >= LEAST_CHANGE_PERCENT and difference >= self.least_change

    def _would_show(self) -> bool:
        return rank_tests.shows(
            self.samples, by=self.sign * self._least_share(), share=self.statistic.share, z=_SHOWN_AT_Z
        )

    def _least_share(self) -> float:
        """Give the least change that counts as a share: of what is small, 10 % are less than anybody cares about."""
        least = LEAST_CHANGE_PERCENT / 100
        return max(least, self.least_change / abs(self.before)) if self.before else least

    def _by(self) -> str:
        if self.change is None:
            return f"changed from 0 to {self.after:.4g}" if self.after else "stays at 0"
        return f"changed by {100 * self.change:+.1f} %"
