"""The burn-in: a check every few minutes for a day, and a verdict on what only long runs show.

Belongs here: plan, session, checks and verdict. Not here: how the report looks (`readiness/report/`).
"""
