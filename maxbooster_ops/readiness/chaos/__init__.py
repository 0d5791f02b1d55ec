"""Chaos drills: a fault on purpose, and whether the platform bears it.

Belongs here: scenarios, targets, the ledger of faults and their rollback. Not here: the platform that is drilled.
"""
