"""The capacity agent: what a node takes on is decided in the node's partition, so orders cannot overload it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from hub.agents.gate import Gate
from hub.codec import Codec, cloud_event_headers
from hub.domain.capacity import Booking, NodeLoad
from hub.domain.decide_capacity import decide_capacity
from hub.domain.events import CapacityRequested
from hub.ruleset import Rules
from hub.runtime.spec import AgentSpec, Record, since_header, since_ms
from hub.runtime.work import Work
from hub.topics import CAPACITY_DECISIONS, CAPACITY_REQUESTS, CAPACITY_STATE, HUB_DEAD_LETTER, HUB_REKEYED_NODES

CapacityState = NodeLoad | Booking

SOURCES = (CAPACITY_REQUESTS,)
_KEPT = timedelta(days=90)
"""A booking is kept so long after its last day: an order that is late may still change."""


def create_agent(codec: Codec, rules: Rules, *, max_event_bytes: int) -> AgentSpec[CapacityState]:
    """The capacity agent, which goes by these rules."""
    return AgentSpec(
        name="capacity",
        sources=SOURCES,
        outputs=(CAPACITY_DECISIONS,),
        changelog=CAPACITY_STATE,
        handler=CapacityHandler(codec, rules, max_event_bytes=max_event_bytes),
        rewrite=codec.encode,
        rekey=HUB_REKEYED_NODES,
        dead_letter=HUB_DEAD_LETTER,
        record_key=node_of,
    )


def load_key(node: str) -> bytes:
    """Where a node's load is kept."""
    return node.encode()


def booking_key(node: str, order_id: str) -> bytes:
    """Where the booking of one order is kept; the separator is no part of a node's name."""
    return f"{node}\x1f{order_id}".encode()


def node_of(key: bytes) -> bytes:
    """The node whose load or booking is kept under `key`."""
    return key.partition(b"\x1f")[0]


class CapacityHandler:
    """Decodes, decides, answers."""

    def __init__(self, codec: Codec, rules: Rules, *, max_event_bytes: int) -> None:
        self._codec = codec
        self._rules = rules
        self._gate: Gate[CapacityRequested] = Gate(
            codec, (*SOURCES, HUB_REKEYED_NODES), lambda event: event.node, max_event_bytes=max_event_bytes
        )

    def on_record(self, work: Work[CapacityState], record: Record) -> None:
        """Decide one request."""
        admitted = self._gate.admit(work, record)
        if admitted is None:
            return
        _, request = admitted
        load = work.get(load_key(request.node))
        booking = work.get(booking_key(request.node, request.order_id))
        if isinstance(load, Booking) or isinstance(booking, NodeLoad):
            raise TypeError(
                f"what is kept for node {request.node} is neither its load nor a booking where it should be"
            )
        node = self._rules.current.router.node(request.node)
        decision = decide_capacity(load, booking, request, work.now, node)
        if decision.load is not None and decision.load is not load:
            work.put(load_key(request.node), decision.load, label="load")
        if decision.booking is not None and decision.booking is not booking:
            key = booking_key(request.node, request.order_id)
            work.put(key, decision.booking, due_ms=_over_ms(decision.booking, work.now), label="booking")
        if decision.decided is not None:
            work.emit(
                CAPACITY_DECISIONS,
                request.order_id.encode(),
                self._codec.encode(decision.decided),
                [*cloud_event_headers(decision.decided), since_header(since_ms(record))],
            )

    def on_timer(self, work: Work[CapacityState], key: bytes, due_ms: int) -> None:  # noqa: ARG002 - as the runtime calls it
        """A booking is long over: forget it."""
        work.put(key, None)

    def encode(self, state: CapacityState) -> bytes:
        """A `NodeLoad` or `Booking` record."""
        return self._codec.encode(state)

    def decode(self, raw: bytes) -> CapacityState:
        """The inverse of `encode`."""
        state: CapacityState = self._codec.decode(raw)
        return state


def _over_ms(booking: Booking, now: datetime) -> int:
    last = max((part.day for part in booking.days), default=now.date())
    return int((datetime.combine(last, time.min, UTC) + _KEPT).timestamp() * 1000)
