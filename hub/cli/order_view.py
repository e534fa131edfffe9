"""How an order and its story look on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from hub.cli.monitor_view import standing
from hub.cli.order_story import Chapter, last_heard, story_table
from hub.cli.words import lasting, number, when
from hub.domain.headline import headline, waits
from hub.domain.model import DEPARTMENTS, Adjustment
from hub.domain.order import ZERO, Allocation, LineState, OrderState, Terms, Work, next_due

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


def render(console: Console, state: OrderState, story: Sequence[Chapter], now: datetime) -> None:
    """Print everything about one order."""
    console.print(Group(*_parts(state, story, now)))
    console.print()
    console.print(story_table(story))


def _parts(state: OrderState, story: Sequence[Chapter], now: datetime) -> Iterator[RenderableType]:
    status = headline(state)
    colour = "green" if status in _GOOD else "red" if status in _BAD else "cyan"
    yield Text.assemble(("Order ", "bold"), (state.order_id, "bold"), "  ", (status, f"bold {colour}"))
    for wait in waits(state):
        since = last_heard(story, wait.department) if wait.department else wait.since
        told = f", since {when(since)} ({lasting(now - since)})" if since else ""
        yield Text.assemble(("waits for ", "yellow"), wait.what, (told, "dim"))
    yield _facts(state)
    if state.lines and state.terms:
        yield Text()
        yield _lines(state.lines, state.terms.currency)
    for each in state.exceptions:
        owner = f", with {each.owner}" if each.owner else ""
        yield Text.assemble(
            (f"{each.severity} ", "bold red"), f"{each.kind} since {when(each.opened_at)}{owner}: {each.detail}"
        )
    for parked in state.parked:
        yield Text.assemble(("waiting ", "yellow"), f"an event until {when(parked.deadline)} ({parked.code})")
    if due := next_due(state):
        yield Text(f"The hub looks at it again at {when(due)} if nothing happens before.", style="dim")


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
            expected = f", expected {when(work.expected_at)}" if work.expected_at else ""
            table.add_row(department, f"{work.status}, work order revision {work.revision}{expected}")
    if state.settlements:
        table.add_row("billing", f"{state.billing}: {state.payable}{currency} settled, {state.paid}{currency} paid")
    if state.schedule is not None:
        table.add_row("plan", standing(state.schedule))
    if terms and (terms.discount_percent or terms.adjustments):
        table.add_row("agreed", "; ".join(_agreed(terms)))
    if terms and terms.note:
        table.add_row("note", terms.note)
    return table


def _agreed(terms: Terms) -> Iterator[str]:
    """What the order allows and charges."""
    if terms.discount_percent:
        yield f"discount {number(terms.discount_percent)}%"
    for each in terms.adjustments:
        vat = f", VAT {each.vat_category} {number(each.vat_rate)}%" if each.vat_category else ""
        yield f"{_named(each, terms.currency)}{vat}"


def _named(each: Adjustment, currency: str) -> str:
    how_much = f"{number(each.percent or ZERO)}%" if each.amount is None else f"{each.amount} {currency}"
    return f"{each.kind} {each.reason or each.reason_code} {how_much}"


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
        per = f" / {number(line.base_quantity)}" if line.base_quantity != 1 else ""
        less = f" -{number(line.discount_percent)}%" if line.discount_percent else ""
        suppliers = [_supplied(part) for part in each.allocations]
        if each.unallocated:
            suppliers.append(f"nobody yet {number(each.unallocated)}")
        table.add_row(
            line.line_id,
            "\n".join(
                (f"{line.item_id} {line.description}".strip(), *(_named(one, currency) for one in line.adjustments))
            ),
            f"{number(line.quantity)} {line.unit}",
            f"{line.price}{per}{less}",
            *(number(_COUNTS[name](each)) for name in counts),
            "\n".join(suppliers),
        )
    return table


def _supplied(part: Allocation) -> str:
    waits = f", of which {number(part.awaiting)} wait for its answer" if part.awaiting else ""
    ready = f", ready on {part.ready_on}" if part.ready_on else ""
    return f"{part.supplier} {number(part.quantity)} ({part.rule}{ready}{waits})"
