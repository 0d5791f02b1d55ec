"""What a chaos drill may be run on, and that a fault is taken back in the Redis that it was put into, and no other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from support.chaos_kit import settings_of
from support.redis_process import RedisProcess

from maxbooster_ops.clock import utc_now
from maxbooster_ops.errors import DrillError
from maxbooster_ops.readiness.chaos.faults.redis_full import RedisFull
from maxbooster_ops.readiness.chaos.ledger import Ledger
from maxbooster_ops.readiness.chaos.leftovers import roll_back_leftovers
from maxbooster_ops.readiness.chaos.targets import TargetSecrets, address, is_production, settings_target
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.state import open_state

LIMIT, FULL = 64 * 1024**2, 100_000
HOME = Home(root="/no/such/home")


@contextmanager
def platform(**health: str) -> Iterator[str]:
    """A platform that says of itself what it is."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(health).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """Two Redis, of which the settings name one and then the other."""
    both = [RedisProcess(folder=tmp_path_factory.mktemp("redis")).start() for _ in range(2)]
    for server in both:
        with server.client() as client:
            client.config_set("maxmemory-policy", "noeviction")
    yield both
    for server in both:
        server.kill()


@pytest.fixture
def two(servers):
    for server in servers:
        with server.client() as client:
            client.config_set("maxmemory", LIMIT)
    return servers


def limit(server):
    with server.client() as client:
        return int(client.config_get("maxmemory")["maxmemory"])


def name_of(server, database=0):
    return f"settings at 127.0.0.1:{server.port}/{database}"


@pytest.mark.parametrize(
    "url",
    [
        "redis:///0?host=10.0.0.9",
        "redis://:secret@/0?host=10.0.0.9&port=6379",
        "redis://localhost/0?port=6380",
        "redis://localhost/0?p%6Frt=6380",
        "unix://?path=/run/other.sock",
    ],
)
def test_a_server_that_hides_in_the_query_does_not_pass_for_the_listed_one(url):
    settings = settings_of(HOME, url, maxbooster_chaos_targets=("localhost:6379", "/run/redis.sock"))
    with pytest.raises(DrillError, match="names its server in its query") as refused:
        settings_target(settings, production=False)
    assert "secret" not in str(refused.value)


def test_the_path_of_a_socket_is_held_against_the_list_letter_by_letter():
    listed = {"maxbooster_chaos_targets": ("/run/Redis.sock",)}
    assert settings_target(settings_of(HOME, "unix:///run/Redis.sock", **listed), production=False).redis_url
    with pytest.raises(DrillError, match=r"/run/redis\.sock is not on the list"):
        settings_target(settings_of(HOME, "unix:///run/redis.sock", **listed), production=False)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("production", True),
        ("PROD", True),
        ("live-eu", True),
        ("pre-production", True),
        ("prd1", True),
        ("", True),
        ("staging", False),
        ("staging-eu", False),
        ("Development", False),
        ("test", False),
    ],
)
def test_whatever_is_not_known_to_be_harmless_counts_as_production(said, expected):
    assert is_production(said) is expected


def test_a_platform_that_calls_itself_production_is_believed_more_than_a_setting():
    with platform(environment="live-eu") as url:
        allowed = {"platform_url": url, "maxbooster_chaos_targets": ("127.0.0.1:1", url.removeprefix("http://"))}
        settings = settings_of(HOME, **allowed)
        with pytest.raises(DrillError, match=r"is production.*\(live-eu\).*nothing was touched. Say --production"):
            settings_target(settings, production=False)
        assert settings_target(settings, production=True).environment == "live-eu"


def test_a_fault_is_not_called_gone_because_the_settings_name_another_redis_now(two, tmp_path):
    one, other = two
    home = Home(root=tmp_path / "home")
    settings = [settings_of(home, server.url) for server in two]
    with open_state(home) as state:
        ledger = Ledger(state, {"redis-full": RedisFull()}, TargetSecrets(settings[0], home), clock=utc_now)
        details = {"target": name_of(one), "before": LIMIT, "during": FULL}
        ledger.inject("died", "redis-full", "redis-full", target=name_of(one), details=details)
        (left,) = roll_back_leftovers(settings[1], state)
        assert left.state == "stuck"
        assert "set REDIS_URL as it was in the drill" in left.problem
        assert (limit(one), limit(other)) == (FULL, LIMIT)
        (left,) = roll_back_leftovers(settings[0], state)
        assert (left.state, limit(one)) == ("rolled_back", LIMIT)


def test_two_drills_from_two_homes_do_not_remember_the_limit_of_each_other(two):
    (server, _), name = two, name_of(two[0], 3)
    secrets = TargetSecrets(settings_of(HOME, server.url.replace("/0", "/3")), HOME)
    first = {"target": name, "before": LIMIT, "during": FULL}
    RedisFull().inject(first, secrets)
    for before in (FULL, LIMIT):
        second = {"target": name, "before": before, "during": FULL - 1}
        with pytest.raises(DrillError, match="it is full already, or somebody else changes its limit"):
            RedisFull().inject(second, secrets)
        RedisFull().roll_back(second, secrets)
    RedisFull().roll_back(first, secrets)
    assert limit(server) == LIMIT


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://user:s3cret@Cache.Example:6380/2", "cache.example:6380"),
        ("rediss://cache", "cache:6379"),
        ("redis://[::1]:1/0", "[::1]:1"),
        ("https://api.example/", "api.example:443"),
        ("unix:///run/redis.sock", "/run/redis.sock"),
    ],
)
def test_an_address_names_host_and_port_and_no_secret(url, expected):
    assert address(url) == expected
