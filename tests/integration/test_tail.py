"""`hub tail` shows what is committed, decoded, and ends when told to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from hub import kafka_admin
from hub.broker import EmbeddedBroker
from hub.codec import Codec, cloud_event_headers
from hub.domain.events import OrderCancelled, OrderPaid
from hub.domain.journal import JournalEntry
from hub.topics import HUB_DEAD_LETTER, ORDERS_EVENTS, ORDERS_JOURNAL, ORDERS_STATE, TOPICS

NOON = datetime(2025, 3, 4, 12, tzinfo=UTC)
CODEC = Codec.load()
PAID = OrderPaid(event_id="e1", source="bank", occurred_at=NOON, order_id="A", amount=Decimal("1.50"), currency="EUR")
CANCELLED = OrderCancelled(event_id="e2", source="shop", occurred_at=NOON, order_id="B", reason="\x1b[31mred")
JOURNAL = JournalEntry(
    order_id="A", entry=1, decided_at=NOON, event_id="e1", event_type="OrderPaid", topic=ORDERS_EVENTS, partition=0,
    offset=0, payload=CODEC.encode(PAID), outcome="applied",
)  # fmt: skip


pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
async def topics(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A Kafka whose topics hold two events and an aborted one, a journal entry, a dead letter and a deletion."""
    async with EmbeddedBroker(tmp_path_factory.mktemp("tail")) as broker:
        await _fill(broker.bootstrap)
        yield broker.bootstrap


async def _fill(kafka: str) -> None:
    client = {"bootstrap_servers": kafka}
    async with kafka_admin.connect(client) as admin:
        await kafka_admin.create(admin, TOPICS.values(), partitions=8, replication_factor=1)
    producer = AIOKafkaProducer(**client, transactional_id="test-tail")
    await producer.start()
    try:
        async with producer.transaction():
            for event in (PAID, CANCELLED):
                await producer.send(
                    ORDERS_EVENTS, CODEC.encode(event), event.order_id.encode(), headers=cloud_event_headers(event)
                )
            await producer.send(ORDERS_JOURNAL, CODEC.encode(JOURNAL), b"A")
            await producer.send(HUB_DEAD_LETTER, b"\xff{", b"A", headers=[("hub-dlq-code", b"bad-magic")])
            await producer.send(ORDERS_STATE, None, b"A")
        await producer.begin_transaction()
        await producer.send(ORDERS_EVENTS, CODEC.encode(PAID), b"A")
        await producer.flush()
        await producer.abort_transaction()
    finally:
        await producer.stop()


def _tail(kafka: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("hub"), "tail", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=os.environ | {"HUB_KAFKA_BOOTSTRAP": kafka},
    )


def _objects(kafka: str, *arguments: str) -> Sequence[dict[str, Any]]:
    shown = _tail(kafka, *arguments, "--json")
    assert shown.returncode == 0, shown.stderr
    return [json.loads(line) for line in shown.stdout.splitlines()]


def test_committed_records_are_shown_and_aborted_ones_are_not(topics: str) -> None:
    shown = {each["key"]: each for each in _objects(topics, ORDERS_EVENTS, "--no-follow")}
    assert len(shown) == 2
    assert shown["A"]["type"] == "OrderPaid"
    assert shown["A"]["value"]["amount"] == "1.50"
    assert shown["A"]["value"]["occurred_at"] == "2025-03-04T12:00:00Z"
    assert shown["A"]["headers"]["ce_type"] == "orderhub.OrderPaid"


def test_one_key_and_a_limit_narrow_it(topics: str) -> None:
    (shown,) = _objects(topics, ORDERS_EVENTS, "--from-beginning", "--key", "B", "--limit", "1")
    assert shown["value"]["order_id"] == "B"


def test_an_embedded_event_is_decoded(topics: str) -> None:
    (entry,) = _objects(topics, ORDERS_JOURNAL, "--no-follow")
    assert entry["value"]["payload"]["type"] == "OrderPaid"
    assert entry["value"]["payload"]["currency"] == "EUR"


def test_what_is_no_message_is_shown_with_the_reason(topics: str) -> None:
    (letter,) = _objects(topics, HUB_DEAD_LETTER, "--no-follow")
    assert letter["type"] is None
    assert letter["value"] == "/3s="
    assert "not Confluent framed" in letter["problem"]
    text = _tail(topics, HUB_DEAD_LETTER, "--no-follow").stdout
    assert "hub-dlq-code: bad-magic" in text


def test_a_deletion_is_shown_as_one(topics: str) -> None:
    assert "A deleted" in _tail(topics, ORDERS_STATE, "--no-follow").stdout


def test_a_value_cannot_command_the_terminal(topics: str) -> None:
    text = _tail(topics, ORDERS_EVENTS, "--no-follow", "--key", "B").stdout
    assert r"reason: \x1b[31mred" in text
    assert "\x1b" not in text


def test_an_unknown_topic_is_a_sentence(topics: str) -> None:
    refused = _tail(topics, "orders.event")
    assert (refused.returncode, refused.stderr) == (
        1,
        "hub: orders.event is no topic of the hub; did you mean orders.events?\n",
    )
