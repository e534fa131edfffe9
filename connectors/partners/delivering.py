"""Documents out: what orders and settlements have to say to partners, each written once as a file."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from msgspec.structs import replace

from connectors.edifact.outgoing import to_edifact
from connectors.files import safe_name, write_whole
from connectors.outbound import after, decoded
from connectors.partners.book import Kind, Partner
from connectors.partners.ledger import Account, Ledger
from connectors.partners.saying import (
    DespatchAdvice,
    Document,
    OrderResponse,
    UnwritableError,
    despatch_of,
    response_to,
)
from connectors.reading import Place, Position
from connectors.ubl_response import to_order_response
from connectors.ubl_writer import to_ubl
from connectors.x12.outgoing import to_x12
from hub.codec import Codec
from hub.domain.credit import CreditAccount
from hub.domain.effects import SettlementRecorded
from hub.domain.en16931 import Refusal
from hub.domain.invoicing import Invoice, invoice_of
from hub.domain.order import OrderState
from hub.domain.party import Seller
from hub.runtime.spec import Record
from hub.topics import CREDIT_STATE, ORDERS_STATE, SETTLEMENTS

_ACCOUNTS_FIRST = {CREDIT_STATE: 0}
_RESERVATION = b"\x1f"
"""In the keys of reservations, which `credit.state` holds beside the accounts."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of one document."""

    kind: Kind
    order_id: str
    customer_id: str
    outcome: Literal["written", "kept", "refused"]
    path: Path
    reason: str = ""
    seconds: float | None = None
    """How long it took to write it; None if nothing was written."""
    count: int = 1


class Delivery:
    """Writes what is to be said below a directory, one folder a customer, as the ledger remembers what was."""

    topics = (CREDIT_STATE, ORDERS_STATE, SETTLEMENTS)
    news = ()

    def __init__(
        self,
        out: Path,
        partners: Mapping[str, Partner],
        seller: Seller,
        codec: Codec,
        ledger: Ledger,
        *,
        dry_run: bool = False,
    ) -> None:
        self.anew = f"have everything said anew: delete the ledger in {out}"
        self._out = out
        self._ledger = ledger
        self._partners = partners
        self._seller = seller
        self._codec = codec
        self._write: Callable[[Path, bytes], None] = (lambda _, __: None) if dry_run else write_whole

    def positions(self) -> Mapping[Place, Position]:
        """As the ledger has them."""
        return self._ledger.positions()

    def keep(self, positions: Mapping[Place, Position]) -> None:
        """With all that was said so far."""
        self._ledger.commit(positions)

    def waiting(self) -> int:
        """None: what was read is written."""
        return 0

    async def take(self, records: Sequence[Record]) -> AsyncIterator[Delivered]:
        """What the records have to say. Raises CodecError, ConfigError."""
        for each in self.said(records):
            yield each

    def said(self, records: Sequence[Record]) -> Iterator[Delivered]:
        """The same; it is remembered when all of it is written."""
        if not records:
            return
        for record in sorted(records, key=lambda record: _ACCOUNTS_FIRST.get(record.topic, 1)):
            yield from self._of(record)
        self.keep(after(records))

    def _of(self, record: Record) -> Iterator[Delivered]:
        if record.value is None or record.key is None:
            return
        if record.topic == ORDERS_STATE:
            yield from self._order(decoded(self._codec, OrderState, record))
        elif record.topic == SETTLEMENTS:
            yield from self._settlement(decoded(self._codec, SettlementRecorded, record))
        elif _RESERVATION not in record.key:
            account = decoded(self._codec, CreditAccount, record)
            if account.customer_id in self._partners:
                self._ledger.know(account.customer_id, Account(account.name, account.party))

    def _order(self, state: OrderState) -> Iterator[Delivered]:
        partner = self._partners.get(state.terms.customer_id) if state.terms else None
        if partner is None:
            return
        told, at = self._ledger.told(state.order_id), state.moved_at or datetime(1970, 1, 1, tzinfo=UTC)
        answer = response_to(state, at) if partner.wants("response") else None
        advice = despatch_of(state, told, at) if partner.wants("despatch") else None
        now = told
        if answer and answer.document_id != told.answer:
            yield self._deliver("response", answer, answer.document_id, partner)
            now = replace(now, answer=answer.document_id)
        if advice:
            yield self._deliver("despatch", advice, advice.document_id, partner)
            now = replace(now, shipped={line.line.line_id: line.shipped for line in state.lines if line.shipped})
        if now is not told:
            self._ledger.remember(state.order_id, now)

    def _settlement(self, settled: SettlementRecorded) -> Iterator[Delivered]:
        partner = self._partners.get(settled.customer_id)
        if partner is None or not partner.wants("invoice"):
            return
        account = self._ledger.account(settled.customer_id) or Account("", None)
        document = invoice_of(settled, self._seller, account.party, account.name)
        if isinstance(document, Refusal):
            reason = "; ".join(f"{each.rule}: {each.message}" for each in document.findings)
            yield self._refused("invoice", settled.order_id, settled.settlement_id, partner, reason)
        else:
            yield self._deliver("invoice", document, settled.settlement_id, partner)

    def _deliver(self, kind: Kind, document: Document, document_id: str, partner: Partner) -> Delivered:
        order_id = document.settlement.order_id if isinstance(document, Invoice) else document.order_id
        number, new = self._ledger.number_of(document_id)
        path = self._out / safe_name(partner.customer_id) / _name(document, partner, number)
        if not new and path.exists():
            return Delivered(kind, order_id, partner.customer_id, "kept", path)
        begun = time.perf_counter()
        self._ledger.commit()
        try:
            self._write(path, written(document, partner, number))
        except UnwritableError as error:
            return self._refused(kind, order_id, document_id, partner, str(error))
        seconds = time.perf_counter() - begun
        return Delivered(kind, order_id, partner.customer_id, "written", path, seconds=seconds)

    def _refused(self, kind: Kind, order_id: str, document_id: str, partner: Partner, reason: str) -> Delivered:
        path = self._out / "refused" / safe_name(f"{kind}-{document_id}.txt")
        self._write(path, f"{kind} of order {order_id} for {partner.customer_id}: {reason}\n".encode())
        return Delivered(kind, order_id, partner.customer_id, "refused", path, reason)


def written(document: Document, partner: Partner, number: int) -> bytes:
    """The document as its partner takes it. Raises UnwritableError."""
    match partner.format, document:
        case "x12", _:
            return to_x12(document, partner, number)
        case "edifact", _:
            return to_edifact(document, partner, number)
        case "ubl", OrderResponse():
            return to_order_response(document, partner, number)
        case "ubl", Invoice():
            return to_ubl(document)
    raise UnwritableError(f"{partner.format} has no such document here")


def _name(document: Document, partner: Partner, number: int) -> str:
    x12, edifact, ubl = {
        OrderResponse: ("855", "ORDRSP", "OrderResponse"),
        DespatchAdvice: ("856", "DESADV", ""),
        Invoice: ("810", "INVOIC", "Invoice"),
    }[type(document)]
    match partner.format:
        case "x12":
            return f"{number:09}-{x12}.x12"
        case "edifact":
            return f"{number:09}-{edifact}.edi"
        case "ubl":
            return f"{number:09}-{ubl}.xml"
