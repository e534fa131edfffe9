"""Settlements as they stand on the topics, with what a document of one needs beside them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

from connectors.reading import Reader
from hub.codec import Codec
from hub.domain.credit import CreditAccount
from hub.domain.effects import SettlementPosted, SettlementRecorded
from hub.domain.en16931 import Refusal
from hub.domain.invoicing import Invoice, invoice_of
from hub.domain.order import OrderState
from hub.domain.party import Party, Seller
from hub.runtime.partitioner import partition_of
from hub.topics import CREDIT_STATE, ORDERS_STATE, SETTLEMENTS, SETTLEMENTS_JOURNAL

TOPICS = (SETTLEMENTS, CREDIT_STATE, ORDERS_STATE)
_RESERVATION = b"\x1f"
"""In the keys of reservations, which `credit.state` holds beside the accounts."""
_LOCALE = "en"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which settlements: of one order, of a range of days (UTC, both included), of one id; all by default."""

    order_id: str | None = None
    since: date | None = None
    until: date | None = None
    settlement_id: str | None = None

    def __contains__(self, settled: SettlementRecorded) -> bool:
        return (
            self.order_id in (None, settled.order_id)
            and self.settlement_id in (None, settled.settlement_id)
            and self.includes(settled.occurred_at)
        )

    def includes(self, moment: datetime) -> bool:
        """Whether the moment is on one of the days wanted."""
        day = moment.astimezone(UTC).date()
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Settled:
    """A settlement and the document it makes."""

    record: SettlementRecorded
    document: Invoice | Refusal
    locale: str
    """The language its order asked for (BCP 47)."""


class Settlements:
    """Reads the hub's topics and makes documents of what they hold."""

    def __init__(self, reader: Reader, codec: Codec, partitions: int) -> None:
        self._reader = reader
        self._codec = codec
        self._partitions = partitions

    async def documents(self, wanted: Wanted, seller: Seller, *, languages: bool) -> AsyncIterator[Settled]:
        """Every settlement wanted, each partition in order; customers and languages as they are known now.

        Without `languages` every locale is English, and the orders need not be read.
        """
        await self._reader.check(TOPICS)
        accounts = await self._accounts()
        locales = await self._locales(wanted.order_id) if languages else {}
        async for record in self._held(wanted):
            name, party = accounts.get(record.customer_id, ("", None))
            document = invoice_of(record, seller, party, name)
            yield Settled(record, document, locales.get(record.order_id, _LOCALE))

    async def records(self, wanted: Wanted) -> AsyncIterator[SettlementRecorded]:
        """Every settlement wanted, each partition in order."""
        await self._reader.check((SETTLEMENTS,))
        async for record in self._held(wanted):
            yield record

    async def postings(self, wanted: Wanted) -> AsyncIterator[SettlementPosted]:
        """What the journal has of the orders and days wanted, each partition in order."""
        await self._reader.check((SETTLEMENTS_JOURNAL,))
        async for record in self._reader.held([SETTLEMENTS_JOURNAL], partition=self._partition(wanted.order_id)):
            posted = self._codec.decode_as(SettlementPosted, record.value)
            if wanted.order_id in (None, posted.order_id) and wanted.includes(posted.occurred_at):
                yield posted

    async def _accounts(self) -> dict[str, tuple[str, Party | None]]:
        """What each customer's account calls them, and who they are on an invoice."""
        accounts: dict[str, tuple[str, Party | None]] = {}
        async for record in self._reader.held([CREDIT_STATE]):
            if record.key is not None and record.value is not None and _RESERVATION not in record.key:
                account = self._codec.decode_as(CreditAccount, record.value)
                accounts[account.customer_id] = (account.name, account.party)
        return accounts

    async def _locales(self, order_id: str | None) -> dict[str, str]:
        """The language of each order, or of one, where it is not English."""
        locales: dict[str, str] = {}
        async for record in self._reader.held([ORDERS_STATE], partition=self._partition(order_id)):
            if record.value is not None and (order_id is None or record.key == order_id.encode()):
                state = self._codec.decode_as(OrderState, record.value)
                if state.terms is not None and state.terms.locale != _LOCALE:
                    locales[state.order_id] = state.terms.locale
        return locales

    async def _held(self, wanted: Wanted) -> AsyncIterator[SettlementRecorded]:
        async for record in self._reader.held([SETTLEMENTS], partition=self._partition(wanted.order_id)):
            if wanted.order_id is None or record.key == wanted.order_id.encode():
                settled = self._codec.decode_as(SettlementRecorded, record.value)
                if settled in wanted:
                    yield settled

    def _partition(self, order_id: str | None) -> int | None:
        return None if order_id is None else partition_of(order_id.encode(), self._partitions)
