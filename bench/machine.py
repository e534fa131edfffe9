"""Where and with what a measurement was taken: a number without its machine says nothing."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

from bench.contenders import ROOT, STREAMS_DIR
from hub.kafka_jars import java


def describe() -> dict[str, str]:
    """The machine and the versions, by name, in the order to be printed."""
    cpu = _first(r"model name\s*: (.+)", "/proc/cpuinfo")
    memory_kib = int(_first(r"MemTotal:\s*(\d+)", "/proc/meminfo"))
    return {
        "CPU": f"{cpu}, {len(os.sched_getaffinity(0))} cores",
        "Memory": f"{memory_kib / 2**20:.0f} GiB",
        "Kernel": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "Java": _java(),
        "Kafka": _first(r"<kafka.version>([^<]+)", ROOT / "broker" / "pom.xml"),
        "Kafka Streams": _first(r"<artifactId>kafka-streams</artifactId>\s*<version>([^<]+)", STREAMS_DIR / "pom.xml"),
        "Quix Streams": _first(r"(?m)^quixstreams==(\S+)", ROOT / "requirements" / "peers.txt"),
        **{name: version(name) for name in ("aiokafka", "faust-streaming", "rocksdict", "orjson", "uvloop")},
    }


def _first(pattern: str, path: str | Path) -> str:
    found = re.search(pattern, Path(path).read_text())
    return found[1].strip() if found else "0"


def _java() -> str:
    said = subprocess.run([java(), "-version"], capture_output=True, text=True, check=True).stderr
    found = re.search(r'version "([^"]+)"', said)
    return found[1] if found else said.partition("\n")[0]
