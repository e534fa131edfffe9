"""EDIFACT orders and changes become events; what is wrong is refused by segment and element, and a CONTRL says so."""

from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.base import Accepted, Read, Receipt, Refusal
from connectors.defaults import NO_DEFAULTS, Defaults, Vat
from connectors.edifact.reader import Edifact
from connectors.ubl import UblOrders
from hub.domain.events import OrderCancelled, OrderChanged, OrderPlaced
from hub.domain.model import Address, OrderAdjustment, OrderLine

EXAMPLES = Path(__file__).parents[2] / "examples"
EXAMPLE = (EXAMPLES / "orders.edi").read_text()


def counted(document: str) -> str:
    """The document with the segment count of each message as it is."""

    def count(found: re.Match[str]) -> str:
        segments = len(re.findall(r"(?<!\?)'", found[0]))
        return re.sub(r"UNT\+\d+", f"UNT+{segments}", found[0])

    return re.sub(r"UNH\+.*?UNT\+\d+\+\d+'", count, document, flags=re.DOTALL)


def changed(*pairs: tuple[str, str]) -> str:
    """The example with each first text replaced by the second at its first place, its counts made right."""
    document = EXAMPLE
    for old, new in pairs:
        assert old in document, f"the example no longer holds {old!r}"
        document = document.replace(old, new, 1)
    return counted(document)


def read(document: str | bytes, defaults: Defaults = NO_DEFAULTS) -> list[Read]:
    raw = document if isinstance(document, bytes) else document.encode("latin-1")
    return list(Edifact(defaults).read(io.BytesIO(raw), "orders.edi"))


def order(document: str | bytes, defaults: Defaults = NO_DEFAULTS) -> OrderPlaced:
    result = read(document, defaults)[0]
    assert isinstance(result, Accepted), result
    assert isinstance(result.event, OrderPlaced)
    return result.event


def refused(document: str) -> str:
    result = read(document)[0]
    assert isinstance(result, Refusal), result
    return result.reason


def acknowledged(document: str) -> list[str]:
    receipt = read(document)[-1]
    assert isinstance(receipt, Receipt), receipt
    return receipt.raw.decode("latin-1").replace("\n", "").split("'")


def test_an_order_is_read_whole() -> None:
    found = order(EXAMPLE)
    assert found == OrderPlaced(
        event_id=found.event_id,
        source="edifact:0088:4098765000010",
        occurred_at=datetime(2026, 3, 2, tzinfo=UTC),
        order_id="0088:4098765000010/PO-2026-0417",
        customer_id="0088:4098765000010",
        purchase_order="PO-2026-0417",
        currency="EUR",
        lines=(
            OrderLine(
                line_id="1",
                item_id="MK-BRACKET-20",
                description="Bearing bracket, galvanised",
                quantity=Decimal(400),
                unit="H87",
                price=Decimal(270),
                base_quantity=Decimal(100),
                discount_percent=Decimal(5),
                vat_category="S",
                vat_rate=Decimal(19),
            ),
            OrderLine(
                line_id="2",
                item_id="4098765001239",
                description="Primer",
                quantity=Decimal("120.5"),
                unit="KGM",
                price=Decimal("6.65"),
                base_quantity=Decimal(1),
                discount_percent=Decimal(0),
                vat_category="S",
                vat_rate=Decimal(19),
                requested_delivery=date(2026, 3, 18),
            ),
        ),
        deliver_to=Address("Weserland Anlagenbau, Lager Nord", "Industrieweg 7, Tor 3", "Bremerhaven", "27568", "DE"),
        discount_percent=Decimal(2),
        requested_delivery=date(2026, 3, 20),
        seller_id="0088:4012345000009",
        locale="de",
        note="Bitte an Tor 3 anliefern: Herr O'Neill",
    )


