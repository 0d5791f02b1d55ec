"""Plots as inline SVG: no script, no network, the page's own colours.

Belongs here: points, axes, drawing. Not here: which series are worth a plot.
"""
