"""The report of a burn-in as people read it: Markdown, HTML with plots, JSON.

Belongs here: what the report says, in which order. Not here: the verdict (`burn_in/verdict/`), or how reports look and
get into their files (`readiness/report/`).
"""
