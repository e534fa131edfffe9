"""The review of an order, when its customer's account has told what the company knows: classes, findings, holds.

What rules refuse is cancelled, and the customer told why; of an order that is in work already it is held instead, for
what was agreed cannot be refused any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from msgspec.structs import replace

from hub.domain import amounts
from hub.domain.customer import CustomerFacts
from hub.domain.events import CreditDecided
from hub.domain.finding import Finding
from hub.domain.flow.cancelling import cancel_order
from hub.domain.flow.holding import place_hold
from hub.domain.flow.notifying import notify
from hub.domain.flow.turn import Turn
from hub.domain.holds import DUPLICATE
from hub.domain.items import Item, Supply, in_item_unit
from hub.domain.ledger import wanted
from hub.domain.model import OrderLine
from hub.domain.order import ZERO, Terms
from hub.domain.review import ItemFacts, OrderFacts

_ONE = Decimal(1)
_HUNDRED = Decimal(100)
_Shared = tuple[str, str, str, str, str, str, str, str]
_Due = tuple[bool, int]
"""Whether a day is wanted, and how many from today it is until then: two facts that stand side by side."""
_UNKNOWN = (False, "", "", "", "", 0, True, False, False, _HUNDRED)
"""What the rules read of an item nobody has told the hub about."""
_CLASSES = ("class", "priority", "region")
_MOST_TOLD = 10
"""Findings of one kind told one by one."""


def review(turn: Turn, event: CreditDecided, asked: Decimal) -> bool:
    """Reviews what was placed or changed since the last time; whether the order goes on.

    `asked`: what the account was asked for.
    """
    before, customer = turn.state, event.customer
    turn.update(customer=customer or before.customer or CustomerFacts(known=False), unreviewed=())
    if before.customer is None:
        notify(turn, "received")
        if event.duplicate_of:
            number = turn.terms.purchase_order
            place_hold(turn, DUPLICATE, f"Order {event.duplicate_of} has the number {number} as well")
    findings = _order_findings(turn, _value(turn, asked))
    findings += _line_findings(turn, frozenset(before.unreviewed), {item.item_id: item for item in event.items})
    return not findings or _act_on(turn, findings)


def _order_findings(turn: Turn, value: Decimal) -> list[Finding]:
    """Classifies the order, and gives what is wrong with it as a whole."""
    said = turn.context.reviewer.order(_order_facts(turn, value))
    state = turn.state
    if (said.order_class, said.priority, said.region) != (state.order_class, state.priority, state.region):
        turn.update(order_class=said.order_class, priority=said.priority, region=said.region)
        classes = zip((said.order_class, said.priority, said.region), _CLASSES, said.because, strict=True)
        told = [f"{name} {value} by {rule}" for value, name, rule in classes if rule]
        turn.explain(f"classified: {', '.join(told) or 'by no rule'}")
    return list(said.findings)


def _line_findings(turn: Turn, line_ids: frozenset[str], items: dict[str, Item]) -> list[Finding]:
    """Says of these lines how they are come by, and gives what is wrong with them."""
    findings: list[Finding] = []
    lines = list(turn.state.lines)
    supplies: dict[tuple[Supply, str], list[str]] = {}
    terms, reviewer, shared = turn.terms, turn.context.reviewer, _shared(turn)
    of_order = _due(turn, terms.requested_delivery)
    for place, line in enumerate(lines):
        item = line.line
        if item.line_id not in line_ids or wanted(line) == ZERO:
            continue
        known = items.get(item.item_id)
        due = of_order if item.requested_delivery is None else _due(turn, item.requested_delivery)
        said = reviewer.line(_item_facts(terms, shared, due, item, known))
        if known is not line.item or said.supply != line.supply:
            lines[place] = replace(line, item=known, supply=said.supply)
        if said.supply != line.supply:
            supplies.setdefault((said.supply, said.because), []).append(item.line_id)
        if said.findings:
            findings += [replace(each, field=f"lines[{item.line_id}].{each.field}") for each in said.findings]
    turn.update(lines=tuple(lines))
    for (supply, because), named in supplies.items():
        turn.explain(f"line{'s' if len(named) > 1 else ''} {', '.join(named)}: {supply} by {because}")
    return findings


def _act_on(turn: Turn, findings: list[Finding]) -> bool:
    """Does what the findings' severities say; whether the order goes on."""
    warned = [each for each in findings if each.severity == "warn"]
    if warned:
        turn.explain(f"warned of {_listed(map(str, warned))}")
    refused = [each for each in findings if each.severity == "refuse"]
    if refused and turn.state.commercial == "received":
        turn.explain(f"refused by {_listed(map(str, refused))}")
        cancel_order(turn, _listed(each.remedy for each in refused))
        return False
    held: dict[tuple[str, str], list[Finding]] = {}
    for each in findings:
        if each.severity != "warn":
            held.setdefault((each.hold, "" if each.whole_order else _line_of(each)), []).append(each)
    for (kind, subject), found in held.items():
        place_hold(turn, kind, _listed(map(str, found)), subject=subject)
    return True


