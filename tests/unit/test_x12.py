"""X12 purchase orders and changes become events; what is wrong is refused by segment and element, and a 997 says so."""

from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.base import Accepted, Read, Receipt, Refusal
from connectors.defaults import NO_DEFAULTS, Defaults, Vat
from connectors.x12.reader import X12
from hub.domain.events import OrderCancelled, OrderChanged, OrderPlaced
from hub.domain.model import Address, Adjustment, OrderAdjustment, OrderLine

EXAMPLE = (Path(__file__).parents[2] / "examples" / "orders.x12").read_text()


def counted(document: str) -> str:
    """The document with the segment count of each transaction set as it is."""

    def count(found: re.Match[str]) -> str:
        return re.sub(r"~SE\*\d+", f"~SE*{found[0].count('~')}", found[0].replace("\n", "")).replace("~", "~\n").strip()

    return re.sub(r"ST\*8\d\d\*.*?SE\*\d+\*\d+~", count, document, flags=re.DOTALL)


def changed(*pairs: tuple[str, str]) -> str:
    """The example with each first text replaced by the second at its first place, its counts made right."""
    document = EXAMPLE
    for old, new in pairs:
        assert old in document, f"the example no longer holds {old!r}"
        document = document.replace(old, new, 1)
    return counted(document)


def read(document: str | bytes, defaults: Defaults = NO_DEFAULTS) -> list[Read]:
    raw = document if isinstance(document, bytes) else document.encode()
    return list(X12(defaults).read(io.BytesIO(raw), "orders.x12"))


def first(document: str, defaults: Defaults = NO_DEFAULTS) -> Accepted:
    result = read(document, defaults)[0]
    assert isinstance(result, Accepted), result
    return result


def order(document: str, defaults: Defaults = NO_DEFAULTS) -> OrderPlaced:
    event = first(document, defaults).event
    assert isinstance(event, OrderPlaced)
    return event


def change(document: str) -> Read:
    return read(document)[2]


def refused(document: str | bytes, defaults: Defaults = NO_DEFAULTS) -> str:
    result = read(document, defaults)[0]
    assert isinstance(result, Refusal), result
    return result.reason


def acknowledged(document: str | bytes) -> list[str]:
    receipt = read(document)[-1]
    assert isinstance(receipt, Receipt), receipt
    return receipt.raw.decode().replace("\n", "").split("~")


def test_an_order_is_read_whole() -> None:
    found = order(EXAMPLE)
    assert found == OrderPlaced(
        event_id=found.event_id,
        source="x12:0060:061234567",
        occurred_at=datetime(2026, 3, 2, tzinfo=UTC),
        order_id="0060:061234567/PO-55012",
        customer_id="0060:061234567",
        purchase_order="PO-55012",
        currency="USD",
        lines=(
            OrderLine(
                line_id="1",
                item_id="MK-BRACKET-20",
                description="Bearing bracket, galvanized",
                quantity=Decimal(400),
                unit="EA",
                price=Decimal(270),
                base_quantity=Decimal(100),
                discount_percent=Decimal(5),
                vat_category="S",
                vat_rate=Decimal(20),
            ),
            OrderLine(
                line_id="2",
                item_id="036000291469",
                description="Primer",
                quantity=Decimal(120),
                unit="LBR",
                price=Decimal("6.65"),
                base_quantity=Decimal(1),
                discount_percent=Decimal(0),
                vat_category="S",
                vat_rate=Decimal(20),
                requested_delivery=date(2026, 3, 18),
            ),
        ),
        deliver_to=Address("Lakeshore Equipment, Dock 3", "4100 Harbor Road", "Duluth, MN", "55802", "US"),
        requested_delivery=date(2026, 3, 20),
    )


def test_a_file_holds_many_documents_and_each_says_where_it_stood() -> None:
    results = read(EXAMPLE)
    assert [result.where for result in results] == [
        "orders.x12:1.1",
        "orders.x12:1.2",
        "orders.x12:1.3",
        "orders.x12:1",
    ]
    second = results[1]
    assert isinstance(second, Accepted)
    assert isinstance(second.event, OrderPlaced)
    assert (second.event.priority, second.event.lines[0].line_id) == ("urgent", "1")
    assert second.event.note.startswith("Call the dock before delivery\nAssumed: delivery to the buyer's own address")
    assert second.event.deliver_to.street == "1 Canal Street"


