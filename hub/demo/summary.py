"""What the demonstration shows at its end: made from what the topics hold, nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from connectors.dead_letters import DeadLetter
from hub.demo.picture import IN_WORK, Picture
from hub.domain.headline import headline
from hub.domain.money import minor_unit
from hub.simulator.scenes import SCENES, Scene

_SHOWN = 12
_STYLES = {"settled": "green", "closed": "green", "stalled": "red", "credit-hold": "red"}


def summary(picture: Picture) -> Group:
    """Orders by status, settlements by currency, dead letters, stalled orders, the staged orders, and the pace."""
    return Group(*_parts(picture))


def _parts(picture: Picture) -> Iterator[RenderableType]:
    yield Columns((_statuses(picture), _settlements(picture)), padding=(1, 6))
    yield Text()
    yield _scenes(picture)
    if picture.dead_letters:
        yield Text()
        yield _dead_letters(picture.dead_letters)
    yield Text()
    yield _exceptions(picture)
    yield Text()
    yield _pace(picture)


def _pace(picture: Picture) -> Text:
    outcomes = ", ".join(f"{count:,} {outcome}" for outcome, count in picture.outcomes.most_common())
    seconds, decided = picture.seconds(), picture.outcomes.total()
    rate = decided / seconds if seconds else 0
    text = f"{decided:,} events decided in {seconds:.0f} s, {rate:.0f} a second, as they came: {outcomes}."
    if (wait := picture.median_wait_ms()) is not None:
        text += f" Half of them were decided within {wait:.0f} ms of reaching Kafka."
    return Text(text)


def _table(title: str, *columns: str) -> Table:
    table = Table(*columns, title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    table.show_edge = False
    return table


def _statuses(picture: Picture) -> Table:
    table = _table("Orders", "status", "orders")
    table.columns[1].justify = "right"
    for status, count in picture.headlines().most_common():
        table.add_row(status, str(count), style=_STYLES.get(status, "yellow" if status in IN_WORK else ""))
    table.add_row("all", str(len(picture.orders)), style="bold")
    return table


def _settlements(picture: Picture) -> Table:
    table = _table("Settlements", "currency", "orders", "net", "VAT", "to pay")
    for column in table.columns[1:]:
        column.justify, column.no_wrap = "right", True
    for currency, total in picture.totals().items():
        digits = minor_unit(currency)
        amounts = (f"{amount:,.{digits}f}" for amount in (total.net, total.tax, total.payable))
        table.add_row(currency, str(total.settlements), *amounts)
    return table


def _scenes(picture: Picture) -> Table:
    table = _table("Staged orders", "order", "what happens", "status")
    for scene in SCENES:
        table.add_row(scene.order_id, scene.happens, _status_of(picture, scene))
    return table


def _status_of(picture: Picture, scene: Scene) -> str:
    state = picture.orders.get(scene.order_id)
    if state is not None:
        return headline(state)
    refused = [letter.code for letter in picture.dead_letters if letter.key == scene.order_id]
    return f"refused: {', '.join(refused)}" if refused else "not there"


def _dead_letters(letters: list[DeadLetter]) -> Table:
    table = _table("Dead letters", "key", "refused at", "code", "reason")
    for letter in letters[:_SHOWN]:
        table.add_row(letter.key, letter.name, letter.code, letter.reason)
    if len(letters) > _SHOWN:
        table.add_row(f"and {len(letters) - _SHOWN} more", "", "", "")
    return table


def _exceptions(picture: Picture) -> Table:
    table = _table("Waiting for a person", "order", "exception", "detail")
    for state in picture.orders.values():
        for each in state.exceptions:
            table.add_row(state.order_id, each.kind, each.detail)
    return table
