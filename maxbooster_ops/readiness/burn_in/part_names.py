"""What a check looks at.

Belongs here: the parts and their words. Not here: how a part is found (`parts.py`), what that means (`verdict/`).
"""

from __future__ import annotations

from collections.abc import Mapping

PARTS: Mapping[str, str] = {
    "queue_health": "queues",
    "ai_caches": "AI caches",
    "system_health": "health endpoints",
    "memory": "memory",
    "redis": "Redis",
    "failed_jobs": "failed jobs",
}
"""The field of a check by which each part was found, and what people call it."""
