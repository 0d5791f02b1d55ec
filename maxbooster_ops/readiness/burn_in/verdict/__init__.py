"""From checks to a verdict, without I/O or a clock.

Belongs here: what each kind of evidence is and how they add up. Not here: taking checks.
A kind of evidence is a module with one function `weigh_…(timeline) -> Evidence`, named once in `judging.py`.
"""
