"""The credit agent: one customer's account decides in the customer's partition, so orders cannot overdraw it."""

from __future__ import annotations

from hub.agents.gate import Gate
from hub.codec import Codec, cloud_event_headers
from hub.domain.credit import CreditAccount, Reservation
from hub.domain.decide_credit import CreditDecision, decide_credit, decide_customer
from hub.domain.events import CreditRequested, CustomerEvent
from hub.domain.policy import Policy
from hub.runtime.spec import AgentSpec, Record
from hub.runtime.work import Work
from hub.topics import (
    CREDIT_DECISIONS,
    CREDIT_REQUESTS,
    CREDIT_STATE,
    CUSTOMERS_EVENTS,
    HUB_DEAD_LETTER,
    HUB_REKEYED_CUSTOMERS,
)

CreditState = CreditAccount | Reservation

SOURCES = (CREDIT_REQUESTS, CUSTOMERS_EVENTS)


def create_agent(codec: Codec, policy: Policy, *, max_event_bytes: int) -> AgentSpec[CreditState]:
    """The credit agent with this policy."""
    return AgentSpec(
        name="credit",
        sources=SOURCES,
        outputs=(CREDIT_DECISIONS,),
        changelog=CREDIT_STATE,
        handler=CreditHandler(codec, policy, max_event_bytes=max_event_bytes),
        rekey=HUB_REKEYED_CUSTOMERS,
        dead_letter=HUB_DEAD_LETTER,
        record_key=customer_of,
    )


def account_key(customer_id: str) -> bytes:
    """Where a customer's account is kept."""
    return customer_id.encode()


def reservation_key(customer_id: str, order_id: str) -> bytes:
    """Where the reservation of one order is kept; the separator is no part of an id."""
    return f"{customer_id}\x1f{order_id}".encode()


def customer_of(key: bytes) -> bytes:
    """The customer whose account or reservation is kept under `key`."""
    return key.partition(b"\x1f")[0]


class CreditHandler:
    """Decodes, decides, answers."""

    def __init__(self, codec: Codec, policy: Policy, *, max_event_bytes: int) -> None:
        self._codec = codec
        self._policy = policy
        self._gate: Gate[CustomerEvent] = Gate(
            codec,
            (*SOURCES, HUB_REKEYED_CUSTOMERS),
            lambda event: event.customer_id,
            max_event_bytes=max_event_bytes,
        )

    def on_record(self, work: Work[CreditState], record: Record) -> None:
        """Decide one request or one event of a customer."""
        admitted = self._gate.admit(work, record)
        if admitted is None:
            return
        _, event = admitted
        account = work.get(account_key(event.customer_id))
        if account is not None and not isinstance(account, CreditAccount):
            raise TypeError(f"what is kept for customer {event.customer_id} is no account")
        if isinstance(event, CreditRequested):
            decision = self._request(work, account, event)
        else:
            decision = decide_customer(account, event, self._policy)
        if decision.outcome == "refused":
            work.refuse(record, decision.code, decision.detail)
        elif decision.account is not None and decision.account is not account:
            work.put(account_key(event.customer_id), decision.account, label="account")

    def on_timer(self, work: Work[CreditState], key: bytes, due_ms: int) -> None:
        """The credit agent waits for no time."""
        raise NotImplementedError(f"no timer is ever set here, yet {key!r} was due at {due_ms} in {work.partition}")

    def encode(self, state: CreditState) -> bytes:
        """A `CreditAccount` or `Reservation` record."""
        return self._codec.encode(state)

    def decode(self, raw: bytes) -> CreditState:
        """The inverse of `encode`."""
        state: CreditState = self._codec.decode(raw)
        return state

    def _request(
        self, work: Work[CreditState], account: CreditAccount | None, request: CreditRequested
    ) -> CreditDecision:
        key = reservation_key(request.customer_id, request.order_id)
        held = work.get(key)
        if held is not None and not isinstance(held, Reservation):
            raise TypeError(f"what is kept for order {request.order_id} is no reservation")
        decision = decide_credit(account, held, request, work.now, self._policy)
        if decision.reservation is not None and decision.reservation is not held:
            work.put(key, decision.reservation, label="reservation")
        if decision.decided is not None:
            work.emit(
                CREDIT_DECISIONS,
                request.order_id.encode(),
                self._codec.encode(decision.decided),
                cloud_event_headers(decision.decided),
            )
        return decision
