"""Certificates of one's own."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path


def certified(directory: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for localhost that nobody but its key has signed, and what a server needs to show it."""
    key, certificate = directory / "key.pem", directory / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    return certificate, tls
