"""What a burn-in was asked to do: how long, how often, and beyond which figures it does not pass.

Belongs here: the plan and its thresholds. Not here: how checks are held against them (`verdict/`).
"""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field

DAY = timedelta(days=1)


class Thresholds(BaseModel):
    """Beyond which figures a burn-in does not pass; the defaults are the product's promise."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    redis_latency_ms: float = Field(default=100, gt=0, description="Average latency of Redis in ms.")
    cache_utilization_percent: float = Field(
        default=90, gt=0, le=100, description="Utilization of the fullest AI model cache in percent."
    )
    memory_growth_mb: float = Field(default=500, gt=0, description="Growth of memory in MB per 24 h.")
    failed_jobs: int = Field(default=50, ge=1, description="Jobs that failed for good, in total.")
    pass_percent: float = Field(default=99.9, gt=0, le=100, description="Least share of successful checks of a PASS.")
    conditional_percent: float = Field(
        default=95, gt=0, le=100, description="Least share of successful checks of a CONDITIONAL PASS."
    )


class Plan(BaseModel):
    """One burn-in as it was asked for; kept with the session as JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    duration: timedelta = DAY
    interval: timedelta = timedelta(minutes=5)
    thresholds: Thresholds = Thresholds()

    @property
    def expected_checks(self) -> int:
        """How many checks fall due: one at the start and one after every interval, the end included."""
        return int(self.duration / self.interval) + 1

    @property
    def is_rehearsal(self) -> bool:
        """Whether it lasts less than a day, so that it cannot see what only a day shows."""
        return self.duration < DAY
