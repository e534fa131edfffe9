"""`hub order list` and `watch`: many orders at once, as they stand and as they change."""

from __future__ import annotations

import asyncio
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, get_args

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from connectors.reading import Reader
from hub.cli.as_json import Json, print_json
from hub.cli.tail import safe
from hub.cli.words import lasting, when
from hub.codec import Codec
from hub.config import Settings, load
from hub.domain.headline import Headline, headline, waits
from hub.domain.order import OrderState
from hub.runtime.spec import Record
from hub.topics import ORDERS_STATE

_STATUSES: tuple[str, ...] = get_args(Headline)
_OVER = frozenset(("closed", "cancelled"))
_TROUBLED = frozenset(("stalled", "credit-hold", "on-hold"))
_AROUND = 3
"""Lines of a terminal that `watch` needs beside its counts and rows: two that are empty, and the names of columns."""
_REFRESH_SECONDS = 0.5


def _status(text: str) -> str:
    """A status there is. Raises typer.BadParameter."""
    if text not in _STATUSES:
        raise typer.BadParameter(f"{text!r} is no status; there are {', '.join(_STATUSES)}")
    return text


def _statuses() -> list[str]:
    return list(_STATUSES)


Statuses = Annotated[
    list[str] | None,
    typer.Option(
        "--status", metavar="STATUS", parser=_status, autocompletion=_statuses, help="Only these; may be given again."
    ),
]
Customer = Annotated[str | None, typer.Option(help="Only of this customer.")]
Held = Annotated[bool | None, typer.Option("--held/--not-held", help="Only held ones, as a whole or in a line.")]
Stalled = Annotated[bool, typer.Option("--stalled", help="Only what has stood still for too long.")]
Trouble = Annotated[str | None, typer.Option("--exception", help="Only with an open exception of this kind.")]
Open = Annotated[bool, typer.Option("--open", help="Only what is neither closed nor cancelled.")]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which orders; what is not said excludes none."""

    statuses: frozenset[str] = frozenset()
    customer: str | None = None
    held: bool | None = None
    exception: str | None = None
    open_only: bool = False

    def takes(self, state: OrderState) -> bool:
        """Whether an order is one of them."""
        status = headline(state)
        return (
            (not self.statuses or status in self.statuses)
            and (self.customer is None or (state.terms is not None and state.terms.customer_id == self.customer))
            and (self.held is None or bool(state.holds) == self.held)
            and (self.exception is None or any(each.kind == self.exception for each in state.exceptions))
            and not (self.open_only and status in _OVER)
        )


class Orders:
    """The orders that are wanted, as the records of `orders.state` say, the one that moved last at the end."""

    def __init__(self, codec: Codec, wanted: Wanted) -> None:
        self._codec = codec
        self._wanted = wanted
        self._found: dict[str, OrderState] = {}

    def take(self, record: Record) -> OrderState | None:
        """The order as it stands now, if it is wanted."""
        key = (record.key or b"").decode(errors="replace")
        self._found.pop(key, None)
        if record.value is None:
            return None
        state = self._codec.decode_as(OrderState, record.value)
        if not self._wanted.takes(state):
            return None
        self._found[key] = state
        return state

    def all(self) -> list[OrderState]:
        """Every wanted order, what was placed last at the end."""
        return sorted(self._found.values(), key=lambda state: (state.placed_at or _NEVER, state.order_id))

    def latest(self, count: int) -> list[OrderState]:
        """Those that moved last, the last first."""
        return list(reversed(list(self._found.values())[-count:]))

    def counts(self) -> Mapping[str, int]:
        """How many have each status, in the order of an order's way."""
        found = Counter[str](headline(state) for state in self._found.values())
        return {status: found[status] for status in _STATUSES if found[status]}


_NEVER = datetime.min.replace(tzinfo=UTC)


def list_(
    *,
    status: Statuses = None,
    customer: Customer = None,
    held: Held = None,
    stalled: Stalled = False,
    exception: Trouble = None,
    open_only: Open = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many, those placed last.")] = None,
    as_json: Json = False,
) -> None:
    """List orders: where each stands, whose it is, what it waits for."""
    wanted = Wanted(frozenset(status or ()), customer, held, "stalled" if stalled else exception, open_only)
    found = asyncio.run(_read(load(), Orders(Codec.load(), wanted))).all()
    shown = found if limit is None else found[-limit:]
    if as_json:
        for state in shown:
            print_json(as_object(state))
        return
    if not shown:
        typer.echo("There is no such order.")
        return
    Console(highlight=False).print(_table(shown, datetime.now(UTC)))
    if len(shown) < len(found):
        typer.echo(f"{len(found) - len(shown)} more; --limit shows them.", err=True)


