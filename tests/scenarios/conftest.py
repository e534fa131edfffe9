"""The words that scenarios are told in. The rules are those that come with the hub."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace
from pytest_bdd import parsers, step, then

from hub.domain.effects import CustomerNotified, SettlementRecorded, WorkOrderIssued
from hub.domain.events import OrderPlaced
from hub.domain.headline import headline, waits_for
from hub.domain.items import ItemUnit
from hub.domain.ledger import billed
from hub.domain.order import LineState
from hub.policy import load_policy
from hub.rules import load_reviewer, load_router
from tests.support.hubs import Hub, PureHub
from tests.support.kafka_hub import KafkaHub
from tests.support.scene import Row, Scene

Table = Sequence[Sequence[str]]
DEPARTMENT = "(?P<department>production|procurement|logistics)"
KIND = "(?P<kind>produced|received|shipped|delivered|returned)"
GOODS = r"(?P<goods>[\d.]+ \w+ of line \S+)"
PACK = r"(?P<pack>\w+ of \d+)"
TOLERANCE = r"(?P<tolerance>\d+ % short and \d+ % over)"
AMOUNT = r"(?P<amount>[\d.]+) (?P<currency>[A-Z]{3})"
ROLES = {
    "the order desk": "order-desk",
    "credit management": "credit-manager",
    "compliance": "compliance",
    "planning": "planning",
}
MADE: Mapping[str, Callable[[LineState], Decimal]] = {
    "ordered": lambda line: line.line.quantity,
    "made": lambda line: sum((part.made for part in line.allocations), Decimal(0)),
    "billed": billed,
}


@pytest.fixture(scope="module")
def kafka_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaHub]:
    """One broker and one worker for all scenarios."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")
        with KafkaHub(tmp_path_factory.mktemp("scenarios")) as hub:
            yield hub


@pytest.fixture(params=["core", pytest.param("kafka", marks=pytest.mark.kafka)], autouse=True)
def scene(request: pytest.FixtureRequest) -> Scene:
    """The scenario, told to the domain alone, and again to the hub on a real Kafka."""
    pure = request.param == "core"
    hub: Hub = PureHub(load_policy(), load_router(), load_reviewer()) if pure else request.getfixturevalue("kafka_hub")
    return Scene(hub)


def rows(table: Table) -> list[Row]:
    """A table's rows by the names of its columns."""
    head, *body = table
    return [dict(zip(head, row, strict=True)) for row in body]


def goods_of(text: str) -> Row:
    """`5 C62 of line 1` as the row of a table."""
    quantity, unit, _, _, line = text.split()
    return {"line": line, "quantity": quantity, "unit": unit}


# --- customers and what they do ------------------------------------------------------------------------


@step(parsers.re(rf'the customer "(?P<name>[^"]+)" with a credit limit of {AMOUNT}'))
def _customer(scene: Scene, name: str, amount: str, currency: str) -> None:
    scene.customer(name, amount, currency)


@step(parsers.re(rf'the customer "(?P<name>[^"]+)", who confirms each order, with a credit limit of {AMOUNT}'))
def _confirming_customer(scene: Scene, name: str, amount: str, currency: str) -> None:
    scene.customer(name, amount, currency, confirmation="required")


@step(parsers.re(rf'the item "(?P<item>[^"]+)" in (?P<unit>\w+), also counted in {PACK}, may come {TOLERANCE}'))
def _item(scene: Scene, item: str, unit: str, pack: str, tolerance: str) -> None:
    other, many = pack.split(" of ")
    under, over = (Decimal(percent) for percent in re.findall(r"\d+", tolerance))
    units = (ItemUnit(unit=other, quantity=Decimal(many)),)
    scene.item(item, unit=unit, units=units, under_delivery_percent=under, over_delivery_percent=over)


@step(parsers.parse('"{customer}" orders as "{order}":'))
def _orders(scene: Scene, customer: str, order: str, datatable: Table) -> None:
    scene.tell(scene.placed(order, customer, rows(datatable)))


@step("the next order is settled with each delivery")
def _per_delivery(scene: Scene) -> None:
    scene.agreed |= {"settlement": "per-delivery"}


@step("the next order allows and charges:")
def _agreed(scene: Scene, datatable: Table) -> None:
    scene.agreed |= {"adjustments": scene.adjustments(rows(datatable))}


@step("the buyer and the seller agree on:")
def _agree(scene: Scene, datatable: Table) -> None:
    scene.tell(scene.agree(rows(datatable)))


@step(parsers.parse('"{customer}" orders under the number "{number}" again, as "{order}":'))
def _orders_again(scene: Scene, customer: str, number: str, order: str, datatable: Table) -> None:
    scene.tell(scene.placed(order, customer, rows(datatable), purchase_order=number))