def _line_of(finding: Finding) -> str:
    return finding.field.removeprefix("lines[").rpartition("].")[0]


def _listed(texts: Iterable[str]) -> str:
    shown = list(dict.fromkeys(texts))
    left = len(shown) - _MOST_TOLD
    return "; ".join(shown[:_MOST_TOLD]) + (f"; and {left} more" if left > 0 else "")


def _order_facts(turn: Turn, value: Decimal) -> OrderFacts:
    state, terms, customer = turn.state, turn.terms, turn.state.customer
    dated, days = _due(turn, terms.requested_delivery)
    return OrderFacts(
        customer_id=terms.customer_id,
        customer_known=customer is not None and customer.known,
        group="" if customer is None else customer.group,
        seller_id=terms.seller_id,
        purchase_order=terms.purchase_order,
        currency=terms.currency,
        country=terms.deliver_to.country,
        postal_code=terms.deliver_to.postal_code,
        priority=terms.priority,
        note=terms.note,
        value=value,
        lines=len(state.lines),
        revision=state.revision,
        dated=dated,
        days=days,
    )


def _shared(turn: Turn) -> _Shared:
    """The facts all lines of the order have in common, in the order of `ItemFacts`."""
    state, terms, customer = turn.state, turn.terms, turn.state.customer
    group = "" if customer is None else customer.group
    country = terms.deliver_to.country
    classes = (state.order_class, state.priority, state.region)
    return (terms.customer_id, group, terms.seller_id, terms.currency, country, *classes)


def _item_facts(terms: Terms, shared: _Shared, due: _Due, line: OrderLine, item: Item | None) -> ItemFacts:
    ordered = (
        *shared,
        line.item_id,
        line.quantity,
        line.unit,
        line.price if line.base_quantity == _ONE else line.price / line.base_quantity,
        line.discount_percent,
        *due,
    )
    if item is None:
        return ItemFacts(*ordered, *_UNKNOWN)
    quantity = in_item_unit(item, line.quantity, line.unit)
    least, multiple = item.min_quantity, item.multiple_of
    return ItemFacts(
        *ordered,
        item_known=True,
        item_class=item.item_class,
        item_supply=item.supply,
        item_status=item.status,
        replaced_by=item.replaced_by,
        lead_days=item.lead_days or 0,
        sold_in=quantity is not None,
        below_minimum=quantity is not None and least is not None and quantity < least,
        off_multiple=quantity is not None and multiple is not None and quantity % multiple != ZERO,
        list_percent=_list_percent(line, item, terms.currency),
    )


def _list_percent(line: OrderLine, item: Item, currency: str) -> Decimal:
    if not item.list_price or item.currency != currency:
        return _HUNDRED
    base = in_item_unit(item, line.base_quantity, line.unit)
    if base is None:
        return _HUNDRED
    return (_HUNDRED * line.price / (base * item.list_price)).quantize(_ONE, ROUND_HALF_UP)


def _value(turn: Turn, asked: Decimal) -> Decimal:
    """What all that is wanted comes to, with VAT: what was asked for, unless some of it needs no credit now."""
    state, terms = turn.state, turn.terms
    if not state.bills and not state.holds and turn.policy.credit_horizon is None:
        return asked
    return amounts.value(terms, state.lines, amounts.once(terms.adjustments))


def _due(turn: Turn, day: date | None) -> _Due:
    return (False, 0) if day is None else (True, (day - turn.today).days)
