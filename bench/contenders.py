"""Who is measured: the command of each peer, and what is told of it beside its figures.

Each gets where Kafka is, its topics and a directory for its state in `BENCH_*` environment variables, and runs until
it is told to end. Each is tuned as its own documentation advises; what was tried is told in `docs/performance.md`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hub.errors import BrokerError
from hub.kafka_jars import java

ROOT = Path(__file__).parent.parent
_PEERS = ROOT / "bench" / "peers"
STREAMS_DIR = ROOT / "bench" / "kafka-streams"


@dataclass(frozen=True)
class Contender:
    """One program to be measured."""

    name: str
    title: str
    guarantee: str
    command: tuple[str, ...]
    share: float = 1.0
    """How much of the workload it gets, from the beginning; less for one that would take minutes."""
    env: Mapping[str, str] = field(default_factory=dict)
    streams: bool = False
    """Whether it is the Java peer, to be built first."""


EXACTLY = "exactly once"
AT_LEAST = "at least once"

RUNTIME = "runtime"
STREAMS = "kafka-streams"
FAUST = "faust"
HUB = "hub"
"""Not a contender: it has work of its own, see `bench.full_orders`."""


def contenders() -> tuple[Contender, ...]:
    """All of them, in the order of the table."""
    return (
        Contender(RUNTIME, "This runtime, 1 worker", EXACTLY, _python("this_runtime.py")),
        _kafka_streams(STREAMS, "Kafka Streams, 1 thread", threads=1),
        _kafka_streams("kafka-streams-1s", "Kafka Streams, 1 thread, commits each 1 s", threads=1, commit_ms=1000),
        _kafka_streams("kafka-streams-2", "Kafka Streams, 2 threads", threads=2),
        Contender("quix", "Quix Streams", EXACTLY, (str(ROOT / ".hub/peers/bin/python"), str(_PEERS / "quix.py"))),
        Contender("aiokafka", "Bare aiokafka loop, no state kept", AT_LEAST, _python("bare_aiokafka.py"), share=0.5),
        Contender(FAUST, "Faust, table and send", AT_LEAST, (*_python("stock_faust.py"), "worker"), share=0.03),
        Contender(
            "faust-tuned",
            "Faust, table and send, tuned",
            AT_LEAST,
            (*_python("stock_faust.py"), "--loop", "uvloop", "worker", "--loglevel", "info"),
            share=0.05,
            env={"BENCH_TUNED": "1"},
        ),
        Contender(
            "faust-rocksdb",
            "Faust, table in RocksDB and send",
            AT_LEAST,
            (*_python("stock_faust.py"), "worker"),
            share=0.03,
            env={"BENCH_STORE": "rocksdb://"},
        ),
    )


def _python(program: str) -> tuple[str, ...]:
    return (sys.executable, str(_PEERS / program))


def _kafka_streams(name: str, title: str, *, threads: int, commit_ms: int = 100) -> Contender:
    return Contender(
        name,
        title,
        EXACTLY,
        (java(), "-Xmx1g", "-XX:+UseParallelGC", "-cp", "target/classes:target/lib/*", "orderhub.bench.Totals"),
        env={"BENCH_THREADS": str(threads), "BENCH_COMMIT_MS": str(commit_ms)},
        streams=True,
    )


def directory(contender: Contender) -> Path:
    """Where its command is run."""
    return STREAMS_DIR if contender.streams else ROOT


def build_kafka_streams() -> None:
    """Let Maven build the Java peer, unless what is built is newer than its sources.

    Raises:
        BrokerError: Maven is missing or fails.
    """
    built = STREAMS_DIR / "target" / "built"
    sources = [STREAMS_DIR / "pom.xml", *(STREAMS_DIR / "src").rglob("*.*")]
    if built.exists() and built.stat().st_mtime > max(path.stat().st_mtime for path in sources):
        return
    maven = shutil.which("mvn")
    if maven is None:
        raise BrokerError("No Maven (mvn) on the path: it builds the Kafka Streams peer; install it.")
    command = [
        maven,
        "--batch-mode",
        "--quiet",
        "--no-transfer-progress",
        f"--file={STREAMS_DIR / 'pom.xml'}",
        "package",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BrokerError(f"Maven could not build the Kafka Streams peer:\n{done.stdout}")
    built.touch()
