"""The tables of what is legal, cell by cell: every status with every event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, get_args, get_type_hints

import pytest
from msgspec.structs import replace

from hub.domain import lifecycle
from hub.domain.decision import Decision
from hub.domain.events import (
    CapacityDecided,
    CreditDecided,
    DuplicateCleared,
    OperatorCommanded,
    OrderCancelled,
    OrderChanged,
    OrderConfirmed,
    OrderEvent,
    OrderPaid,
    OrderPlaced,
    StatusKind,
    StatusReported,
    TimerFired,
)
from hub.domain.flow.admission import ADMISSION
from hub.domain.flow.joining import KINDS, TRIGGERS
from hub.domain.flow.turn import Turn
from hub.domain.headline import headline
from hub.domain.holds import HoldRule
from hub.domain.model import DEPARTMENTS, Department, LineChange
from hub.domain.order import BillingStatus, CommercialStatus, CreditStatus, OrderState, WorkStatus
from hub.domain.policy import Policy
from hub.domain.verdict import Ignore, Park, Refuse
from hub.errors import InvariantError
from tests.support.orders import CUSTOMER, ORDER, Story, line, stock_order_in_work

COMMERCIAL: tuple[CommercialStatus, ...] = get_args(CommercialStatus)
EVENTS: tuple[type[OrderEvent], ...] = get_args(OrderEvent)
AXES: list[tuple[str, Mapping[Any, Mapping[Any, Any]], Any, Any]] = [
    ("commercial", lifecycle.COMMERCIAL, CommercialStatus, lifecycle.CommercialTrigger),
    ("credit", lifecycle.CREDIT, CreditStatus, lifecycle.CreditTrigger),
    ("billing", lifecycle.BILLING, BillingStatus, lifecycle.BillingTrigger),
    ("work", lifecycle.WORK, WorkStatus, None),
]
COMMANDS: tuple[str, ...] = get_args(get_type_hints(OperatorCommanded)["command"])
TARGETS = {"hold": "compliance", "reroute": "1", "assign": "stalled", "resolve": "stalled", "close-short": "1"}
DELIVERY: tuple[StatusKind, ...] = ("accepted", "shipped", "delivered")
WORK_TRIGGERS = ("issue", "cancel", *get_args(lifecycle.ReportTrigger))


def in_commercial(status: CommercialStatus) -> Story:
    """An order in this commercial status."""
    if status == "unknown":
        story = Story()
        story.report("logistics", "accepted")
    elif status == "received":
        story = Story(credit_answers=False)
        story.place()
    elif status == "confirming":
        story = Story(Policy(confirmation="required"))
        story.place()
    else:
        story = stock_order_in_work()
        if status == "cancelled":
            story.cancel()
        elif status != "confirmed":
            story.report("logistics", "shipped")
            story.report("logistics", "delivered")
            if status == "closed":
                story.pay("119")
    assert story.order.commercial == status
    return story


def some_event(story: Story, kind: type[OrderEvent]) -> Decision:
    """Decides a sensible event of this type."""
    tellers: dict[type[OrderEvent], Callable[[], Decision]] = {
        OrderPlaced: story.place,
        OrderChanged: lambda: story.change(1, LineChange("change", "1", line(quantity=12))),
        OrderCancelled: story.cancel,
        OrderConfirmed: story.confirm,
        OrderPaid: lambda: story.pay(1),
        StatusReported: lambda: story.report("logistics", "shipped", {"1": 1}),
        OperatorCommanded: lambda: story.command("cancel"),
        CreditDecided: lambda: story.receive(some_answer(story)),
        DuplicateCleared: lambda: story.receive(
            DuplicateCleared(
                order_id=ORDER, customer_id=CUSTOMER, purchase_order="PO-1", duplicate_of="O", **story.head()
            )
        ),
        CapacityDecided: lambda: story.receive(
            CapacityDecided(order_id=ORDER, node="plant", request_id="unknown", lines=(), **story.head())
        ),
        TimerFired: story.fire,
    }
    return tellers[kind]()


def some_answer(story: Story) -> CreditDecided:
    return CreditDecided(
        order_id=ORDER,
        customer_id=CUSTOMER,
        request_id=story.requests[0].event_id if story.requests else "unknown",
        revision=0,
        granted=True,
        reserved=Decimal(119),
        currency="EUR",
        checks=(),
        **story.head(),
    )


def takes_effect_or_has_a_reason(before: OrderState | None, decision: Decision) -> None:
    if decision.outcome == "applied":
        assert decision.effects or decision.explanations
        assert decision.state != before
    else:
        assert decision.code
        assert decision.detail
        assert decision.effects == ()
    if decision.outcome == "refused":
        assert decision.state is before


def test_the_admission_table_has_every_event_in_every_status() -> None:
    assert set(ADMISSION) == set(EVENTS)
    for event, row in ADMISSION.items():
        assert set(row) == set(COMMERCIAL), event


@pytest.mark.parametrize("status", COMMERCIAL)
@pytest.mark.parametrize("event", EVENTS)
def test_every_event_in_every_status_takes_effect_or_has_a_reason(
    status: CommercialStatus, event: type[OrderEvent]
) -> None:
    story = in_commercial(status)
    before = story.order
    decision = some_event(story, event)
    expected = ADMISSION[event][status]
    outcomes = {Park: "parked", Ignore: "ignored", Refuse: "refused"}
    if expected is not None:
        assert (decision.outcome, decision.code) == (outcomes[type(expected)], expected.code)
    takes_effect_or_has_a_reason(before, decision)


@pytest.mark.parametrize("status", COMMERCIAL)
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_in_every_status_takes_effect_or_has_a_reason(status: CommercialStatus, command: str) -> None:
    story = in_commercial(status)
    story.policy = replace(story.policy, holds={"compliance": HoldRule()})
    before = story.order
    decision = story.command(command, TARGETS.get(command, ""))
    takes_effect_or_has_a_reason(before, decision)
    if status == "unknown":
        assert decision.outcome == "parked"
    elif decision.outcome == "applied":
        assert any(sentence.startswith(f"ines commanded {command}") for sentence in decision.explanations)
    else:
        assert decision.outcome == "refused"


@pytest.mark.parametrize(("axis", "table", "statuses", "triggers"), AXES)
def test_every_axis_has_every_status_and_leads_to_known_ones_only(
    axis: str, table: Mapping[str, Mapping[str, str]], statuses: object, triggers: object
) -> None:
    known = set(get_args(statuses))
    assert set(table) == known, axis
    allowed = set(WORK_TRIGGERS) if triggers is None else set(get_args(triggers))
    reachable = {next(iter(table))}
    for row in table.values():
        assert set(row) <= allowed
        reachable |= set(row.values())
    assert reachable - {lifecycle.EARLY, lifecycle.LATE} == known, "every status can be reached"


@pytest.mark.parametrize(("axis", "table", "triggers"), [(axis, table, triggers) for axis, table, _, triggers in AXES])
def test_a_transition_that_is_not_in_the_table_is_a_bug(
    axis: str, table: Mapping[str, Mapping[str, str]], triggers: object
) -> None:
    allowed = WORK_TRIGGERS if triggers is None else get_args(triggers)
    illegal = 0
    for status, row in table.items():
        for trigger in allowed:
            if trigger in row:
                assert lifecycle.move(axis, table, status, trigger, "ORD-9") == row[trigger]
            else:
                illegal += 1
                with pytest.raises(
                    InvariantError, match=f"Order ORD-9: the {axis} axis is {status} and cannot {trigger}"
                ):
                    lifecycle.move(axis, table, status, trigger, "ORD-9")
    assert illegal > 0


ITEM: Mapping[Department, str] = {"production": "MK-1", "procurement": "BU-1", "logistics": "ST-1"}
MADE: Mapping[Department, StatusKind] = {"production": "produced", "procurement": "received", "logistics": "shipped"}


def with_work(department: Department, status: WorkStatus) -> Story:
    """An order whose department's work order has this status."""
    story = Story()
    story.place(line("1", ITEM[department]), line("2", "XX-1" if status != "cancelled" else ITEM[department]))
    if status == "none":
        story = Story()
        story.place(line(item_id="XX-1"))
    elif status == "rejected":
        story.report(department, "rejected")
    elif status == "cancelled":
        story.cancel()
        story.report(department, "accepted")
    elif status != "ordered":
        story.report(department, "accepted")
        if status == "scheduled":
            story.report(department, "scheduled")
        elif status == "started":
            story.report(department, MADE[department], {"1": 4})
        elif status == "done":
            story.report(department, MADE[department], {"1": 10})
            if department == "logistics":
                story.report(department, "delivered", {"1": 10})
    assert getattr(story.order, department).status == status
    return story


