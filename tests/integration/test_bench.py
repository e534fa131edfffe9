"""The benchmark in small: what it needs of the runtime and of the hub is there, and what they commit is right."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer

from bench import reconcile
from bench.contenders import contenders
from bench.full_orders import OrdersBench
from bench.orders import CHAPTERS
from bench.recovery import measure
from bench.trivial import TrivialBench
from bench.workload import Workload
from hub.broker import EmbeddedBroker


class _Late(AIOKafkaConsumer):  # type: ignore[misc]
    """Whoever looks comes when a peer would be done with a small workload."""

    async def start(self) -> None:
        await asyncio.sleep(2)
        await super().start()


async def test_the_trivial_workload_comes_out_right_of_the_runtime_and_of_a_bare_loop(
    own_broker: EmbeddedBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.measure.AIOKafkaConsumer", _Late)
    trivial = TrivialBench(own_broker.bootstrap, tmp_path, Workload(events=4_000, keys=100))
    chosen = [each for each in contenders() if each.name in {"runtime", "aiokafka"}]
    for contender in chosen:
        result = await trivial.run(contender)
        assert result.verdict.sound, result
        assert result.peak_bytes > 1 << 20


async def test_whole_orders_come_out_right_of_a_worker(own_broker: EmbeddedBroker, tmp_path: Path) -> None:
    result = await OrdersBench(own_broker.bootstrap, tmp_path, 30).run()
    assert result.verdict.sound, result
    assert list(result.parts) == [chapter.title for chapter in CHAPTERS]


async def test_a_worker_recovers_every_state_it_is_measured_with(own_broker: EmbeddedBroker, tmp_path: Path) -> None:
    empty, again, size = await measure(2_000, own_broker.bootstrap, tmp_path)
    assert min(empty.seconds, again.seconds, size) > 0


async def test_a_reconciliation_finds_exactly_what_was_falsified(own_broker: EmbeddedBroker, tmp_path: Path) -> None:
    run = await reconcile.measure(400, own_broker.bootstrap, tmp_path)
    assert min(run.seconds, run.cpu, run.peak_bytes) > 0
