"""What the capacity agent must have made of its inputs: every request answered once, every unit booked once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from hub.codec import Codec
from hub.domain.capacity import Booking, NodeLoad
from hub.domain.events import CapacityDecided, CapacityRequested
from hub.domain.order import OrderState
from hub.rules import load_router
from hub.topics import CAPACITY_DECISIONS, CAPACITY_REQUESTS, CAPACITY_STATE, ORDERS_STATE
from tests.chaos.scenario import Records
from tests.chaos.verdict import Verdict


class CapacityOracle:
    """Examines the capacity agent's part; all quantities of a run are pieces."""

    def __init__(self, codec: Codec, rules_dir: Path | None) -> None:
        self._codec = codec
        self._router = load_router(rules_dir)

    def examine(self, verdict: Verdict, records: Records) -> None:
        """Hold answers, bookings and loads against the requests, and loads against the nodes' capacity."""
        requests = [self._codec.decode_as(CapacityRequested, record.value) for record in records[CAPACITY_REQUESTS]]
        answers = [self._codec.decode_as(CapacityDecided, record.value) for record in records[CAPACITY_DECISIONS]]
        asked = {request.event_id for request in requests}
        verdict.expect_once("request answered", asked, [answer.request_id for answer in answers])
        told = {(answer.node, answer.order_id): answer for answer in answers}
        loads: dict[str, NodeLoad] = {}
        booked: defaultdict[tuple[str, date], Decimal] = defaultdict(Decimal)
        latest = {record.key: record.value for record in records[CAPACITY_STATE]}
        for value in latest.values():
            state = None if value is None else self._codec.decode(value)
            if isinstance(state, NodeLoad):
                loads[state.node] = state
            elif isinstance(state, Booking):
                if state.answer != told.get((state.node, state.order_id)):
                    verdict.mismatch(f"order {state.order_id} was last told another thing than {state.node} has booked")
                for part in state.days:
                    booked[state.node, part.day] += part.quantity
        beyond = self._beyond(records, requests, {answer.request_id: answer for answer in answers})
        for name, load in loads.items():
            node = self._router.node(name)
            limit = Decimal(0) if node is None or node.capacity is None else node.capacity.per_day
            for day in load.days:
                if day.quantity != booked[name, day.day]:
                    verdict.mismatch(
                        f"{name} has a load of {day.quantity} on {day.day}, of {booked[name, day.day]} booked"
                    )
            over = sum((max(day.quantity - limit, Decimal(0)) for day in load.days), Decimal(0))
            if over > beyond[name]:
                verdict.mismatch(
                    f"{name} is loaded with {over} more than its {limit} a day, and had to take only {beyond[name]}"
                )

    def _beyond(
        self, records: Records, requests: Sequence[CapacityRequested], answers: Mapping[str, CapacityDecided]
    ) -> Mapping[str, Decimal]:
        """By node, what it had to take whatever its load: given back when it was cancelled, and then shipped."""
        shipped: dict[tuple[str, str], Decimal] = {}
        for record in records[ORDERS_STATE]:
            if record.value is not None:
                state = self._codec.decode_as(OrderState, record.value)
                shipped |= {(state.order_id, each.line.line_id): each.shipped for each in state.lines}
        beyond: defaultdict[str, Decimal] = defaultdict(Decimal)
        held: dict[tuple[str, str], dict[str, Decimal]] = {}
        for request in sorted(requests, key=lambda each: each.entry):
            before = held.get((request.node, request.order_id), {})
            for line in request.lines:
                more = max(line.firm - before.get(line.line_id, Decimal(0)), Decimal(0))
                beyond[request.node] += min(more, shipped.get((request.order_id, line.line_id), Decimal(0)))
            if answer := answers.get(request.event_id):
                held[request.node, request.order_id] = {grant.line_id: grant.quantity for grant in answer.lines}
        return beyond
