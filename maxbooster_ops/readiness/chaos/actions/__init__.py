"""Everything that scenarios may do and look at.

Belongs here: the list of modules; a new one is a file plus one entry in it. Not here: the engine that calls them.
"""

from types import ModuleType

MODULES: tuple[ModuleType, ...] = ()
