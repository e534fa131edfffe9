"""Lists of others come in as CSV and as JSON Lines, every row judged by itself."""

from __future__ import annotations

import io
from decimal import Decimal
from pathlib import Path

import pytest

from connectors import detect
from connectors.base import Accepted, Read, Refusal
from connectors.reconciling import Job, read
from connectors.statement_csv import StatementCsv
from connectors.statements import Lists
from hub.domain.reconciliation.dossier import Period
from hub.domain.statements import ItemStated
from hub.runtime.partitioner import partition_of
from tests.support.orders import START
from tests.unit.test_reconciling import GROUNDS

HEAD = "statement_id,item,subject,party,date,order_id,line_id,references,quantity,unit,price,amount,currency"
GOODS = "L-1,1,deliveries,logistics,2025-03-03,SO-1,1,DN-7 DN-8,12,C62,9.90,,"
MONEY = "R-1,1,remittance,C-1,2025-03-03T10:30:00Z,,,4be1 4be2,,,,-119.00,EUR"


def rows(text: str) -> list[Read]:
    return list(StatementCsv().read(io.BytesIO(text.encode()), "list.csv"))


def items(text: str) -> list[ItemStated]:
    read = rows(text)
    assert all(isinstance(each, Accepted) for each in read), read
    return [each.event for each in read if isinstance(each, Accepted) and isinstance(each.event, ItemStated)]


def reasons(text: str) -> list[str]:
    return [f"{each.where}: {each.reason}" for each in rows(text) if isinstance(each, Refusal)]


def test_a_row_is_an_item_of_goods_or_of_money() -> None:
    goods, money = items(f"{HEAD}\n{GOODS}\n\n{MONEY}\n")
    assert (goods.order_id, goods.quantity, goods.price, goods.references) == (
        "SO-1", Decimal(12), Decimal("9.90"), ("DN-7", "DN-8"),
    )  # fmt: skip
    assert (money.party, money.amount, money.currency, money.references) == (
        "C-1", Decimal("-119.00"), "EUR", ("4be1", "4be2"),
    )  # fmt: skip
    assert (goods.source, goods.event_id, goods.occurred_at.isoformat()) == (
        "logistics",
        "1",
        "2025-03-03T00:00:00+00:00",
    )


def test_columns_may_be_in_any_order_separated_as_spreadsheets_do_and_quoted() -> None:
    text = "\ufeffdate;item;party;statement_id;subject;amount;currency;references\r\n"
    text += '2025-03-03;"7";C-1;"R;1";remittance;5.00;EUR;"a b"\r\n'
    (money,) = items(text)
    assert (money.statement_id, money.references) == ("R;1", ("a", "b"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a,b\n1,2\n", "list.csv:1: a, b: the first row has to name columns"),
        (f"{HEAD}\n{GOODS},more\n", "list.csv:2: the row has 14 cells"),
        (f"{HEAD}\n{GOODS.replace('deliveries', 'gifts')}\n", "list.csv:2: subject: 'gifts' is not one of"),
        (f"{HEAD}\n{GOODS.replace('12', 'twelve')}\n", "list.csv:2: quantity: 'twelve' is not a plain decimal"),
        (f"{HEAD}\n{GOODS.replace(',12,', ',,')}\n", "list.csv:2: quantity: '': every item of a deliveries list"),
        (
            f"{HEAD}\n{MONEY.replace('EUR', 'JPY').replace('119.00', '1.5')}\n",
            "list.csv:2: amount: '-1.5': JPY has fewer",
        ),
    ],
)
def test_a_row_that_is_no_item_is_refused_with_its_place_and_what_to_do(text: str, reason: str) -> None:
    (found,) = reasons(text)
    assert found.startswith(reason), found


def test_a_bad_row_does_not_end_the_file() -> None:
    read = rows(f"{HEAD}\n{GOODS}\nnonsense\n{MONEY}\n")
    assert [type(each) for each in read] == [Accepted, Refusal, Accepted]


def test_a_row_without_end_is_not_read_into_memory() -> None:
    (found,) = reasons(f"{HEAD}\n{'x' * 100_000}\n{GOODS}\n")
    assert "more than 65536 characters" in found


def test_lists_are_told_apart_by_content_and_every_item_counts_once(tmp_path: Path) -> None:
    csv_file, json_file, strange = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    csv_file.write_text(f"{HEAD}\n{GOODS}\n{GOODS}\n{MONEY}\n")
    json_file.write_text(
        '{"type": "ItemStated", "event_id": "1", "source": "logistics", "occurred_at": "2025-03-03T00:00:00Z", '
        '"statement_id": "L-1", "subject": "deliveries", "party": "logistics", "order_id": "SO-1", "line_id": "1", '
        '"quantity": "12"}\n'
        '{"type": "OrderCancelled", "event_id": "1", "source": "x", "occurred_at": "2025-03-03T00:00:00Z", '
        '"order_id": "1"}\n'
    )
    strange.write_text("hello\n")
    jobs = [Job(partition, tmp_path, GROUNDS) for partition in range(4)]
    lists = Lists(jobs, Period(today=START.date()))
    for path in (csv_file, json_file, strange, tmp_path / "none"):
        lists.read(path)
    lists.close()
    held = list(read(jobs[partition_of(b"SO-1", 4)].goods, ItemStated))
    assert [item.event_id for item in held] == ["1"]
    assert lists.goods == {("deliveries", "logistics"): (START.date(), START.date())}
    assert [item.amount for item in lists.payments["C-1", "EUR"]] == [Decimal("-119.00")]
    assert [refusal.where.rpartition("/")[2] for refusal in lists.refused] == ["b:2", "c", "none"]


def test_items_of_other_days_are_not_taken(tmp_path: Path) -> None:
    lists = Lists([Job(0, tmp_path, GROUNDS)], Period(today=START.date(), since=START.date(), until=START.date()))
    path = tmp_path / "a"
    path.write_text(f"{HEAD}\n{MONEY}\n{MONEY.replace('2025-03-03T10', '2025-03-04T10').replace('R-1,1', 'R-1,2')}\n")
    lists.read(path)
    assert len(lists.payments["C-1", "EUR"]) == 1


def test_a_list_may_be_sent_to_its_topic_like_any_other_document(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"{HEAD}\n{GOODS}\n")
    with path.open("rb") as stream:
        (accepted,) = detect.read(stream, "list.csv")
    assert isinstance(accepted, Accepted)
    assert isinstance(accepted.event, ItemStated)
