"""HTTP probes: whether each endpoint is up, how fast it answers, and whether it says what we expect.

`monitors` are the endpoints (data that a user edits), `outcome` and `body` judge an answer, `source` asks.
Not here: what to do about an endpoint that is down (`alerting/`).
"""

from maxbooster_ops.sources.probes.monitors import Monitors, load_monitors
from maxbooster_ops.sources.probes.outcome import Outcome
from maxbooster_ops.sources.probes.source import Probes

__all__ = ["Monitors", "Outcome", "Probes", "load_monitors"]
