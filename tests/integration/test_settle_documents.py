"""`hub settle show` and `export` make documents of what the topics hold, and leave what was issued as it was."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from msgspec.structs import replace

from connectors.ubl_invoice import read
from hub import kafka_admin
from hub.broker import EmbeddedBroker
from hub.codec import Codec
from hub.domain.credit import CreditAccount, Reservation
from hub.domain.order import OrderState, Terms
from hub.topics import CREDIT_STATE, ORDERS_STATE, SETTLEMENTS, TOPICS
from tests.support.settlements import BUYER, settlement

CODEC = Codec.load()
KNOWN = replace(settlement(), settlement_id="a1", order_id="A", customer_id="C-1")
CREDITED = replace(settlement(kind="credit-note"), settlement_id="a2", order_id="A", customer_id="C-1")
STRANGER = replace(settlement(), settlement_id="b1", order_id="B", customer_id="C-2")
EARLY = replace(
    settlement(), settlement_id="c1", order_id="C", customer_id="C-1", occurred_at=datetime(2026, 2, 28, 23, tzinfo=UTC)
)
WRONG = replace(settlement(), settlement_id="d1", order_id="D", customer_id="C-1", payable=Decimal("44.07"))
TERMS = Terms("C-1", "PO-1", "EUR", KNOWN.deliver_to, Decimal(0), None, "", "normal", "de", "")

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
async def kafka(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A Kafka of its own with five settlements, one customer who said who they are and one who did not."""
    async with EmbeddedBroker(tmp_path_factory.mktemp("documents")) as broker:
        client = {"bootstrap_servers": broker.bootstrap}
        async with kafka_admin.connect(client) as admin:
            await kafka_admin.create(admin, TOPICS.values(), partitions=8, replication_factor=1)
        producer = AIOKafkaProducer(**client)
        await producer.start()
        try:
            for settled in (KNOWN, CREDITED, STRANGER, EARLY, WRONG):
                await producer.send_and_wait(SETTLEMENTS, CODEC.encode(settled), settled.order_id.encode())
            account = CreditAccount(customer_id="C-1", known=True, name="Weser", currency="EUR", party=BUYER)
            held = Reservation(customer_id="C-1", order_id="A", revision=0, reserved=Decimal(0))
            await producer.send_and_wait(CREDIT_STATE, CODEC.encode(account), b"C-1")
            await producer.send_and_wait(CREDIT_STATE, CODEC.encode(held), b"C-1\x1fA")
            await producer.send_and_wait(ORDERS_STATE, CODEC.encode(OrderState(order_id="A", terms=TERMS)), b"A")
        finally:
            await producer.stop()
        yield broker.bootstrap


def settle(kafka: str, *arguments: str | Path, status: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "hub", "settle", *map(str, arguments)],
        env={**os.environ, "HUB_KAFKA_BOOTSTRAP": kafka},
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == status, done.stderr
    return done.stdout.decode()


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def test_every_settlement_becomes_a_file_in_each_form_but_one_with_wrong_amounts(kafka: str, tmp_path: Path) -> None:
    ubl, html = tmp_path / "ubl", tmp_path / "html"
    told = settle(kafka, "export", "--ubl", ubl, "--html", html, "--json", status=1)
    outcomes = {each["settlement_id"]: each for each in map(json.loads, told.splitlines())}
    assert {name: each["outcome"] for name, each in outcomes.items()} == {
        "a1": "written", "a2": "written", "b1": "written", "c1": "written", "d1": "refused",
    }  # fmt: skip
    assert [finding["rule"] for finding in outcomes["d1"]["findings"]] == ["BR-CO-16"]
    assert {finding["rule"] for finding in outcomes["b1"]["findings"]} == {"BR-07", "BR-11"}
    assert outcomes["a1"]["findings"] == []
    assert names(ubl) == {"a1.xml", "a2.xml", "b1.xml", "c1.xml"}
    assert names(html) == {"a1.html", "a2.html", "b1.html", "c1.html"}
    assert read((ubl / "a2.xml").read_bytes()).kind == "credit-note"
    assert 'lang="de"' in (html / "a1.html").read_text()
    assert 'lang="en"' in (html / "c1.html").read_text()
    assert "exact: invoice a1, due 44.08 EUR" in settle(kafka, "recompute", ubl / "a1.xml")


def test_strict_refuses_a_document_that_lacks_something(kafka: str, tmp_path: Path) -> None:
    assert settle(kafka, "export", "--ubl", tmp_path, "--strict", status=1) == "3 written, 0 kept, 2 refused\n"
    assert names(tmp_path) == {"a1.xml", "a2.xml", "c1.xml"}


def test_what_was_issued_stays_as_it_was_until_told_otherwise(kafka: str, tmp_path: Path) -> None:
    issued = tmp_path / "a1.xml"
    issued.write_text("as it was issued")
    assert settle(kafka, "export", "--ubl", tmp_path, "--order", "A") == "1 written, 1 kept, 0 refused\n"
    assert issued.read_text() == "as it was issued"
    assert settle(kafka, "export", "--ubl", tmp_path, "--order", "A", "--replace") == "2 written, 0 kept, 0 refused\n"
    assert read(issued.read_bytes()).number == "a1"


def test_a_range_of_days_includes_both_ends(kafka: str, tmp_path: Path) -> None:
    for since, until, expected in (
        ("2026-02-28", "2026-02-28", {"c1.xml"}),
        ("2026-03-31", "2026-12-31", {"a1.xml", "a2.xml", "b1.xml"}),
        ("2026-02-28", "2026-03-31", {"a1.xml", "a2.xml", "b1.xml", "c1.xml"}),
    ):
        directory = tmp_path / f"{since}-{until}-{len(expected)}"
        refused = int(until >= "2026-03-31")
        settle(kafka, "export", "--ubl", directory, "--from", since, "--to", until, status=refused)
        assert names(directory) == expected


def test_a_settlement_is_shown_in_four_forms(kafka: str) -> None:
    assert "44.08 EUR" in settle(kafka, "show", "a1")
    assert "(BR-11)" in settle(kafka, "show", "b1", "--order", "B")
    assert json.loads(settle(kafka, "show", "d1", "--as", "json"))["payable"] == "44.07"
    assert read(settle(kafka, "show", "a1", "--as", "ubl").encode()).number == "a1"
    assert "<h1>Rechnung</h1>" in settle(kafka, "show", "a1", "--as", "html")


def test_what_cannot_be_shown_is_said_in_one_sentence(kafka: str) -> None:
    settle(kafka, "show", "nothing", status=1)
    settle(kafka, "show", "d1", status=1)
    settle(kafka, "export", status=2)
