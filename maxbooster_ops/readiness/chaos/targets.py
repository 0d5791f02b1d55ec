"""What a drill may be run on: a stand of its own, or what the settings name where that is allowed.

Belongs here: the choice, every refusal, and where the ledger finds a target's secrets again. Not here: what a stand is
made of (`stand/`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import requests
from pydantic import SecretStr

from maxbooster_ops.errors import DrillError, RefusedError
from maxbooster_ops.readiness.chaos.drill import Need, Target
from maxbooster_ops.readiness.chaos.fault import TargetGoneError
from maxbooster_ops.sandbox.endpoints import live_endpoints
from maxbooster_ops.settings import Settings
from maxbooster_ops.store.home import Home

SETTINGS = "settings"
_STAND = "stand-"
_DEFAULT_PORTS = {"redis": 6379, "rediss": 6379, "http": 80, "https": 443}
_ASKED_WITHIN_SECONDS = 5.0
_PRODUCTION = {"production", "prod", "live"}
_NO_PRODUCTION = {
    "staging",
    "stage",
    "test",
    "testing",
    "development",
    "dev",
    "local",
    "sandbox",
    "demo",
    "preview",
    "qa",
}
_LONGEST_WORD = 40
_SERVER_IN_QUERY = {"host", "port", "path"}


class Choice(StrEnum):
    """What a person may drill."""

    SANDBOX = "sandbox"
    SETTINGS = "settings"


@contextmanager
def open_target(
    choice: Choice, settings: Settings, folder: Path, *, drill_id: str, production: bool
) -> Iterator[Target]:
    """Give the target of a drill; a stand is started below `folder` and ends with the block.

    Raises `RefusedError` where the settings' target may not be drilled.
    """
    if choice is Choice.SETTINGS:
        yield settings_target(settings, production=production)
        return
    from maxbooster_ops.readiness.chaos.stand import open_stand  # noqa: PLC0415 -- an extra that a watcher does without

    with open_stand(folder / "stand", name=f"{_STAND}{drill_id}") as stand:
        yield stand


def settings_target(settings: Settings, *, production: bool) -> Target:
    """Give what the settings name. Raises `RefusedError` where it may not be drilled, with what would allow it."""
    platform_url = str(settings.platform_url).rstrip("/") if settings.platform_url else None
    urls = [settings.redis_url.get_secret_value() if settings.redis_url else None, platform_url]
    named = [address(url) for url in urls if url]
    if not named:
        raise RefusedError(
            "The settings name nothing that could be drilled: set REDIS_URL or PLATFORM_URL, or leave --target away "
            "to drill a stand of its own."
        )
    _refuse_disguised(settings)
    _refuse_unlisted(named, settings.maxbooster_chaos_targets)
    environment = _environment(platform_url) or settings.maxbooster_env.value
    if is_production(environment) and not production:
        raise RefusedError(
            f"{' and '.join(named)} is production, as the platform or MAXBOOSTER_ENV says ({environment}). A drill "
            "puts real faults into it: nothing was touched. Say --production where that is meant."
        )
    offers = {Need.REDIS, Need.WORKERS} if settings.redis_url else set()
    return Target(
        name=_settings_name(settings),
        environment=environment,
        offers=frozenset(offers | ({Need.PLATFORM} if platform_url else set()) | {Need.OWN_STORE}),
        redis_url=settings.redis_url,
        platform_url=platform_url,
    )


def _refuse_disguised(settings: Settings) -> None:
    """Clients obey `?host=` and `?port=` where the URL itself has none: what is listed must be what is reached."""
    url = settings.redis_url.get_secret_value() if settings.redis_url else ""
    if hidden := sorted(parse_qs(urlsplit(url).query).keys() & _SERVER_IN_QUERY):
        raise RefusedError(
            f"REDIS_URL names its server in its query ({', '.join(hidden)}): nothing was touched. Write it as "
            "redis://HOST:PORT/DATABASE, so that it can be held against MAXBOOSTER_CHAOS_TARGETS."
        )


def _refuse_unlisted(named: Sequence[str], allowed: Sequence[str]) -> None:
    known = {entry if entry.startswith("/") else entry.lower() for entry in allowed}
    unlisted = [one for one in named if one not in known]
    if unlisted:
        listed = ", ".join(allowed) or "nothing"
        raise RefusedError(
            f"{' and '.join(unlisted)} is not on the list of what may be drilled ({listed}): nothing was touched. "
            f"Where it may be, add it: MAXBOOSTER_CHAOS_TARGETS={','.join([*allowed, *unlisted])}"
        )


def address(url: str) -> str:
    """Give `host:port` of a URL, or the path of a socket, without anything secret."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return parts.path
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname or "localhost"
    return f"{host}:{parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)}".lower()


def _settings_name(settings: Settings) -> str:
    """Call the settings' target by its Redis: a fault in it is nowhere else when REDIS_URL names another one later."""
    if settings.redis_url is None:
        return SETTINGS
    url = settings.redis_url.get_secret_value()
    parts = urlsplit(url)
    database = parse_qs(parts.query).get("db", [""])[-1] or (parts.path.strip("/") if parts.scheme != "unix" else "")
    return f"{SETTINGS} at {address(url)}/{database or 0}"


def is_production(environment: str) -> bool:
    """Tell whether what a platform calls itself may be production; a word that nobody knows may be."""
    words = set(re.split(r"[^a-z]+", environment.lower()))
    return bool(words & _PRODUCTION) or not words & _NO_PRODUCTION


def _environment(platform_url: str | None) -> str | None:
    """Ask the platform what it is; None where it does not say."""
    if platform_url is None:
        return None
    try:
        with requests.Session() as session:
            session.trust_env = False  # a proxy would answer for the platform
            body = session.get(f"{platform_url}/health", timeout=_ASKED_WITHIN_SECONDS).json()
    except (requests.RequestException, ValueError):
        return None
    said = body.get("environment") if isinstance(body, dict) else None
    return said.lower()[:_LONGEST_WORD] if isinstance(said, str) and said else None


class TargetSecrets:
    """Finds the Redis of a target by its name, also long after the drill."""

    def __init__(self, settings: Settings, home: Home) -> None:
        self._settings = settings
        self._home = home

    def redis_url(self, target: str) -> SecretStr:
        """Give it; raises `TargetGoneError` for a stand that has ended, `DrillError` where no setting names it."""
        if target.startswith(_STAND):
            running = live_endpoints(self._home.drills / target.removeprefix(_STAND) / "stand")
            if running is None:
                raise TargetGoneError(f"The stand {target} has ended.")
            return running.redis_url
        if self._settings.redis_url and target == _settings_name(self._settings):
            return self._settings.redis_url
        raise DrillError(f"No setting says where the Redis of `{target}` is: set REDIS_URL as it was in the drill.")
