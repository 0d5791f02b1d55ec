"""What the sandbox's programs tell each other through Redis, beside the queues.

Belongs here: the keys and their meaning. They do not look like queues, so that nobody who discovers queues finds them.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

WORKERS_READY_KEY = "sandbox:workers-ready"
"""Exists while the workers run; holds their process id."""

FINISHED_FORECASTS_KEY = "sandbox:finished-forecasts"
"""A list of `FinishedForecast`, oldest first, that the HTTP app takes from and turns into metrics."""

MOST_FINISHED_FORECASTS = 1000


FAILING_JOBS_KEY = "sandbox:failing-jobs"
"""Exists, with an expiry, while a share of the jobs shall fail for good; holds that share (0-1)."""


def stopped_key(queue: str) -> str:
    """Name the key that exists, with an expiry, while the workers of `queue` shall take no jobs."""
    return f"sandbox:stopped:{queue}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedForecast:
    """How one forecast job ended."""

    seconds: float
    failed: bool
    tier: str

    def dumps(self) -> str:
        """Write it as one list entry."""
        return json.dumps(asdict(self))

    @classmethod
    def loads(cls, text: str | bytes) -> FinishedForecast:
        """Read one list entry."""
        return cls(**json.loads(text))
