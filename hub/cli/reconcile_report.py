"""What `hub reconcile` prints: the way from ordered to paid, totals by cause, the differences; or JSON, one a line."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hub.cli.as_json import print_json
from hub.cli.tail import safe
from hub.domain.money import CURRENCIES, minor_unit
from hub.domain.reconciliation.causes import CAUSES, KINDS
from hub.domain.reconciliation.discrepancy import Discrepancy
from hub.domain.reconciliation.dossier import Period
from hub.domain.reconciliation.summary import Summary

_EVENTS_SHOWN = 2


def program(summary: Summary, found: Iterable[Discrepancy], refused: list[str], period: Period, _: int) -> None:
    """One JSON object a difference, then one with the totals."""
    for each in found:
        print_json(_fields(each))
    print_json({"type": "totals", **_totals(summary, refused, period)})


def person(summary: Summary, found: Iterable[Discrepancy], refused: list[str], period: Period, shown: int) -> None:
    """Tables."""
    console = Console(highlight=False)
    console.print(Text(f"Reconciliation {_days(period)}", "bold"))
    console.print(_way(summary))
    if summary.causes:
        console.print(_causes(summary))
    if shown and summary.causes:
        console.print(_differences(found, shown))
    if summary.shapes:
        shapes = ", ".join(f"{count:,} {shape}" for shape, count in sorted(summary.shapes.items()))
        console.print(Text(f"Items of lists: {shapes}"))
    for refusal in refused:
        console.print(Text(f"refused {safe(refusal)}", "red"), soft_wrap=True)
    console.print(_verdict(summary))


def _way(summary: Summary) -> Table:
    """From ordered to settled to paid, by currency."""
    table = _table("", "currency", "orders", "lines", "ordered", "differ", "settled", "differ", "paid", "unexplained")
    for currency, total in sorted(summary.currencies.items()):
        amounts = (
            total.ordered,
            summary.between(currency, "order"),
            total.settled,
            summary.between(currency, "payment"),
            total.paid,
            summary.unexplained(currency),
        )
        row = [currency, f"{total.orders:,}", f"{total.lines:,}", *(money(each, currency) for each in amounts)]
        table.add_row(*row, style="red" if amounts[-1] else "")
    return table


def _causes(summary: Summary) -> Table:
    table = _table("Totals by cause", "currency", "kind", "cause", "differences", "to look at", "amount", "")
    table.columns[-1].justify = table.columns[1].justify = table.columns[2].justify = "left"
    ordered = sorted(
        summary.causes.items(), key=lambda item: (item[0][0], KINDS.index(CAUSES[item[0][1]].kind), item[0][1])
    )
    for (currency, name), total in ordered:
        cause, amount = CAUSES[name], money(total.amount, currency)
        open_ = f"{total.open:,}" if total.open else ""
        style = "red" if total.open else ""
        table.add_row(currency, cause.kind, name, f"{total.count:,}", open_, amount, cause.text, style=style)
    return table


def _differences(found: Iterable[Discrepancy], shown: int) -> Table:
    """Those to look at first, then the largest."""
    largest = heapq.nsmallest(shown, found, key=_weight)
    table = _table("Differences, those to look at first", "order", "line", "cause", "quantity", "amount", "events")
    for column in (1, 2, 5):
        table.columns[column].justify = "left"
    for each in largest:
        quantity = f"{each.quantity.normalize():f}" if each.quantity else ""
        amount = f"{money(each.amount, each.currency)} {each.currency}"
        subject = each.order_id or each.customer_id
        cells = (subject, each.line_id, each.cause, quantity, amount, _behind(each))
        table.add_row(*(Text(safe(cell)) for cell in cells), style="red" if each.open else "")
    return table


def _weight(each: Discrepancy) -> tuple[bool, Decimal, str, str, str]:
    return not each.open, -abs(each.amount), each.order_id, each.line_id, each.cause


def _behind(each: Discrepancy) -> str:
    """What it is about: items of lists, settlements, events."""
    about = (*each.stated, *each.event_ids) or each.settlements
    more = f" and {len(about) - _EVENTS_SHOWN} more" if len(about) > _EVENTS_SHOWN else ""
    return ", ".join(about[:_EVENTS_SHOWN]) + more


def _verdict(summary: Summary) -> Text:
    if not summary.open:
        return Text("Every difference is explained.", "green")
    return Text(f"{summary.open:,} differences ask for somebody to look at them.", "red")


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title or None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    table.show_edge = False
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if number else "left", no_wrap=number > 0)
    return table


def money(amount: Decimal, currency: str) -> str:
    """An amount in its currency's decimals."""
    return f"{amount:,.{minor_unit(currency)}f}" if currency in CURRENCIES else f"{amount:f}"


def _fields(each: Discrepancy) -> dict[str, Any]:
    cause = CAUSES[each.cause]
    return {
        "type": "difference",
        "side": cause.side,
        "kind": cause.kind,
        **msgspec.to_builtins(each),
        "open": each.open,
        "text": cause.text,
    }


def _totals(summary: Summary, refused: list[str], period: Period) -> dict[str, Any]:
    return {
        "from": _day(period.since),
        "to": _day(period.until),
        "currencies": {currency: _currency(summary, currency) for currency in sorted(summary.currencies)},
        "causes": [
            {
                "currency": currency,
                "cause": name,
                "side": CAUSES[name].side,
                "kind": CAUSES[name].kind,
                "count": total.count,
                "open": total.open,
                "amount": f"{total.amount:f}",
            }
            for (currency, name), total in sorted(summary.causes.items())
        ],
        "matches": dict(sorted(summary.shapes.items())),
        "refused": refused,
        "open": summary.open,
    }


def _currency(summary: Summary, currency: str) -> dict[str, Any]:
    total = summary.currencies[currency]
    return {
        "orders": total.orders,
        "lines": total.lines,
        "ordered": f"{total.ordered:f}",
        "settled": f"{total.settled:f}",
        "paid": f"{total.paid:f}",
        "unexplained": f"{summary.unexplained(currency):f}",
    }


def _days(period: Period) -> str:
    if period.since is None and period.until is None:
        return "of everything"
    return f"from {_day(period.since) or 'the beginning'} to {_day(period.until) or 'today'}"


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
