"""Every setting of the product, read from the environment and from `.env`; nothing else reads the environment.

Belongs here: names, types, defaults, bounds and descriptions; `.env.example` and `docs/operations.md` are held
against them by a test. Not here: what a setting is used for. A wrong value is refused with a sentence; a mistyped
name with the nearest.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import AnyHttpUrl, BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from maxbooster_ops.errors import SettingsError

_DOTENV = ".env"
_CHECKOUT = Path(__file__).resolve().parents[1]


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
"""A comma-separated list."""


class Environment(StrEnum):
    """Which set of thresholds holds; staging has the stricter ones."""

    PRODUCTION = "production"
    STAGING = "staging"


class Settings(BaseSettings):
    """The settings in force. Field names are the variables' names in lower case."""

    model_config = SettingsConfigDict(env_file=_DOTENV, extra="ignore", frozen=True, env_ignore_empty=True)

    # where things are
    maxbooster_home: Path = Field(
        default=_CHECKOUT / "data" if (_CHECKOUT / "pyproject.toml").is_file() else Path("data"),
        description="Folder that holds everything a running system writes.",
    )
    maxbooster_env: Environment = Field(
        default=Environment.PRODUCTION, description="`production`, or `staging` with its stricter thresholds."
    )
    redis_url: SecretStr | None = Field(
        default=None, description="The platform's Redis: `redis://`, `rediss://` or `unix://`, with user and password."
    )
    platform_url: AnyHttpUrl | None = Field(
        default=None, description="The platform's HTTP API; the paths of the monitors are put behind it."
    )
    production_api_url: AnyHttpUrl | None = Field(
        default=None, description="The API as customers reach it, for the uptime provider; not used yet."
    )
    production_frontend_url: AnyHttpUrl | None = Field(
        default=None, description="The frontend as customers reach it; where absent, `PLATFORM_URL` is probed instead."
    )
    database_url: SecretStr | None = Field(default=None, description="The platform's PostgreSQL; not watched yet.")

    # collection
    maxbooster_collect_interval_seconds: int = Field(
        default=30, ge=5, le=60, description="Seconds between beats; a divisor of 60 keeps them on the same seconds."
    )
    maxbooster_source_deadline_seconds: float = Field(
        default=5.0, gt=0, le=30, description="Seconds after which a source that has not answered is a failure."
    )
    maxbooster_queues: Words = Field(default=(), description="Only these queues; all that are found where empty.")
    maxbooster_queue_prefixes: Words = Field(
        default=("bull",), description="BullMQ key prefixes to look for queues under."
    )
    maxbooster_platform_process: str | None = Field(
        default=None, description="Name or pid file of a platform process on this host whose memory is watched."
    )
    maxbooster_redact_keys: Words = Field(
        default=(
            "password",
            "token",
            "secret",
            "authorization",
            "api_key",
            "apikey",
            "card_number",
            "cvv",
        ),
        description="Keys of job data whose values are masked wherever the data is copied or shown.",
    )

    maxbooster_chaos_targets: Words = Field(
        default=(), description="What chaos drills may put faults into, each as `host:port`; nothing where empty."
    )

    # what runs where
    maxbooster_dagster_host: str = Field(default="127.0.0.1", description="Address that the Dagster UI listens on.")
    maxbooster_dagster_port: int = Field(
        default=3000,
        ge=1,
        le=65535,
        description="Port of the Dagster UI; the next free one is taken where it is in use.",
    )
    maxbooster_log_level: str = Field(default="INFO", description="`DEBUG`, `INFO`, `WARNING` or `ERROR`.")

    # kept how long
    maxbooster_raw_days: int = Field(default=30, ge=3, description="Days that samples and finished jobs are kept.")
    maxbooster_rollup_days: int = Field(
        default=396, ge=30, description="Days that longer rollups and what analysis finds are kept."
    )
    maxbooster_keep_runs: int = Field(
        default=200, ge=10, description="Dagster runs kept of each job that succeeded, and as many that did not."
    )
    maxbooster_keep_runs_days: int = Field(default=30, ge=1, description="Days after which no Dagster run is kept.")

    # thresholds
    alert_queue_max_waiting: int = Field(
        default=100, ge=0, description="Waiting jobs of a queue above which it is a backlog."
    )
    alert_queue_max_failed: int = Field(
        default=50, ge=0, description="Failed jobs kept in a queue above which it is an error."
    )
    alert_queue_max_latency: float | None = Field(
        default=None, gt=0, description="Redis round trip in ms above which it is an error (100; staging 50)."
    )
    alert_ai_cache_max_util: float | None = Field(
        default=None,
        gt=0,
        le=100,
        description="AI cache utilization in % above which it is a warning (90; staging 80).",
    )
    alert_memory_max_mb: float | None = Field(
        default=None, gt=0, description="Memory of the platform in MB above which it is a warning (2048; staging 1536)."
    )
    alert_error_rate_max: float = Field(
        default=5.0, gt=0, le=100, description="Errors in % of requests above which it is critical."
    )
    alert_cooldown_minutes: float | None = Field(
        default=None, ge=0, description="Minutes between repeats of one alert; overrides those of the severities."
    )

    # who is told
    sendgrid_api_key: SecretStr | None = Field(default=None, description="SendGrid key; switches e-mail on.")
    sendgrid_api_url: AnyHttpUrl = Field(
        default=AnyHttpUrl("https://api.sendgrid.com"), description="SendGrid's API; another for its EU region."
    )
    alert_email: str | None = Field(default=None, description="Address that providers write to; not used yet.")
    alert_email_recipients: Words = Field(default=(), description="Addresses that alerts are mailed to.")
    alert_email_from: str | None = Field(default=None, description="Verified sender of the mails.")
    alert_webhook_url: SecretStr | None = Field(default=None, description="Receives every alert as JSON.")
    alert_webhook_secret: SecretStr | None = Field(
        default=None, description="Signs what the webhook receives (Standard Webhooks): `whsec_` and base64."
    )
    alert_allow_private_webhooks: bool = Field(default=False, description="Lets webhooks reach private addresses.")
    slack_webhook_url: SecretStr | None = Field(default=None, description="Slack incoming webhook.")
    slack_critical_webhook_url: SecretStr | None = Field(
        default=None, description="Slack incoming webhook of the channel for critical alerts; else the same."
    )
    teams_webhook_url: SecretStr | None = Field(default=None, description="Microsoft Teams workflow URL.")
    discord_webhook_url: SecretStr | None = Field(default=None, description="Discord webhook.")
    pagerduty_routing_key: SecretStr | None = Field(
        default=None, description="PagerDuty Events v2 routing key; this is the phone."
    )
    pagerduty_api_url: AnyHttpUrl = Field(
        default=AnyHttpUrl("https://events.pagerduty.com"),
        description="PagerDuty's events API; another for its EU region.",
    )
    heartbeat_url: SecretStr | None = Field(default=None, description="Called every minute while collection works.")
    alert_backup_channel: str | None = Field(
        default=None, description="Channel that gets a copy of what another cannot deliver; else the first of the rest."
    )
    maxbooster_dashboard_url: AnyHttpUrl | None = Field(
        default=None, description="Where people reach our pages; messages link to them."
    )
    maxbooster_runbook_url: AnyHttpUrl | None = Field(
        default=None, description="Where people read the runbooks, each at `<name>.md`; messages link to them."
    )

    # providers
    sentry_auth_token: SecretStr | None = Field(
        default=None, description="Sentry token with `alerts:write`; not used yet."
    )
    sentry_org: str | None = Field(default=None, description="Sentry organization; not used yet.")
    sentry_project: str | None = Field(default=None, description="Sentry project; not used yet.")
    uptime_robot_api_key: SecretStr | None = Field(default=None, description="UptimeRobot key; not used yet.")

    @field_validator("redis_url")
    @classmethod
    def _redis_address(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        if not value.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("expected redis://, rediss:// or unix://")
        try:
            _ = urlsplit(value.get_secret_value()).port
        except ValueError:  # its own words may repeat a part of the password
            raise ValueError(
                "expected a port from 1 to 65535; in a password, write `/`, `#`, `?` and `@` as %2F …"
            ) from None
        return value

    @field_validator("platform_url", "production_api_url", "production_frontend_url")
    @classmethod
    def _only_a_base(cls, value: AnyHttpUrl | None) -> AnyHttpUrl | None:
        if value and (value.query or value.fragment):
            raise ValueError("expected an address without `?` or `#`: paths are put behind it")
        return value

    @field_validator(
        "alert_webhook_url",
        "slack_webhook_url",
        "slack_critical_webhook_url",
        "teams_webhook_url",
        "discord_webhook_url",
        "heartbeat_url",
    )
    @classmethod
    def _secret_http_address(cls, value: SecretStr | None) -> SecretStr | None:
        if value:
            try:
                AnyHttpUrl(value.get_secret_value())
            except ValidationError:  # its own words repeat the address, which is a secret
                raise ValueError("expected a whole address that begins with https:// or http://") from None
        return value

    @field_validator("maxbooster_log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError("expected DEBUG, INFO, WARNING or ERROR")
        return value.upper()

    @field_validator("maxbooster_home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()


def variables() -> dict[str, str]:
    """Name every variable of the product with its description, in the order of the file."""
    return {name.upper(): field.description or "" for name, field in Settings.model_fields.items()}


def load_settings(**overrides: Any) -> Settings:
    """Read the settings; `overrides` (field names) come from the command line and win.

    Raises `SettingsError` that names each variable, what was found (not for secrets) and what was expected.
    """
    _refuse_unknown_names([*os.environ, *dotenv_values(_DOTENV)])
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as error:
        problems = "; ".join(_problem(dict(item)) for item in error.errors())
        raise SettingsError(
            f"{problems}. Correct the environment or `.env`; `.env.example` lists every variable."
        ) from None


def _refuse_unknown_names(names: Iterable[str]) -> None:
    """Refuse what is surely meant for us but is none of ours; other programs may share the environment and `.env`."""
    known = variables()
    for name in names:
        if name in known or not name.startswith(("MAXBOOSTER_", "ALERT_")):
            continue
        nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.6 if name.startswith("MAXBOOSTER_") else 0.9)
        if nearest:
            raise SettingsError(f"{name} is not a setting of maxbooster-ops: did you mean {nearest[0]}?")
        if name.startswith("MAXBOOSTER_"):
            raise SettingsError(f"{name} is not a setting of maxbooster-ops: `.env.example` lists every variable.")


def _problem(item: dict[str, Any]) -> str:
    name = str(item["loc"][0]).upper()
    reason = str(item["msg"]).removeprefix("Value error, ")
    secret = "SecretStr" in str(Settings.model_fields[name.lower()].annotation)
    found = "the value given" if secret else repr(item["input"])
    # Not a word of capitals, as `URL`.
    reason = reason if reason[1:2].isupper() else f"{reason[:1].lower()}{reason[1:]}"
    return f"{name}: {found} cannot be used: {reason}"
