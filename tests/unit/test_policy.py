"""The policy file: what it may say, and what is said of a mistake in it; and the accounts it names."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from hub.domain.accounts import Accounts, balanced
from hub.domain.credit_terms import CreditTerms
from hub.domain.effects import SettlementPosted
from hub.domain.en16931 import Vat
from hub.domain.policy import EarlyPayment, LateDelivery, Policy
from hub.errors import ConfigError, InvariantError
from hub.policy import load_policy
from hub.rules import RULES_DIR
from tests.support.orders import Story, line


def load(directory: Path, text: str) -> Policy:
    (directory / "policy.yaml").write_text(text)
    return load_policy(directory)


def test_the_policy_that_comes_with_the_hub_is_the_default() -> None:
    policy = load_policy()
    elsewhere = ("texts", "schedule", "monitor", "holds", "exceptions", "roles")
    assert policy == Policy(**{name: getattr(policy, name) for name in elsewhere})


def test_every_example_in_the_policy_that_comes_with_the_hub_can_be_used(tmp_path: Path) -> None:
    text = (RULES_DIR / "policy.yaml").read_text()
    examples = re.findall(r"^# (\w+: [\"A-Z{].*)$", text, re.MULTILINE)
    policy = load(tmp_path, "\n".join(examples))
    assert policy.late_delivery == LateDelivery(percent=Decimal("0.5"), per="day", cap=Decimal(5))
    assert policy.early_payment == EarlyPayment(percent=Decimal(2), days=10)
    assert policy.cancellation_charges == {"production": Decimal(40), "procurement": Decimal(15)}
    assert policy.vat_currency == "EUR"
    assert policy.accounts.vat(Vat("S", Decimal("19.0"))) == "3806"
    assert policy.credit_groups["public"] == CreditTerms(limit=Decimal(250_000), exclude=("days-overdue",))
    assert policy.credit_horizon == timedelta(days=90)
    assert policy.changeable_until == {"production": "started", "procurement": "accepted", "logistics": "made"}
    assert len(examples) == len(yaml.safe_load("\n".join(examples))) == 9


def test_every_example_of_a_credit_threshold_can_be_used(tmp_path: Path) -> None:
    text = re.sub(r"^  # ", "  ", (RULES_DIR / "policy.yaml").read_text(), flags=re.MULTILINE)
    terms = load(tmp_path, text).credit
    assert {name for name in CreditTerms.__struct_fields__ if getattr(terms, name) is None} == {"limit_until"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("settlement: monthly", "settlement"),
        ("cancellation_charges: {production: '101'}", "cancellation_charges.production is 101"),
        ("cancellation_charges: {sales: '10'}", "sales"),
        ("late_delivery: {percent: '-1'}", "late_delivery.percent is -1"),
        ("late_delivery: {percent: '1', cap: NaN}", "late_delivery.cap is NaN"),
        ("early_payment: {percent: '2', days: -1}", "early_payment.days is -1"),
        ("payment_days: 99999", "payment_days is 99999"),
        ("vat_currency: EUX", "'EUX' is not an ISO 4217 currency"),
        ("exchange_rates: {CHF: '0'}", "exchange_rates.CHF is 0"),
        ("credit: {max_days_overdue: -1}", "credit.max_days_overdue is -1"),
        ("credit_groups: {retail: {exclude: [weather]}}", "credit_groups.retail.exclude names weather"),
        ("accounts: {receivable: '1400'}", "receivable"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(says)):
        load(tmp_path, text)


def test_a_settlement_and_its_payment_are_posted_to_the_accounts_of_the_policy() -> None:
    accounts = Accounts(receivables="1400", revenue="4400", bank="1800", output_vat_by_rate={"S 19": "3806"})
    story = Story(Policy(accounts=accounts))
    story.place(
        line("1", quantity=1, price=Decimal(100)),
        line("2", quantity=1, price=Decimal(50), vat_rate=Decimal(7)),
        discount_percent=Decimal(10),
    )
    for kind in ("accepted", "shipped", "delivered"):
        story.report("logistics", kind)
    story.pay("200.00")
    settlement, payment = story.sent(SettlementPosted)
    shown = [(each.account, str(each.debit), str(each.credit)) for each in settlement.entries]
    assert shown == [
        ("1400", "155.25", "0"),
        ("4400", "0", "150.00"),
        ("discounts", "15.00", "0"),
        ("3806", "0", "17.10"),
        ("output-vat S 7", "0", "3.15"),
    ]
    assert {each.settlement_id for each in settlement.entries} == {settlement.settlement_id}
    assert settlement.event_ids == (story.journal[-2][0].event.event_id,)
    shown = [(each.account, str(each.debit), str(each.credit)) for each in payment.entries]
    assert shown == [("1800", "200.00", "0"), ("1400", "0", "155.25"), ("customer-credit", "0", "44.75")]
    assert [each.settlement_id for each in payment.entries] == ["", settlement.settlement_id, ""]
    assert payment.event_ids == (story.journal[-1][0].event.event_id,)


def test_a_posting_whose_debits_are_not_its_credits_is_a_bug() -> None:
    with pytest.raises(InvariantError, match=r"O-1: debits exceed credits by 0\.01"):
        balanced({("a", ""): Decimal("1.01"), ("b", ""): Decimal("-1.00")}, "O-1")