@step("the buyer amends the order:")
def _amends(scene: Scene, datatable: Table) -> None:
    scene.tell(scene.changed(rows(datatable)))


@step("the buyer cancels the order")
def _cancels(scene: Scene) -> None:
    scene.tell(scene.cancelled())


@step(parsers.parse('the buyer cancels "{order}"'))
def _cancels_another(scene: Scene, order: str) -> None:
    scene.tell(scene.cancelled(order_id=scene.id_of(order)))


@step(parsers.re(r"the buyer (?P<answer>confirms|declines) the order"))
def _confirms(scene: Scene, answer: str) -> None:
    scene.tell(scene.confirmed(accepted=answer == "confirms"))


@step(parsers.re(f"the buyer pays {AMOUNT}"))
def _pays(scene: Scene, amount: str, currency: str) -> None:
    scene.tell(scene.paid(amount, currency))


@step("the same message arrives again")
def _again(scene: Scene) -> None:
    scene.tell(*scene.told)


@step(parsers.parse("revision {revision:d} of the order arrives before revision {_before:d}:"))
def _amends_early(scene: Scene, revision: int, datatable: Table) -> None:
    scene.tell(replace(scene.changed(rows(datatable)), revision=revision))


@step(parsers.parse('an order "{order}" of "{customer}" that is still on its way:'), target_fixture="on_its_way")
def _on_its_way(scene: Scene, order: str, customer: str, datatable: Table) -> OrderPlaced:
    return scene.placed(order, customer, rows(datatable))


@step("the order arrives")
def _arrives(scene: Scene, on_its_way: OrderPlaced) -> None:
    scene.tell(on_its_way)


@step(parsers.parse('"{customer}" sends {count:d} orders at the same moment, each of:'), target_fixture="orders")
def _send_many(scene: Scene, customer: str, count: int, datatable: Table) -> list[str]:
    placed = [scene.placed(f"PO-{number}", customer, rows(datatable)) for number in range(count)]
    scene.tell(*placed)
    return [each.order_id for each in placed]


# --- departments and the order desk ----------------------------------------------------------------------


@step(parsers.re(f"{DEPARTMENT} accepts its work"))
def _accepts(scene: Scene, department: str) -> None:
    scene.tell(scene.reported(department, "accepted"))


@step(parsers.re(f'{DEPARTMENT} rejects its work: "(?P<reason>[^"]+)"'))
def _rejects(scene: Scene, department: str, reason: str) -> None:
    scene.tell(scene.reported(department, "rejected", reason=reason))


@step(parsers.re(f'{DEPARTMENT} rejects {GOODS}: "(?P<reason>[^"]+)"'))
def _rejects_some(scene: Scene, department: str, goods: str, reason: str) -> None:
    scene.tell(scene.reported(department, "rejected", [goods_of(goods)], reason=reason))


@step(parsers.re(f"{DEPARTMENT} has {KIND} {GOODS}"))
def _reports(scene: Scene, department: str, kind: str, goods: str) -> None:
    scene.tell(scene.reported(department, kind, [goods_of(goods)]))


@step(parsers.re(f"{DEPARTMENT} has {KIND}:"))
def _reports_lines(scene: Scene, department: str, kind: str, datatable: Table) -> None:
    scene.tell(scene.reported(department, kind, rows(datatable)))


@step(parsers.re(f"{DEPARTMENT} expects to be done in (?P<days>[0-9]+) days"))
def _expects(scene: Scene, department: str, days: str) -> None:
    expected = scene.hub.now + timedelta(days=int(days))
    scene.tell(scene.reported(department, "scheduled", expected_at=expected))


@step(parsers.re(r'"(?P<owner>[^"]+)" of (?P<desk>[a-z ]+) commands (?P<command>[^:]+(:\S+)?): "(?P<reason>[^"]+)"'))
def _commands(scene: Scene, owner: str, desk: str, command: str, reason: str) -> None:
    name, _, target = command.partition(" ")
    scene.tell(scene.commanded(name, target, owner=owner, role=ROLES[desk], reason=reason))


@step(parsers.parse("{days:d} days pass"))
def _days_pass(scene: Scene, days: int) -> None:
    scene.wait(days)


# --- what is seen ----------------------------------------------------------------------------------------


@then(parsers.parse("the order is {expected}"))
def _the_order_is(scene: Scene, expected: str) -> None:
    assert headline(scene.order) == expected


