"""The hub's own runtime with its RocksDB store and a trivial handler in the place of the orders'. Exactly once."""

import asyncio
import gc
import os
import signal
import struct
from pathlib import Path

import msgspec
import uvloop

from hub import logs
from hub.metrics import Metrics
from hub.runtime.spec import AgentSpec, Record, RuntimeConfig
from hub.runtime.work import Work
from hub.runtime.worker import Worker

_STATE = struct.Struct(">qq")


class _Event(msgspec.Struct, frozen=True, gc=False):
    key: str
    amount: int


class _Added(msgspec.Struct, frozen=True, gc=False):
    key: str
    count: int
    sum: int


Total = tuple[int, int]
"""How many events a key has had, and the sum of their amounts."""


class Adder:
    """Adds each event to its key's total and emits the new total."""

    def __init__(self, output: str) -> None:
        self._output = output
        self._read = msgspec.json.Decoder(_Event).decode
        self._write = msgspec.json.Encoder().encode

    def on_record(self, work: Work[Total], record: Record) -> None:
        """Take one event."""
        key = record.key or b""
        if not work.owns(key):
            work.forward(record, key)
            return
        event = self._read(record.value or b"")
        count, total = work.get(key) or (0, 0)
        count, total = count + 1, total + event.amount
        work.put(key, (count, total))
        work.emit(self._output, key, self._write(_Added(event.key, count, total)))

    def on_timer(self, work: Work[Total], key: bytes, due_ms: int) -> None:
        """Never armed."""

    def encode(self, state: Total) -> bytes:
        """Two big-endian 64-bit integers."""
        return _STATE.pack(*state)

    def decode(self, raw: bytes) -> Total:
        """The inverse of `encode`."""
        count, total = _STATE.unpack(raw)
        return count, total


async def main() -> None:
    """Run until told to end."""
    output = os.environ["BENCH_OUTPUT"]
    config = RuntimeConfig(output, os.environ["BENCH_BOOTSTRAP"], Path(os.environ["BENCH_DIR"]))
    agent = AgentSpec(
        name=output,  # applied offsets go by agent and source: each run is an agent of its own
        sources=(os.environ["BENCH_SOURCE"],),
        outputs=(output,),
        changelog=f"{output}.changelog",
        handler=Adder(output),
        rekey=f"{output}.rekeyed",
    )
    worker = Worker(config, [agent], Metrics())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
    await worker.run()


if __name__ == "__main__":
    logs.configure("warning")
    gc.freeze()  # as `hub worker` does
    gc.set_threshold(2_000_000, 20, 50)
    uvloop.run(main())
