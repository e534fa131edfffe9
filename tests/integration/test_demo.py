"""`hub demo` plays its orders to the end, can be looked into, and leaves nothing running however it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.kafka

_LIMIT = 240.0


class Demo:
    """A demonstration that runs, what it has printed so far, and the processes it started."""

    def __init__(self, directory: Path, *options: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "hub", "demo", f"--dir={directory}", *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            env={**os.environ, "COLUMNS": "160"},
        )
        self._printed: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout
        with self._process.stdout as output:
            self._printed.extend(iter(output.readline, ""))

    @property
    def printed(self) -> str:
        return "".join(self._printed)

    def until(self, text: str) -> None:
        deadline = time.monotonic() + _LIMIT
        while text not in self.printed:
            assert self._process.poll() is None, self.printed
            assert time.monotonic() < deadline, self.printed
            time.sleep(0.1)

    def started(self) -> set[int]:
        """Process ids of everything it started that runs now."""
        return {pid for pid, parent in _parents() if parent == self._process.pid}

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def ended(self) -> int:
        status = self._process.wait(_LIMIT)
        self._reader.join(10)
        return status


def _parents() -> Iterator[tuple[int, int]]:
    """Every process that runs, with its parent."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if state != "Z":
                yield int(entry.name), int(parent)


def _gone(pids: set[int]) -> bool:
    deadline = time.monotonic() + 30
    while pids & {pid for pid, _ in _parents()}:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


@contextmanager
def demo(directory: Path, *options: str) -> Iterator[Demo]:
    running = Demo(directory, *options)
    try:
        yield running
    finally:
        running.send(signal.SIGKILL)


def hub(bootstrap: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hub", *arguments],
        env={**os.environ, "HUB_KAFKA_BOOTSTRAP": bootstrap, "COLUMNS": "160"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_it_plays_to_the_end_can_be_looked_into_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with demo(tmp_path, "--orders=60", "--seconds=4", "--keep") as running:
        running.until("The hub goes on running.")
        told = running.printed
        assert re.search(r"\nall +59 ", told)  # the sixtieth is the invalid one
        for order, status in (
            ("DEMO-DUPLICATE", "settled|closed"),
            ("DEMO-EARLY", "settled|closed"),
            ("DEMO-OVER-LIMIT", "credit-hold"),
            ("DEMO-INVALID", "refused: quantity-not-positive"),
            ("DEMO-STALLED", "stalled"),
            ("DEMO-PARTIAL", "settled|closed"),
            ("DEMO-MISKEYED", "settled|closed"),
            ("DEMO-CANCELLED", "cancelled"),
            ("DEMO-CHANGED", "settled|closed"),
            ("DEMO-REJECTED", "settled|closed"),
        ):
            assert re.search(rf"\n{order} .* ({status}) *\n", told), (order, told)
        assert re.search(r"DEMO-INVALID +orders\.events-\d@\d+ +quantity-not-positive +lines", told)
        assert re.search(r"[\d,]+ events decided in \d+ s, \d+ a second.*1 parked", told)

        found = re.search(r"Kafka runs at (\S+) with", told)
        assert found
        _shows_orders(found[1])

        again = hub(found[1], "demo", f"--dir={tmp_path}")
        assert again.returncode == 1
        assert f"hub: A Kafka already runs on {tmp_path}/broker" in again.stderr

        started = running.started()
        assert len(started) == 2  # Kafka and the worker; those around the hub are played by the demonstration itself
        running.send(signal.SIGINT)
        assert running.ended() == 0
        assert _gone(started)


def _shows_orders(kafka: str) -> None:
    shown = hub(kafka, "order", "show", "DEMO-PARTIAL")
    assert shown.returncode == 0, shown.stderr
    assert re.match(r"Order DEMO-PARTIAL  (settled|closed)\n", shown.stdout)
    story = shown.stdout.split("when (UTC)")[1]
    steps = ["placed the order", "granted credit", "logistics is asked for", "accepted", "shipped: ", "delivered: "]
    places = [story.index(step) for step in steps]
    assert places == sorted(places)
    assert story.count("delivered: ") == 2
    assert "line 1: 50 to logistics by rule on-stock" in story

    told = json.loads(hub(kafka, "order", "show", "DEMO-PARTIAL", "--json").stdout)
    assert [entry["entry"] for entry in told["journal"]] == list(range(1, told["state"]["entries"] + 1))
    assert told["state"]["lines"][0]["delivered"] == "50"
    assert told["journal"][0]["payload"]["order_id"] == "DEMO-PARTIAL"
    assert told["journal"][1]["sent"][0]["kind"] == "received"

    unknown = hub(kafka, "order", "show", "NO-SUCH-ORDER")
    assert unknown.returncode == 1
    assert unknown.stdout == ""
    assert unknown.stderr.startswith("hub: There is no order NO-SUCH-ORDER at ")


@pytest.mark.parametrize(
    ("number", "status", "when"),
    [(signal.SIGINT, 130, "Kafka runs at"), (signal.SIGKILL, -signal.SIGKILL, "is ready.")],
)
def test_ended_in_the_middle_it_takes_everything_along(
    tmp_path: Path, number: signal.Signals, status: int, when: str
) -> None:
    with demo(tmp_path, "--orders=200", "--seconds=60") as running:
        running.until(when)
        time.sleep(1)  # into whatever comes next
        started = running.started()
        assert started
        running.send(number)
        assert running.ended() == status
        assert _gone(started)
        assert "Traceback" not in running.printed


def test_a_process_that_fails_ends_the_demonstration_with_its_last_words(tmp_path: Path) -> None:
    with demo(tmp_path, "--orders=20") as running:
        running.until("is ready.")
        worker = next(
            pid for pid in running.started() if b"worker" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        )
        os.kill(worker, signal.SIGKILL)
        assert running.ended() == 1
        assert re.search(r"hub: The worker ended with status -9 .*; see \S+/worker\.log\.", running.printed)
        assert _gone({worker})
