"""Where the embedded broker's Java and jars come from: the machine's Java, and Maven by `broker/pom.xml`.

The jars lie in the user's cache directory under a name made from the pom, so that every checkout with the same
pom shares one copy and a changed pom never meets old jars.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from hub.errors import BrokerError

SOURCES = Path(__file__).parent.parent / "broker"
"""The directory of the pom and the broker's log configuration; part of a checkout, not of an installed wheel."""

_JAVA = 17
_FETCH_SECONDS = 600


def java() -> str:
    """The path of a Java that runs Kafka 4: `JAVA_HOME`'s, else the first on the path."""
    home = os.environ.get("JAVA_HOME")
    path = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    if path is None:
        where = f"in JAVA_HOME ({home})" if home else "on the path"
        raise BrokerError(f"No Java {where}: the embedded broker needs Java {_JAVA} or newer; install a JRE.")
    said = subprocess.run([path, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < _JAVA:
        found = version[1] if version else "of an unknown version"
        raise BrokerError(f"{path} is Java {found}: the embedded broker needs Java {_JAVA} or newer.")
    return path


def jars() -> Path:
    """The directory of Kafka's jars, fetched through Maven if it is not there yet (43 MB)."""
    pom = SOURCES / "pom.xml"
    try:
        digest = hashlib.sha256(pom.read_bytes()).hexdigest()[:12]
    except OSError as error:
        raise BrokerError(
            f"The embedded broker starts from a source checkout only ({pom} is missing): "
            "name a running Kafka with HUB_KAFKA_BOOTSTRAP."
        ) from error
    directory = _cache() / f"kafka-{digest}"
    if not directory.is_dir():
        _fetch(pom, directory)
    return directory


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "orderhub"


def _fetch(pom: Path, directory: Path) -> None:
    """Let Maven fill `directory`, which appears whole or not at all, even when two do this at once."""
    maven = shutil.which("mvn")
    if maven is None:
        raise BrokerError("No Maven (mvn) on the path: it fetches the embedded broker's jars; install it.")
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix="fetching-", dir=directory.parent))
    except OSError as error:
        raise BrokerError(f"Cannot keep Kafka's jars in {directory.parent}: {error.strerror}.") from error
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={scratch}"]
    try:
        done = subprocess.run(
            [maven, "--batch-mode", "--quiet", "--no-transfer-progress", "--strict-checksums", f"--file={pom}", *goal],
            capture_output=True,
            text=True,
            timeout=_FETCH_SECONDS,
            check=False,
        )
        if done.returncode:
            raise BrokerError(f"Maven could not fetch Kafka's jars ({_first_error(done.stdout)}); run it again online.")
        try:
            scratch.rename(directory)
        except OSError:
            if not directory.is_dir():  # else another process was quicker
                raise
    except subprocess.TimeoutExpired as error:
        raise BrokerError(f"Maven did not fetch Kafka's jars within {_FETCH_SECONDS} s; run it again.") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _first_error(output: str) -> str:
    """The first thing Maven complains of."""
    complaints = (line.removeprefix("[ERROR]").strip() for line in output.splitlines() if line.startswith("[ERROR]"))
    return next((line[:300] for line in complaints if line), "it says nothing")
