"""`hub deliver documents` says on a real Kafka what orders and settlements have to say, once, whenever it is run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from aiokafka import AIOKafkaProducer
from msgspec.structs import replace

from hub import kafka_admin
from hub.codec import Codec
from hub.domain.effects import SettlementRecorded
from hub.topics import CREDIT_STATE, DEFAULT_PARTITIONS, ORDERS_STATE, SETTLEMENTS, TOPICS
from tests.support.orders import Story


def deliver(kafka: str, out: Path, partners: Path, *more: str) -> tuple[int, list[dict[str, str]]]:
    done = subprocess.run(
        [sys.executable, "-m", "hub", "deliver", "documents", out, "--partners", partners, "--once", "--json", *more],
        env={**os.environ, "HUB_KAFKA_BOOTSTRAP": kafka},
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert b"Traceback" not in done.stderr, done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


async def test_each_document_is_written_once_and_read_on_from_where_it_stopped(
    kafka: str, unique: Callable[[str], str], tmp_path: Path
) -> None:
    async with kafka_admin.connect({"bootstrap_servers": kafka}) as admin:
        await kafka_admin.create(admin, TOPICS.values(), partitions=DEFAULT_PARTITIONS, replication_factor=1)
    codec, customer, order = Codec.load(), unique("C"), unique("PO")
    partners = tmp_path / "partners.yaml"
    partners.write_text(
        f"partners: [{{customer_id: {customer}, format: x12, us: {{qualifier: ZZ, number: US}}, "
        f'them: {{qualifier: "01", number: "1"}}}}]'
    )
    story = Story()
    story.place()
    story.report("logistics", "accepted")

    async def publish() -> None:
        assert story.order.terms
        assert story.account
        terms = replace(story.order.terms, customer_id=customer)
        producer = AIOKafkaProducer(bootstrap_servers=kafka)
        await producer.start()
        try:
            state = replace(story.order, order_id=order, terms=terms)
            await producer.send_and_wait(ORDERS_STATE, codec.encode(state), order.encode())
            account = replace(story.account, customer_id=customer)
            await producer.send_and_wait(CREDIT_STATE, codec.encode(account), customer.encode())
            for each in story.sent(SettlementRecorded):
                settled = replace(each, order_id=order, customer_id=customer, settlement_id=unique("INV"))
                await producer.send_and_wait(SETTLEMENTS, codec.encode(settled), order.encode())
        finally:
            await producer.stop()

    out = tmp_path / "out"
    await publish()
    assert deliver(kafka, out, partners, "--dry-run")[1][0]["kind"] == "response"
    assert not out.exists()
    status, said = deliver(kafka, out, partners)
    assert (status, [each["kind"] for each in said]) == (0, ["response"])
    assert deliver(kafka, out, partners) == (0, [])
    story.report("logistics", "shipped")
    story.report("logistics", "delivered")
    await publish()
    status, said = deliver(kafka, out, partners)
    assert (status, sorted(each["kind"] for each in said)) == (0, ["despatch", "invoice"])
    assert sorted(path.name[10:] for path in (out / customer).iterdir()) == ["810.x12", "855.x12", "856.x12"]
    assert deliver(kafka, out, partners) == (0, [])