def test_two_interchanges_with_other_delimiters_stand_in_one_file() -> None:
    other = EXAMPLE.replace("\n", "").replace("*", "|").replace(">", "^").replace("~", "\n")
    results = read(EXAMPLE + other)
    assert [result.where for result in results if isinstance(result, Receipt)] == ["orders.x12:1", "orders.x12:2"]
    events = [result.event for result in results if isinstance(result, Accepted)]
    assert events[:3] == events[3:]


def test_a_header_that_is_not_padded_is_read_too() -> None:
    assert order(EXAMPLE.replace("          ", " ").replace("      ", "")).order_id == order(EXAMPLE).order_id


def test_an_order_sent_again_in_another_interchange_is_the_same_event() -> None:
    again = EXAMPLE.replace("000000417", "000000420").replace("*417", "*420").replace("*0001~", "*0009~")
    assert order(again).event_id == order(EXAMPLE).event_id
    other = changed(("PO1*2*120*LB", "PO1*2*120.5*LB"), ("AMT*TT*1824~\n", ""))
    assert order(other).event_id != order(EXAMPLE).event_id
    assert order(other).order_id == order(EXAMPLE).order_id


def test_a_change_is_a_revision_with_its_lines() -> None:
    result = change(EXAMPLE)
    assert isinstance(result, Accepted)
    event = result.event
    assert isinstance(event, OrderChanged)
    assert (event.order_id, event.revision) == (order(EXAMPLE).order_id, 1)
    assert [(each.action, each.line_id) for each in event.changes] == [("change", "1"), ("delete", "2")]
    line = event.changes[0].line
    assert line
    assert (line.quantity, line.price, line.base_quantity) == (500, 270, 100)
    assert event.occurred_at == datetime(2026, 3, 3, tzinfo=UTC)


def test_a_change_without_a_number_is_taken_for_the_first_and_says_so() -> None:
    result = change(changed(("BCH*04*SA*PO-55012**1*", "BCH*04*SA*PO-55012***")))
    assert isinstance(result, Accepted)
    assert isinstance(result.event, OrderChanged)
    assert result.event.revision == 1
    assert result.assumed == ("revision 1; the change has no sequence number (BCH05)",)


def test_a_change_of_purpose_01_cancels_the_order() -> None:
    result = change(changed(("BCH*04", "BCH*01")))
    assert isinstance(result, Accepted)
    assert isinstance(result.event, OrderCancelled)
    assert result.event.order_id == order(EXAMPLE).order_id


@pytest.mark.parametrize(
    ("party", "customer_id"),
    [
        ("N1*BY*Lakeshore Equipment*91*K-4711~", "K-4711"),
        ("N1*BY*Lakeshore Equipment*UL*0360002914501~", "0088:0360002914501"),
        ("N1*BY*Store 12*92*0012~", "0060:061234567"),
        ("", "0060:061234567"),
    ],
)
def test_the_customer_is_our_number_a_global_one_or_the_sender(party: str, customer_id: str) -> None:
    assert order(changed(("N1*BY*Lakeshore Equipment*1*061234567~", party))).customer_id == customer_id


def test_what_an_order_leaves_open_is_refused_or_filled_in_and_told() -> None:
    bare = changed(("CUR*BY*USD~\n", ""), ("*55802*US~", "*55802~"), ("TXI*VA**20~\n", ""))
    result = read(bare)[0]
    assert isinstance(result, Refusal)
    assert "--currency USD" in result.reason
    told = first(bare, Defaults(Vat("S", Decimal(7)), "USD", "US"))
    assert told.assumed == (
        "currency USD; the order names none",
        "VAT S 7% for line 1, which says nothing of it",
        "country US of the delivery address, which names none",
    )
    assert isinstance(told.event, OrderPlaced)
    assert told.event.note == "\n".join(f"Assumed: {each}" for each in told.assumed)


