"""One record in a hundred is broken, in ten ways: each is a dead letter as it came, and the rest goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random

from aiokafka import AIOKafkaProducer
from msgspec.structs import replace

from connectors.base import Event, key_of
from connectors.publishing import topic_of
from hub import kafka_admin
from hub.app import create_agents
from hub.broker import EmbeddedBroker
from hub.codec import Codec
from hub.config import Settings
from hub.domain.events import CustomerUpdated, OrderPaid, OrderPlaced, StatusKind, StatusReported
from hub.domain.ids import work_order_id
from hub.domain.model import Address, LineQuantity, OrderLine
from hub.ruleset import Rules, load_ruleset
from hub.runtime.partitioner import partition_of
from hub.topics import (
    CREDIT_STATE,
    DEFAULT_PARTITIONS,
    HUB_DEAD_LETTER,
    MAX_EVENT_BYTES,
    MAX_INPUT_BYTES,
    TOPICS,
)
from tests.chaos.credit_oracle import CreditOracle
from tests.chaos.fleet import Fleet
from tests.chaos.orders_oracle import OrdersOracle
from tests.chaos.verdict import Verdict
from tests.chaos.view import View
from tests.support.places import Place, dead_letters, reason_of

_ORDERS = 4_000
_EVENTS_PER_ORDER = 5
_ANY = range(_EVENTS_PER_ORDER)
_WITH_QUANTITY = (0, 2, 3)
"""Which events of a story say how much of something."""
_PATIENCE = 240.0
_NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
_ADDRESS = Address("Nordwind Anlagenbau", "Werftstrasse 4", "Kiel", "24143", "DE")
_CUSTOMERS = 20


Way = Callable[[Event, bytes], tuple[bytes, bytes | None]]
"""From an event and its message to the key and the value that are sent in its place."""


@dataclass(frozen=True)
class Message:
    """What is sent."""

    topic: str
    key: bytes
    value: bytes | None


class Breaker:
    """Ten ways to break a message."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self.ways: Mapping[str, tuple[Way, str, str]] = {
            "truncated": (self._truncated, "truncated", "the message ends"),
            "unknown schema id": (self._unknown_schema, "unknown-schema", "names schema 4711, which"),
            "wrong type": (self._wrong_type, "wrong-type", "is a CustomerUpdated, which does not belong on"),
            "huge": (self._huge, "too-large", f"bytes; at most {MAX_EVENT_BYTES} are taken"),
            "empty": (self._empty, "empty", "has no value"),
            "deep": (self._deep, "invalid-value", "a length of -46"),
            "trailing bytes": (self._trailing, "trailing-bytes", "is followed by 3 more bytes"),
            "not UTF-8": (self._not_utf8, "not-utf8", "UTF-8"),
            "wrong key": (self._wrong_key, "key-mismatch", "send it again under that key"),
            "negative quantity": (self._negative, "quantity-not-positive", "give a number above 0"),
        }
        """By name: the way, the code of its dead letter, and words its reason must have."""

    def _truncated(self, event: Event, value: bytes) -> tuple[bytes, bytes]:
        return _key(event), value[: len(value) // 2]

    def _unknown_schema(self, event: Event, value: bytes) -> tuple[bytes, bytes]:
        return _key(event), b"\0" + (4711).to_bytes(4, "big") + value[5:]

    def _wrong_type(self, event: Event, _value: bytes) -> tuple[bytes, bytes]:
        return _key(event), self._codec.encode(_terms(0))

    def _huge(self, event: Event, _value: bytes) -> tuple[bytes, bytes]:
        text = "x" * MAX_EVENT_BYTES
        match event:
            case StatusReported():
                event = replace(event, reason=text)
            case OrderPlaced():
                event = replace(event, note=text)
            case OrderPaid():
                event = replace(event, source=text)
        return _key(event), self._codec.encode(event)

    def _empty(self, event: Event, value: bytes) -> tuple[bytes, bytes | None]:
        return _key(event), None if len(value) % 2 else b""

    def _deep(self, event: Event, value: bytes) -> tuple[bytes, bytes]:
        return _key(event), value[:5] + b"[" * 100_000

    def _trailing(self, event: Event, value: bytes) -> tuple[bytes, bytes]:
        return _key(event), value + b"\0\0\0"

    def _not_utf8(self, event: Event, value: bytes) -> tuple[bytes, bytes]:
        return _key(event), value.replace(_key(event), b"\xff" * len(_key(event)), 1)

    def _wrong_key(self, event: Event, value: bytes) -> tuple[bytes, bytes]:
        return _key(event) + b"-not", value

    def _negative(self, event: Event, _value: bytes) -> tuple[bytes, bytes]:
        match event:
            case OrderPlaced():
                event = replace(event, lines=(replace(event.lines[0], quantity=Decimal(-3)),))
            case StatusReported():
                event = replace(event, lines=(LineQuantity("1", Decimal(-3)),))
        return _key(event), self._codec.encode(event)


async def test_every_broken_record_is_a_dead_letter_as_it_came_and_the_rest_is_processed(
    own_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    codec = Codec.load()
    breaker = Breaker(codec)
    bootstrap = own_broker.bootstrap
    async with kafka_admin.connect({"bootstrap_servers": bootstrap}) as admin:
        await kafka_admin.create(admin, TOPICS.values(), partitions=DEFAULT_PARTITIONS, replication_factor=1)
    environment = {"HUB_KAFKA_BOOTSTRAP": bootstrap, "HUB_METRICS_PORT": "0"}
    async with (
        View(bootstrap, TOPICS, DEFAULT_PARTITIONS) as view,
        Fleet(1, ("-m", "hub", "worker"), environment, tmp_path) as fleet,
        AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=20, max_request_size=MAX_INPUT_BYTES) as producer,
    ):
        await fleet.start()
        await _send(producer, [_message(codec, _terms(number)) for number in range(_CUSTOMERS)])
        await _until(view, lambda: len(view.records[CREDIT_STATE]) == _CUSTOMERS)
        messages, way_of = _orders(codec, breaker)
        places = await _send(producer, messages)
        agents = create_agents(Settings(), Rules(load_ruleset()))
        await _until(view, lambda: not view.behind(agents))
        assert not await fleet.end()
        await view.catch_up()
    assert not fleet.members[0].ended

    broken = {places[number]: (way, messages[number]) for number, way in way_of.items()}
    letters = {dead_letters([record])[0].origin: record for record in view.records[HUB_DEAD_LETTER]}
    assert len(letters) == len(view.records[HUB_DEAD_LETTER])
    assert len(broken) == len(messages) // 100
    assert letters.keys() == broken.keys()
    for place, (way, message) in broken.items():
        _, code, words = breaker.ways[way]
        (letter,) = dead_letters([letters[place]])
        assert (letter.key, letter.value) == (message.key, message.value), way
        assert letter.code == code, (way, reason_of(letters[place]))
        assert words in reason_of(letters[place]), way

    verdict = Verdict()
    OrdersOracle(codec, DEFAULT_PARTITIONS).examine(verdict, view.records)
    CreditOracle(codec).examine(verdict, view.records)
    assert verdict == Verdict(events=verdict.events), verdict.complaints
    assert verdict.events > len(messages)


async def _until(view: View, condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE):
        await view.catch_up()
        while not condition():
            await asyncio.sleep(0.2)
            await view.catch_up()


async def _send(producer: AIOKafkaProducer, messages: Sequence[Message]) -> list[Place]:
    """Send; gives where each message lies."""
    sent = [
        await producer.send(each.topic, each.value, key=each.key, partition=partition_of(each.key, DEFAULT_PARTITIONS))
        for each in messages
    ]
    return [(at.topic, at.partition, at.offset) for at in [await future for future in sent]]


def _orders(codec: Codec, breaker: Breaker) -> tuple[list[Message], dict[int, str]]:
    """All messages, and how those are broken that are: one of an order at most."""
    random = Random(1)
    stories = [list(_story(f"ORDER-{number:05d}")) for number in range(_ORDERS)]
    ways = [way for way in breaker.ways for _ in range(_ORDERS * _EVENTS_PER_ORDER // 100 // len(breaker.ways))]
    way_of = {
        order * _EVENTS_PER_ORDER + random.choice(_WITH_QUANTITY if way == "negative quantity" else _ANY): way
        for order, way in zip(random.sample(range(_ORDERS), len(ways)), ways, strict=True)
    }
    messages = []
    for number, event in enumerate(event for story in stories for event in story):
        message = _message(codec, event)
        if number in way_of:
            message = Message(message.topic, *breaker.ways[way_of[number]][0](event, message.value or b""))
        messages.append(message)
    return messages, way_of


def _message(codec: Codec, event: Event) -> Message:
    return Message(topic_of(event), _key(event), codec.encode(event))


def _terms(number: int) -> CustomerUpdated:
    return CustomerUpdated(
        event_id=f"terms-{number}",
        source="crm",
        occurred_at=_NOW,
        customer_id=f"CUSTOMER-{number}",
        name=f"Customer {number}",
        currency="EUR",
        credit_limit=Decimal(10_000_000),
    )


def _story(order_id: str) -> Iterator[Event]:
    """What happens to an order of goods on stock."""
    line = OrderLine(
        "1", "ST-0815", "Grease", Decimal(5), "C62", Decimal("12.50"), Decimal(1), Decimal(0), "S", Decimal(19)
    )
    yield OrderPlaced(
        event_id=f"{order_id}-placed",
        source="shop",
        occurred_at=_NOW,
        order_id=order_id,
        customer_id=f"CUSTOMER-{int(order_id[-5:]) % _CUSTOMERS}",
        purchase_order=f"PO-{order_id}",
        currency="EUR",
        lines=(line,),
        deliver_to=_ADDRESS,
    )
    kinds: tuple[StatusKind, ...] = ("accepted", "shipped", "delivered")
    for kind in kinds:
        yield StatusReported(
            event_id=f"{order_id}-{kind}",
            source="warehouse",
            occurred_at=_NOW,
            order_id=order_id,
            work_order_id=work_order_id(order_id, "logistics"),
            department="logistics",
            kind=kind,
            lines=() if kind == "accepted" else (LineQuantity("1", Decimal(5)),),
        )
    yield OrderPaid(
        event_id=f"{order_id}-paid",
        source="bank",
        occurred_at=_NOW,
        order_id=order_id,
        amount=Decimal("74.38"),
        currency="EUR",
    )


def _key(event: Event) -> bytes:
    return key_of(event).encode()
