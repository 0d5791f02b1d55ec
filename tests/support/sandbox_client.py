"""A running sandbox as a test talks to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
import requests
from prometheus_client.parser import text_string_to_metric_families

from maxbooster_ops.processes import Supervisor
from maxbooster_ops.sandbox.endpoints import Endpoints


@dataclass(frozen=True)
class Sandbox:
    """Its folder, its addresses and the supervisor that runs it."""

    folder: Path
    endpoints: Endpoints
    supervisor: Supervisor

    def get(self, path: str) -> requests.Response:
        return requests.get(f"{self.endpoints.platform_url}{path}", timeout=60)

    def order(self, fault: str, **body: Any) -> requests.Response:
        return requests.post(f"{self.endpoints.platform_url}/api/test/{fault}", json=body, timeout=60)

    def redis(self) -> redis.Redis:
        return redis.Redis.from_url(self.endpoints.redis_url.get_secret_value(), decode_responses=True)

    def metric(self, name: str, **labels: str) -> float:
        """Add up the samples of a series that have these labels."""
        return sum(
            sample.value
            for family in text_string_to_metric_families(self.get("/api/metrics").text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )
