"""The families of errors, each able to say what to do next.

Belongs here: the root, the families, and the removal of secrets from text that leaves the process.
Not here: a failed source, which is a value (`sources.source.SourceFailure`), because the rest of a beat goes on.
"""

from __future__ import annotations

import re

_USERINFO = re.compile(r"(?<=://)[^\s'\"<>]*@")
"""Up to the last `@` of the word: a password may hold slashes and at signs. Better too much than too little."""

_SECRET_PARAMETER = re.compile(
    r"(?i)(?<![\w.-])([\w.-]*(?:password|passwd|pwd|token|secret|key|signature|sig))=[^\s&'\"]+"
)
"""From the start of a word only: tried from each letter of a long one, it would take minutes."""

_AUTHORIZATION = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}")


def redact(text: str) -> str:
    """Replace credentials by `***`: user and password in URLs, secret parameters, authorization headers."""
    text = _USERINFO.sub("***@", text)
    return _AUTHORIZATION.sub(r"\1 ***", _SECRET_PARAMETER.sub(r"\1=***", text))


class MaxboosterError(Exception):
    """Anything this product raises on purpose; its text is a message for the person who must act.

    `permanent` is True where trying the same thing again cannot help.
    """

    permanent = True

    def __init__(self, message: str) -> None:
        super().__init__(redact(message))


class SettingsError(MaxboosterError):
    """A setting or a file that a user edits has a value that cannot be used."""


class StoreError(MaxboosterError):
    """The lake or the state cannot be opened, read or written."""


class StoreBusyError(StoreError):
    """Another process held the store for too long; the same call may succeed later."""

    permanent = False


class StoreFullError(StoreError):
    """There is no room left where the store is kept; writing works again when there is."""

    permanent = False


class StoreVersionError(StoreError):
    """The store was written by a newer release than this one."""


class ProcessError(MaxboosterError):
    """A program that we start did not start, or ended by itself."""


class PlatformError(MaxboosterError):
    """The platform did not answer, or not as it must; the same may work later."""

    permanent = False


class UsageError(MaxboosterError):
    """A command was asked for something that it cannot do."""


class DrillError(MaxboosterError):
    """A drill cannot begin, go on or take back what it did."""


class RefusedError(DrillError):
    """A drill does not begin: what was asked for cannot be, or not now. Nothing was touched, and nothing is to mend."""
