"""What a drill and its workers agree on, without what either needs to run.

Belongs here: names. Not here: a worker (`worker.py`, `worker.mjs`).
"""

from __future__ import annotations

RUNS = "drill-runs"
"""The last part of the key of a list with one entry a begun and one a done run: `{id, attempt, what, at_ms}`."""

URL_VARIABLE = "DRILL_REDIS_URL"
"""The environment variable that names the Redis; on a command line everybody would see the password."""

NPM_VARIABLE = "BULLMQ_FOLDER"
"""The environment variable of the folder whose `node_modules` has npm's bullmq."""
