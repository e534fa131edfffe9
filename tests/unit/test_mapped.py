"""Tables of others become events by a declared mapping; mistakes in it, and in a row, are named where they stand."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from msgspec.structs import replace
from pyarrow import parquet

from connectors import detect
from connectors.base import Accepted, Read, Refusal
from connectors.mapped import rows, table
from connectors.mapped.mapping import TableMapping, load_mapping
from connectors.mapped.table import MappedTable
from hub.domain.events import OrderChanged, OrderPlaced, StatusReported
from hub.domain.model import Address, Adjustment, OrderAdjustment
from hub.errors import ConfigError

EXAMPLES = Path(__file__).parents[2] / "examples"
CSV = (EXAMPLES / "orders.csv").read_bytes()
MAPPING = load_mapping(EXAMPLES / "orders-mapping.yaml")
YAML = (EXAMPLES / "orders-mapping.yaml").read_text()
REPORTS = TableMapping(
    event="StatusReported",
    format="jsonl",
    each="items",
    fields={
        "source": "/wms",
        "event_id": "{id}",
        "occurred_at": "{at}",
        "order_id": "{order.no}",
        "work_order_id": "{order.no}.logistics",
        "department": "logistics",
        "kind": "{what}",
    },
    lines={"line_id": "{items.line}", "quantity": "{items.qty}"},
    values={"kind": {"out": "shipped"}},
)
REPORT: dict[str, Any] = {
    "id": "7",
    "at": "2026-03-02T08:15:00Z",
    "order": {"no": "SO-1"},
    "what": "out",
    "items": [{"line": 1, "qty": 2.5}, {"line": "2", "qty": "3"}],
}


def read(raw: bytes, mapping: TableMapping = MAPPING) -> list[Accepted | Refusal]:
    return list(MappedTable(mapping).read(io.BytesIO(raw), "orders.csv"))


def orders(raw: bytes, mapping: TableMapping = MAPPING) -> list[OrderPlaced]:
    events = [result.event for result in read(raw, mapping) if isinstance(result, Accepted)]
    return [event for event in events if isinstance(event, OrderPlaced)]


CHANGES = TableMapping(
    event="OrderChanged",
    format="csv",
    dates="%d.%m.%Y",
    fields={
        "source": "/erp",
        "occurred_at": "{at}",
        "order_id": "SO-{no}",
        "revision": "{rev}",
        "deliver_to.name": "{name}",
        "deliver_to.street": "{street}",
        "deliver_to.city": "{city}",
        "deliver_to.postal_code": "{zip}",
        "deliver_to.country": "{country}",
        "requested_delivery": "{wanted}",
    },
)


def refusals(raw: bytes, mapping: TableMapping = MAPPING) -> list[str]:
    return [f"{result.where} {result.reason}" for result in read(raw, mapping) if isinstance(result, Refusal)]


def test_neighbouring_rows_are_one_order_and_its_lines() -> None:
    first, second = orders(CSV)
    assert (first.order_id, first.customer_id, first.currency, first.locale) == ("SO-9001", "K-4711", "EUR", "de")
    assert first.occurred_at == datetime(2026, 3, 2, 8, 15, tzinfo=UTC)
    assert (first.deliver_to.street, first.deliver_to.city) == ("Industrieweg 7", "Bremerhaven")
    assert [(each.quantity, each.unit, each.price, each.discount_percent) for each in first.lines] == [
        (Decimal(1400), "C62", Decimal("2.70"), Decimal(5)),
        (Decimal("120.5"), "KGM", Decimal("6.65"), Decimal(0)),
    ]
    assert first.lines[1].requested_delivery == date(2026, 3, 18)
    assert second.lines[0].description == 'Gloves; size "L"'
    assert second.lines[0].requested_delivery is None


def test_the_same_rows_are_the_same_event_and_others_another() -> None:
    assert [each.event_id for each in orders(CSV)] == [each.event_id for each in orders(CSV.replace(b"\n", b"\r\n"))]
    assert orders(CSV)[0].event_id != orders(CSV.replace(b"120,5", b"120,6"))[0].event_id
    assert orders(CSV)[1].event_id == orders(CSV.replace(b"120,5", b"120,6"))[1].event_id


def test_a_bad_row_refuses_its_order_by_line_and_the_others_go_on() -> None:
    bad = CSV.replace(b"120,5", b"viel").replace(b"SO-9002;02.03.2026 10:40", b"SO-9002;bald")
    first, second = (result for result in read(bad) if isinstance(result, Refusal))
    assert first.where == "orders.csv:2"
    assert first.problems[0].what == "lines[1].quantity (line 3)"
    assert "'viel' is not a plain decimal number" in first.problems[0].reason
    assert first.raw == b"\n".join(bad.splitlines()[1:3])
    assert second.problems[0].what == "occurred_at (line 4)"
    assert len(orders(CSV.replace(b"120,5", b"viel"))) == 1


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (CSV.replace(b";Kunde;", b";Customer;"), "orders.csv:1 the first line has no column Kunde"),
        (CSV.replace(b";Rabatt;", b";Preis;"), "orders.csv:1 the first line has no column Rabatt"),
        (CSV.replace(b"Auftrag;", b"Auftrag;Auftrag;", 1), "orders.csv:1 the first line names column Auftrag twice"),
        (CSV.replace(b"K-4712;", b""), "orders.csv:4 it has 16 cells, the first line names 17"),
        (CSV.replace(b"Primer", b"Pr\xffmer"), "orders.csv:3 it cannot be read: 'utf-8' codec can't decode"),
        (CSV.replace(b'"Gloves', b'"Gl"oves'), "orders.csv:4 it cannot be read"),
        (CSV + b'"' + b"x" * 3_000_000, "orders.csv:5 it cannot be read: the row is longer than 1048576 bytes"),
    ],
)
def test_a_row_that_is_no_row_is_refused_by_its_line(raw: bytes, said: str) -> None:
    assert any(each.startswith(said) for each in refusals(raw)), refusals(raw)


def test_the_orders_beside_a_row_that_cannot_be_read_are_refused_with_it_as_it_may_be_theirs() -> None:
    more = CSV + CSV.splitlines(keepends=True)[3].replace(b"SO-9002", b"SO-9003")
    said = refusals(more.replace(b"Primer;", b""))
    assert [each.partition(" ")[0] for each in said] == ["orders.csv:2", "orders.csv:3", "orders.csv:4"]
    assert "line 3 beside it cannot be read and may belong to it" in said[0]
    assert [each.order_id for each in orders(more.replace(b"Primer;", b""))] == ["SO-9003"]


def test_an_order_of_too_many_rows_is_refused_and_not_kept_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MAX_LINES", 1)
    assert refusals(CSV) == ["orders.csv:2 more than 1 rows belong together; split the order"]


def test_lines_of_json_come_from_a_list_and_values_are_translated() -> None:
    (result,) = read(json.dumps(REPORT).encode(), REPORTS)
    assert isinstance(result, Accepted), result
    event = result.event
    assert isinstance(event, StatusReported)
    assert (event.event_id, event.kind, event.work_order_id) == ("7", "shipped", "SO-1.logistics")
    assert [(each.line_id, each.quantity) for each in event.lines] == [("1", Decimal("2.5")), ("2", Decimal(3))]


def test_json_that_is_none_is_refused_by_its_line_and_the_rest_goes_on() -> None:
    raw = json.dumps(REPORT).encode()
    results = read(raw + b"\n{oops\n\n" + raw, REPORTS)
    assert [type(each) for each in results] == [Accepted, Refusal, Accepted]
    assert results[1].where == "orders.csv:2"


def test_parquet_is_read_like_json(tmp_path: Path) -> None:
    path = tmp_path / "reports.parquet"
    typed = {**REPORT, "items": [{"line": 1, "qty": 2.5}, {"line": 2, "qty": 3.0}]}
    parquet.write_table(pa.Table.from_pylist([typed, {**typed, "id": "8", "what": "lost"}]), path)
    with path.open("rb") as stream:
        good, bad = MappedTable(replace(REPORTS, format="parquet")).read(stream, "reports.parquet")
    assert isinstance(good, Accepted), good
    assert isinstance(good.event, StatusReported)
    assert [each.quantity for each in good.event.lines] == [Decimal("2.5"), Decimal(3)]
    assert isinstance(bad, Refusal)
    assert bad.where == "reports.parquet:2"
    assert json.loads(bad.raw)["id"] == "8"


def test_parquet_that_would_unpack_beyond_the_bound_or_is_none_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bomb.parquet"
    parquet.write_table(pa.table({"id": ["x" * 1000] * 10_000}), path)
    mapping = replace(REPORTS, format="parquet")
    monkeypatch.setattr(rows, "MAX_GROUP_BYTES", 100)
    assert "write smaller ones" in refusals(path.read_bytes(), mapping)[0]
    assert "the Parquet file cannot be read" in refusals(path.read_bytes()[:-20], mapping)[0]
    assert "the Parquet file cannot be read" in refusals(b"PAR1", mapping)[0]


def test_a_mapping_is_for_the_files_it_names_and_the_others_are_told_by_their_content() -> None:
    def kinds(name: str, raw: bytes) -> list[type[Read]]:
        found = detect.read(io.BufferedReader(io.BytesIO(raw)), name, mappings=[MAPPING])
        return [type(result) for result in found]

    assert kinds("/srv/orders-7.csv", CSV) == [Accepted, Accepted]
    assert kinds("other.csv", CSV) == [Refusal]
    assert kinds("orders.xml", (EXAMPLES / "order.xml").read_bytes()) == [Accepted]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("event: OrderPlaced ", "event: OrderPlacd ", "line 2: event: 'OrderPlacd' is none of OrderPlaced"),
        ("  order_id:", "  order_no:", "line 15: fields.order_no: it is no field of OrderPlaced"),
        ("deliver_to.city:", "deliver_to.town:", "line 22: fields.deliver_to.town: it is no field"),
        ('item_id: "{Artikel}"', 'item_id: "{Artikel"', "line 27: lines.item_id: a column stands in braces"),
        ("  vat_rate:", "  vat_percent:", "line 34: lines.vat_percent: it is no field of a line"),
        ('delimiter: ";"', 'delimiter: ";;"', "line 6: delimiter: it is one character"),
        ("encoding: utf-8", "encoding: rot13", "line 7: encoding: it is one of"),
        ("Europe/Berlin", "Europe/Atlantis", "line 11: zone: 'Europe/Atlantis' is no time zone"),
        ("  source: /erp\n", "", "line 13: fields: `source` is missing"),
        ("  unit: {Stk", "  units: {Stk", "line 37: values.units: it is no field of this mapping"),
        ("rows: [Auftrag]", "rows: Auftrag", "line 5: rows: Expected `array`, got `str`"),
        ("files:", "flies:", "line 2: the file: Object contains unknown field `flies`"),
        ("format: csv ", "format: csv\neach: x ", "line 4: each: a CSV row has no lists"),
    ],
)
def test_a_mistake_in_a_mapping_is_named_by_line_and_field(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in YAML
    path = tmp_path / "mapping.yaml"
    path.write_text(YAML.replace(old, new, 1))
    with pytest.raises(ConfigError) as raised:
        load_mapping(path)
    assert said in str(raised.value)


IDS = TableMapping(event="PaymentReceived", format="parquet", fields={"event_id": "{id}"})


def test_a_parquet_file_that_unpacks_to_far_more_than_it_holds_is_read_as_far_as_its_size_explains() -> None:
    count, text = 2_000, "x" * 100_000
    who = pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int32()), pa.array([text]))
    file = io.BytesIO()
    parquet.write_table(pa.table({"id": who}), file, compression="zstd", row_group_size=count)
    assert file.tell() < 2_000
    assert count * len(text) > 10**8
    found = list(rows.read_rows(file, IDS))
    assert len(found) < 200
    assert isinstance(found[-1], rows.BadRow)
    assert found[-1].reason == "the file unpacks to far more than it holds; write it another way"


def test_a_row_of_a_parquet_file_that_is_too_long_is_refused_alone() -> None:
    file = io.BytesIO()
    parquet.write_table(pa.table({"id": ["x" * 2_000_000, "short"]}), file, compression="none")
    long, short = rows.read_rows(file, IDS)
    assert isinstance(long, rows.BadRow)
    assert long.reason == "the row is longer than 1048576 bytes"
    assert isinstance(short, rows.Row)
    assert short.values == {"id": "short"}


CHARGED = replace(
    MAPPING,
    adjustments=(
        {
            "kind": "charge",
            "amount": "{Fracht}",
            "reason": "Fracht",
            "reason_code": "FC",
            "vat_category": "S",
            "vat_rate": "19",
        },
        {"kind": "allowance", "percent": "{Bonus}", "reason": "Bonus"},
    ),
    line_adjustments=({"kind": "charge", "amount": "{Gravur}", "reason": "Gravur"},),
)


def test_charges_come_from_the_columns_that_have_any() -> None:
    head, *body = CSV.decode().splitlines()
    cells = ("12,50;0;1.234,00", "12,50;0;", ";1,5;0,00")
    raw = "\n".join([f"{head};Fracht;Bonus;Gravur", *(f"{row};{more}" for row, more in zip(body, cells, strict=True))])
    first, second = orders(raw.encode(), CHARGED)
    assert first.adjustments == (
        OrderAdjustment(
            "charge",
            amount=Decimal("12.50"),
            reason="Fracht",
            reason_code="FC",
            vat_category="S",
            vat_rate=Decimal(19),
        ),
    )
    assert [line.adjustments for line in first.lines] == [
        (Adjustment("charge", amount=Decimal("1234.00"), reason="Gravur"),),
        (),
    ]
    assert second.adjustments == (OrderAdjustment("allowance", percent=Decimal("1.5"), reason="Bonus"),)
    assert refusals(CSV, CHARGED) == [
        "orders.csv:1 the first line has no column Bonus, Fracht, Gravur, which the mapping names"
    ]


def test_a_charge_that_cannot_be_is_refused_with_its_row() -> None:
    head, *body = CSV.decode().splitlines()
    raw = "\n".join([f"{head};Fracht;Bonus;Gravur", *(f"{row};viel;;-1" for row in body)])
    said = refusals(raw.encode(), CHARGED)
    assert "adjustments[0].amount (line 2): 'viel' is not a plain decimal number" in said[0]
    assert "lines[1].adjustments[0].amount (line 3): '-1' must not be negative" in said[0]


@pytest.mark.parametrize(
    ("adjustment", "mistake"),
    [
        ("{kind: fee, amount: '{Preis}'}", "say its kind: allowance or charge"),
        ("{kind: charge, reason: Fracht}", "give it an amount or a percent"),
        ("{kind: charge, amount: '{Preis', reason: Fracht}", "a column stands in braces"),
        ("{kind: charge, sum: '{Preis}'}", "it is no field of it: kind, amount, percent"),
    ],
)
def test_a_mistake_in_what_is_charged_is_named(tmp_path: Path, adjustment: str, mistake: str) -> None:
    path = tmp_path / "orders.yaml"
    path.write_text(f"{YAML}\nadjustments:\n  - {adjustment}\n")
    with pytest.raises(ConfigError, match=mistake):
        load_mapping(path)


def test_a_row_may_change_where_an_order_goes_or_when_it_is_wanted() -> None:
    table = (
        b"at,no,rev,name,street,city,zip,country,wanted\n"
        b"2026-03-03T09:00:00Z,1,1,Lager Emden,Kaistrasse 9,Emden,26723,DE,\n"
        b"2026-03-03T10:00:00Z,1,2,,,,,,02.04.2026\n"
        b"2026-03-03T11:00:00Z,1,3,,,,,,\n"
        b"2026-03-03T12:00:00Z,1,3,,,Emden,,,\n"
    )
    place, day, nothing, part = read(table, CHANGES)
    assert isinstance(place, Accepted)
    assert isinstance(place.event, OrderChanged)
    assert place.event.deliver_to == Address("Lager Emden", "Kaistrasse 9", "Emden", "26723", "DE")
    assert place.event.requested_delivery is None
    assert isinstance(day, Accepted)
    assert isinstance(day.event, OrderChanged)
    assert (day.event.deliver_to, day.event.requested_delivery) == (None, date(2026, 4, 2))
    assert isinstance(nothing, Refusal)
    assert "name at least one line, an address, a date" in nothing.reason
    assert isinstance(part, Refusal)
    assert "deliver_to.country" in part.reason
