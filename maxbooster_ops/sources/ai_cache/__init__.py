"""The platform's AI model caches: fill, hit rate, memory, and every model that was put out.

`page` reads what the platform answers, `evictions` tells new events from known ones, `source` asks. Not here: telemetry
that the platform pushes to us.
"""

from maxbooster_ops.sources.ai_cache.source import AiCaches

__all__ = ["AiCaches"]
