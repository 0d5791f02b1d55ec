"""Texts as the lake can keep them.

Belongs here: what of a text no table can hold. Not here: what must not be kept, such as credentials (`errors.redact`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_UNKNOWN = "\N{REPLACEMENT CHARACTER}"


def storable(value: Any) -> Any:
    """Give a value of a fact with every text in it replaced by one that can be stored and asked for.

    A NUL character would end the text of a query that DuckLake puts to its catalog, which makes the table unreadable by
    that column. Half a character, as a text cut inside an emoji has, cannot be written as UTF-8 and costs the beat.
    """
    if isinstance(value, str):
        return _storable(value)
    if isinstance(value, Mapping):
        return {storable(name): storable(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [storable(each) for each in value]
    return value


def _storable(text: str) -> str:
    whole = text.replace("\0", _UNKNOWN) if "\0" in text else text
    return whole if whole.isascii() else whole.encode("utf-8", "replace").decode("utf-8")
