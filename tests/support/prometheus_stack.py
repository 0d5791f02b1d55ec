"""A real Prometheus and real Alertmanagers on free ports of the loopback, from Debian's packages."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from support.need import program
from support.redis_process import free_port
from support.running_up import eventually


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """How an Alertmanager groups, and where it posts."""

    by: tuple[str, ...]
    wait: str
    interval: str
    url: str


@contextmanager
def alertmanager(folder: Path, grouping: Grouping) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run one until the block ends; gives the process and its port."""
    executable = program("prometheus-alertmanager", "install Debian's prometheus-alertmanager")
    folder.mkdir(parents=True)
    route = {
        "receiver": "webhook",
        "group_by": list(grouping.by),
        "group_wait": grouping.wait,
        "group_interval": grouping.interval,
    }
    webhook = {"url": grouping.url, "send_resolved": True}
    # JSON is YAML.
    config = {"route": route, "receivers": [{"name": "webhook", "webhook_configs": [webhook]}]}
    (folder / "alertmanager.yml").write_text(json.dumps(config))
    port = free_port()
    command = [
        executable,
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with _running(command, folder / "log", port) as process:
        yield process, port


@contextmanager
def prometheus(
    folder: Path, *, page: str, rules: list[Mapping[str, Any]], interval: str, alertmanagers: list[int]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run one that reads `page` (host:port/path) and evaluates `rules`, both once per `interval`."""
    executable = program("prometheus", "install Debian's prometheus")
    folder.mkdir(parents=True)
    host, _, path = page.partition("/")
    managers = [f"127.0.0.1:{port}" for port in alertmanagers]
    config = {
        "global": {"scrape_interval": interval, "evaluation_interval": interval},
        "rule_files": [str(folder / "rules.yml")],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": managers}]}]},
        "scrape_configs": [
            {"job_name": "demo", "metrics_path": f"/{path}", "static_configs": [{"targets": [host]}]},
        ],
    }
    (folder / "prometheus.yml").write_text(json.dumps(config))
    (folder / "rules.yml").write_text(json.dumps({"groups": [{"name": "demo", "rules": rules}]}))
    port = free_port()
    command = [
        executable,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with _running(command, folder / "log", port) as process:
        yield process


@contextmanager
def _running(command: list[str], log: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    with ExitStack() as stack:
        process = subprocess.Popen(
            command, stdout=stack.enter_context(log.open("wb")), stderr=subprocess.STDOUT, cwd=log.parent
        )
        try:
            eventually(lambda: _is_ready(port), seconds=300, what=f"{command[0]}, see {log}")
            yield process
        finally:
            process.terminate()
            process.wait()


def _is_ready(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/-/ready", timeout=10).ok
    except requests.RequestException:
        return False