def test_the_same_order_in_edifact_and_ubl_is_about_the_same_order_of_the_same_customer() -> None:
    (same,) = UblOrders().read(io.BytesIO((EXAMPLES / "order.xml").read_bytes()), "order.xml")
    assert isinstance(same, Accepted)
    assert isinstance(same.event, OrderPlaced)
    ours = order(EXAMPLE)
    assert (ours.order_id, ours.customer_id, ours.seller_id) == (
        same.event.order_id,
        same.event.customer_id,
        same.event.seller_id,
    )


def test_other_separators_and_no_advice_are_read_alike() -> None:
    plain = EXAMPLE.partition("\n")[2]
    assert order(plain).event_id == order(EXAMPLE).event_id
    other = EXAMPLE.replace("?:", "%:").replace("?'", "%'").replace(":+.? '", ":+.% '")
    other = other.replace("%:", "\x01").replace(":", "|").replace("\x01", ":")
    assert order(other).event_id == order(EXAMPLE).event_id


def test_letters_are_those_of_the_character_set_the_interchange_names() -> None:
    umlaut = changed(("Hafenstrasse", "Hafenstraße"), ("Industrieweg", "Straße"))
    assert order(umlaut.encode("latin-1")).deliver_to.street.startswith("Straße")
    assert order(umlaut.replace("UNOC", "UNOY").encode()).deliver_to.street.startswith("Straße")


def test_a_change_is_a_revision_with_its_lines() -> None:
    result = read(EXAMPLE)[1]
    assert isinstance(result, Accepted)
    event = result.event
    assert isinstance(event, OrderChanged)
    assert (event.order_id, event.revision) == (order(EXAMPLE).order_id, 1)
    assert [(each.action, each.line_id) for each in event.changes] == [("change", "1"), ("delete", "2")]
    line = event.changes[0].line
    assert line
    assert (line.quantity, line.price) == (500, Decimal("2.565"))


RFF = "RFF+ON:PO-2026-0417'"
PLACE = "NAD+DP+4098765000034::9++Weserland Anlagenbau+Kaistrasse 9+Emden++26723+DE'"
NO_LINES = (("LIN+1+3+", "LIN+1+4+"), ("LIN+2+2'", "LIN+2+4'"))


def change(*segments: str, lines: bool = True) -> Read:
    return read(changed((RFF, "\n".join((RFF, *segments))), *(() if lines else NO_LINES)))[1]


def amended(*segments: str, lines: bool = True) -> OrderChanged:
    result = change(*segments, lines=lines)
    assert isinstance(result, Accepted), result
    assert isinstance(result.event, OrderChanged)
    return result.event


def test_a_change_may_say_where_the_order_goes_and_when_it_is_wanted() -> None:
    event = amended("DTM+2:20260402:102'", PLACE)
    assert event.deliver_to == Address("Weserland Anlagenbau", "Kaistrasse 9", "Emden", "26723", "DE")
    assert event.requested_delivery == date(2026, 4, 2)
    assert len(event.changes) == 2
    for code in ("2", "63", "64", "69"):
        alone = amended(f"DTM+{code}:20260402:102'", lines=False)
        assert (alone.changes, alone.deliver_to, alone.requested_delivery) == ((), None, date(2026, 4, 2))
    alone = amended(PLACE.replace("+DP+", "+ST+"), lines=False)
    assert (alone.changes, alone.deliver_to, alone.requested_delivery) == ((), event.deliver_to, None)


def test_the_address_that_the_order_was_placed_with_is_read_as_the_same_and_the_buyer_s_own_as_none() -> None:
    place = re.search(r"NAD\+DP.*?'", EXAMPLE)
    assert place
    assert amended(place[0]).deliver_to == order(EXAMPLE).deliver_to
    buyer = "NAD+IV+4098765000010::9++Weserland Anlagenbau+Hafenstrasse 12+Bremen++28217+DE'"
    assert amended(buyer).deliver_to is None


