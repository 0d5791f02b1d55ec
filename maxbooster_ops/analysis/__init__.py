"""Judging what was collected. Pure: no I/O and no clock; time and facts are arguments."""
