"""Where facts and decisions are kept: the lake (append-only facts) and the state (what changes)."""
