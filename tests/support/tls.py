"""A certificate for 127.0.0.1 that signs itself, made by the openssl program."""

from __future__ import annotations

import subprocess
from pathlib import Path

from support.need import program


def self_signed(folder: Path, *, days: int, name: str = "127.0.0.1") -> Path:
    """Give a PEM file with the key and the certificate, which ends in `days`."""
    key, certificate, both = folder / "key.pem", folder / "certificate.pem", folder / "both.pem"
    openssl = program("openssl", "install openssl")
    arguments = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test", "-days", str(days)]
    arguments += ["-addext", f"subjectAltName=IP:{name}", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([openssl, *arguments], check=True, capture_output=True)
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    return both
