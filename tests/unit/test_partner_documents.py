"""What orders and settlements have to say reaches each partner once, in the format agreed with them."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from pydifact.segmentcollection import Interchange

from connectors.base import Refusal
from connectors.partners.book import Address, Format, Partner, load_partners
from connectors.partners.delivering import Delivered, Delivery, written
from connectors.partners.ledger import Ledger
from connectors.partners.saying import NOTHING_TOLD, UnwritableError, despatch_of, response_to
from connectors.x12.reader import X12
from hub.codec import Codec
from hub.domain.effects import SettlementRecorded
from hub.domain.invoicing import Invoice, invoice_of
from hub.domain.model import Adjustment, Frozen, LineChange, OrderAdjustment
from hub.errors import ConfigError
from hub.runtime.spec import Record
from hub.topics import CREDIT_STATE, ORDERS_STATE, SETTLEMENTS
from tests.support.fetched import record
from tests.support.official import broken_in_ordering, schema_errors
from tests.support.orders import CUSTOMER, ORDER, START, Story, line
from tests.support.settlements import BUYER, SELLER

CODEC = Codec.load()
EXAMPLES = Path(__file__).parents[2] / "examples"


def partner(format_: Format = "x12", **fields: object) -> Partner:
    us, them = {
        "x12": (Address("ZZ", "ORDERHUB"), Address("01", "061234567")),
        "edifact": (Address("14", "4012345000009"), Address("14", "4098765000010")),
        "ubl": (Address("0088", "4012345000009"), Address("0192", "974763907")),
    }[format_]
    return Partner(customer_id=CUSTOMER, format=format_, us=us, them=them, **fields)  # type: ignore[arg-type]


def two_lines() -> Story:
    story = Story()
    story.place(line(quantity="10.5"), line("2", "ST-2*~'+", 4, unit="H87", base_quantity=Decimal(100)))
    return story


def records(story: Story) -> Iterator[Record]:
    """The order as it stands, its settlements and its customer's account, as Kafka would bring them."""

    def one(offset: int, topic: str, key: str, value: Frozen) -> Record:
        return record(offset, key.encode(), CODEC.encode(value), topic=topic)

    yield one(1, ORDERS_STATE, ORDER, story.order)
    for offset, settled in enumerate(story.sent(SettlementRecorded)):
        yield one(offset, SETTLEMENTS, ORDER, settled)
    assert story.account
    yield one(1, CREDIT_STATE, CUSTOMER, story.account)


class Desk:
    """A delivery to one partner, and everything that came of it."""

    def __init__(self, out: Path, to: Partner) -> None:
        self._out = out
        self._partners = {to.customer_id: to}

    def say(self, batch: Sequence[Record]) -> list[Delivered]:
        with Ledger(self._out / "ledger.sqlite3") as ledger:
            return list(Delivery(self._out, self._partners, SELLER, CODEC, ledger).said(batch))


def x12(raw: bytes) -> list[list[str]]:
    return [segment.strip().split("*") for segment in raw.decode("latin-1").split("~") if segment.strip()]


def well_formed_x12(raw: bytes) -> bool:
    """Whether counts and control numbers agree: nothing but the kind of set is said against it."""
    refusals = [each for each in X12().read(io.BytesIO(raw), "x") if isinstance(each, Refusal)]
    return [each.reason.count("is none of the transaction sets") for each in refusals] == [1]


