"""`requirements.lock` is made on one Python and installed on all that we promise."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCK = Path(__file__).resolve().parents[2] / "requirements.lock"
_LINE = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==[^\s;]+(?: ; ([^\\]+))? \\$", re.MULTILINE)


def locked(environment: dict[str, str]) -> set[str]:
    """Name what the lock installs there."""
    lines = _LINE.findall(LOCK.read_text())
    return {canonicalize_name(name) for name, marker in lines if not marker or Marker(marker).evaluate(environment)}


def needed(name: str, environment: dict[str, str]) -> set[str]:
    """Name what a package needs there; nothing where this machine has not got it, since it needs none of it."""
    try:
        requirements = [Requirement(text) for text in requires(name) or ()]
    except PackageNotFoundError:
        return set()
    return {
        canonicalize_name(requirement.name)
        for requirement in requirements
        if requirement.marker is None or requirement.marker.evaluate({**environment, "extra": ""})
    }


@pytest.mark.parametrize("version", ["3.11.0", "3.11.2", "3.11.7", "3.12.1", "3.13.0", "3.14.0"])
def test_everything_that_a_locked_package_needs_is_locked_on_every_python(version):
    """Otherwise pip refuses the whole lock: Debian 12 has 3.11.2."""
    environment = {"python_full_version": version, "python_version": ".".join(version.split(".")[:2])}
    names = locked(environment)
    assert len(names) > 80
    assert {f"{name} needs {other}" for name in names for other in needed(name, environment) - names} == set()
