"""Whether a release is fit for paying customers: burn-ins and chaos drills, and what they found.

Belongs here: sessions, verdicts, faults and reports. Not here: Dagster (`pipelines/`), the terminal (`cli/`), or the
small platform that drills may be tried on (`sandbox/`).
"""
