"""The groups that assets are shown in, and who owns them.

Belongs here: names that every asset shares. Not here: any asset.
"""

from __future__ import annotations

COLLECTION = "collection"
ANALYSIS = "analysis"
DEAD_LETTERS = "dead_letters"
READINESS = "readiness"
HOUSEKEEPING = "housekeeping"

OWNERS = ["team:platform"]
"""Of every asset."""
