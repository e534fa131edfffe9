"""The hub's codec beside fastavro with msgspec, message by message: `python -m bench.codec`.

Both make the same bytes of the same structs, which is checked first. fastavro writes and reads plain dictionaries
(in C); msgspec makes those of structs, and structs of those, validating them (in C as well).

The figures are microseconds of processor time a message, over many different messages each taken once, by a codec that
has taken as many others before.
"""

from __future__ import annotations

import io
import random
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import fastavro
import msgspec

from hub.codec import SCHEMA_DIR, Codec
from hub.codec.lock import read_schema
from hub.codec.records import schema_name
from hub.domain.credit import CreditAccount
from hub.domain.credit_terms import CreditTerms
from hub.domain.effects import CustomerNotified, WorkOrderIssued, WorkOrderLine
from hub.domain.events import CreditCheck, CreditDecided, CreditRequested, OrderPlaced, StatusReported
from hub.domain.journal import JournalEntry
from hub.domain.model import Address, Frozen, LineQuantity, OrderLine
from hub.domain.order import Allocation, LineState, OrderState, Terms, Work
from hub.domain.seen import Seen

NOW = datetime(2025, 3, 4, 5, 6, 7, 891234, tzinfo=UTC)
MESSAGES = 2_000
ROUNDS = 7
PAYLOADS = Codec.load()
BUILTIN = (datetime, date, bytes)
"""What fastavro takes as it is."""


def sample_messages(rng: random.Random) -> list[Frozen]:
    """One message of each type on an order's way."""
    event_id, order_id = f"{rng.getrandbits(64):016x}", f"O-{rng.randrange(10**6):06}"
    moment = NOW + timedelta(microseconds=rng.randrange(10**12))
    head: dict[str, Any] = {"event_id": event_id, "source": "/shop/eu", "occurred_at": moment, "order_id": order_id}
    total = Decimal(rng.randrange(10**7)) / 100
    address = Address("Weserland GmbH", "Hafenstrasse 12", "Bremen", "28217", "DE")
    lines = tuple(
        OrderLine(
            str(number), f"ART-{rng.randrange(10_000)}", f"Hex bolt M{number} x 40, zinc plated",
            Decimal(rng.randrange(1, 500)), "C62", Decimal(rng.randrange(100, 20_000)) / 100, Decimal(1), Decimal(0),
            "S", Decimal("19.00"),
        )
        for number in range(1, 6)
    )  # fmt: skip
    quantities = tuple(LineQuantity(line.line_id, line.quantity) for line in lines)
    ordered = tuple(
        WorkOrderLine(line.line_id, line.item_id, line.description, line.quantity, line.unit, None) for line in lines
    )
    placed = OrderPlaced(
        **head, customer_id="C-7781", purchase_order="PO-2025-77", currency="EUR", lines=lines, deliver_to=address
    )
    checks = (
        CreditCheck("limit", str(total), "10000.00", True),
        CreditCheck("blocked", "no", "no", True),
        CreditCheck("overdue", "0", "30", True),
    )
    state = OrderState(
        order_id=order_id,
        entries=4,
        terms=Terms("C-7781", "PO-2025-77", "EUR", address, Decimal(0), None, "", "normal", "en", ""),
        lines=tuple(
            LineState(line, Decimal(0), (Allocation("production", "made-here", line.quantity, Decimal(0)),))
            for line in lines
        ),
        commercial="confirmed",
        credit="granted",
        production=Work("accepted", 1, None, None, moment),
        reserved=total,
        seen=Seen(rng.randbytes(80)),
        placed_at=moment,
        moved_at=moment,
        watch_due=moment + timedelta(days=3),
    )
    messages: list[Frozen] = [
        placed,
        StatusReported(**head, work_order_id=f"{order_id}.production", department="production", kind="accepted"),
        StatusReported(
            **head, work_order_id=f"{order_id}.production", department="production", kind="produced", lines=quantities
        ),
        CreditRequested(
            event_id=event_id, source="/orderhub", occurred_at=moment, customer_id="C-7781", order_id=order_id,
            revision=0, action="reserve", amount=total, currency="EUR",
        ),
        CreditDecided(
            **head, customer_id="C-7781", request_id=event_id, revision=0, granted=True,
            reserved=total, currency="EUR", checks=checks,
        ),
        WorkOrderIssued(
            **head, work_order_id=f"{order_id}.production", department="production", action="create", revision=1,
            lines=ordered, deliver_to=address, due=date(2025, 3, 20), priority="normal", rule="made-here",
        ),
        CustomerNotified(**head, customer_id="C-7781", kind="confirmed", locale="en", text="Your order is confirmed."),
        JournalEntry(
            order_id=order_id, entry=1, decided_at=moment, event_id=event_id, event_type="OrderPlaced",
            topic="orders.events", partition=3, offset=rng.randrange(10**7), payload=PAYLOADS.encode(placed),
            outcome="applied", explanations=("terms complete", "five lines valid"), effect_ids=("a" * 32, "b" * 32),
        ),
        CreditAccount(
            customer_id="C-7781", known=True, name="Weserland GmbH", currency="EUR",
            terms=CreditTerms(limit=Decimal(10000)), reserved=total, seen=Seen(rng.randbytes(80)),
        ),
        state,
    ]  # fmt: skip
    return messages