@then(parsers.re(r"(?P<one>\d+) of them are (?P<first>\S+) and the others are (?P<second>\S+)"))
def _they_are(scene: Scene, orders: list[str], one: str, first: str, second: str) -> None:
    found = Counter(headline(state) for order_id in orders if (state := scene.hub.order(order_id)))
    assert found == {first: int(one), second: len(orders) - int(one)}


@then("it is a duplicate")
def _duplicate(scene: Scene) -> None:
    assert scene.became().outcome == "duplicate"


@then("the quantities are:")
def _quantities(scene: Scene, datatable: Table) -> None:
    wanted = rows(datatable)
    seen = []
    for row in wanted:
        line = scene.line(row["line"])
        counts = {name: MADE[name](line) if name in MADE else getattr(line, name) for name in row if name != "line"}
        seen.append({"line": row["line"]} | {name: f"{count.normalize():f}" for name, count in counts.items()})
    assert seen == wanted


@then(parsers.re(f"{DEPARTMENT} is asked for nothing"))
def _asked_for_nothing(scene: Scene, department: str) -> None:
    issued = [each for each in scene.sent(WorkOrderIssued) if each.department == department]
    assert not issued or issued[-1].action == "cancel"


@then(parsers.re(f"{DEPARTMENT} is asked for:"))
def _asked_for(scene: Scene, department: str, datatable: Table) -> None:
    issued = [each for each in scene.sent(WorkOrderIssued) if each.department == department][-1]
    assert [
        {"line": part.line_id, "quantity": f"{part.quantity.normalize():f}", "unit": part.unit} for part in issued.lines
    ] == rows(datatable)


@then(parsers.parse('the customer is told "{text}"'))
def _told(scene: Scene, text: str) -> None:
    told = [each.text for each in scene.news(CustomerNotified)]
    assert any(text in each for each in told), told


@then("the customer is told nothing")
def _told_nothing(scene: Scene) -> None:
    assert [each.text for each in scene.news(CustomerNotified)] == []


@then(parsers.re("it is (?P<outcome>refused|ignored|parked) as (?P<code>[a-z-]+)"))
def _outcome(scene: Scene, outcome: str, code: str) -> None:
    became = scene.became()
    assert (became.outcome, became.code) == (outcome, code), became.detail
    assert became.detail


@then(parsers.parse("the exception {kind} is open"))
def _exception(scene: Scene, kind: str) -> None:
    assert kind in [each.kind for each in scene.order.exceptions]


@then("no exception is open")
def _no_exception(scene: Scene) -> None:
    assert scene.order.exceptions == ()


@then(parsers.re(rf'"(?P<customer>[^"]+)" has {AMOUNT} reserved and owes (?P<owed>[\d.]+)'))
def _account(scene: Scene, customer: str, amount: str, currency: str, owed: str) -> None:
    account = scene.account(customer)
    assert (account.reserved, account.receivable, account.currency) == (Decimal(amount), Decimal(owed), currency)


@then("the settlement bills:")
def _settlement(scene: Scene, datatable: Table) -> None:
    (record,) = scene.news(SettlementRecorded)
    seen = [
        {
            "line": part.line_id,
            "quantity": f"{part.quantity.normalize():f}",
            "unit": part.unit,
            "net": str(part.net_amount),
        }
        for part in record.lines
    ]
    assert seen == rows(datatable)


@then("the settlement states:")
def _differences(scene: Scene, datatable: Table) -> None:
    (record,) = scene.news(SettlementRecorded)
    seen = [
        {"line": each.line_id, "difference": each.kind, "quantity": f"{each.quantity.normalize():f}"}
        for each in record.differences
    ]
    assert seen == rows(datatable)


@then("the settlement allows and charges:")
def _allowed_and_charged(scene: Scene, datatable: Table) -> None:
    settled = scene.news(SettlementRecorded)[-1]
    stated = [{"kind": each.kind, "reason": each.reason, "amount": f"{each.amount}"} for each in settled.adjustments]
    assert stated == rows(datatable)


@then(parsers.parse("the settlement comes to {amount} without VAT"))
def _comes_to(scene: Scene, amount: str) -> None:
    assert scene.news(SettlementRecorded)[-1].tax_exclusive == Decimal(amount)


@then("nothing is settled")
def _not_settled(scene: Scene) -> None:
    assert scene.sent(SettlementRecorded) == []


@then(parsers.parse("the order waits for {what}"))
def _waits(scene: Scene, what: str) -> None:
    assert ", ".join(waits_for(scene.order)) == what


@then(parsers.parse('the journal says "{sentence}"'))
def _journal(scene: Scene, sentence: str) -> None:
    said = [each for entry in scene.hub.entries(scene.order_id) for each in entry.explanations]
    assert any(sentence in each for each in said), said