@pytest.mark.parametrize("department", DEPARTMENTS)
@pytest.mark.parametrize("status", get_args(WorkStatus))
@pytest.mark.parametrize("kind", get_args(StatusKind))
def test_every_report_in_every_status_of_the_work_takes_effect_or_has_a_reason(
    department: Department, status: WorkStatus, kind: StatusKind
) -> None:
    story = with_work(department, status)
    before = story.order
    decision = story.report(department, kind, {"1": 1})
    if kind not in KINDS[department]:
        assert (decision.outcome, decision.code) == ("refused", "not-its-report")
        return
    cell = lifecycle.WORK[status].get(TRIGGERS[kind])
    if cell == lifecycle.EARLY:
        assert decision.outcome == "parked"
    elif cell == lifecycle.LATE:
        moved_goods = kind in ("produced", "received", "shipped", "delivered", "returned")
        assert decision.outcome == ("refused" if moved_goods else "ignored")
    takes_effect_or_has_a_reason(before, decision)


def with_credit(status: CreditStatus) -> Story:
    """An order whose credit has this status."""
    if status == "none":
        return in_commercial("unknown")
    story = Story(credit_answers=status != "requested", limit="0" if status == "refused" else "1000")
    story.place()
    if status == "released":
        story.cancel()
    elif status == "settled":
        for kind in DELIVERY:
            story.report("logistics", kind)
    assert story.order.credit == status
    return story


