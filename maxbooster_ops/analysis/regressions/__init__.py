"""Regressions: what became worse than its baseline, by how much, since when, and whether that is more than noise."""
