"""`hub send` puts documents on the right partition, waits for Kafka, and says what it refused and why."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import ConsumerRecord, TopicPartition

from hub import kafka_admin
from hub.codec import Codec
from hub.domain.events import OrderPlaced
from hub.runtime.partitioner import partition_of
from hub.topics import DEFAULT_PARTITIONS, ORDERS_EVENTS, TOPICS

EXAMPLES = Path(__file__).parents[2] / "examples"
CLOSED = "127.0.0.1:9"
Unique = Callable[[str], str]


@pytest.fixture
async def topics(kafka: str) -> str:
    """The shared Kafka with the hub's topics."""
    async with kafka_admin.connect({"bootstrap_servers": kafka}) as admin:
        await kafka_admin.create(admin, TOPICS.values(), partitions=DEFAULT_PARTITIONS, replication_factor=1)
    return kafka


def hub(kafka: str, *arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "hub", *map(str, arguments)],
        env={**os.environ, "HUB_KAFKA_BOOTSTRAP": kafka},
        input=stdin,
        capture_output=True,
        check=False,
        timeout=120,
    )


def told(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def orders(unique: Unique, count: int) -> list[dict[str, Any]]:
    template = (EXAMPLES / "orders.jsonl").read_text().splitlines()[1]
    ids = [unique(f"SO-{number}") for number in range(count)]
    return [{**json.loads(template), "order_id": order_id, "event_id": f"{order_id}-1"} for order_id in ids]


def lines(documents: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(document).encode() + b"\n" for document in documents)


async def record_at(kafka: str, topic: str, partition: int, offset: int) -> ConsumerRecord[bytes, bytes]:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, group_id=None)
    await consumer.start()
    try:
        place = TopicPartition(topic, partition)
        consumer.assign([place])
        consumer.seek(place, offset)
        record: ConsumerRecord[bytes, bytes] = await consumer.getone()
        return record
    finally:
        await consumer.stop()


async def test_an_order_is_at_the_place_kafka_acknowledged_on_its_keys_partition(topics: str, unique: Unique) -> None:
    documents = orders(unique, 20)
    done = hub(topics, "send", "--json", "-", stdin=lines(documents))
    assert done.returncode == 0, done.stderr
    results = told(done)
    assert [each["key"] for each in results] == [document["order_id"] for document in documents]
    for each in results:
        assert each["status"] == "accepted"
        assert each["topic"] == ORDERS_EVENTS
        assert each["partition"] == partition_of(each["key"].encode(), DEFAULT_PARTITIONS)
    last = results[-1]
    record = await record_at(topics, last["topic"], last["partition"], last["offset"])
    assert record.key == documents[-1]["order_id"].encode()
    event = Codec.load().decode_as(OrderPlaced, record.value)
    assert event.event_id == documents[-1]["event_id"]
    assert dict(record.headers)["ce_id"] == event.event_id.encode()
    assert dict(record.headers)["ce_type"] == b"orderhub.OrderPlaced"


async def test_the_same_ubl_file_sent_twice_is_the_same_event_twice(topics: str) -> None:
    first, second = (told(hub(topics, "send", "--json", EXAMPLES / "order.xml"))[0] for _ in range(2))
    assert first["event_id"] == second["event_id"]
    assert first["offset"] < second["offset"]
    records = [await record_at(topics, ORDERS_EVENTS, each["partition"], each["offset"]) for each in (first, second)]
    assert records[0].value == records[1].value


def test_what_is_refused_is_named_and_the_rest_is_sent(topics: str, unique: Unique, tmp_path: Path) -> None:
    good, bad = orders(unique, 2)
    bad["lines"][0]["quantity"] = "-1"
    mixed = tmp_path / "mixed.jsonl"
    mixed.write_bytes(lines([bad, good]))
    done = hub(topics, "send", mixed, tmp_path / "missing.xml", EXAMPLES / "order.xml")
    assert done.returncode == 1
    said = done.stdout.decode().splitlines()
    assert said[0].startswith(f"refused  {mixed}:1: lines[0].quantity: '-1' ")
    assert said[1].startswith(f"accepted {mixed}:2: OrderPlaced of order {good['order_id']} is at {ORDERS_EVENTS}-")
    assert said[2] == f"refused  {tmp_path}/missing.xml: it cannot be read: No such file or directory"
    assert said[3].startswith("accepted ")
    assert done.stderr == b"2 accepted, 2 refused.\n"


def test_an_order_larger_than_the_hub_takes_is_refused_not_sent(topics: str, unique: Unique) -> None:
    (order,) = orders(unique, 1)
    order["lines"] = [{**order["lines"][0], "line_id": str(number), "description": "x" * 600} for number in range(600)]
    (result,) = told(hub(topics, "send", "--json", "-", stdin=lines([order])))
    assert result["status"] == "refused"
    assert "more than the 262144 the hub takes; split the order" in result["problems"][0]["reason"]


def test_a_dry_run_says_what_would_be_sent_and_needs_no_kafka() -> None:
    done = hub(CLOSED, "send", "--dry-run", EXAMPLES / "order.xml", EXAMPLES / "orders.jsonl")
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.decode().splitlines()] == ["valid"] * 3
    assert done.stderr == b"3 valid, 0 refused.\n"


def test_without_kafka_it_fails_with_a_sentence() -> None:
    done = hub(CLOSED, "send", EXAMPLES / "order.xml")
    assert done.returncode == 1
    assert done.stdout == b""
    assert done.stderr.startswith(b"hub: Kafka at 127.0.0.1:9 does not answer")
    assert done.stderr.count(b"\n") == 1


def test_a_wrong_vat_is_a_usage_error() -> None:
    assert hub(CLOSED, "send", "--vat", "S", EXAMPLES / "order.xml").returncode == 2


def test_ctrl_c_ends_it_while_it_waits_for_input() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "hub", "send", "--dry-run", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin
    assert process.stdout
    process.stdin.write((EXAMPLES / "orders.jsonl").read_bytes().splitlines()[0] + b"\n")
    process.stdin.flush()
    assert process.stdout.readline().startswith(b"valid ")  # it reads, and now waits for more
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert b"Traceback" not in said
