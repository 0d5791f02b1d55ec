"""Child programs: started, watched and ended, so that none is left behind, whatever happens to us.

Belongs here: processes, their groups, their logs, and waiting for them. Not here: what any program is for.
"""

from maxbooster_ops.processes.service import Service
from maxbooster_ops.processes.supervisor import Supervisor
from maxbooster_ops.processes.waiting import free_port, is_free, wait_for

__all__ = ["Service", "Supervisor", "free_port", "is_free", "wait_for"]
