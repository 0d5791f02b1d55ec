"""Rollups: every series, counted and ranked over windows of a minute, half an hour and a day."""