@pytest.mark.parametrize("kept", ["RFF+CT:77'\nDTM+171:20260101:102'", "NAD+SU+4012345000009::9'", "CTA+OC+:Jo'"])
def test_what_changes_nothing_of_an_order_may_stand_in_a_change(kept: str) -> None:
    event = amended(kept)
    assert event.changes == amended().changes
    assert (event.deliver_to, event.requested_delivery, event.adjustments) == (None, None, None)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("PAT+1++5:3:D:30'", "PAT (segment 5, line 37): terms of payment: the hub takes no change of it; leave it out"),
        ("TOD+3++EXW'", "TOD (segment 5, line 37): terms of delivery: the hub takes no change of it"),
        ("TDT+20++30'", "TDT (segment 5, line 37): transport: the hub"),
        ("TAX+7+VAT+++:::7+S'", "TAX (segment 5, line 37): tax of the whole order: the hub"),
        ("ALI+DE'", "ALI (segment 5, line 37): conditions: the hub"),
        ("EQD+CN'", "EQD (segment 5, line 37): the hub takes no change of it"),
        ("DTM+61:20260501:102'", "DTM element 1.1 (segment 5, line 37): date '61': the hub takes no change of it"),
        ("NAD+CA+1::9'", "NAD element 1 (segment 5, line 37): party 'CA': the hub takes no change of it"),
        (
            "NAD+IV+4098765000099::9'",
            "NAD element 2.1 (segment 5, line 37): who is billed is not the customer, 0088",
        ),
        (f"{PLACE}\n{PLACE}", "NAD element 1 (segment 6, line 38): an order is delivered to one place; send an order"),
        (PLACE.replace("+DE'", "'"), "NAD element 9 (segment 5, line 37): the address has no country; add one or"),
        ("DTM+2:20260231:102'", "DTM element 1.2 (segment 5, line 37): '20260231' is not a date"),
    ],
)
def test_what_of_the_order_as_a_whole_cannot_be_changed_is_refused_by_name(more: str, said: str) -> None:
    result = change(more)
    assert isinstance(result, Refusal), result
    assert said in result.reason


def test_a_change_may_have_what_is_allowed_and_charged_from_now_on() -> None:
    event = amended(
        "CUX+2:EUR:9'", "ALC+A+++1'", "PCD+1:3'", "ALC+C++++FC'", "MOA+8:12'", "TAX+7+VAT+++:::19+S'", lines=False
    )
    assert (event.changes, event.discount_percent, event.deliver_to) == ((), 3, None)
    (freight,) = event.adjustments or ()
    assert (freight.kind, freight.amount, freight.reason_code, freight.vat_rate) == ("charge", 12, "FC", 19)


def test_a_change_is_in_the_currency_it_names_if_it_names_one() -> None:
    assert amended().currency == "EUR"
    unnamed = re.sub(r"(UNH\+2.*)CUX\+2:EUR:9'\n", r"\1", EXAMPLE, flags=re.DOTALL)
    result = read(counted(unnamed), Defaults(currency="SEK"))[1]
    assert isinstance(result, Accepted), result
    assert isinstance(result.event, OrderChanged)
    assert result.event.currency == ""


def test_a_change_that_names_nothing_that_changes_is_refused() -> None:
    result = change(lines=False)
    assert isinstance(result, Refusal)
    assert "the change names nothing that changes: no line (LIN), delivery address, date" in result.reason


def test_a_change_of_function_1_cancels_the_order() -> None:
    result = read(changed(("C1::1+4", "C1+1")))[1]
    assert isinstance(result, Accepted)
    assert isinstance(result.event, OrderCancelled)
    assert result.event.order_id == order(EXAMPLE).order_id


def test_a_net_price_includes_the_line_s_allowances_and_a_gross_price_does_not() -> None:
    assert order(changed(("PRI+AAB:270", "PRI+AAA:256.5"))).lines[0].discount_percent == 0
    assert order(EXAMPLE).lines[0].discount_percent == 5


