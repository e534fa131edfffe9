"""`hub export orders`: the latest of every order that was chosen, its lines and its exceptions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import cast

from connectors.order_files import TABLES, Chosen, rows
from connectors.order_tables import EXCEPTIONS, LINES, ORDERS, Row
from connectors.reading import Reader
from connectors.tables import Cell
from hub.domain.reconciliation.dossier import Period
from tests.support.histories import CODEC, Topics, records, told
from tests.support.orders import START, Story

EVER = Period(today=START.date())


async def exported(stories: Iterable[Story], chosen: Chosen, max_bytes: int = 2**30) -> list[Row]:
    reader = cast("Reader", Topics(records(stories)))
    return [row async for row in rows(reader, CODEC, 1, chosen, max_bytes)]


def column(found: Iterable[Row], table: object, name: str) -> list[Cell]:
    return [cells[list(each.columns).index(name)] for each, cells in found if each is table]


async def test_every_order_is_there_once_as_it_stands_with_its_lines_and_the_last_of_its_exceptions() -> None:
    stories = told(60, seed=3)
    found = await exported(stories, Chosen(EVER))
    assert column(found, ORDERS, "order_id") == [each.order_id for each in stories]
    assert column(found, ORDERS, "payable") == [each.order.payable for each in stories]
    assert len(column(found, LINES, "line_id")) == sum(len(each.order.lines) for each in stories)
    assert all(len(cells) == len(table.columns) for table, cells in found)
    standing = dict(zip(column(found, EXCEPTIONS, "exception_id"), column(found, EXCEPTIONS, "action"), strict=True))
    still_open = {each.exception_id: each for story in stories for each in story.order.exceptions}
    assert {name for name, action in standing.items() if action != "closed"} == set(still_open)
    assert "closed" in standing.values()
    owners = dict(zip(column(found, EXCEPTIONS, "exception_id"), column(found, EXCEPTIONS, "owner"), strict=True))
    assert {name: owners[name] for name in still_open} == {name: each.owner for name, each in still_open.items()}


async def test_what_is_written_does_not_depend_on_how_much_is_held_at_a_time() -> None:
    stories = told(40, seed=4)
    whole = await exported(stories, Chosen(EVER))
    parts = await exported(stories, Chosen(EVER), max_bytes=10_000)
    assert Counter(map(repr, parts)) == Counter(map(repr, whole))
    assert {table.name for table, _ in whole} == {table.name for table in TABLES}


async def test_orders_are_chosen_by_the_day_they_were_placed_and_by_whether_they_are_over() -> None:
    stories = told(60, seed=5)
    first, last = date(2025, 3, 6), date(2025, 3, 14)
    found = await exported(stories, Chosen(Period(today=last, since=first, until=last)))
    days = {each.order_id: each.order.placed_at for each in stories}
    wanted = [name for name, at in days.items() if at is not None and first <= at.date() <= last]
    assert column(found, ORDERS, "order_id") == wanted
    assert set(column(found, LINES, "order_id")) <= set(wanted)
    assert 0 < len(wanted) < len(stories)
    left = column(await exported(stories, Chosen(EVER, only_open=True)), ORDERS, "order_id")
    assert left == [each.order_id for each in stories if each.order.commercial not in {"closed", "cancelled"}]
    assert 0 < len(left) < len(stories)
