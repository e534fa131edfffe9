"""Events that came too early: kept as they came, tried again after everything that took effect."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from hub.domain.decision import Received
from hub.domain.effects import DeadLettered
from hub.domain.events import OrderEvent
from hub.domain.flow.turn import Turn
from hub.domain.order import OrderState, Parked
from hub.domain.seen import remember
from hub.domain.verdict import Park, Refuse, Verdict


def is_parked(state: OrderState, mark: bytes) -> bool:
    """Whether the event of this mark waits already."""
    return bool(state.parked) and any(parked.mark == mark for parked in state.parked)


def park(turn: Turn, received: Received, mark: bytes, verdict: Park) -> Park | Refuse:
    """Keeps the event with its deadline, unless too much waits already."""
    parked, policy = turn.state.parked, turn.policy
    size = len(received.raw) + sum(len(each.raw) for each in parked)
    if len(parked) >= policy.parked_limit or size > policy.parked_bytes:
        return Refuse(
            "too-much-parked",
            f"{len(parked)} events of the order wait already; this one came too early: {verdict.detail}",
        )
    deadline = turn.now + policy.parked_for
    waiting = Parked(mark, received.raw, received.topic, received.partition, received.offset, verdict.code, deadline)
    turn.update(parked=(*parked, waiting))
    return Park(verdict.code, f"{verdict.detail}; kept until {deadline:%Y-%m-%d %H:%M:%S}")


def retry_parked(turn: Turn, apply: Callable[[Turn, OrderEvent], Verdict]) -> None:
    """Applies what waits, oldest first, until nothing of it makes sense any more."""
    waiting = [(parked, turn.context.decode(parked.raw)) for parked in turn.state.parked]
    applied = True
    while applied and waiting:
        applied = False
        left: list[tuple[Parked, OrderEvent]] = []
        for parked, event in waiting:
            verdict = apply(turn, event)
            if isinstance(verdict, Park):
                left.append((replace(parked, code=verdict.code), event))
                continue
            if isinstance(verdict, Refuse):
                dead_letter(turn, parked, verdict.code, verdict.detail)
                continue
            turn.explain(f"{event.event_id} of {event.source} had waited ({parked.code})")
            turn.update(seen=remember(turn.state.seen, parked.mark, event, turn.policy.duplicate_window))
            applied = applied or verdict is None
        waiting = left
    turn.update(parked=tuple(parked for parked, _ in waiting))


def dead_letter(turn: Turn, parked: Parked, code: str, reason: str) -> None:
    """Gives up an event that waited; its original bytes go to the dead letters."""
    turn.emit(
        DeadLettered(
            raw=parked.raw,
            code=code,
            reason=reason,
            topic=parked.topic,
            partition=parked.partition,
            offset=parked.offset,
        )
    )
    turn.explain(f"dead-lettered {parked.topic}/{parked.partition}@{parked.offset}: {reason}")
