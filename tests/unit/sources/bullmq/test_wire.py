from __future__ import annotations

import pytest

from maxbooster_ops.sources.bullmq.wire import Command, packed


@pytest.mark.parametrize("key", ["bull:mail:1", "bull:mail:größe", ""], ids=["plain", "beyond ASCII", "empty"])
def test_a_command_encoded_in_advance_is_what_it_is_when_encoded_at_once(key):
    assert Command("HMGET", "name", "atm").of(key) == packed("HMGET", key, "name", "atm")