SAC = "SAC*A*C310***5400**5"


@pytest.mark.parametrize(
    ("sac", "discount", "adjustment"),
    [
        ("SAC*C*D240***500", 0, Adjustment("charge", amount=Decimal(5), reason="Freight", reason_code="FC")),
        ("SAC*C*G470***500*******06***Crate", 0, Adjustment("charge", amount=Decimal(5), reason="Crate")),
        ("SAC*C*D270***1080*Z*1", 0, Adjustment("charge", percent=Decimal(1), reason="Fuel surcharge")),
        ("SAC*C*D500******0.025*EA", 0, Adjustment("charge", amount=Decimal(10), reason="Handling", reason_code="HD")),
        (
            "SAC*C*D240******0.0333**50",
            0,
            Adjustment("charge", amount=Decimal("1.67"), reason="Freight", reason_code="FC"),
        ),
        ("SAC*C*ZZZZ******2**30", 0, Adjustment("charge", amount=Decimal(60), reason="ZZZZ")),
        ("SAC*A*C310***333", 0, Adjustment("allowance", amount=Decimal("3.33"), reason_code="95")),
        ("SAC*A*C310****Z*7.5", Decimal("7.5"), None),
        ("SAC*N*D240", 0, None),
    ],
)
def test_what_a_line_allows_and_charges_is_taken_as_amount_percentage_or_rate(
    sac: str, discount: object, adjustment: Adjustment | None
) -> None:
    (line, _) = order(changed((SAC, sac), ("AMT*TT*1824~\n", ""))).lines
    assert line.discount_percent == discount
    assert line.adjustments == (() if adjustment is None else (adjustment,))


def test_what_the_whole_order_allows_and_charges_is_taken_and_its_total_may_count_it_or_not() -> None:
    freight = "CUR*BY*USD~\nSAC*C*D240***2500~\nSAC*A*C310****Z*2~"
    for total in ("1787.52", "1812.52", "2175.02"):
        read = order(changed(("CUR*BY*USD~", freight), ("AMT*TT*1824", f"AMT*TT*{total}")))
        assert read.discount_percent == 2
        assert read.adjustments == (OrderAdjustment("charge", amount=Decimal(25), reason="Freight", reason_code="FC"),)
    wrong = changed(("CUR*BY*USD~", freight), ("AMT*TT*1824", "AMT*TT*1824"))
    assert "the order says 1824, but its lines come to 1787.52 or 1812.52; ask the buyer" in refused(wrong)


BCH = "BCH*04*SA*PO-55012**1*20260302****20260303~"
SHIP_TO = "N1*ST*Lakeshore Equipment*92*DC-9~\nN3*12 Pier Avenue~\nN4*Superior*WI*54880*US~"
NO_LINES = (("POC*1*QI*", "POC*1*NC*"), ("POC*2*DI~", "POC*2*NC~"))


def amended(*segments: str, lines: bool = True) -> OrderChanged:
    result = change(changed((BCH, "\n".join((BCH, *segments))), *(() if lines else NO_LINES)))
    assert isinstance(result, Accepted), result
    assert isinstance(result.event, OrderChanged)
    return result.event


def test_a_change_may_say_where_the_order_goes_and_when_it_is_wanted() -> None:
    event = amended("DTM*002*20260402~", SHIP_TO)
    assert event.deliver_to == Address("Lakeshore Equipment", "12 Pier Avenue", "Superior, WI", "54880", "US")
    assert event.requested_delivery == date(2026, 4, 2)
    assert len(event.changes) == 2
    alone = amended("DTM*106*20260402~", lines=False)
    assert (alone.changes, alone.deliver_to, alone.requested_delivery) == ((), None, date(2026, 4, 2))
    alone = amended(SHIP_TO, lines=False)
    assert (alone.changes, alone.deliver_to, alone.requested_delivery) == ((), event.deliver_to, None)


