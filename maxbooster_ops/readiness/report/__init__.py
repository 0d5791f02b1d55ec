"""Reports of drills as people read them: Markdown, HTML with plots, JSON.

Belongs here: templates, plots and writing the files. Not here: any verdict.
"""
