"""Keeping the store small: what is dropped when, and what is rewritten so that it is read fast.

Belongs here: the upkeep of the lake, of the state and of the log files, each step with what it freed.
Not here: Dagster's own records (`pipelines/instance_upkeep.py`), or when it happens (`pipelines/housekeeping.py`).
"""