def test_the_address_that_the_order_was_placed_with_is_read_as_the_same_and_the_buyer_s_own_as_none() -> None:
    place = "N1*ST*Lakeshore Equipment*92*DC-7~\nN2*Dock 3~\nN3*4100 Harbor Road~\nN4*Duluth*MN*55802*US~"
    assert place in EXAMPLE
    assert amended(place).deliver_to == order(EXAMPLE).deliver_to
    assert (
        amended("N1*BT*Lakeshore Equipment*1*061234567~\nN3*1 Canal Street~\nN4*Duluth*MN*55801*US~").deliver_to is None
    )


@pytest.mark.parametrize("kept", ["REF*DP*038~", "PER*OC*Jo*TE*2185550100~", "DTM*004*20260302~", "N1*SU*Us*92*1~"])
def test_what_changes_nothing_of_an_order_may_stand_in_a_change(kept: str) -> None:
    event = amended(kept)
    assert event.changes == amended().changes
    assert (event.deliver_to, event.requested_delivery, event.adjustments) == (None, None, None)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            "ITD*01*3*2**10**30~",
            "ITD (segment 3, line 38): terms of payment: the hub takes no change of it; leave",
        ),
        ("FOB*CC~", "FOB (segment 3, line 38): terms of delivery: the hub takes no change of it"),
        ("CSH*N~", "CSH (segment 3, line 38): sales requirements: the hub"),
        ("TD5*O*2*UPSN~", "TD5 (segment 3, line 38): routing: the hub"),
        ("TXI*VA**7~", "TXI (segment 3, line 38): tax of the whole order: the hub"),
        ("PKG*F~", "PKG (segment 3, line 38): the hub takes no change of it"),
        ("DTM*001*20260501~", "DTM element 1 (segment 3, line 38): date '001': the hub takes no change of it"),
        ("N1*CA*Carrier~", "N1 element 1 (segment 3, line 38): party 'CA': the hub takes no change of it"),
        (
            "N1*BT*Other*1*069999999~",
            "N1 element 4 (segment 3, line 38): who is billed is not the customer, 0060:06",
        ),
        (f"{SHIP_TO}\n{SHIP_TO}", "N1 element 1 (segment 6, line 41): an order is delivered to one place; send an"),
        (SHIP_TO.replace("*US~", "~"), "N4 element 4 (segment 5, line 40): the address has no country; add one or"),
        ("DTM*002*20260231~", "DTM element 2 (segment 3, line 38): '20260231' is not a date"),
    ],
)
def test_what_of_the_order_as_a_whole_cannot_be_changed_is_refused_by_name(more: str, said: str) -> None:
    result = change(changed((BCH, f"{BCH}\n{more}")))
    assert isinstance(result, Refusal), result
    assert said in result.reason


def test_a_change_is_in_the_currency_it_names_if_it_names_one() -> None:
    assert (amended().currency, amended("CUR*BY*CAD~").currency) == ("", "CAD")


def test_a_change_that_names_nothing_that_changes_is_refused() -> None:
    result = change(changed((BCH, f"{BCH}\nCUR*BY*USD~"), *NO_LINES))
    assert isinstance(result, Refusal)
    assert "BCH (segment 2, line 37): the change names nothing that changes: no line (POC), delivery" in result.reason


