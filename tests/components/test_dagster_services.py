"""Dagster's programs as `up` starts them, when another program takes their port in the seconds that they need."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import requests
from support.redis_process import free_port

from maxbooster_ops.cli.dagster_services import DagsterServices
from maxbooster_ops.processes import Service, Supervisor
from maxbooster_ops.store.home import Home


class AnswersEverything(BaseHTTPRequestHandler):
    """As another home's web server would: who only asks whether somebody answers, takes it for its own."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Overtaken(Supervisor):
    """Another program listens on the first web server's port just before that is started."""

    other: HTTPServer | None = None

    def start(self, name: str, argv: Any, **options: Any) -> Service:
        if name == "web-server" and self.other is None:
            self.other = HTTPServer(("127.0.0.1", int(argv[argv.index("--port") + 1])), AnswersEverything)
            threading.Thread(target=self.other.serve_forever, daemon=True).start()
        return super().start(name, argv, **options)


def test_the_ui_takes_the_next_port_when_another_program_was_faster(tmp_path):
    wanted = free_port()
    with Overtaken(tmp_path / "logs") as supervisor:
        services = DagsterServices(supervisor, Home(root=tmp_path / "home").prepare(), host="127.0.0.1", port=wanted)
        try:
            services.start()
            assert services.port != wanted
            assert "dagster_version" in requests.get(f"{services.url}/server_info", timeout=120).json()
            assert sorted(each.name for each in supervisor.services()) == ["code-server", "daemon", "web-server"]
            assert supervisor.ended() == []
        finally:
            supervisor.other.shutdown()
            supervisor.other.server_close()
