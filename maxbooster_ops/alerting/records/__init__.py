"""Alerts in the state: what is firing, what people did, what was decided and why."""