def watch(
    *,
    status: Statuses = None,
    customer: Customer = None,
    held: Held = None,
    stalled: Stalled = False,
    exception: Trouble = None,
    open_only: Open = False,
    as_json: Json = False,
) -> None:
    """Watch orders change, until Ctrl-C: how many stand where, and what moved last; a line a change into a pipe."""
    wanted = Wanted(frozenset(status or ()), customer, held, "stalled" if stalled else exception, open_only)
    asyncio.run(_watch(load(), Orders(Codec.load(), wanted), as_json=as_json))


def as_object(state: OrderState) -> dict[str, Any]:
    """An order in a list, for a program."""
    terms = state.terms
    return {
        "order_id": state.order_id,
        "status": headline(state),
        "customer_id": terms.customer_id if terms else None,
        "purchase_order": terms.purchase_order if terms else None,
        "placed_at": state.placed_at.isoformat() if state.placed_at else None,
        "moved_at": state.moved_at.isoformat() if state.moved_at else None,
        "revision": state.revision,
        "lines": len(state.lines),
        "holds": [hold.name for hold in state.holds],
        "exceptions": [each.kind for each in state.exceptions],
        "waits_for": [wait.what for wait in waits(state)],
    }


async def _read(settings: Settings, orders: Orders) -> Orders:
    reader = Reader(settings.kafka_client(), settings.partitions)
    await reader.check([ORDERS_STATE])
    async for record in reader.held([ORDERS_STATE]):
        orders.take(record)
    return orders


async def _watch(settings: Settings, orders: Orders, *, as_json: bool) -> None:
    console = Console(highlight=False)
    reader = Reader(settings.kafka_client(), settings.partitions)
    await reader.check([ORDERS_STATE])
    live = Live(console=console, auto_refresh=False, screen=False)
    async with aclosing(reader.followed([ORDERS_STATE])) as batches:
        if as_json or not console.is_terminal:
            async for batch in batches:
                for state in filter(None, map(orders.take, batch)):
                    if as_json:
                        print_json(as_object(state))
                    else:
                        typer.echo(_line(state))
            return
        shown = 0.0
        clock = asyncio.get_running_loop().time
        with live:
            async for batch in batches:
                for record in batch:
                    orders.take(record)
                if clock() - shown > _REFRESH_SECONDS:
                    shown = clock()
                    live.update(board(orders, console, datetime.now(UTC)), refresh=True)


def _line(state: OrderState) -> str:
    moved = when(state.moved_at) if state.moved_at else ""
    return safe(
        f"{moved}  {state.order_id}  {headline(state)}  {'; '.join(_waiting(state, datetime.now(UTC)))}".rstrip()
    )


def board(orders: Orders, console: Console, now: datetime) -> Group:
    """How many orders have each status, and those that moved last, a line each, as many as there is room for."""
    counts = "   ".join(f"{status}\N{NO-BREAK SPACE}{count}" for status, count in orders.counts().items())
    head = textwrap.wrap(f"{now:%H:%M:%S}  {counts}", console.width, break_on_hyphens=False)
    rows = console.height - len(head) - _AROUND
    table = Table("order", "status", "customer", "waits for", box=None, pad_edge=False, header_style="dim")
    for column in table.columns[:-1]:
        column.no_wrap = True
    for state in orders.latest(max(rows, 1)):
        waiting = Text(safe("; ".join(_waiting(state, now))), no_wrap=True, overflow="ellipsis")
        table.add_row(safe(state.order_id), _colourful(headline(state)), _customer(state), waiting)
    return Group(Text("\n".join(head), style="bold"), Text(), table)


def _table(states: Iterable[OrderState], now: datetime) -> Table:
    table = Table("order", "status", "customer", "placed (UTC)", box=None, pad_edge=False, header_style="dim")
    table.add_column("lines", justify="right")
    table.add_column("waits for", overflow="fold")
    table.columns[0].no_wrap = table.columns[1].no_wrap = True
    for state in states:
        placed = f"{state.placed_at:%m-%d %H:%M}" if state.placed_at else ""
        waiting = Text(safe("; ".join(_waiting(state, now))))
        status = _colourful(headline(state))
        table.add_row(safe(state.order_id), status, _customer(state), placed, str(len(state.lines)), waiting)
    return table


def _colourful(status: Headline) -> Text:
    return Text(status, "red" if status in _TROUBLED else "green" if status == "closed" else "")


def _customer(state: OrderState) -> str:
    return safe(state.terms.customer_id) if state.terms else ""


def _waiting(state: OrderState, now: datetime) -> Iterator[str]:
    for wait in waits(state):
        since = wait.since or state.moved_at
        yield f"{wait.what}{f', {lasting(now - since)}' if since else ''}"
