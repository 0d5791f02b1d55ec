"""One connection to Redis that sends many commands at once and gives their replies as they come.

Belongs here: addresses, sockets, time and the errors of a conversation. Not here: what any command means.
redis-py parses the URL and names the errors; its own pipeline spends more time per reply than all that we do with one.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from hiredis import Reader, pack_command
from redis import exceptions as redis_errors
from redis.connection import SSLConnection, parse_url

from maxbooster_ops.errors import SettingsError

Argument = str | bytes | int
Reply = Any
"""str, int, None, a list of replies, or an error as a value: one failed command leaves the others readable."""

_BUFFER_BYTES = 1 << 18
_ERRORS: Mapping[str, type[Exception]] = {
    "LOADING": redis_errors.BusyLoadingError,
    "NOAUTH": redis_errors.AuthenticationError,
    "WRONGPASS": redis_errors.AuthenticationError,
    "NOPERM": redis_errors.NoPermissionError,
}
_END_A_CONVERSATION = (redis_errors.BusyLoadingError, redis_errors.AuthenticationError)


def packed(*arguments: Argument) -> bytes:
    """Encode one command; encoded commands are joined by `+` or `join`."""
    encoded: bytes = pack_command(arguments)  # type: ignore[arg-type]  # the stub knows tuples of one only
    return encoded


def raised(reply: Reply) -> Reply:
    """Give the reply, or raise it where it is an error."""
    if isinstance(reply, Exception):
        raise reply
    return reply


@dataclass(frozen=True, slots=True)
class Address:
    """Where a Redis server is and how to enter; `options` are the parts of its URL under redis-py's names."""

    options: Mapping[str, Any] = field(repr=False)

    @classmethod
    def parsed(cls, url: str) -> Address:
        """Read `redis://`, `rediss://` (with redis-py's `ssl_…` options) or `unix://`; raises `SettingsError`."""
        try:
            return cls(parse_url(url))  # type: ignore[no-untyped-call]
        except ValueError:
            # Neither the address nor redis-py's complaint is repeated: both may quote a part of the password.
            raise SettingsError(
                "REDIS_URL cannot be read. Expected redis:// with user, password, host, port and database, and `/`, "
                "`@`, `:` and `#` of the password written as %2F, %40, %3A and %23."
            ) from None

    @property
    def shown(self) -> str:
        """The address without user and password."""
        if path := self.options.get("path"):
            return f"unix://{path}"
        scheme = "rediss" if self.is_encrypted else "redis"
        return f"{scheme}://{self.host}:{self.port}/{self.options.get('db', 0)}"

    @property
    def is_encrypted(self) -> bool:
        """True for `rediss://`."""
        return issubclass(self.options.get("connection_class", object), SSLConnection)

    @property
    def host(self) -> str:
        """The server's name."""
        return str(self.options.get("host") or "localhost")

    @property
    def port(self) -> int:
        """The server's port."""
        return int(self.options.get("port") or 6379)


class Command:
    """A command of which only the key differs from one call to the next; all the rest is encoded once."""

    def __init__(self, name: str, *after_key: Argument) -> None:
        before, _, self._after = packed(name, "", *after_key).partition(b"$0\r\n\r\n")
        self._before = before + b"$"

    def of(self, key: str) -> bytes:
        """Encode it for `key`."""
        encoded = key.encode()
        return b"%s%d\r\n%s\r\n%s" % (self._before, len(encoded), encoded, self._after)


class Answer:
    """The replies to some commands, in order, once they were read; answers may be used in any order."""

    __slots__ = ("_read_up_to", "count", "received")

    def __init__(self, count: int, read_up_to: Callable[[Answer], list[Reply]]) -> None:
        self._read_up_to = read_up_to
        self.count = count
        self.received: list[Reply] | None = None

    def replies(self) -> list[Reply]:
        """Wait for the replies where they are not there yet."""
        return self._read_up_to(self) if self.received is None else self.received


