"""`hub reconcile` on a real Kafka: differences of every kind are staged, and found with amount, cause and events."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from msgspec.structs import replace

from hub import kafka_admin
from hub.broker import EmbeddedBroker
from hub.codec import Codec
from hub.domain.effects import SettlementPosted, SettlementRecorded
from hub.domain.model import Frozen
from hub.topics import ORDERS_JOURNAL, ORDERS_STATE, SETTLEMENTS, SETTLEMENTS_JOURNAL, TOPICS
from tests.support.histories import journal
from tests.support.orders import CUSTOMER, START, Story, line

CODEC = Codec.load()
DAY = START.date().isoformat()
pytestmark = pytest.mark.kafka


def story(*lines: Any, **fields: Any) -> Story:
    """Delivered and settled, at 119.00 by default."""
    told = Story()
    told.place(*lines, **fields)
    for kind in ("accepted", "shipped", "delivered"):
        told.report("logistics", kind)
    return told


def paid(told: Story) -> Story:
    told.pay(told.order.payable)
    return told


def records(order_id: str, told: Story, **settled: Any) -> Iterator[tuple[str, Frozen]]:
    """What the topics hold of a story under another id; `settled` falsifies its first settlement."""
    first, *others = told.sent(SettlementRecorded)
    settlements = [replace(first, **settled), *others]
    yield ORDERS_STATE, replace(told.order, order_id=order_id)
    for number, each in enumerate(settlements):
        yield SETTLEMENTS, replace(each, order_id=order_id, settlement_id=f"{order_id}-{number}")
    names = {each.settlement_id: f"{order_id}-{number}" for number, each in enumerate(settlements)}
    for posted in told.sent(SettlementPosted):
        entries = tuple(replace(each, settlement_id=names.get(each.settlement_id, "")) for each in posted.entries)
        settlement_id = names.get(posted.settlement_id, "")
        yield SETTLEMENTS_JOURNAL, replace(posted, order_id=order_id, settlement_id=settlement_id, entries=entries)
    for entry, _ in journal(told):
        yield ORDERS_JOURNAL, replace(entry, order_id=order_id)


def staged() -> Iterator[tuple[str, Frozen]]:
    (settled,) = story().sent(SettlementRecorded)
    dear = replace(settled.lines[0], price=Decimal(11), net_amount=Decimal(110))
    dear_vat = replace(settled.vat[0], taxable_amount=Decimal(110), tax_amount=Decimal("20.90"))
    yield from records("RIGHT", paid(story()))
    back = story()
    back.report("logistics", "returned", {"1": 3})
    yield from records("SHORT", paid(back))
    yield from records("PRICE", paid(story()), lines=(dear,), vat=(dear_vat,), tax_inclusive=Decimal("130.90"))
    yield from records(
        "TAX",
        paid(story()),
        vat=(replace(settled.vat[0], tax_amount=Decimal("19.10")),),
        tax_inclusive=Decimal("119.10"),
    )
    yield from records("UNEXPLAINED", paid(story()), tax_inclusive=Decimal("119.05"))
    parts = Story()
    parts.place(line(quantity=2, price=Decimal("0.345")), settlement="per-delivery")
    for kind, quantity in (("accepted", 0), ("shipped", 2), ("delivered", 1), ("delivered", 1)):
        parts.report("logistics", kind, {"1": quantity} if quantity else None)  # type: ignore[arg-type]
    yield from records("ROUNDING", paid(parts))
    for topic, each in records("DUPLICATE", paid(story())):
        yield topic, each
        if topic == SETTLEMENTS:
            yield topic, each
    yield from ((topic, each) for topic, each in records("MISSING", story()) if not topic.startswith("settlements"))
    waiting = Story()
    waiting.place()
    yield ORDERS_STATE, replace(waiting.order, order_id="TIMING")
    for number in (1, 2, 3):
        yield from records(f"CLAIM-{number}", story(line(quantity=10 * number)))


@pytest.fixture(scope="module")
async def kafka(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with EmbeddedBroker(tmp_path_factory.mktemp("reconcile")) as broker:
        client = {"bootstrap_servers": broker.bootstrap}
        async with kafka_admin.connect(client) as admin:
            await kafka_admin.create(admin, TOPICS.values(), partitions=2, replication_factor=1)
        producer = AIOKafkaProducer(**client)
        await producer.start()
        try:
            for topic, each in staged():
                await producer.send_and_wait(topic, CODEC.encode(each), each.order_id.encode())  # type: ignore[attr-defined]
        finally:
            await producer.stop()
        yield broker.bootstrap


def hub(kafka: str, *arguments: str | Path, status: int) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "hub", *map(str, arguments)],
        env={**os.environ, "HUB_KAFKA_BOOTSTRAP": kafka, "HUB_PARTITIONS": "2", "COLUMNS": "160"},
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == status, done.stderr.decode() + done.stdout.decode()
    return done.stdout.decode()


def reconcile(kafka: str, *arguments: str | Path, status: int = 1) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    *found, totals = map(json.loads, hub(kafka, "reconcile", "--json", *arguments, status=status).splitlines())
    return found, totals


def test_a_difference_of_every_kind_is_found_and_the_unexplained_is_shown(kafka: str) -> None:
    found, totals = reconcile(kafka)
    kinds = {
        (each["order_id"], each["kind"], each["cause"], each["amount"])
        for each in found
        if each["side"] in ("order", "books")
    }
    assert kinds == {
        ("SHORT", "short", "returned", "-35.70"),
        ("PRICE", "price", "price-differs", "11.90"),
        ("TAX", "tax", "vat-wrong", "0.10"),
        ("UNEXPLAINED", "unexplained", "sums-wrong", "0.05"),
        ("ROUNDING", "rounding", "settled-in-parts", "0.02"),
        ("DUPLICATE", "duplicate", "recorded-twice", "119.00"),
        ("MISSING", "missing", "not-settled", "-119.00"),
        ("TIMING", "timing", "not-delivered-yet", "-119.00"),
    }
    (returned,) = [each for each in found if each["cause"] == "returned"]
    (missing,) = [each for each in found if each["cause"] == "not-settled"]
    assert returned["event_ids"]
    assert missing["event_ids"]
    assert (missing["open"], returned["open"]) == (True, False)
    total = totals["currencies"]["EUR"]
    assert (total["orders"], total["lines"], total["unexplained"]) == (12, 12, "0.05")
    by_side = {
        side: sum(Decimal(each["amount"]) for each in found if each["side"] == side) for side in ("order", "payment")
    }
    assert Decimal(total["ordered"]) + by_side["order"] == Decimal(total["settled"])
    table = hub(kafka, "reconcile", status=1)
    assert "not-settled" in table
    assert "MISSING" in table
    assert "differences ask for somebody to look at them" in table


def test_a_period_in_which_nothing_was_is_reconciled_and_a_later_one_has_what_is_open(kafka: str) -> None:
    found, totals = reconcile(kafka, "--to", (START.date() - timedelta(days=1)).isoformat(), status=0)
    assert (found, totals["currencies"]) == ([], {})
    found, totals = reconcile(kafka, "--from", (START.date() + timedelta(days=1)).isoformat())
    assert {each["order_id"] for each in found} == {"MISSING", "TIMING", "CLAIM-1", "CLAIM-2", "CLAIM-3"}


def test_lists_from_files_and_from_the_topic_are_matched_and_payments_allocated(kafka: str, tmp_path: Path) -> None:
    goods, money, booked = tmp_path / "goods.csv", tmp_path / "money.csv", tmp_path / "paid.jsonl"
    goods.write_text(
        "statement_id,item,subject,party,date,order_id,line_id,quantity\n"
        f"P-1,1,proof-of-delivery,dhl,{DAY},RIGHT,1,4\n"
        f"P-1,2,proof-of-delivery,dhl,{DAY},RIGHT,1,6\n"
        f"P-1,3,proof-of-delivery,dhl,{DAY},CLAIM-1,1,9\n"
        f"P-1,4,proof-of-delivery,dhl,{DAY},TIMING,1,2\n"
        "nonsense\n"
    )
    money.write_text(
        "statement_id;item;subject;party;date;amount;currency;references\n"
        f"R-1;1;remittance;{CUSTOMER};{DAY};357.00;EUR;CLAIM-1 CLAIM-2-0\n"
        f"R-1;2;remittance;{CUSTOMER};{DAY};310.00;EUR;CLAIM-3\n"
        f"R-1;3;remittance;{CUSTOMER};{DAY};7.00;EUR;nobody\n"
    )
    hub(kafka, "send", money, status=0)
    found, totals = reconcile(kafka, goods, "--payments", booked)
    about = {
        (each["order_id"], each["cause"], each["quantity"], each["amount"])
        for each in found
        if each["side"] == "statement"
    }
    assert about == {
        ("CLAIM-1", "stated-less", "-1", "-10.00"),
        ("TIMING", "not-reported", "2", "20.00"),
        ("", "paid-less", "0", "-47.00"),
        ("", "no-such-claim", "0", "7.00"),
        ("", "not-booked", "0", "-357.00"),
        ("", "not-booked", "0", "-310.00"),
    } | {each for each in about if each[1] == "not-remitted"}
    assert totals["matches"] == {"left-only": 2, "many-to-one": 1, "one-to-many": 1, "one-to-one": 2}
    assert [refusal.rpartition("/")[2] for refusal in totals["refused"]] == [
        "goods.csv:6: the row has 1 cells and the first row 8; quote what holds a separator"
    ]
    events = list(map(json.loads, booked.read_text().splitlines()))
    assert {(each["order_id"], each["amount"]) for each in events} == {
        ("CLAIM-1", "119.00"),
        ("CLAIM-2", "238.00"),
        ("CLAIM-3", "310.00"),
    }
    assert (
        "3 valid, 0 refused"
        in subprocess.run(
            [sys.executable, "-m", "hub", "send", "--dry-run", str(booked)], capture_output=True, check=True, timeout=60
        ).stderr.decode()
    )


def test_tables_for_finance_have_every_settlement_and_a_balanced_journal(kafka: str, tmp_path: Path) -> None:
    import duckdb

    told = hub(kafka, "settle", "export", "--csv", tmp_path, "--parquet", tmp_path / "typed", status=0)
    assert told.startswith("settlements: 13 rows, settlement_lines: 13 rows")
    files = "settlement_adjustments", "settlement_differences", "settlement_lines", "settlement_vat", "settlements"
    assert {path.name for path in tmp_path.glob("*.csv")} == {f"{name}.csv" for name in (*files, "journal")}
    query = "SELECT count(*), sum(debit) - sum(credit) FROM read_parquet(?)"
    with duckdb.connect() as database:
        row = database.execute(query, [str(tmp_path / "typed" / "journal.parquet")]).fetchone()
    assert row is not None
    assert row[0] > 30
    assert row[1] == 0
