"""`hub collect` sends what others leave for the hub, once, and goes on after it was killed."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from hub import kafka_admin
from hub.topics import DEFAULT_PARTITIONS, ORDERS_EVENTS, TOPICS

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
async def topics(kafka: str) -> str:
    """The shared Kafka with the hub's topics."""
    async with kafka_admin.connect({"bootstrap_servers": kafka}) as admin:
        await kafka_admin.create(admin, TOPICS.values(), partitions=DEFAULT_PARTITIONS, replication_factor=1)
    return kafka


def command(kafka: str, *arguments: str | Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "hub", "collect", *map(str, arguments)],
        env={**os.environ, "HUB_KAFKA_BOOTSTRAP": kafka},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


async def ids_of(kafka: str, prefix: str) -> list[str]:
    """The ids of the events of orders whose key begins so, in all partitions."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, group_id=None, auto_offset_reset="earliest")
    await consumer.start()
    try:
        places = [TopicPartition(ORDERS_EVENTS, number) for number in range(DEFAULT_PARTITIONS)]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        await consumer.seek_to_beginning(*places)
        found: list[str] = []
        for place in places:
            while await consumer.position(place) < ends[place]:
                records = (await consumer.getmany(place, timeout_ms=500)).get(place, [])
                mine = (record for record in records if (record.key or b"").startswith(prefix.encode()))
                found.extend(dict(record.headers)["ce_id"].decode() for record in mine)
        return found
    finally:
        await consumer.stop()


async def test_a_file_that_a_killed_process_left_is_sent_by_the_next(
    topics: str, unique: Callable[[str], str], tmp_path: Path
) -> None:
    prefix = unique("DROP")
    template = json.loads((EXAMPLES / "orders.jsonl").read_text().splitlines()[1])
    orders = [{**template, "order_id": f"{prefix}-{n}", "event_id": f"{prefix}-{n}"} for n in range(8_000)]
    (tmp_path / "orders.jsonl").write_text("\n".join(map(json.dumps, orders)))
    (tmp_path / "orders.x12").write_bytes((EXAMPLES / "orders.x12").read_bytes())
    first = command(topics, "folder", tmp_path, "--quiet", "0", "--json")
    assert first.stdout
    assert first.stdout.readline()  # it has begun
    first.kill()
    first.communicate()
    (left,) = (tmp_path / "claimed").iterdir()
    second = command(topics, "folder", tmp_path, "--quiet", "0", "--once")
    said, error = second.communicate(timeout=120)
    assert (second.returncode, error) == (0, b"")
    assert said.count(b"accepted ") == len(orders) + 3
    assert sorted(path.name[13:] for path in (tmp_path / "done").iterdir()) == ["orders.jsonl", "orders.x12"]
    assert not left.exists()
    assert len(list((tmp_path / "receipts").glob("*.997"))) == 1
    ids = await ids_of(topics, prefix)
    assert {order["event_id"] for order in orders} == set(ids), "none is missing; twice is once to the hub"


async def test_it_goes_on_with_what_comes(topics: str, tmp_path: Path) -> None:
    running = command(topics, "folder", tmp_path, "--quiet", "0", "--poll", "0.1", "--json")
    assert running.stdout
    try:
        while not (tmp_path / "claimed").is_dir():
            await asyncio.sleep(0.05)
        upload = tmp_path / "orders.edi.part"
        upload.write_bytes((EXAMPLES / "orders.edi").read_bytes() + b"garbage")
        upload.rename(tmp_path / "orders.edi")
        said = [json.loads(running.stdout.readline()) for _ in range(4)]
    finally:
        running.terminate()
        running.communicate()
    assert [each["status"] for each in said] == ["accepted", "accepted", "acknowledged", "refused"]
    assert len(list((tmp_path / "refused").iterdir())) == 2