def microseconds(action: Callable[[Any], object], values: Sequence[Any], prepare: Callable[[], object]) -> float:
    """Processor time of the action, over all values once each: the best round, when nothing got in the way."""
    best = float("inf")
    for _ in range(ROUNDS):
        prepare()
        start = time.process_time()
        for value in values:
            action(value)
        best = min(best, time.process_time() - start)
    return best / len(values) * 1e6


class Contest:
    """Both codecs on messages of one type."""

    def __init__(self, values: Sequence[Any], others: Sequence[Any]) -> None:
        self.values = values
        self._others = others
        self._struct = type(values[0])
        self._schema = fastavro.parse_schema(read_schema(SCHEMA_DIR, schema_name(self._struct.__name__)))
        self._hub = Codec.load()

    def row(self) -> str:
        """One line of the table."""
        raws = [self._hub.encode(value) for value in self.values]
        bodies = [raw[5:] for raw in raws]
        if [self.write(value) for value in self.values] != bodies or tuple(map(self.read, bodies)) != self.values:
            raise AssertionError(f"fastavro makes other bytes of {self._struct.__name__}, or reads them otherwise")
        writes = (
            microseconds(self.write, self.values, lambda: None),
            microseconds(self.encode, self.values, self._used_codec),
        )
        reads = (
            microseconds(self.read, bodies, lambda: None),
            microseconds(self.decode, raws, self._used_codec),
        )
        lines = f", {count} lines" if (count := len(getattr(self.values[0], "lines", ()))) else ""
        size = sum(map(len, raws)) / len(raws)
        return (
            f"| {self._struct.__name__}{lines} | {size:.0f} | {writes[0]:.1f} | {writes[1]:.1f} "
            f"| **{writes[0] / writes[1]:.1f}** | {reads[0]:.1f} | {reads[1]:.1f} "
            f"| **{reads[0] / reads[1]:.1f}** |"
        )

    def encode(self, value: Frozen) -> bytes:
        """The hub's bytes."""
        return self._hub.encode(value)

    def decode(self, raw: bytes) -> Any:
        """The hub's struct."""
        return self._hub.decode(raw)

    def write(self, value: Frozen) -> bytes:
        """What fastavro makes of it."""
        stream = io.BytesIO()
        fastavro.schemaless_writer(stream, self._schema, msgspec.to_builtins(value, builtin_types=BUILTIN))
        return stream.getvalue()

    def read(self, body: bytes) -> Any:
        """The struct by fastavro and msgspec."""
        return msgspec.convert(fastavro.schemaless_reader(io.BytesIO(body), self._schema, None), self._struct)

    def _used_codec(self) -> None:
        """Begin again with a codec that has seen other messages, not these."""
        self._hub = Codec.load()
        for value in self._others:
            self._hub.decode(self._hub.encode(value))


def main() -> None:
    """Print the table."""
    rng = random.Random(1)
    print("| message | bytes | fastavro writes | hub writes | times | fastavro reads | hub reads | times |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for values in zip(*(sample_messages(rng) for _ in range(2 * MESSAGES)), strict=True):
        print(Contest(values[:MESSAGES], values[MESSAGES:]).row())


if __name__ == "__main__":
    main()
