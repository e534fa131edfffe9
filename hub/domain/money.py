"""Money: a currency's minor unit (ISO 4217), half-up rounding to it, and division that loses no cent.

Every amount is a `Decimal` in a named currency. Inside `exact()` products of two numbers of up to 18 digits are
exact, and a quotient keeps enough of itself that rounding it afterwards gives what rounding the true value would.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from decimal import (
    MAX_EMAX,
    MIN_EMIN,
    ROUND_05UP,
    ROUND_HALF_UP,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    localcontext,
)
from fractions import Fraction
from typing import TypeVar

MAX_DIGITS = 18
"""Digits an amount, price or quantity may have in all, before and after the decimal point."""

_MINOR_UNITS: Mapping[int, str] = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF "
        "CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL "
        "HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU "
        "MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR "
        "SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED "
        "VES WST XAD XCD XCG YER ZAR ZMW ZWG"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
"""ISO 4217 list one (active codes), by minor unit. Codes without one (XAU, XDR, XTS, ...) cannot be rounded to
and so are not currencies here."""

_QUANTA: Mapping[str, Decimal] = {
    code: Decimal(1).scaleb(-unit) for unit, codes in _MINOR_UNITS.items() for code in codes.split()
}
CURRENCIES = frozenset(_QUANTA)

_EXACT = Context(prec=60, rounding=ROUND_05UP, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[InvalidOperation, DivisionByZero])


def exact() -> AbstractContextManager[Context]:
    """A decimal context for money, whatever the caller's is.

    60 digits hold the product of two 18-digit numbers. ROUND_05UP makes an inexact quotient safe to round again
    (General Decimal Arithmetic Specification, "round-05up"): it never turns into an exact half.
    """
    return localcontext(_EXACT)


def quantum(currency: str) -> Decimal:
    """The smallest amount of a currency: 0.01 for EUR, 1 for JPY, 0.001 for KWD.

    Raises ValueError for a code that is not an active ISO 4217 currency: check `CURRENCIES` first.
    """
    try:
        return _QUANTA[currency]
    except KeyError:
        raise ValueError(f"{currency!r} is not an active ISO 4217 currency code with a minor unit") from None


def minor_unit(currency: str) -> int:
    """Decimals of a currency (ISO 4217): EUR 2, JPY 0, KWD 3. Raises ValueError as `quantum` does."""
    exponent = quantum(currency).as_tuple().exponent
    assert isinstance(exponent, int)  # noqa: S101  quanta are finite; tells the type checker
    return -exponent


def round_half_up(amount: Decimal, currency: str) -> Decimal:
    """The amount to the currency's minor unit; a half goes away from zero, so that a reversal nets to zero."""
    return round_to(amount, quantum(currency))


def round_to(amount: Decimal, step: Decimal) -> Decimal:
    """The amount to the nearest power of ten `step`, halves away from zero; never negative zero."""
    rounded = amount.quantize(step, ROUND_HALF_UP, _EXACT)
    return rounded or rounded.copy_abs()


def cash_rounding(amount: Decimal, step: Decimal) -> Decimal:
    """What to add to an amount to reach the nearest multiple of `step`, halves away from zero (BT-114).

    `step` is the smallest coin, e.g. 0.05 for CHF.
    """
    with exact():
        return (amount / step).quantize(Decimal(1), ROUND_HALF_UP) * step - amount


def is_whole(amount: Decimal, currency: str) -> bool:
    """Whether the amount has no more decimals than the currency."""
    return not amount or amount == round_half_up(amount, currency)


K = TypeVar("K", str, int)


def allocate(total: Decimal, weights: Mapping[K, Decimal], currency: str) -> dict[K, Decimal]:
    """Divides an amount in proportion to weights by largest remainder; the shares add up to it exactly.

    Every share is the exact one rounded down to the minor unit, and the units left over go one each to the largest
    remainders; equal remainders are served in the order of their keys, so the order of `weights` does not matter.
    Weights may be of either sign; they must not add up to zero. A negative total is the positive one negated.
    Raises ValueError when the weights add up to zero or the total has more decimals than the currency.
    """
    if not is_whole(total, currency):
        raise ValueError(f"{total} {currency} has more decimals than the currency and cannot be divided exactly")
    if total < 0:
        return {key: -share for key, share in allocate(-total, weights, currency).items()}
    unit = quantum(currency)
    units = Fraction(total) / Fraction(unit)
    ratios = {key: Fraction(weight) for key, weight in weights.items()}
    whole = sum(ratios.values())
    if whole == 0:
        raise ValueError(f"{total} {currency} cannot be divided by weights that add up to zero")
    shares = {key: units * ratio / whole for key, ratio in ratios.items()}
    floors = {key: share.__floor__() for key, share in shares.items()}
    left = int(units) - sum(floors.values())
    by_remainder = sorted(shares, key=lambda key: (floors[key] - shares[key], key))
    for key in by_remainder[:left]:
        floors[key] += 1
    with exact():
        return {key: floors[key] * unit for key in weights}
