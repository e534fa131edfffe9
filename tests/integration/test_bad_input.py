"""The real hub: orders that must not get a total lie in the dead letters with the rule, and nothing is settled."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro
from aiokafka import AIOKafkaProducer

from hub import kafka_admin
from hub.broker import EmbeddedBroker
from hub.codec import SCHEMA_DIR, Codec
from hub.codec.lock import read_schema
from hub.codec.records import schema_name
from hub.domain.events import OrderPaid, OrderPlaced
from hub.domain.model import Address, OrderLine
from hub.runtime.partitioner import partition_of
from hub.topics import DEFAULT_PARTITIONS, HUB_DEAD_LETTER, ORDERS_EVENTS, ORDERS_STATE, SETTLEMENTS, TOPICS
from tests.chaos.fleet import Fleet
from tests.chaos.view import View
from tests.support.bad_input import BAD, ORDER, order, placed
from tests.support.messages import reference_encode
from tests.support.places import dead_letters, reason_of

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
RAW = {name: bad for name, bad in BAD.items() if bad.code and bad.raw}
LINE = OrderLine("1", "ST-1", "Grease", Decimal(40), "C62", Decimal("2.70"), Decimal(1), Decimal(0), "S", Decimal(19))
_PATIENCE = 60.0
_FRAME = 5
"""Bytes before the body: magic and schema id."""


def right(order_id: str) -> OrderPlaced:
    return OrderPlaced(
        event_id=f"{order_id}-placed",
        source="shop",
        occurred_at=NOON,
        order_id=order_id,
        customer_id="C-1",
        purchase_order=f"PO-{order_id}",
        currency="EUR",
        lines=(LINE,),
        deliver_to=Address("Weserland", "Hafenstrasse 12", "Bremen", "28217", "DE"),
    )


def messages() -> dict[str, tuple[OrderPlaced | OrderPaid, str]]:
    """By order: the event and the code it is refused with, empty where it is right."""
    made: dict[str, tuple[OrderPlaced | OrderPaid, str]] = {
        name: (placed(bad, right(name)), bad.contract or bad.code) for name, bad in RAW.items()
    }
    foreign = OrderPaid(
        event_id="paid", source="bank", occurred_at=NOON, order_id="right", amount=Decimal(10), currency="USD"
    )
    return {"right": (right("right"), ""), **made, "paid": (foreign, "wrong-currency")}


def foreign(codec: Codec, event: OrderPlaced | OrderPaid) -> bytes:
    """The message as a producer of another make writes it, which checks nothing."""
    schema = fastavro.parse_schema(read_schema(SCHEMA_DIR, schema_name(type(event).__name__)))
    return codec.encode(right("right") if isinstance(event, OrderPlaced) else event)[:_FRAME] + reference_encode(
        schema, event
    )


def hub_send(bootstrap: str, documents: list[dict[str, Any]]) -> tuple[int, list[str]]:
    """The exit status, and what became of each document."""
    done = subprocess.run(
        [sys.executable, "-m", "hub", "send", "--json", "-"],
        env={**os.environ, "HUB_KAFKA_BOOTSTRAP": bootstrap},
        input="\n".join(map(json.dumps, documents)).encode(),
        capture_output=True,
        check=False,
        timeout=60,
    )
    return done.returncode, [json.loads(line)["status"] for line in done.stdout.splitlines()]


async def test_every_bad_order_is_a_dead_letter_that_names_its_rule(own_broker: EmbeddedBroker, tmp_path: Path) -> None:
    codec, bootstrap = Codec.load(), own_broker.bootstrap
    async with kafka_admin.connect({"bootstrap_servers": bootstrap}) as admin:
        await kafka_admin.create(admin, TOPICS.values(), partitions=DEFAULT_PARTITIONS, replication_factor=1)
    sent = messages()
    environment = {"HUB_KAFKA_BOOTSTRAP": bootstrap, "HUB_METRICS_PORT": "0"}
    async with (
        View(bootstrap, TOPICS, DEFAULT_PARTITIONS) as view,
        Fleet(1, ("-m", "hub", "worker"), environment, tmp_path) as fleet,
        AIOKafkaProducer(bootstrap_servers=bootstrap) as producer,
    ):
        await fleet.start()
        for event, _ in sent.values():
            key = event.order_id.encode()
            partition = partition_of(key, DEFAULT_PARTITIONS)
            await producer.send_and_wait(ORDERS_EVENTS, foreign(codec, event), key, partition=partition)
        async with asyncio.timeout(_PATIENCE):
            while len(view.records[HUB_DEAD_LETTER]) < len(sent) - 1 or not view.records[ORDERS_STATE]:
                await asyncio.sleep(0.2)
                await view.catch_up()
        assert not await fleet.end()
        await view.catch_up()

    letters = {record.value: record for record in view.records[HUB_DEAD_LETTER]}
    expected = {foreign(codec, event): code for event, code in sent.values() if code}
    assert {value: dead_letters([record])[0].code for value, record in letters.items()} == expected
    for record in letters.values():
        assert len(reason_of(record)) > 20
    assert {record.key for record in view.records[ORDERS_STATE]} == {b"right"}
    assert view.records[SETTLEMENTS] == []

    documents = [ORDER, *(order(bad, name) for name, bad in BAD.items() if bad.order or bad.line)]
    status, outcomes = await asyncio.to_thread(hub_send, bootstrap, documents)
    assert status == 1
    assert outcomes == ["accepted", *["refused"] * (len(documents) - 1)]
