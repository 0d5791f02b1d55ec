"""Every kind of fault.

Belongs here: the list; a new kind is a file plus one entry in it. Not here: the ledger that remembers them.
"""

from maxbooster_ops.readiness.chaos.fault import Fault

FAULTS: tuple[Fault, ...] = ()
