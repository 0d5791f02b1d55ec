"""Getting messages to people: the outbox, tries and their spacing, how channels stand, heartbeat and tests."""
