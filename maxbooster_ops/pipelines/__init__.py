"""The Dagster side, a thin file per area.

An asset takes resources, calls one domain function and returns what a person wants to see.
"""