class Wire:
    """A conversation with one server that must be over at its deadline.

    Redis keeps reading commands while replies wait to be fetched, so a pipeline of any size is sent before the first
    reply is read and cannot lock up.
    """

    def __init__(self, connection: socket.socket, *, over_at: float) -> None:
        self._connection = connection
        self._over_at = over_at
        self._unread: deque[Answer] = deque()
        self._buffer = bytearray(_BUFFER_BYTES)
        self._reader = Reader(
            encoding="utf-8", errors="replace", replyError=_error_reply, protocolError=redis_errors.InvalidResponse
        )

    @classmethod
    @contextmanager
    def to(cls, address: Address, *, within_seconds: float) -> Iterator[Wire]:
        """Connect and log in, and hang up at the end; `within_seconds` bounds everything from here to there."""
        over_at = time.monotonic() + within_seconds
        try:
            connection = _connected(address, within_seconds)
        except OSError as error:
            raise _as_redis_error(error, f"Connecting to {address.shown}") from error
        with connection:
            wire = cls(connection, over_at=over_at)
            wire._enter(address.options)
            yield wire

    @property
    def seconds_left(self) -> float:
        """How long the conversation may still last."""
        return self._over_at - time.monotonic()

    def ask(self, commands: Iterable[bytes], count: int | None = None) -> list[Reply]:
        """Send encoded commands and give their replies in order; see `ask_ahead`."""
        return self.ask_ahead(commands, count).replies()

    def ask_ahead(self, commands: Iterable[bytes], count: int | None = None) -> Answer:
        """Send encoded commands and give their answer, which is read when it is used: Redis works on it meanwhile.

        `count` says how many commands there are where one item holds several.
        """
        sent = list(commands)
        answer = Answer(len(sent) if count is None else count, self._read_up_to)
        self._unread.append(answer)
        if sent:
            self._send(b"".join(sent))
        return answer

    def _enter(self, options: Mapping[str, Any]) -> None:
        greeting = []
        if password := options.get("password"):
            user = [options["username"]] if options.get("username") else []
            greeting.append(packed("AUTH", *user, password))
        if database := options.get("db"):
            greeting.append(packed("SELECT", database))
        for reply in self.ask(greeting):
            raised(reply)

    def _send(self, commands: bytes) -> None:
        try:
            self._allow()
            self._connection.sendall(commands)
        except OSError as error:
            raise _as_redis_error(error, "Sending commands") from error

    def _read_up_to(self, answer: Answer) -> list[Reply]:
        """Read the replies to everything that was asked before, keep them for their askers, and give those to this."""
        while True:
            first = self._unread.popleft()
            first.received = self._read(first.count)
            if first is answer:
                return first.received

    def _read(self, count: int) -> list[Reply]:
        replies: list[Reply] = []
        next_reply = self._reader.gets
        while len(replies) < count:
            reply = next_reply()
            if reply is False:
                self._reader.feed(self._buffer, 0, self._receive())  # type: ignore[arg-type]  # any buffer will do
            elif isinstance(reply, _END_A_CONVERSATION):
                raise reply
            else:
                replies.append(reply)
        return replies

    def _receive(self) -> int:
        try:
            self._allow()
            received = self._connection.recv_into(self._buffer)
        except OSError as error:
            raise _as_redis_error(error, "Waiting for replies") from error
        if not received:
            raise redis_errors.ConnectionError("Redis closed the connection before it had answered.")
        return received

    def _allow(self) -> None:
        """Let the next call on the socket last until the deadline; a time-out of its own would start anew each time."""
        left = self.seconds_left
        if left <= 0:
            raise redis_errors.TimeoutError("Redis accepted the connection but did not answer in time.")
        self._connection.settimeout(left)


def _connected(address: Address, within_seconds: float) -> socket.socket:
    if path := address.options.get("path"):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(within_seconds)
        connection.connect(path)
        return connection
    connection = socket.create_connection((address.host, address.port), timeout=within_seconds)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not address.is_encrypted:
        return connection
    try:
        return _trusting(address.options).wrap_socket(connection, server_hostname=address.host)
    except BaseException:
        connection.close()
        raise


def _trusting(options: Mapping[str, Any]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=options.get("ssl_ca_certs"), capath=options.get("ssl_ca_path"))
    if options.get("ssl_cert_reqs") == "none":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif str(options.get("ssl_check_hostname", True)).lower() in {"false", "no", "0"}:
        context.check_hostname = False
    if certificate := options.get("ssl_certfile"):
        context.load_cert_chain(certificate, options.get("ssl_keyfile"), options.get("ssl_password"))
    return context


def _as_redis_error(error: OSError, doing: str) -> Exception:
    kind = redis_errors.TimeoutError if isinstance(error, TimeoutError) else redis_errors.ConnectionError
    return kind(f"{doing}: {error}")


def _error_reply(text: str) -> Exception:
    return _ERRORS.get(text.partition(" ")[0], redis_errors.ResponseError)(text)
