"""Every kind of fault.

Belongs here: the list; a new kind is a file plus one entry in it. Not here: the ledger that remembers them.
"""

from maxbooster_ops.readiness.chaos.fault import Fault
from maxbooster_ops.readiness.chaos.faults.disk_full import DiskFull
from maxbooster_ops.readiness.chaos.faults.drill_queue import DrillQueue
from maxbooster_ops.readiness.chaos.faults.process_killed import ProcessKilled
from maxbooster_ops.readiness.chaos.faults.program_down import ProgramDown
from maxbooster_ops.readiness.chaos.faults.redis_full import RedisFull
from maxbooster_ops.readiness.chaos.faults.slow_network import SlowNetwork

FAULTS: tuple[Fault, ...] = (ProcessKilled(), ProgramDown(), RedisFull(), SlowNetwork(), DiskFull(), DrillQueue())