def edifact(raw: bytes) -> list[list[object]]:
    """The segments as pydifact reads them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (message,) = Interchange.from_str(raw.decode("latin-1")).get_messages()
    return [[segment.tag, *segment.elements] for segment in message.segments]


def test_an_order_is_answered_when_it_is_confirmed_and_not_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path, partner())
    story = two_lines()
    (answer,) = desk.say([*records(story)])
    assert (answer.kind, answer.outcome) == ("response", "written")
    assert answer.path == tmp_path / CUSTOMER / "000000001-855.x12"
    assert desk.say([*records(story)]) == []
    story.report("logistics", "accepted")
    assert desk.say([*records(story)]) == [], "it stands as it was answered"


def test_an_855_says_line_by_line_what_will_be_delivered() -> None:
    story = two_lines()
    story.command("close-short", "2")
    said = response_to(story.order, START)
    assert said
    raw = written(said, partner(test=True), 7)
    assert well_formed_x12(raw)
    assert x12(raw)[2:-3] == [
        ["ST", "855", "0001"],
        ["BAK", "00", "AC", "PO-1", "20250303", "", "", "", "ORD-1", "20250303"],
        ["CUR", "SE", "EUR"],
        ["N1", "ST", "Weserland"],
        ["N3", "Hafenstrasse 12"],
        ["N4", "Bremen", "", "28217", "DE"],
        ["PO1", "1", "10.5", "EA", "10", "PE", "VN", "ST-1"],
        ["PID", "F", "", "", "", "Item ST-1"],
        ["ACK", "IA", "10.5", "EA"],
        ["PO1", "2", "4", "PC", "10", "HP", "VN", "ST-2  '+"],
        ["PID", "F", "", "", "", "Item ST-2  '+"],
        ["ACK", "IR", "4", "PC"],
        ["CTT", "2"],
    ]
    assert raw.startswith(b"ISA*00*          *00*          *ZZ*ORDERHUB       *01*061234567      *250303*0800*U*00401*")
    assert b"*000000007*0*T*>~\nGS*PR*ORDERHUB*061234567*20250303*0800*7*X*004010~\n" in raw


def test_what_is_shipped_is_advised_once_however_often_and_in_what_parts(tmp_path: Path) -> None:
    desk = Desk(tmp_path, partner(documents=("despatch",)))
    story = two_lines()
    story.report("logistics", "accepted")
    assert desk.say([*records(story)]) == []
    story.report("logistics", "shipped", {"1": "4.5"})
    (first,) = desk.say([*records(story)])
    story.report("logistics", "shipped", {"1": 6, "2": 1})
    story.report("logistics", "shipped", {"2": 3})
    (second,) = desk.say([*records(story)])
    assert desk.say([*records(story)]) == []
    shipped = [
        [(each[1], each[2], each[3]) for each in x12(told.path.read_bytes()) if each[0] == "SN1"]
        for told in (first, second)
    ]
    assert shipped == [[("1", "4.5", "EA")], [("1", "6", "EA"), ("2", "4", "PC")]]
    assert well_formed_x12(first.path.read_bytes())
    hierarchy = [each[1:] for each in x12(second.path.read_bytes()) if each[0] == "HL"]
    assert hierarchy == [["1", "", "S"], ["2", "1", "O"], ["3", "2", "I"], ["4", "2", "I"]]


def test_a_crash_between_a_document_and_its_being_remembered_leaves_the_same_document(tmp_path: Path) -> None:
    story = two_lines()
    with Ledger(tmp_path / "ledger.sqlite3") as ledger:
        delivery = Delivery(tmp_path, {CUSTOMER: partner()}, SELLER, CODEC, ledger)
        first = next(delivery.said([*records(story)]))  # and the process ends here
    raw = first.path.read_bytes()
    (again,) = Desk(tmp_path, partner()).say([*records(story)])
    assert (again.path, again.outcome) == (first.path, "kept")
    first.path.unlink()  # fetched by the partner, or never written
    with Ledger(tmp_path / "other.sqlite3") as ledger:
        (anew,) = Delivery(tmp_path, {CUSTOMER: partner()}, SELLER, CODEC, ledger).said([*records(story)])
    assert anew.path.read_bytes() == raw


def settled(story: Story) -> Invoice:
    made = invoice_of(story.sent(SettlementRecorded)[-1], SELLER, BUYER)
    assert isinstance(made, Invoice), made
    return made


def delivered() -> Story:
    story = Story()
    story.place(line(quantity=3, discount_percent=Decimal(5)), line("2", "ST-2", 4, vat_rate=Decimal(7)))
    story.report("logistics", "accepted")
    story.report("logistics", "shipped")
    story.report("logistics", "delivered")
    return story


def test_an_810_comes_to_the_settlement() -> None:
    story = delivered()
    invoice = settled(story)
    raw = written(invoice, partner(), 9)
    assert well_formed_x12(raw)
    segments = x12(raw)
    assert ["BIG", "20250303", invoice.settlement.settlement_id, "", "PO-1", "", "", "DI"] in segments
    assert [each[1:7] for each in segments if each[0] == "IT1"] == [
        ["1", "3", "EA", "10", "PE", "VN"],
        ["2", "4", "EA", "10", "PE", "VN"],
    ]
    assert ["SAC", "A", "C310", "", "", "150"] in segments
    # 28.50 + 40.00 = 68.50; 19% of 28.50 is 5.415, up to 5.42; 7% of 40.00 is 2.80.
    assert ["TDS", "7672", "6850"] in segments
    assert sorted(each[2:] for each in segments if each[:2] == ["TXI", "VA"] and each[2]) == [
        ["2.8", "7"],
        ["5.42", "19"],
    ]


def test_an_invoic_comes_to_the_settlement_as_pydifact_reads_it() -> None:
    invoice = settled(delivered())
    segments = edifact(written(invoice, partner("edifact"), 9))
    assert ["BGM", "380", invoice.settlement.settlement_id, "9"] in segments
    amounts = {each[1][0]: each[1][1] for each in segments if each[0] == "MOA"}  # type: ignore[index]
    assert {code: amounts[code] for code in ("79", "77", "9")} == {"79": "68.5", "77": "76.72", "9": "76.72"}
    assert ["NAD", "BY", ["C-1", "", "91"], "", "Weserland Anlagenbau <&> Söhne", "Hafenstrasse 12", "Wien", "", "1010", "AT"] in segments  # fmt: skip # noqa: E501
    assert ["CNT", ["2", "2"]] in segments


def charged() -> Story:
    """Two pieces at 10.00 with engraving, 3.00 for freight and 5% off; VAT 19%."""
    story = Story()
    engraving = Adjustment("charge", amount=Decimal("1.50"), reason="Engraving")
    freight = OrderAdjustment("charge", amount=Decimal(3), reason="By van", reason_code="FC")
    story.place(line(quantity=2, adjustments=(engraving,)), discount_percent=Decimal(5), adjustments=(freight,))
    return story


def test_what_is_charged_and_allowed_stands_on_an_810_and_an_855() -> None:
    story = charged()
    answer = response_to(story.order, START)
    assert answer
    blank = [""] * 7
    ordered = [each for each in x12(written(answer, partner(), 8)) if each[0] == "SAC"]
    assert ordered == [
        ["SAC", "A", "C310", "", "", "", "Z", "5"],
        ["SAC", "C", "D240", "", "", "300", *blank, "", "", "By van"],
        ["SAC", "C", "ZZZZ", "", "", "150", *blank, "", "", "Engraving"],
    ]
    for kind in ("accepted", "shipped", "delivered"):
        story.report("logistics", kind)
    billed = x12(written(settled(story), partner(), 9))
    assert [each for each in billed if each[0] == "SAC"] == [
        ordered[2],
        ["SAC", "A", "C310", "", "", "108", "Z", "5"],
        ordered[1],
    ]
    # 21.50 less 1.08 and 3.00 more are 23.42; 19% of it is 4.4498.
    assert ["TDS", "2787", "2150"] in billed


def test_what_is_charged_and_allowed_stands_on_an_invoic_and_an_ordrsp() -> None:
    story = charged()
    answer = response_to(story.order, START)
    assert answer
    said = edifact(written(answer, partner("edifact"), 8))
    assert [each[1:] for each in said if each[0] in {"ALC", "PCD", "MOA"}] == [
        ["A", "", "", "", "95"],
        [["3", "5"]],
        ["C", "", "", "", ["FC", "", "", "By van"]],
        [["8", "3"]],
        ["C", "", "", "", ["", "", "", "Engraving"]],
        [["8", "1.5"]],
    ]
    for kind in ("accepted", "shipped", "delivered"):
        story.report("logistics", kind)
    billed = edifact(written(settled(story), partner("edifact"), 9))
    amounts = [each[1] for each in billed if each[0] == "MOA"]
    assert amounts[:4] == [["8", "1.08"], ["8", "3"], ["203", "21.5"], ["8", "1.5"]]
    assert all(each in amounts for each in (["79", "21.5"], ["125", "23.42"], ["77", "27.87"]))


def test_an_ordrsp_and_a_desadv_say_the_same_as_pydifact_reads_them() -> None:
    story = two_lines()
    answer = response_to(story.order, START)
    assert answer
    said = edifact(written(answer, partner("edifact"), 3))
    assert said[:3] == [["BGM", "231", "3", "29"], ["DTM", ["137", "20250303", "102"]], ["RFF", ["ON", "PO-1"]]]
    assert [each[1:3] for each in said if each[0] == "LIN"] == [["1", "5"], ["2", "5"]]
    assert ["PIA", "5", ["ST-2*~'+", "SA"]] in said
    assert ["QTY", ["113", "10.5", "C62"]] in said
    story.report("logistics", "accepted")
    story.report("logistics", "shipped", {"2": 3})
    advice = despatch_of(story.order, NOTHING_TOLD, START)
    assert advice
    told = edifact(written(advice, partner("edifact"), 4))
    assert [each[1:] for each in told if each[0] in {"LIN", "QTY"}] == [["2"], [["12", "3", "PCE"]]]


@pytest.mark.parametrize("answer", ["accepted", "changed", "rejected"])
def test_an_order_response_is_valid_ubl_and_meets_peppol_s_rules(answer: str) -> None:
    story = two_lines()
    if answer == "changed":
        story.command("close-short", "2")
        story.change(1, LineChange("change", "1", line(quantity=7)))
    elif answer == "rejected":
        story.cancel("no longer needed")
    said = response_to(story.order, START)
    assert said
    assert said.answer == answer
    raw = written(said, partner("ubl"), 12)
    assert schema_errors(raw) == []
    assert broken_in_ordering(raw, "T76") == set()


def test_a_cancelled_order_is_answered_as_rejected(tmp_path: Path) -> None:
    story = two_lines()
    desk = Desk(tmp_path, partner(documents=("response",)))
    desk.say([*records(story)])
    story.cancel()
    (told,) = desk.say([*records(story)])
    assert x12(told.path.read_bytes())[3][::2][:2] == ["BAK", "RD"]


def test_a_dry_run_writes_and_remembers_nothing(tmp_path: Path) -> None:
    story, ledger = two_lines(), tmp_path / "ledger.sqlite3"
    for _ in range(2):
        with Ledger(ledger, forget=True) as kept:
            (said,) = Delivery(tmp_path, {CUSTOMER: partner()}, SELLER, CODEC, kept, dry_run=True).said(
                [*records(story)]
            )
        assert said.outcome == "written"
    assert [*tmp_path.iterdir()] == []


def test_what_a_format_cannot_say_is_refused_with_the_reason(tmp_path: Path) -> None:
    story = Story()
    story.customer(currency="KWD")
    story.place(currency="KWD")
    story.report("logistics", "accepted")
    story.report("logistics", "shipped")
    story.report("logistics", "delivered")
    with pytest.raises(UnwritableError, match="KWD has 3"):
        written(settled(story), partner(), 1)
    said = Desk(tmp_path, partner(documents=("invoice",))).say([*records(story)])
    assert [each.outcome for each in said] == ["refused"]
    assert "810 has two decimals" in said[0].path.read_text()


def test_a_customer_who_is_no_partner_gets_nothing(tmp_path: Path) -> None:
    other = Partner(customer_id="C-2", format="x12", us=Address("ZZ", "A"), them=Address("ZZ", "B"))
    assert Desk(tmp_path, other).say([*records(delivered())]) == []


def test_two_processes_cannot_write_to_one_ledger(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite3"), pytest.raises(ConfigError, match="only one process"):
        Ledger(tmp_path / "ledger.sqlite3").__enter__()


def test_the_example_partners_are_read() -> None:
    assert [each.format for each in load_partners(EXAMPLES / "partners.yaml").values()] == ["x12", "edifact", "ubl"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("format: x12 ", "format: x13 ", r"partners.yaml, line 4: partners\[0\].format: Invalid enum value 'x13'"),
        (
            "us: {qualifier: ZZ,",
            "us: {qualifer: ZZ,",
            r"partners.yaml, line 5: partners\[0\].us: Object contains unknown",
        ),
        ("format: ubl", "format: ubl\n    documents: [despatch]", "ubl has no despatch here"),
        ("0088:4098765000010", "0060:061234567", "customer 0060:061234567 stands there twice"),
        ("test: false", "test: false\n    test: true", "partners.yaml, line 9: test is given twice"),
        ("partners:", "partners: [", "is not YAML"),
    ],
)
def test_a_mistake_in_the_partners_file_is_named_by_line_and_field(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    text = (EXAMPLES / "partners.yaml").read_text()
    assert old in text
    path = tmp_path / "partners.yaml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ConfigError, match=said):
        load_partners(path)
