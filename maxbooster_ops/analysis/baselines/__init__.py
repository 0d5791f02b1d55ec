"""Baselines: how every series was while all was well, to hold later values against."""
