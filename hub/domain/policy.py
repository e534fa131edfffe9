"""What the company decides once for all orders. The values here are the defaults; the configuration may set each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Literal

import msgspec

from hub.domain.accounts import Accounts
from hub.domain.credit_terms import CreditTerms
from hub.domain.exceptions import ExceptionRules
from hub.domain.holds import HoldRules
from hub.domain.model import Department, Frozen
from hub.domain.money import CURRENCIES
from hub.domain.monitor import NOTHING_WATCHED, Monitor
from hub.domain.order import SettlementContract
from hub.domain.roles import RoleRules
from hub.domain.schedule import NOTHING_TAKES_TIME, ScheduleRules
from hub.domain.texts import Texts

_HUNDRED = Decimal(100)
ChangePoint = Literal["accepted", "scheduled", "started", "made"]
"""Of a department's work. made: of each unit for itself; from stock: shipped."""

MAX_PAYMENT_DAYS = 3_650
"""Ten years: longer is taken for a mistake."""


class LateDelivery(Frozen, kw_only=True, forbid_unknown_fields=True):
    """What the seller takes off for units that arrive after the date they were wanted by (BG-20)."""

    percent: Decimal
    """Of the late units' net amount, for each period begun."""
    per: Literal["day", "week"] = "week"
    cap: Decimal = _HUNDRED
    """At most so many percent of it in all."""

    def __post_init__(self) -> None:
        """Refuses percentages outside 0 to 100."""
        _check_percent(self.percent, "late_delivery.percent")
        _check_percent(self.cap, "late_delivery.cap")


class EarlyPayment(Frozen, kw_only=True, forbid_unknown_fields=True):
    """What the customer saves by paying early (BT-20)."""

    percent: Decimal
    """Of the whole claim, VAT included."""
    days: int
    """Counted from the issue of the settlement."""

    def __post_init__(self) -> None:
        """Refuses a percentage outside 0 to 100, and days that are over before they begin."""
        _check_percent(self.percent, "early_payment.percent")
        _check_days(self.days, "early_payment.days")


class Policy(Frozen, kw_only=True):
    """Waiting times, limits and what silence means."""

    confirmation: Literal["by-account", "automatic", "required"] = "by-account"
    """Whether the customer must confirm: as the customer's account says, never, or always."""
    confirmation_wait: timedelta = timedelta(days=2)
    confirmation_silence: Literal["accept", "cancel", "escalate"] = "cancel"
    """What happens when the customer does not answer in time; escalate opens an exception and goes on waiting."""
    confirmation_rejected: Literal["cancel", "escalate"] = "cancel"
    """What happens when the customer says no."""
    confirmation_changed: Literal["ask", "accept"] = "ask"
    """Whether a customer who changes the order instead of answering is asked again, or has thereby agreed."""
    credit_wait: timedelta = timedelta(minutes=5)
    """After this long without an answer the credit request is sent again, under the same id."""
    credit: CreditTerms = CreditTerms(limit=Decimal(0))
    """Of customers, as far as neither they nor their group have terms of their own, in the account's currency."""
    credit_groups: Mapping[str, CreditTerms] = msgspec.field(default_factory=dict)
    """By name of the group."""
    credit_horizon: timedelta | None = None
    """Lines wanted later than this from now need no credit yet; None: every line does."""
    parked_for: timedelta = timedelta(days=4)
    """How long an event that came too early is kept before it is dead-lettered."""
    parked_limit: int = 200
    """Events kept per order at the same time."""
    parked_bytes: int = 524_288
    """And their bytes in all."""
    duplicate_window: int = 256
    """Events per order remembered exactly by id."""
    purchase_orders_kept: timedelta = timedelta(days=180)
    """So long another order of the customer under the same purchase order number is suspected to be the same one."""
    max_lines: int = 1_000
    over_delivery_percent: Decimal = Decimal(0)
    """How much more than ordered is billed when it was delivered, where neither item nor customer say."""
    changeable_until: Mapping[Department, ChangePoint] = msgspec.field(default_factory=dict)
    """By department, until when its part of an order can be changed or cancelled by the buyer; where nothing is said,
    until it is made. An operator's commands reach further, and a department may always refuse."""
    under_delivery_percent: Decimal = Decimal(0)
    """How much less than ordered counts as all of it, where neither item nor customer say."""
    settlement: SettlementContract = "at-close"
    """Whether an order that does not say is settled once, when all is delivered, or with each delivery."""
    charges_when_returned: Literal["credited", "kept"] = "credited"
    """What becomes of an order's charges that are billed once when all that was billed of its goods comes back."""
    payment_days: int = 30
    """How long customers nobody has told the hub about have to pay."""
    cancellation_charges: Mapping[Department, Decimal] = msgspec.field(default_factory=dict)
    """By department, percent of the net amount of what it had made or started for an order its buyer cancels."""
    late_delivery: LateDelivery | None = None
    early_payment: EarlyPayment | None = None
    vat_currency: str = ""
    """The currency VAT is accounted for in (BT-6), if orders come in others too; empty: the order's own."""
    exchange_rates: Mapping[str, Decimal] = msgspec.field(default_factory=dict)
    """Units of `vat_currency` for one of each other currency."""
    accounts: Accounts = msgspec.field(default_factory=Accounts)
    """The chart of accounts of settlements.journal."""
    texts: Mapping[str, Texts] = msgspec.field(default_factory=dict)
    """What customers are told, by language, of files of their own; without any, notifications have no text."""
    schedule: ScheduleRules = NOTHING_TAKES_TIME
    """How long everything takes, of plan.yaml."""
    monitor: Monitor = NOTHING_WATCHED
    """What orders are watched by, of monitor.yaml."""
    holds: HoldRules = msgspec.field(default_factory=dict)
    """By name. These last three have files of their own, as have the two above."""
    exceptions: ExceptionRules = msgspec.field(default_factory=dict)
    """By kind, how exceptions are worked."""
    roles: RoleRules = msgspec.field(default_factory=dict)
    """By name, who may give which command; without any, everybody may give every one."""

    def __post_init__(self) -> None:
        """Refuses percentages outside 0 to 100, unknown currencies and rates that are not positive."""
        for department, percent in self.cancellation_charges.items():
            _check_percent(percent, f"cancellation_charges.{department}")
        _check_percent(self.over_delivery_percent, "over_delivery_percent")
        _check_percent(self.under_delivery_percent, "under_delivery_percent")
        _check_days(self.payment_days, "payment_days")
        groups = {f"credit_groups.{name}": terms for name, terms in self.credit_groups.items()}
        for name, terms in {"credit": self.credit, **groups}.items():
            if mistake := terms.mistake():
                raise ValueError(f"{name}.{mistake}")
        for currency in (self.vat_currency, *self.exchange_rates):
            if currency and currency not in CURRENCIES:
                raise ValueError(f"{currency!r} is not an ISO 4217 currency")
        for currency, rate in self.exchange_rates.items():
            if not (rate.is_finite() and rate > 0):
                raise ValueError(f"exchange_rates.{currency} is {rate}; give a number above 0")


def _check_days(value: int, name: str) -> None:
    if not 0 <= value <= MAX_PAYMENT_DAYS:
        raise ValueError(f"{name} is {value}; give 0 to {MAX_PAYMENT_DAYS}")


def _check_percent(value: Decimal, name: str) -> None:
    if not (value.is_finite() and 0 <= value <= _HUNDRED):
        raise ValueError(f"{name} is {value}; give a percentage from 0 to 100")
