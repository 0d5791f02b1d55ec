"""Statistics that analysis judges by: pure functions of numbers, without a lake, a clock or a name of a series.

They need numpy alone; the tests hold them against scipy, which would cost every process a second of imports.
"""
