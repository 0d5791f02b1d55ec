"""What all reports of drills share: plots, words, templates, files; and the report of a chaos drill.

Belongs here: how a report looks and gets into its files. Not here: any verdict, or what a burn-in's report says, which
only burn-ins know (`burn_in/report/`).
"""
