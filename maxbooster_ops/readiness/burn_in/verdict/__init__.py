"""From checks to a verdict, without I/O or a clock.

Belongs here: what each kind of evidence is and how they add up. Not here: taking checks.
"""