@pytest.mark.parametrize("status", get_args(CreditStatus))
@pytest.mark.parametrize("granted", [True, False])
@pytest.mark.parametrize("asked", [True, False])
def test_every_answer_in_every_status_of_the_credit_is_joined_or_has_a_reason(
    status: CreditStatus, *, granted: bool, asked: bool
) -> None:
    story = with_credit(status)
    before = story.order
    answer = some_answer(story)
    decision = story.receive(replace(answer, granted=granted, request_id=answer.request_id if asked else "another"))
    takes_effect_or_has_a_reason(before, decision)
    if status == "none":
        assert decision.code == "order-unknown"
    elif status == "requested" and asked:
        assert story.order.credit == lifecycle.CREDIT[status]["grant" if granted else "refuse"]
    else:
        assert (decision.outcome, decision.code, story.order.credit) == ("ignored", "superseded", status)


def with_billing(status: BillingStatus) -> Story:
    """An order whose billing has this status."""
    story = stock_order_in_work()
    if status == "prepaid":
        story.pay(10)
    elif status != "none":
        for kind in DELIVERY[1:]:
            story.report("logistics", kind)
        if status != "due":
            story.pay(10 if status == "part-paid" else 119)
    assert story.order.billing == status
    return story


@pytest.mark.parametrize("status", get_args(BillingStatus))
@pytest.mark.parametrize("amount", [1, 1000])
def test_every_payment_in_every_status_of_the_billing_counts(status: BillingStatus, amount: int) -> None:
    story = with_billing(status)
    before = story.order
    takes_effect_or_has_a_reason(before, story.pay(amount))
    assert story.order.paid == before.paid + amount
    following = lifecycle.BILLING[status]["pay"]
    cleared = lifecycle.BILLING[following].get("clear", following)
    assert story.order.billing == (cleared if amount == 1000 and before.settlement_id else following)


@pytest.mark.parametrize("status", COMMERCIAL)
def test_every_order_has_a_headline(status: CommercialStatus) -> None:
    assert headline(in_commercial(status).order)


def test_work_cannot_be_moved_ahead_of_itself() -> None:
    story = Story()
    story.place()
    turn = Turn(story.order, story.context())
    with pytest.raises(InvariantError, match="logistics axis cannot advance yet"):
        turn.move_work("logistics", "advance")


def test_an_order_that_was_never_placed_has_no_terms() -> None:
    with pytest.raises(InvariantError, match="never placed"):
        _ = Turn(in_commercial("unknown").order, Story().context()).terms
