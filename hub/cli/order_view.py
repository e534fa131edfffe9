"""How an order and its story look on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from hub.codec import Codec
from hub.domain.events import (
    CreditDecided,
    Fact,
    OperatorCommanded,
    OrderCancelled,
    OrderChanged,
    OrderConfirmed,
    OrderPaid,
    OrderPlaced,
    StatusReported,
    TimerFired,
)
from hub.domain.headline import headline
from hub.domain.journal import JournalEntry
from hub.domain.model import DEPARTMENTS
from hub.domain.order import LineState, OrderState, Work, next_due

_COUNTS: Mapping[str, Callable[[LineState], Decimal]] = {
    "made": lambda line: sum((part.made for part in line.allocations), Decimal(0)),
    "shipped": lambda line: line.shipped,
    "delivered": lambda line: line.delivered,
    "returned": lambda line: line.returned,
    "cancelled": lambda line: line.cancelled,
    "short": lambda line: line.short,
}
"""Quantities of a line that are shown where any line has one."""
_GOOD = frozenset({"settled", "closed"})
_BAD = frozenset({"stalled", "credit-hold"})
_OUTCOMES = {"applied": "green", "duplicate": "dim", "ignored": "dim", "parked": "yellow"}


def render(console: Console, state: OrderState, journal: Sequence[JournalEntry], codec: Codec) -> None:
    """Print everything about one order."""
    console.print(Group(*_parts(state)))
    console.print()
    console.print(_story(journal, codec))


def _parts(state: OrderState) -> Iterator[RenderableType]:
    status = headline(state)
    colour = "green" if status in _GOOD else "red" if status in _BAD else "cyan"
    yield Text.assemble(("Order ", "bold"), (state.order_id, "bold"), "  ", (status, f"bold {colour}"))
    yield _facts(state)
    if state.lines and state.terms:
        yield Text()
        yield _lines(state.lines, state.terms.currency)
    for each in state.exceptions:
        owner = f", with {each.owner}" if each.owner else ""
        yield Text.assemble(
            (f"{each.severity} ", "bold red"), f"{each.kind} since {_when(each.opened_at)}{owner}: {each.detail}"
        )
    for parked in state.parked:
        yield Text.assemble(("waiting ", "yellow"), f"an event until {_when(parked.deadline)} ({parked.code})")
    if due := next_due(state):
        yield Text(f"The hub looks at it again at {_when(due)} if nothing happens before.", style="dim")


def _facts(state: OrderState) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column()
    terms = state.terms
    if terms:
        address = terms.deliver_to
        place = ", ".join(
            filter(None, (address.name, address.street, f"{address.postal_code} {address.city}", address.country))
        )
        wanted = f", wanted by {terms.requested_delivery}" if terms.requested_delivery else ""
        table.add_row("customer", f"{terms.customer_id}, their number {terms.purchase_order or 'not given'}")
        table.add_row("deliver to", place)
        table.add_row("order", f"{state.order_class}, {terms.priority}, revision {state.revision}{wanted}")
    table.add_row("commercial", state.commercial)
    currency = f" {terms.currency}" if terms else ""
    reserved = f", {state.reserved}{currency} reserved" if state.reserved else ""
    table.add_row("credit", state.credit + reserved)
    for department in DEPARTMENTS:
        work: Work = getattr(state, department)
        if work.status != "none":
            expected = f", expected {_when(work.expected_at)}" if work.expected_at else ""
            table.add_row(department, f"{work.status}, work order revision {work.revision}{expected}")
    if state.settlements:
        table.add_row("billing", f"{state.billing}: {state.payable}{currency} settled, {state.paid}{currency} paid")
    if terms and terms.note:
        table.add_row("note", terms.note)
    return table


def _lines(lines: Sequence[LineState], currency: str) -> Table:
    table = Table("line", "item", box=None, pad_edge=False, header_style="dim")
    table.add_column("ordered", justify="right")
    table.add_column(f"price {currency}", justify="right")
    counts = [name for name, count in _COUNTS.items() if any(map(count, lines))]
    for name in counts:
        table.add_column(name, justify="right")
    table.add_column("supplied by")
    for each in lines:
        line = each.line
        per = f" / {_number(line.base_quantity)}" if line.base_quantity != 1 else ""
        less = f" -{_number(line.discount_percent)}%" if line.discount_percent else ""
        suppliers = [f"{part.department} {_number(part.quantity)} ({part.rule})" for part in each.allocations]
        if each.unallocated:
            suppliers.append(f"nobody yet {_number(each.unallocated)}")
        table.add_row(
            line.line_id,
            f"{line.item_id} {line.description}".strip(),
            f"{_number(line.quantity)} {line.unit}",
            f"{line.price}{per}{less}",
            *(_number(_COUNTS[name](each)) for name in counts),
            "\n".join(suppliers),
        )
    return table


def _story(journal: Sequence[JournalEntry], codec: Codec) -> Table:
    table = Table("", "when (UTC)", "who", "what", box=None, pad_edge=False, header_style="dim")
    for entry in journal:
        event: Fact = codec.decode(entry.payload)
        what = Text(_told(event))
        if entry.outcome != "applied":
            what.append(f" [{entry.outcome}]", style=_OUTCOMES[entry.outcome])
        if entry.detail:
            what.append(f"\n{entry.detail}", style="yellow")
        for explanation in entry.explanations:
            what.append(f"\n{explanation}", style="dim")
        table.add_row(str(entry.entry), _when(entry.decided_at), event.source, what)
    return table


def _told(event: Fact) -> str:  # noqa: PLR0911 - one case for each type of event
    """An event in words."""
    match event:
        case OrderPlaced(lines=lines):
            return f"placed the order, {len(lines)} lines"
        case OrderChanged(revision=revision, reason=reason):
            return f"changed it, revision {revision}{_because(reason)}"
        case OrderCancelled(reason=reason):
            return f"cancelled it{_because(reason)}"
        case OrderConfirmed(accepted=accepted, reason=reason):
            return f"{'confirmed' if accepted else 'declined'} it{_because(reason)}"
        case OrderPaid(amount=amount, currency=currency):
            return f"paid {amount} {currency}"
        case StatusReported(kind=kind, lines=lines, reason=reason):
            goods = ", ".join(f"line {each.line_id}: {_number(each.quantity)}" for each in lines)
            return f"reported {kind}{f' ({goods})' if goods else ''}{_because(reason)}"
        case OperatorCommanded(command=command, owner=owner, reason=reason):
            return f"{owner} ordered {command}{_because(reason)}"
        case CreditDecided(granted=granted, checks=checks):
            verdicts = "".join(
                f"\n{'passed' if check.passed else 'FAILED'} {check.rule}: {check.value} against {check.threshold}"
                for check in checks
            )
            return f"{'granted' if granted else 'refused'} credit{verdicts}"
        case TimerFired(occurred_at=due):
            return f"time was up at {_when(due)}"
    return type(event).__name__


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _number(number: Decimal) -> str:
    return f"{number.normalize():f}"
