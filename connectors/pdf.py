"""HTML to PDF by the Chromium of this machine, which is not part of the hub."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from hub.errors import ConfigError

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_QUIET = (
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-pdf-header-footer",
)
_SECONDS = 120


def browser() -> str:
    """The path of a Chromium. Raises ConfigError if there is none."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        raise ConfigError(f"PDF needs one of {', '.join(_NAMES)} on the path: install one, or print the HTML yourself.")
    return found


def to_pdf(html: bytes, chromium: str) -> bytes:
    """The page as Chromium prints it. Raises ConfigError if it does not."""
    with tempfile.TemporaryDirectory(prefix="hub-pdf-") as scratch:
        page, printed = Path(scratch, "page.html"), Path(scratch, "page.pdf")
        page.write_bytes(html)
        # Root has no user namespaces for Chromium's sandbox; the page is ours and runs nothing.
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        profile = f"--user-data-dir={Path(scratch, 'profile')}"
        done = subprocess.run(
            [chromium, *_QUIET, *sandbox, profile, f"--print-to-pdf={printed}", page.as_uri()],
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
        if not printed.is_file():
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise ConfigError(f"{chromium} printed nothing (status {done.returncode}): {said[-1] if said else ''}")
        return printed.read_bytes()
