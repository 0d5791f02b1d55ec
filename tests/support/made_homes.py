"""Homes as the product makes them, made once for all tests of a run and copied for each.

Belongs here: making the one and copying it. A test of making or migrating a home makes its own.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from maxbooster_ops.store.home import Home
from maxbooster_ops.store.opening import open_store


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeMaker:
    """Gives homes of this release without a row in them; a copy costs a tenth of a new one."""

    model: Path

    @classmethod
    def beside(cls, others: Path) -> HomeMaker:
        """Make the model in the folder `others`, which all workers of a run share, unless one of them was first."""
        model = others / "model home"
        with FileLock(others / "model home.lock"):
            if not model.is_dir():
                unfinished = others / "model home, unfinished"
                with open_store(Home(root=unfinished)) as store:
                    store.home.ops_sql.unlink()  # it names the folder
                unfinished.rename(model)
        return cls(model=model)

    def __call__(self, root: Path) -> Home:
        """Make a home in `root`, which may be there and hold other files."""
        shutil.copytree(self.model, root, copy_function=_copied, dirs_exist_ok=True)
        return Home(root=root)


def _copied(source: str, target: str) -> None:
    if source.endswith(".duckdb_extension"):  # 69 MB that nobody writes to
        os.link(source, target)
    else:
        shutil.copyfile(source, target)
