"""Settlements and journal as tables: CSV and Parquet say the same, exactly."""

from __future__ import annotations

import csv
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from connectors.settlement_tables import TABLES, journal_rows, settlement_rows
from connectors.tables import CsvWriter, JsonlWriter, Table, TableFiles, to_parquet
from hub.domain.effects import SettlementPosted, SettlementRecorded
from hub.errors import ConfigError
from tests.support.orders import Story
from tests.support.settlements import settlement


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_parquet(path: Path) -> list[dict[str, object]]:
    with duckdb.connect() as database:
        found = database.execute("SELECT * FROM read_parquet(?)", [str(path)])
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def test_both_forms_hold_what_was_recorded_to_the_last_digit(tmp_path: Path) -> None:
    story = Story()
    story.place(discount_percent=Decimal("2.5"))
    story.report("logistics", "accepted")
    story.report("logistics", "shipped")
    story.report("logistics", "delivered")
    (settled,), (posted,) = story.sent(SettlementRecorded), story.sent(SettlementPosted)
    with CsvWriter(tmp_path, TABLES) as writer:
        for table, cells in (*settlement_rows(settled), *journal_rows(posted)):
            writer.row(table.name, cells)
    for table in TABLES:
        to_parquet(tmp_path / f"{table.name}.csv", table, tmp_path / f"{table.name}.parquet")
    (row,), (typed,) = read_csv(tmp_path / "settlements.csv"), read_parquet(tmp_path / "settlements.parquet")
    assert (row["tax_inclusive"], row["sign"], row["settled_at"]) == ("116.03", "1", settled.occurred_at.isoformat())
    assert (typed["tax_inclusive"], typed["settled_at"]) == (
        settled.tax_inclusive,
        settled.occurred_at.replace(tzinfo=None),
    )
    assert (typed["payment_due"], typed["tax_total_accounting"]) == (settled.payment_due, None)
    (line,) = read_parquet(tmp_path / "settlement_lines.parquet")
    assert (line["quantity"], line["price"], line["event_ids"]) == (10, 10, settled.lines[0].event_ids[0])
    entries = read_parquet(tmp_path / "journal.parquet")
    assert sum(each["debit"] - each["credit"] for each in entries) == 0  # type: ignore[operator]
    assert [each["account"] for each in entries] == [entry.account for entry in posted.entries]
    assert {table.name: len(read_csv(tmp_path / f"{table.name}.csv")) for table in TABLES} == {
        "settlements": 1, "settlement_lines": 1, "settlement_adjustments": 1, "settlement_vat": 1,
        "settlement_differences": 0, "journal": 4,
    }  # fmt: skip


def test_a_credit_note_has_the_sign_that_its_amounts_have_not(tmp_path: Path) -> None:
    with CsvWriter(tmp_path, TABLES) as writer:
        for table, cells in settlement_rows(settlement(kind="credit-note")):
            writer.row(table.name, cells)
    (row,) = read_csv(tmp_path / "settlements.csv")
    assert (row["sign"], row["payable"], row["preceding"]) == ("-1", "44.08", "0c5500000000000000000000000000b1")


def test_numbers_as_long_as_they_may_be_and_text_with_everything_in_it_survive(tmp_path: Path) -> None:
    table = Table("t", {"text": "VARCHAR", "number": "DECIMAL(38,9)", "day": "DATE", "at": "TIMESTAMP"})
    number, text = Decimal("-999999999999999999.123456789"), 'a "b", \n;c\' ÄÖ\t'
    moment = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)
    with CsvWriter(tmp_path, [table], for_program=True) as writer:
        writer.row("t", (text, number, date(2026, 2, 28), moment))
        writer.row("t", ("", None, None, None))
    to_parquet(tmp_path / "t.csv", table, tmp_path / "it's.parquet")
    first, second = read_parquet(tmp_path / "it's.parquet")
    assert first == {"text": text, "number": number, "day": date(2026, 2, 28), "at": moment.replace(tzinfo=None)}
    assert (second["number"], second["day"], second["at"]) == (None, None, None)


@pytest.mark.parametrize(
    "text", ["=HYPERLINK(1)", "+1", "-2+3", "@SUM(1)", "\t=1", "\r=1", "\n=1", "\uff1d1", "\uff201"]
)
def test_a_text_that_spreadsheets_would_run_is_led_by_an_apostrophe_and_a_negative_number_is_not(
    tmp_path: Path, text: str
) -> None:
    table = Table("t", {"text": "VARCHAR", "number": "DECIMAL(38,9)"})
    with CsvWriter(tmp_path, [table]) as writer:
        writer.row("t", (text, Decimal("-1.50")))
    assert read_csv(tmp_path / "t.csv") == [{"text": f"'{text}", "number": "-1.50"}]


def test_tables_appear_when_all_are_written_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(KeyError), CsvWriter(tmp_path, TABLES) as writer:
        writer.row("no such table", ())
    assert list(tmp_path.iterdir()) == []
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(ConfigError, match="cannot be written"), CsvWriter(blocked, TABLES):
        pass


def test_a_row_of_json_lines_has_every_column_exactly_and_text_as_it_is(tmp_path: Path) -> None:
    table = Table("t", {"text": "VARCHAR", "number": "DECIMAL(38,9)", "count": "BIGINT", "day": "DATE", "gone": "DATE"})
    with JsonlWriter(tmp_path, [table]) as writer:
        writer.row("t", ("=1\n", Decimal("0.100000000000000001"), 7, date(2026, 2, 28), None))
    (line,) = (tmp_path / "t.jsonl").read_text().splitlines()
    assert json.loads(line) == {
        "text": "=1\n", "number": "0.100000000000000001", "count": 7, "day": "2026-02-28", "gone": None,
    }  # fmt: skip


def test_every_form_that_is_asked_for_has_the_same_rows(tmp_path: Path) -> None:
    table, other = Table("t", {"text": "VARCHAR", "count": "BIGINT"}), Table("none", {"text": "VARCHAR"})
    with TableFiles([table, other], csv_=tmp_path, jsonl=tmp_path, parquet=tmp_path / "typed") as files:
        for number in range(3):
            files.row(table, (f"row {number}", number))
    assert files.told() == "t: 3 rows, none: 0 rows"
    typed = read_parquet(tmp_path / "typed/t.parquet")
    assert typed == [{"text": f"row {number}", "count": number} for number in range(3)]
    assert [json.loads(each) for each in (tmp_path / "t.jsonl").read_text().splitlines()] == typed
    assert read_csv(tmp_path / "t.csv") == [{name: str(cell) for name, cell in row.items()} for row in typed]
    assert read_parquet(tmp_path / "typed/none.parquet") == []


def test_no_form_appears_if_writing_ends_half_way(tmp_path: Path) -> None:
    table = Table("t", {"text": "VARCHAR"})

    def write() -> None:
        with TableFiles([table], csv_=tmp_path, jsonl=tmp_path, parquet=tmp_path / "typed") as files:
            files.row(table, ("half",))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    assert list(tmp_path.iterdir()) == []
