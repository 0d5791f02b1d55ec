#!/bin/sh
# Set up the product in .venv: exactly the locked packages, then this checkout, then byte code for all of it.
# Python that starts from byte code needs a third of the time; the last step makes it with all cores, pip would with one.
set -eu
cd "$(dirname "$0")/.."
python="${PYTHON:-python3}"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "install: Python 3.11 or newer is needed; set PYTHON to one" >&2; exit 1; }
# Without pip it was left by a try that failed (Debian needs its package python3-venv), or its Python is gone.
.venv/bin/python -m pip --version >/dev/null 2>&1 || "$python" -m venv --clear .venv
echo "Installing the locked packages into .venv; it takes a minute or two …"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --requirement requirements.lock
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
env -u PYTHONDONTWRITEBYTECODE .venv/bin/python -m compileall -q -j 0 .venv/lib maxbooster_ops >/dev/null || true
