"""Bad input is refused by a rule that is named, at every edge, and never gets a total."""

from __future__ import annotations

import io
import json
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from connectors.base import Accepted, Refusal
from connectors.jsonl import JsonLines
from connectors.ubl import UblOrders
from hub.cli import app
from hub.domain.checks import check_order
from hub.domain.decision import Decision
from hub.domain.events import OrderPaid
from hub.domain.policy import Policy
from tests.support.bad_input import BAD, ORDER, UBL, Bad, invoice, order, placed
from tests.support.orders import Story, line

AS_JSON = {name: bad for name, bad in BAD.items() if bad.order or bad.line}
AS_UBL = {name: bad for name, bad in BAD.items() if bad.says}
RAW = {name: bad for name, bad in BAD.items() if bad.code and bad.raw}
COMPUTED = {name: bad for name, bad in BAD.items() if bad.rule}


def sent(document: object) -> Accepted | Refusal:
    (result,) = JsonLines().read(io.BytesIO(json.dumps(document).encode()), "orders.jsonl")
    return result


def test_the_examples_without_a_fault_are_taken() -> None:
    assert isinstance(sent(ORDER), Accepted)
    assert isinstance(next(UblOrders().read(io.BytesIO(UBL.encode()), "order.xml")), Accepted)
    assert json.loads(computed(Bad())[1])["payable"] == "128.52"


@pytest.mark.parametrize("name", AS_JSON)
def test_hub_send_takes_no_such_order_in_json(name: str) -> None:
    bad = AS_JSON[name]
    result = sent(order(bad))
    assert isinstance(result, Refusal), result
    (problem,) = result.problems
    assert any(field in problem.what for field in (*bad.line, *bad.order)) or bad.code in problem.reason


@pytest.mark.parametrize("name", AS_UBL)
def test_hub_send_takes_no_such_order_in_ubl(name: str) -> None:
    old, new = AS_UBL[name].ubl
    assert old in UBL
    (result,) = UblOrders().read(io.BytesIO(UBL.replace(old, new, 1).encode()), "order.xml")
    assert isinstance(result, Refusal), result
    assert AS_UBL[name].says in result.reason


def received(bad: Bad) -> Decision:
    """The decision on an order that came as a message, past every edge."""
    story = Story()
    return story.receive(placed(bad, story.placed(line(), line("2"))))


@pytest.mark.parametrize("name", RAW)
def test_the_hub_refuses_such_an_order_however_it_came_and_keeps_nothing_of_it(name: str) -> None:
    decision = received(RAW[name])
    assert (decision.outcome, decision.code) == ("refused", RAW[name].code)
    assert decision.effects == ()


@pytest.mark.parametrize("name", [name for name in RAW if name != "lines that add up to too much"])
def test_a_refusal_names_the_rule_of_the_standard_or_of_the_hub(name: str) -> None:
    findings = check_order(placed(RAW[name], Story().placed(line())), Policy())
    assert findings
    assert all("(BR-" in each.remedy or "(HUB-" in each.remedy or "(PEPPOL-" in each.remedy for each in findings)


def test_a_payment_in_another_currency_than_the_order_is_refused() -> None:
    story = Story()
    story.place()
    paid = OrderPaid(order_id="ORD-1", amount=Decimal(10), currency="USD", **story.head())
    decision = story.receive(paid)
    assert (decision.outcome, decision.code) == ("refused", "wrong-currency")
    assert story.state is not None
    assert story.state.paid == 0


def test_an_order_that_is_not_subject_to_vat_in_part_only_is_refused_at_every_edge() -> None:
    mixed = (line("1"), line("2", vat_category="O", vat_rate=Decimal(0)))
    assert received(Bad()).outcome == "applied"
    assert Story().place(*mixed).code == "vat-mixed"
    lines = [ORDER["lines"][0], {**ORDER["lines"][1], "vat_category": "O", "vat_rate": "0"}]
    result = sent({**ORDER, "lines": lines})
    assert isinstance(result, Refusal)
    assert "BR-O-11" in result.reason


def computed(bad: Bad) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["settle", "compute", "--json"], input=json.dumps(invoice(bad)))
    return result.exit_code, result.stdout


@pytest.mark.parametrize("name", COMPUTED)
def test_hub_settle_compute_gives_no_total_but_the_rule(name: str) -> None:
    status, answer = computed(COMPUTED[name])
    said = json.loads(answer)
    assert status == (3 if COMPUTED[name].rule == "JSON" else 1)
    assert set(said) == {"errors"}
    assert COMPUTED[name].rule in {each["rule"] for each in said["errors"]}
