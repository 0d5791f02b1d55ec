"""A stand: a throw-away platform for one drill, and the programs that drills run beside it.

Belongs here: starting it, keeping it running, its end; the drill's own workers and its slow network. Not here: what is
done to it (`faults/`, `actions/`).
"""

from maxbooster_ops.readiness.chaos.stand.stand import open_stand

__all__ = ["open_stand"]