def test_a_change_may_have_what_is_allowed_and_charged_from_now_on() -> None:
    event = amended("SAC*C*D240***1200~", "SAC*A*C310****Z*3~")
    assert event.discount_percent == 3
    assert event.adjustments == (OrderAdjustment("charge", amount=Decimal(12), reason="Freight", reason_code="FC"),)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("PO1*1*400", "PO1*1*-4", "PO1 element 2 (segment 10, line 12): the ordered quantity is -4, not more"),
        ("*EA*270*", "*EA*abc*", "PO1 element 4 (segment 10, line 12): 'abc' is not a number of at most 18 digits"),
        ("PO1*1*400*EA*270", "PO1*1*400*EA*", "PO1 element 4 (segment 10, line 12): the line has no price"),
        ("*270*HP*", "*270*ZZ*", "PO1 element 5 (segment 10, line 12): the price is on basis 'ZZ'"),
        ("CUR*BY*USD", "CUR*BY*XYZ", "CUR element 2 (segment 3, line 5): 'XYZ' is not an active currency"),
        ("DTM*002*20260320", "DTM*002*20260231", "DTM element 2 (segment 4, line 6): '20260231' is not a date"),
        ("BEG*00*SA", "BEG*05*SA", "BEG element 1 (segment 2, line 4): an order of purpose '05' is no new one"),
        ("BEG*00*SA", "BEG*00*BK", "BEG element 2 (segment 2, line 4): order type 'BK' is not an order to be"),
        ("PO-55012**20260302", "**20260302", "BEG element 3 (segment 2, line 4): an order needs its number"),
        ("CTT*2*520", "CTT*3*520", "CTT element 1 (segment 18, line 20): there are 2 lines, not 3"),
        ("AMT*TT*1824", "AMT*TT*1842", "AMT element 2 (segment 19, line 21): the order says 1842, but its lines"),
        (SAC, "SAC*A*C310***540**5", "the allowance (95) says 5.4, but 5% of 1080 is 54.00"),
        (SAC, "SAC*P*C310***5400", "SAC element 1 (segment 12, line 14): 'P' is neither an allowance"),
        (SAC, "SAC*C*H850***5400", "SAC element 2 (segment 12, line 14): H850 is a tax"),
        (SAC, "SAC*C*D240", "SAC element 5 (segment 12, line 14): it needs its amount"),
        (SAC, "SAC*A*C310***5400*******01", "SAC element 12 (segment 12, line 14): it is settled"),
        (SAC, "SAC*C*D240******0.1*LB", "SAC element 9 (segment 12, line 14): the rate is per 'LB'"),
        ("CUR*BY*USD~", "CUR*BY*USD~\nSAC*C*D240******0.1*EA~", "SAC element 10 (segment 4, line 6): a rate on"),
        ("TXI*VA**20", "TXI*LS**8", "TXI element 1 (segment 13, line 15): tax 'LS' is not accepted"),
        ("TXI*VA**20", "SDQ*EA*92*S1*200*S2*200", "quantities for several places are not accepted"),
        ("ST*850*0001", "ST*830*0001", "ST element 1 (segment 1, line 3): '830' is none of the transaction sets"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_as_meant_is_refused_by_segment_and_element(old: str, new: str, reason: str) -> None:
    document = changed((old, new)).replace("ST*830*0001", "ST*830*0001")
    assert reason in refused(document)
    assert isinstance(read(document)[1], Accepted), "the others go on"


def test_every_line_that_is_wrong_is_named() -> None:
    result = read(changed(("PO1*1*400", "PO1*1*0"), ("PO1*2*120*LB*6.65", "PO1*2*120*LB*-1")))[0]
    assert isinstance(result, Refusal)
    assert [problem.what for problem in result.problems] == [
        "PO1 element 2 (segment 10, line 12)",
        "PO1 element 4 (segment 14, line 16)",
    ]


def test_a_refused_document_is_kept_as_it_came() -> None:
    document = (
        changed(("PO1*1*400", "PO1*1*-4"), ("Primer", "Pr\xefmer"))
        .encode("latin-1")
        .replace(b"~\nCUR", b"~\r\n\r\nCUR")
    )
    result = read(document)[0]
    assert isinstance(result, Refusal)
    assert result.raw == document[document.index(b"ST*850*0001") : document.index(b"\nST*850*0002")]


@pytest.mark.parametrize(
    ("old", "new", "reason", "codes"),
    [
        ("SE*20*0001", "SE*19*0001", "the transaction set has 20 segments, not '19'", "AK5*R*4"),
        ("SE*20*0001", "SE*20*0007", "the transaction set begins as '0001'", "AK5*R*3"),
        ("SE*20*0001~\n", "", "the transaction set does not end with SE", "AK5*R*2"),
        ("ST*850*0001", "ST*851*0001", "'851' is none of the transaction sets", "AK5*R*1"),
    ],
)
def test_an_envelope_that_does_not_agree_refuses_its_document(old: str, new: str, reason: str, codes: str) -> None:
    document = EXAMPLE.replace(old, new, 1)
    assert reason in refused(document)
    said = acknowledged(document)
    assert said[4] == codes or said[4].startswith("AK2")
    assert codes in said


def test_a_997_answers_every_group_and_names_segment_element_and_code() -> None:
    said = acknowledged(changed(("PO1*1*400", "PO1*1*abc"), ("CUR*BY*USD", "CUR*BY*")))
    assert said == [
        "ISA*00*          *00*          *ZZ*ORDERHUB       *01*061234567      *260302*0915*U*00401*000000417*0*P*>",
        "GS*FA*ORDERHUB*061234567*20260302*0915*417*X*004010",
        "ST*997*0001",
        "AK1*PO*417",
        "AK2*850*0001",
        "AK3*CUR*3**8",
        "AK4*2**7",
        "AK5*R*5",
        "AK2*850*0002",
        "AK5*A",
        "AK9*P*2*2*1",
        "SE*10*0001",
        "ST*997*0002",
        "AK1*PC*418",
        "AK2*860*0001",
        "AK5*A",
        "AK9*A*1*1*1",
        "SE*6*0002",
        "GE*2*417",
        "IEA*1*000000417",
        "",
    ]


def test_the_same_interchange_gives_the_same_997() -> None:
    assert acknowledged(EXAMPLE) == acknowledged(EXAMPLE)


def test_an_acknowledgement_is_not_acknowledged() -> None:
    receipt = read(EXAMPLE)[-1]
    assert isinstance(receipt, Receipt)
    assert read(receipt.raw) == []


def test_a_997_that_does_not_accept_what_we_sent_is_told() -> None:
    (told,) = [each for each in read(changed(("PO1*1*400", "PO1*1*0"))) if isinstance(each, Receipt)]
    (refusal,) = read(told.raw)
    assert isinstance(refusal, Refusal)
    assert [str(problem) for problem in refusal.problems] == [
        "AK5 element 1 (segment 6, line 8): the receiver does not accept our 850 0001 (R); ask them why",
        "AK9 element 1 (segment 9, line 11): the receiver does not accept our group (P); ask them why",
    ]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (EXAMPLE.replace("GE*2*417", "GE*3*417"), "the group has 2 transaction sets; send what is missing"),
        (EXAMPLE.replace("GE*2*417", "GE*2*999"), "the group begins as '417'"),
        (EXAMPLE.replace("IEA*2*000000417", "IEA*2*000000999"), "the interchange begins as '000000417'"),
        (EXAMPLE.replace("IEA*2*000000417~\n", ""), "the interchange does not end with IEA"),
        (EXAMPLE[: EXAMPLE.index("*PO-55013")], "the transaction set does not end with SE"),
        (EXAMPLE.replace("GE*2*417~\n", ""), "the functional group does not end with GE"),
        (EXAMPLE.replace("GE*2*417~\n", "GE*2*417~\nREF*ZZ*1~\n"), "a segment outside of any document"),
        (EXAMPLE + "and more", "an interchange begins with ISA"),
        (EXAMPLE.replace("*", "A"), "cannot separate elements"),
        ("ISA*00", "the interchange header has 16 elements"),
    ],
)
def test_what_is_wrong_with_the_envelope_is_told_and_what_is_whole_is_taken(document: str, reason: str) -> None:
    results = read(document)
    assert any(isinstance(result, Refusal) and reason in result.reason for result in results), results
    if document.startswith("ISA*00*"):
        assert isinstance(results[0], Accepted)


def test_a_segment_without_end_is_not_read_into_memory() -> None:
    endless = EXAMPLE[: EXAMPLE.index("~\nCUR")].encode() + b"x" * 1_000_000
    stream = io.BytesIO(endless)
    results = list(X12().read(stream, "orders.x12"))
    assert "does not end" in "; ".join(result.reason for result in results if isinstance(result, Refusal))
    assert stream.tell() < 300_000
