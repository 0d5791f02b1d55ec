"""A missing program skips a test on a developer's machine, with the reason, and fails it in CI."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import NoReturn

import pytest


def lacking(what: str, remedy: str) -> NoReturn:
    """End the test: `what` is not on this machine."""
    if os.environ.get("CI"):
        pytest.fail(f"CI lacks {what}: {remedy}")
    pytest.skip(f"needs {what}: {remedy}")


def program(name: str, remedy: str) -> str:
    """Give the path of a program on PATH."""
    return shutil.which(name) or lacking(name, remedy)


def mounting() -> list[str]:
    """Give what stands before a shell script that may mount file systems, which it alone sees."""
    apart = [program("unshare", "install util-linux"), "--user", "--map-root-user", "--mount", "sh", "-c"]
    attempt = subprocess.run([*apart, "mount -t tmpfs tmpfs /tmp"], capture_output=True, text=True, check=False)
    if attempt.returncode:
        lacking("permission to mount in a user namespace", attempt.stderr.strip())
    return apart