@pytest.mark.parametrize(
    ("party", "customer_id"),
    [
        ("NAD+BY+K-4711::91'", "K-4711"),
        ("NAD+BY+061234567::16'", "0060:061234567"),
        ("NAD+BY+LAGER7::92'", "0088:4098765000010"),
        ("", "0088:4098765000010"),
    ],
)
def test_the_customer_is_our_number_a_global_one_or_the_sender(party: str, customer_id: str) -> None:
    buyer = "NAD+BY+4098765000010::9++Weserland Anlagenbau+Hafenstrasse 12+Bremen++28217+DE'"
    assert order(changed((buyer, party))).customer_id == customer_id


def test_what_an_order_leaves_open_is_refused_or_filled_in_and_told() -> None:
    place = "NAD+DP+4098765000027::9++Weserland Anlagenbau:Lager Nord+Industrieweg 7:Tor 3+Bremerhaven++27568+DE'"
    bare = changed(
        ("CUX+2:EUR:9'\n", ""),
        (place, "NAD+DP+4098765000027::9'"),
        ("TAX+7+VAT+++:::19+S'\n", ""),
        (":400:PCE", ":400"),
        ("100:PCE", "100"),
    )
    assert "--currency USD" in refused(bare)
    result = read(bare, Defaults(Vat("S", Decimal(7)), "EUR", "DE"))[0]
    assert isinstance(result, Accepted)
    assert result.assumed == (
        "currency EUR; the order names none",
        "pieces (C62) for line 1, whose quantity has no unit",
        "VAT S 7% for line 1, which says nothing of it",
        "delivery to location 4098765000027; the order has no address for it",
        "country DE of the delivery address, which names none",
    )


LINE = "ALC+A+++1'\nPCD+1:5'"


@pytest.mark.parametrize(
    ("groups", "amount", "discount", "adjustments"),
    [
        ("ALC+C++6++FC:::Fracht'\nMOA+23:12.50'", "1092.5", 0, [("charge", "12.50", None, "Fracht", "FC")]),
        ("ALC+C++++IS'\nPCD+2:1'\nMOA+8:10.80'", "1090.8", 0, [("charge", None, "1", "", "IS")]),
        ("ALC+C+FC'\nRTE+1:2:100:PCE'", "1088", 0, [("charge", "8.00", None, "", "FC")]),
        ("ALC+A++++DI'\nMOA+204:3.33'", "1076.67", 0, [("allowance", "3.33", None, "", "95")]),
        ("ALC+A+++1+TD'\nPCD+1:10'\nALC+A+++2+TD'\nPCD+1:5'", "923.4", 10, [("allowance", None, "5", "", "95")]),
        ("ALC+N'", "1080", 0, []),
    ],
)
def test_what_a_line_allows_and_charges_is_taken_as_amount_percentage_or_rate(
    groups: str, amount: str, discount: int, adjustments: list[tuple[str, str | None, str | None, str, str]]
) -> None:
    read = order(changed((LINE, groups), ("MOA+203:1026", f"MOA+203:{amount}"), ("MOA+79:1827.33'\n", "")))
    (line, _) = read.lines
    assert line.discount_percent == discount
    found = [(each.kind, each.amount, each.percent, each.reason, each.reason_code) for each in line.adjustments]
    decimals = [
        (kind, by and Decimal(by), percent and Decimal(percent), *named) for kind, by, percent, *named in adjustments
    ]
    assert found == decimals


def test_a_net_price_has_its_charges_in_it_unless_the_amount_of_the_line_says_not() -> None:
    charge = "PRI+AAA:6.65'\nALC+C++++FC'\nMOA+8:10'"
    without = read(changed(("PRI+AAA:6.65'", charge), ("MOA+79:1827.33'\n", "")))[0]
    assert isinstance(without, Accepted)
    assert isinstance(without.event, OrderPlaced)
    assert without.event.lines[1].adjustments == ()
    assert without.assumed == ("the net price of line 2 has its charges in it",)
    added = changed(("PRI+AAA:6.65'", "MOA+203:811.33'\n" + charge), ("MOA+79:1827.33", "MOA+79:1837.33"))
    assert [each.amount for each in order(added).lines[1].adjustments] == [10]


