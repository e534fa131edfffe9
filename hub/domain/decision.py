"""The shape of every decision: `decide(state, received, context) -> Decision`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from hub.domain.effects import Effect
from hub.domain.events import OrderEvent
from hub.domain.model import Frozen
from hub.domain.order import OrderState
from hub.domain.policy import Policy
from hub.domain.review import Reviewer
from hub.domain.routing import Router

Outcome = Literal["applied", "ignored", "duplicate", "parked", "refused"]
"""ignored: understood, and without effect for the reason given (an answer to a question no longer asked).
refused: can never take effect; the shell dead-letters the bytes it came in as."""


class Received(Frozen):
    """An event with the exact bytes it came in as and where they lie: what a dead letter or the journal quotes."""

    event: OrderEvent
    raw: bytes
    topic: str
    partition: int
    offset: int


class Context(Frozen):
    """All a decision may know beside state and event."""

    now: datetime
    policy: Policy
    router: Router
    decode: Callable[[bytes], OrderEvent]
    """Turns the raw bytes of a parked event back into the event."""
    reviewer: Reviewer


class Decision(Frozen):
    """The next state and what shall happen. Refused leaves the state as it was."""

    state: OrderState | None
    effects: tuple[Effect, ...]
    outcome: Outcome
    code: str = ""
    """Why refused, parked or ignored: a stable code (`unknown-currency`, `already-delivered`, ...)."""
    detail: str = ""
    """The same for a person: what, where, and what to do."""
    explanations: tuple[str, ...] = ()
    """What was decided and by which rule, in order; goes to the journal."""
