"""Measure the contenders: each gets the trivial workload and is checked to the last event."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from bench.check import Output, read_committed
from bench.contenders import ROOT, RUNTIME, Contender, directory
from bench.load import create_topics, load
from bench.measure import timing, watch
from bench.process import Peer
from bench.result import Result
from bench.workload import PARTITIONS, Workload


class TrivialBench:
    """A broker and a workload. State and logs of the contenders go to `work`."""

    def __init__(self, bootstrap: str, work: Path, workload: Workload) -> None:
        self._bootstrap = bootstrap
        self._work = work
        self._workload = workload
        self._loaded: dict[int, Workload] = {}

    async def run(self, contender: Contender) -> Result:
        """Measure one contender, once, and check what it committed.

        Raises:
            StalledError: it did not get done.
        """
        workload = await self._load(round(self._workload.events * contender.share))
        output = f"{contender.name}.totals"
        await create_topics(self._bootstrap, [output], PARTITIONS)
        if contender.name == RUNTIME:
            await create_topics(self._bootstrap, [f"{output}.rekeyed", "hub.dead-letter"], PARTITIONS)
            await create_topics(self._bootstrap, [f"{output}.changelog", "hub.applied"], PARTITIONS, "compact")
        with tempfile.TemporaryDirectory(dir=self._work, prefix=f"{contender.name}-") as state:
            env = {
                **contender.env,
                "BENCH_BOOTSTRAP": self._bootstrap,
                "BENCH_SOURCE": _source(workload),
                "BENCH_OUTPUT": output,
                "BENCH_PARTITIONS": str(PARTITIONS),
                "BENCH_DIR": state,
                "PYTHONPATH": str(ROOT),
            }
            log = self._work / f"{contender.name}.log"
            with Peer(contender.name, contender.command, log, directory(contender), env) as peer:
                looks = await watch(self._bootstrap, output, PARTITIONS, workload.events, peer)
                peak = peer.peak_bytes()
        examined = Output()
        committed = await read_committed(self._bootstrap, output, PARTITIONS, examined.add)
        return Result(
            name=contender.name,
            title=contender.title,
            guarantee=contender.guarantee,
            events=workload.events,
            timing=timing(looks, committed),
            peak_bytes=peak,
            verdict=examined.verdict(workload.totals),
        )

    async def _load(self, events: int) -> Workload:
        """The beginning of the workload, in a topic that all share who get as much."""
        if events not in self._loaded:
            workload = self._loaded[events] = replace(self._workload, events=events)
            await create_topics(self._bootstrap, [_source(workload)], PARTITIONS)
            await load(self._bootstrap, _source(workload), workload.messages())
        return self._loaded[events]


def _source(workload: Workload) -> str:
    return f"events.{workload.events}"