def test_what_the_whole_order_charges_is_taken_with_its_vat() -> None:
    groups = "ALC+A+++1'\nPCD+1:2'\nALC+C++++FC:::By van'\nMOA+8:25'\nTAX+7+VAT+++:::7+S'"
    read = order(changed(("ALC+A+++1'\nPCD+1:2'", groups), ("UNS+S'", "UNS+S'\nMOA+125:1815.78'\nMOA+86:2157.78'")))
    assert read.adjustments[-1] == OrderAdjustment(
        "charge",
        amount=Decimal(25),
        reason="By van",
        reason_code="FC",
        vat_category="S",
        vat_rate=Decimal(7),
    )


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("QTY+21:400:PCE", "QTY+21:-4:PCE", "QTY element 1.2 (segment 15, line 17): the ordered quantity is -4"),
        ("QTY+21:400:PCE", "QTY+21:x:PCE", "QTY element 1.2 (segment 15, line 17): 'x' is not a number"),
        ("QTY+21:400:PCE", "QTY+12:400:PCE", "LIN (segment 12, line 14): the line has no quantity (QTY+21)"),
        ("PRI+AAB", "PRI+INF", "LIN (segment 12, line 14): the line has no price (PRI+AAA)"),
        ("100:PCE'", "100:KGM'", "PRI element 1.6 (segment 17, line 19): the price is per KGM"),
        ("MOA+203:1026", "MOA+203:1062", "MOA element 1.2 (segment 16, line 18): the line says 1062, but it comes to"),
        ("MOA+79:1827.33", "MOA+79:1872.33", "MOA element 1.2 (segment 28, line 30): the order says 1872.33"),
        ("CNT+2:2", "CNT+2:3", "CNT element 1.2 (segment 29, line 31): there are 2 lines, not 3"),
        ("CUX+2:EUR", "CUX+2:XYZ", "CUX element 1.2 (segment 9, line 11): 'XYZ' is not an active currency"),
        ("137:20260302:102", "137:20260231:102", "DTM element 1.2 (segment 3, line 5): '20260231' is not a date"),
        ("BGM+220", "BGM+231", "BGM element 1 (segment 2, line 4): order type '231' is not an order"),
        ("0417+9", "0417+5", "BGM element 3 (segment 2, line 4): an order of function '5' is no new one"),
        ("ALC+A", "ALC+X", "ALC element 1 (segment 10, line 12): 'X' is neither an allowance (A) nor a charge (C)"),
        ("ALC+A+++1", "ALC+A++1+1", "ALC element 3 (segment 10, line 12): it is settled by other means"),
        ("ALC+A+++1'\nPCD+1:2'", "ALC+A+++1'", "ALC (segment 10, line 12): it needs its percentage (PCD), amount"),
        ("PCD+1:2'", "PCD+1:2'\nMOA+8:10'", "(no reason given) says 10, but 2% of 1827.33 is 36.55; ask the"),
        ("PCD+1:2'", "RTE+1:0.10'", "RTE (segment 11, line 13): a rate on the whole order needs the quantity"),
        ("MOA+79:1827.33'", "MOA+125:1827.33'", "the order says 1827.33, but it comes to 1790.78; ask the buyer"),
        ("PCD+1:2", "PCD+1:200", "PCD element 1.2 (segment 11, line 13): a percentage of 200 is not between 0"),
        (":::19+S", ":::0+S", "TAX element 6 (segment 18, line 20): VAT category 'S' with 0%"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_as_meant_is_refused_by_segment_and_element(old: str, new: str, reason: str) -> None:
    document = changed((old, new))
    assert reason in refused(document)
    assert isinstance(read(document)[1], Accepted), "the others go on"


def test_a_refused_document_is_kept_as_it_came() -> None:
    document = changed(("QTY+21:400", "QTY+21:0")).encode().replace(b"'\nDTM", b"'\r\n\r\nDTM")
    result = read(document)[0]
    assert isinstance(result, Refusal)
    assert result.raw == document[document.index(b"UNH+1") : document.index(b"\nUNH+2")]


def test_a_contrl_names_message_segment_element_and_code() -> None:
    assert acknowledged(changed(("QTY+21:400", "QTY+21:x"), ("PRI+AAA", "PRI+INF"))) == [
        "UNB+UNOC:3+4012345000009:14+4098765000010:14+260302:0915+417",
        "UNH+1+CONTRL:D:3:UN",
        "UCI+417+4098765000010:14+4012345000009:14+7",
        "UCM+1+ORDERS:D:96A:UN:EAN008+4",
        "UCS+15",
        "UCD+37+2:2",
        "UCS+21+13",
        "UCM+2+ORDCHG:D:96A:UN:EAN008+7",
        "UNT+8+1",
        "UNZ+1+417",
        "",
    ]


def test_a_contrl_is_not_answered_by_another() -> None:
    receipt = read(EXAMPLE)[-1]
    assert isinstance(receipt, Receipt)
    assert read(receipt.raw) == []


def test_a_contrl_that_does_not_accept_what_we_sent_is_told() -> None:
    (told,) = [each for each in read(changed(("QTY+21:400", "QTY+21:0"))) if isinstance(each, Receipt)]
    (refusal,) = read(told.raw)
    assert isinstance(refusal, Refusal)
    assert (
        refusal.reason == "UCM element 3 (segment 3, line 4): the receiver does not accept our ORDERS 1; ask them why"
    )


@pytest.mark.parametrize(
    ("old", "new", "reason", "code"),
    [
        ("UNT+30+1", "UNT+29+1", "the message has 30 segments, not '29'", "29"),
        ("UNT+30+1", "UNT+30+9", "the message begins as '1'", "28"),
        ("UNT+30+1'\n", "", "the message does not end with UNT", "13"),
        ("ORDERS:D", "INVOIC:D", "'INVOIC' is none of the messages taken in", "14"),
    ],
)
def test_an_envelope_that_does_not_agree_refuses_its_message(old: str, new: str, reason: str, code: str) -> None:
    document = EXAMPLE.replace(old, new, 1)
    assert reason in refused(document)
    assert any(said.startswith("UCM+1+") and said.endswith(f"+4+{code}") for said in acknowledged(document))


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (EXAMPLE.replace("UNZ+2", "UNZ+3"), "the interchange has 2 messages; send what is missing"),
        (EXAMPLE.replace("UNZ+2+417", "UNZ+2+418"), "the interchange begins as '417'"),
        (EXAMPLE.replace("UNZ+2+417'", ""), "the interchange does not end with UNZ"),
        (EXAMPLE[: EXAMPLE.index("LIN+2+2")], "the message does not end with UNT"),
        (EXAMPLE.replace("UNH+1+", "UNG+ORDERS+A+B+260302:0915+7+UN+D:96A'UNH+1+"), "the group does not end with UNE"),
        (EXAMPLE + "and more", "an interchange begins with UNB"),
        ("UNA:+.? A" + EXAMPLE[9:], "cannot separate components"),
        ("UNA:+", "the service string advice has 9 characters"),
    ],
)
def test_what_is_wrong_with_the_envelope_is_told_and_what_is_whole_is_taken(document: str, reason: str) -> None:
    results = read(document)
    assert any(isinstance(result, Refusal) and reason in result.reason for result in results), results
    if document.startswith("UNA:+.? '"):
        assert isinstance(results[0], Accepted)


def test_groups_are_read_and_answered() -> None:
    group = EXAMPLE.replace("UNH+1+", "UNG+ORDERS+A:14+B:14+260302:0915+7+UN+D:96A'UNH+1+")
    group = group.replace("UNZ+2+417'", "UNE+2+7'UNZ+1+417'")
    assert [type(result) for result in read(group)] == [Accepted, Accepted, Receipt]
    assert "UCF+7+A:14+B:14+7" in acknowledged(group)
