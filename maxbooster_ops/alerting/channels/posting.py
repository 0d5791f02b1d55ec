"""One HTTP request of a channel, and what its answer means for the message.

Belongs here: bounds in time, errors in words, which answers are worth another try. Not here: any payload, or when the
next try is (`delivering/backoff.py`). A webhook's URL is a secret, its path above all: nothing here repeats it, and
what a receiver echoes of it is covered.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests
from pydantic import SecretStr
from urllib3.exceptions import HTTPError, NameResolutionError

from maxbooster_ops import __version__
from maxbooster_ops.alerting.channels.channel import Sent
from maxbooster_ops.alerting.channels.line import Line, WatchedAdapter
from maxbooster_ops.alerting.channels.private_addresses import PrivateAddressError
from maxbooster_ops.errors import redact
from maxbooster_ops.settings import Settings

_CONNECT_SECONDS = 5.0
LONGEST_RETRY_AFTER = timedelta(hours=1)
_REDIRECTS, _REFUSALS, _FAULTS = 300, 400, 500
_TEMPORARY = frozenset({408, 425, 429})
"""Refusals that say themselves: later, or again."""

_ANSWER_BYTES = 2048
_QUOTED_CHARACTERS = 200
_SHORTEST_SECRET = 6
"""Shorter pieces of a URL, such as `v2` or `hooks`, are words and not secrets."""

_DIRECT = {"http": "", "https": ""}
"""Through a proxy, the address that is reached could not be checked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where requests go. `guarded`: only to addresses of the internet. `secrets` are never repeated; nor is the URL.

    `read_seconds` bounds each wait for a byte, `whole_seconds` all of it, since a receiver that drips meets no other
    bound; the latter stays well below the lease of a try (60 s).
    """

    url: str
    guarded: bool = False
    secrets: tuple[str, ...] = ()
    read_seconds: float = 10.0
    whole_seconds: float = 20.0

    def __repr__(self) -> str:
        return f"{type(self).__name__}(guarded={self.guarded})"


def webhook_target(url: SecretStr | None, settings: Settings) -> Target | None:
    """Give where a webhook's requests go, None where there is no URL; private addresses only where they are allowed."""
    if not url:
        return None
    return Target(url=url.get_secret_value(), guarded=not settings.alert_allow_private_webhooks)


def post(target: Target, body: bytes, headers: Mapping[str, str]) -> Sent:
    """POST a JSON body once and say what came of it; never raises for what happens on the way or over there."""
    return _try(target, "POST", body, {"Content-Type": "application/json", **headers})


def get(target: Target) -> Sent:
    """GET once and say what came of it, as `post` does."""
    return _try(target, "GET", None, {})


def _try(target: Target, method: str, body: bytes | None, headers: Mapping[str, str]) -> Sent:
    line = Line(guarded=target.guarded)
    try:
        with line.within(target.whole_seconds), requests.Session() as session:
            session.mount("http://", WatchedAdapter(line))
            session.mount("https://", WatchedAdapter(line))
            with session.request(
                method,
                target.url,
                data=body,
                headers={"User-Agent": f"maxbooster-ops/{__version__}", "Accept": "*/*", **headers},
                auth=_as_it_is,
                timeout=(_CONNECT_SECONDS, target.read_seconds),
                allow_redirects=False,
                proxies=_DIRECT if target.guarded else None,
                stream=True,
            ) as response:
                # Cut within the head, what had arrived of it looks whole.
                return _too_late(target) if line.is_cut else _judged(response, target)
    except PrivateAddressError as refusal:
        return Sent(delivered=False, permanent=True, detail=str(refusal))
    except (requests.RequestException, HTTPError, OSError, UnicodeError) as error:
        return _failed(error, target, cut=line.is_cut)


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    # With no authentication given, requests would put in what the user's netrc holds for that host.
    return request


def _judged(response: requests.Response, target: Target) -> Sent:
    status = response.status_code
    if status < _REDIRECTS:
        return Sent(delivered=True, detail=f"answered {status}")
    if status < _REFUSALS:
        detail = f"answered {status}, a redirect; redirects are not followed: set the address that it leads to"
        return Sent(delivered=False, permanent=True, detail=detail)
    quoted = _covered(_beginning(response), target)
    return Sent(
        delivered=False,
        permanent=status < _FAULTS and status not in _TEMPORARY,
        detail=f"answered {status}: {quoted}" if quoted else f"answered {status}",
        retry_after=retry_after(response.headers.get("Retry-After"), datetime.now(UTC)),
    )


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Read a Retry-After header, seconds or an HTTP date, as a time to wait from `now`, an hour at most.

    None where there is none, or none that can be read.
    """
    if value is None:
        return None
    try:
        wait = timedelta(seconds=min(float(value), LONGEST_RETRY_AFTER.total_seconds()))
    except (ValueError, OverflowError):
        try:
            wait = parsedate_to_datetime(value).astimezone(UTC) - now
        except ValueError:
            return None
    return min(max(wait, timedelta()), LONGEST_RETRY_AFTER)


def _beginning(response: requests.Response) -> str:
    with suppress(HTTPError, OSError):
        return bytes(response.raw.read(_ANSWER_BYTES, decode_content=True)).decode(errors="replace")
    return ""


def _failed(error: Exception, target: Target, *, cut: bool) -> Sent:
    match error:
        case _ if cut:
            return _too_late(target)
        case (
            requests.exceptions.InvalidURL() | requests.exceptions.InvalidSchema() | requests.exceptions.MissingSchema()
        ):
            return Sent(delivered=False, permanent=True, detail="the address is no URL that can be called")
        case requests.ConnectTimeout():
            detail = f"no connection within {_CONNECT_SECONDS:g} s"
        case requests.Timeout():
            detail = f"no answer within {target.read_seconds:g} s"
        case requests.exceptions.SSLError():
            detail = f"the connection cannot be trusted: {_covered(str(_innermost(error)), target)}"
        case _ if isinstance(_innermost(error), socket.gaierror | NameResolutionError):
            detail = "its host name cannot be resolved"
        case _:
            inner = _innermost(error)
            detail = f"the connection failed: {getattr(inner, 'strerror', None) or type(inner).__name__}"
    return Sent(delivered=False, detail=detail)


def _too_late(target: Target) -> Sent:
    return Sent(delivered=False, detail=f"no complete answer within {target.whole_seconds:g} s")


def _innermost(error: BaseException) -> BaseException:
    """Find what started it: requests wraps urllib3, which wraps the socket's own error."""
    for inner in (getattr(error, "reason", None), *reversed(error.args), error.__cause__):
        if isinstance(inner, BaseException):
            return _innermost(inner)
    return error


def _covered(text: str, target: Target) -> str:
    """Give the beginning of `text` in one line, without what is secret."""
    for secret in sorted(_secrets(target), key=len, reverse=True):
        text = text.replace(secret, "***")
    return " ".join(redact(text).split())[:_QUOTED_CHARACTERS]


def _secrets(target: Target) -> Iterable[str]:
    parts = urlsplit(target.url)
    words = re.split(r"[/?&=;#]", f"{parts.path}?{parts.query}")
    yield from (target.url, parts.netloc)
    yield from (piece for piece in (*words, parts.path, *target.secrets) if len(piece) >= _SHORTEST_SECRET)
