"""A broker that goes away takes no record with it, and no worker hangs on it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from hub import kafka_admin
from hub.broker import EmbeddedBroker
from hub.topics import TOPICS
from tests.support.runtime import PATIENCE, Field, expected, until, words


async def test_a_worker_outlasts_its_broker(own_broker: EmbeddedBroker, tmp_path: Path) -> None:
    field = Field(own_broker.bootstrap, "wc", tmp_path, partitions=2)
    agent = field.spec()
    await field.create(agent)
    fed = words(10_000)
    async with field.running(agent) as running:
        feeding = asyncio.create_task(field.feed(agent.sources[0], fed))
        await until(lambda: running.value("hub_events_in_total") > 1_000, running.task)
        await own_broker.stop()
        await own_broker.start()
        await feeding
        await until(lambda: running.value("hub_events_in_total") == len(fed), running.task)
    assert await field.counts(agent.outputs[0]) == expected(fed)


async def test_sigterm_ends_a_worker_whose_broker_is_gone(own_broker: EmbeddedBroker, tmp_path: Path) -> None:
    async with kafka_admin.connect({"bootstrap_servers": own_broker.bootstrap}) as admin:
        await kafka_admin.create(admin, TOPICS.values(), partitions=1, replication_factor=1)
    env = os.environ | {
        "HUB_KAFKA_BOOTSTRAP": own_broker.bootstrap,
        "HUB_DATA_DIR": str(tmp_path / "data"),
        "HUB_METRICS_PORT": "0",
    }
    log = tmp_path / "log"
    with log.open("wb") as stderr:
        worker = await asyncio.create_subprocess_exec(sys.executable, "-m", "hub", "worker", env=env, stderr=stderr)
    try:
        await until(lambda: log.read_bytes().count(b'"recovered"') == 3)  # one partition of each agent
        await own_broker.stop()
        worker.send_signal(signal.SIGTERM)
        await asyncio.wait_for(worker.wait(), PATIENCE)
        assert worker.returncode == 0, log.read_text()
    finally:
        if worker.returncode is None:
            worker.kill()
            await worker.wait()
