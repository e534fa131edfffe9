"""The orders agent: everything about an order, decided by `hub.domain.decide`, in the order's partition."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from hub.agents.gate import Gate
from hub.agents.watching import BOUNDS, STEPS, label, marks, steps
from hub.codec import Codec, cloud_event_headers
from hub.domain.decide import decide
from hub.domain.decision import Context, Decision, Received
from hub.domain.effects import (
    CustomerNotified,
    DeadLettered,
    Effect,
    ExceptionRaised,
    SettlementPosted,
    SettlementRecorded,
    WorkOrderIssued,
)
from hub.domain.events import CapacityRequested, CreditRequested, OrderEvent, TimerFired
from hub.domain.ids import timer_id
from hub.domain.journal import JournalEntry
from hub.domain.order import OrderState, next_due
from hub.ruleset import Rules
from hub.runtime.spec import AgentSpec, Record, since_header, since_ms
from hub.runtime.work import Work
from hub.topics import (
    CAPACITY_DECISIONS,
    CAPACITY_REQUESTS,
    CREDIT_DECISIONS,
    CREDIT_REQUESTS,
    CUSTOMER_NOTIFICATIONS,
    HUB_DEAD_LETTER,
    HUB_REKEYED,
    HUB_RULES,
    ORDERS_COMMANDS,
    ORDERS_EVENTS,
    ORDERS_EXCEPTIONS,
    ORDERS_JOURNAL,
    ORDERS_STATE,
    SETTLEMENTS,
    SETTLEMENTS_JOURNAL,
    STATUS_TOPIC,
    WORK_TOPIC,
)

SOURCES = (ORDERS_EVENTS, *STATUS_TOPIC.values(), ORDERS_COMMANDS, CREDIT_DECISIONS, CAPACITY_DECISIONS)
OUTPUTS = (
    *WORK_TOPIC.values(),
    CREDIT_REQUESTS,
    CAPACITY_REQUESTS,
    CUSTOMER_NOTIFICATIONS,
    ORDERS_JOURNAL,
    ORDERS_EXCEPTIONS,
    SETTLEMENTS,
    SETTLEMENTS_JOURNAL,
    HUB_RULES,
)
_MOMENTS = 1024
"""The orders of one transaction wait for few different moments."""
_TOPIC_OF = {
    CustomerNotified: CUSTOMER_NOTIFICATIONS,
    ExceptionRaised: ORDERS_EXCEPTIONS,
    SettlementRecorded: SETTLEMENTS,
    SettlementPosted: SETTLEMENTS_JOURNAL,
}


def create_agent(codec: Codec, rules: Rules, *, max_event_bytes: int) -> AgentSpec[OrderState]:
    """The orders agent, which goes by these rules."""
    return AgentSpec(
        name="orders",
        sources=SOURCES,
        outputs=OUTPUTS,
        changelog=ORDERS_STATE,
        handler=OrdersHandler(codec, rules, max_event_bytes=max_event_bytes),
        rewrite=codec.encode,
        rekey=HUB_REKEYED,
        dead_letter=HUB_DEAD_LETTER,
        key_name="order_id",
        steps=STEPS,
        bounds=BOUNDS,
    )


class OrdersHandler:
    """Decodes, decides, and turns effects into messages."""

    def __init__(self, codec: Codec, rules: Rules, *, max_event_bytes: int) -> None:
        self._codec = codec
        self._rules = rules
        self._gate: Gate[OrderEvent] = Gate(
            codec, (*SOURCES, HUB_REKEYED), lambda event: event.order_id, max_event_bytes=max_event_bytes
        )

    def on_record(self, work: Work[OrderState], record: Record) -> None:
        """Decide one event."""
        admitted = self._gate.admit(work, record)
        if admitted is None:
            return
        key, event = admitted
        received = Received(event, record.value or b"", record.topic, record.partition, record.offset)
        decision = self._decide(work, key, received, since_ms(record))
        if decision.outcome == "refused":
            work.refuse(record, decision.code, decision.detail)

    def on_timer(self, work: Work[OrderState], key: bytes, due_ms: int) -> None:
        """Tell the order that a time it waits for has come."""
        order_id = key.decode()
        due = datetime.fromtimestamp(due_ms / 1000, UTC)
        event = TimerFired(
            event_id=timer_id(order_id, due), source="/orderhub/timers", occurred_at=due, order_id=order_id
        )
        self._decide(work, key, Received(event, self._codec.encode(event), "", work.partition, -1), due_ms)

    def encode(self, state: OrderState) -> bytes:
        """An `OrderState` record: orders.state is for anyone to read."""
        return self._codec.encode(state)

    def decode(self, raw: bytes) -> OrderState:
        """The inverse of `encode`."""
        return self._codec.decode_as(OrderState, raw)

    def _decide(self, work: Work[OrderState], key: bytes, received: Received, since: int) -> Decision:
        before = work.get(key)
        rules = self._rules.current
        context = Context(work.now, rules.policy, rules.router, self._codec.decode, rules.reviewer)
        decision = decide(before, received, context)
        if decision.outcome == "refused":
            return decision
        after = decision.state
        if after is None:
            work.put(key, None)
        else:
            work.put(key, after, due_ms=_milliseconds(next_due(after)), label=label(after), marks=marks(after))
        for effect in decision.effects:
            self._carry_out(work, key, effect, since)
        for step in steps(before, decision):
            work.stepped(step, since)
        entry = 1 if before is None else before.entries + 1
        self._journal(work, key, received, decision, entry)
        return decision

    def _carry_out(self, work: Work[OrderState], key: bytes, effect: Effect, since: int) -> None:
        if isinstance(effect, DeadLettered):
            origin = (effect.topic, effect.partition, effect.offset)
            work.dead_letter(key, effect.raw, [], origin=origin, code=effect.code, reason=effect.reason)
            return
        value, headers = self._codec.encode(effect), cloud_event_headers(effect)
        if isinstance(effect, WorkOrderIssued):
            work.emit(WORK_TOPIC[effect.department], key, value, headers)
        elif isinstance(effect, CreditRequested):
            work.emit(CREDIT_REQUESTS, effect.customer_id.encode(), value, [*headers, since_header(since)])
        elif isinstance(effect, CapacityRequested):
            work.emit(CAPACITY_REQUESTS, effect.node.encode(), value, [*headers, since_header(since)])
        else:
            work.emit(_TOPIC_OF[type(effect)], key, value, headers)

    def _journal(self, work: Work[OrderState], key: bytes, received: Received, decision: Decision, entry: int) -> None:
        event = received.event
        journaled = JournalEntry(
            order_id=event.order_id,
            entry=entry,
            decided_at=work.now,
            event_id=event.event_id,
            event_type=type(event).__name__,
            topic=received.topic,
            partition=received.partition,
            offset=received.offset,
            payload=received.raw,
            outcome=decision.outcome,  # type: ignore[arg-type]  # those refused are not journaled
            code=decision.code,
            detail=decision.detail,
            explanations=decision.explanations,
            rules=self._rules.current.version,
            effect_ids=tuple([e.event_id for e in decision.effects if not isinstance(e, DeadLettered)]),
        )
        work.emit(ORDERS_JOURNAL, key, self._codec.encode(journaled))


@lru_cache(_MOMENTS)
def _milliseconds(moment: datetime | None) -> int | None:
    """Rounded up: a timer that fired is never before its time."""
    return None if moment is None else -int(-moment.timestamp() * 1000 // 1)
