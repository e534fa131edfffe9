from __future__ import annotations

from decimal import Decimal, localcontext

import pytest

from hub.domain.money import CURRENCIES, allocate, cash_rounding, exact, is_whole, minor_unit, quantum, round_half_up


@pytest.mark.parametrize(
    ("currency", "decimals"),
    [("EUR", 2), ("USD", 2), ("JPY", 0), ("ISK", 0), ("KWD", 3), ("TND", 3), ("CLF", 4), ("XOF", 0), ("MRU", 2)],
)
def test_a_currency_has_the_minor_unit_of_iso_4217(currency: str, decimals: int) -> None:
    assert minor_unit(currency) == decimals
    assert quantum(currency) == Decimal(10) ** -decimals


@pytest.mark.parametrize("code", ["XAU", "XDR", "XXX", "HRK", "eur", "EU", "", "DEM"])
def test_metals_test_codes_and_withdrawn_currencies_are_none(code: str) -> None:
    assert code not in CURRENCIES
    with pytest.raises(ValueError, match="not an active ISO 4217 currency"):
        minor_unit(code)


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [
        ("0.125", "EUR", "0.13"),
        ("-0.125", "EUR", "-0.13"),
        ("0.1249999999999999999999999999999999999999", "EUR", "0.12"),
        ("2.5", "JPY", "3"),
        ("0.0005", "KWD", "0.001"),
        ("-0.001", "EUR", "0.00"),
    ],
)
def test_half_goes_up_away_from_zero_at_the_minor_unit(amount: str, currency: str, rounded: str) -> None:
    assert str(round_half_up(Decimal(amount), currency)) == rounded


def test_a_quotient_just_below_a_half_is_not_rounded_twice() -> None:
    numerator, denominator = Decimal(10**70 - 1), Decimal(8 * 10**70)
    with exact():
        assert round_half_up(numerator / denominator, "EUR") == Decimal("0.12")
    with localcontext(prec=60):  # as many digits, but rounded to the nearest: an eighth
        assert round_half_up(numerator / denominator, "EUR") == Decimal("0.13")


def test_what_is_left_over_goes_to_the_largest_remainders() -> None:
    weights = {"a": Decimal(1), "b": Decimal(2), "c": Decimal(4)}
    # 1/7 of a euro is 14.29 cents, 2/7 are 28.57, 4/7 are 57.14: the cent left over is b's.
    assert allocate(Decimal("1.00"), weights, "EUR") == {
        "a": Decimal("0.14"),
        "b": Decimal("0.29"),
        "c": Decimal("0.57"),
    }


def test_equal_remainders_are_served_in_the_order_of_keys() -> None:
    shares = allocate(Decimal("0.02"), {"c": Decimal(1), "a": Decimal(1), "b": Decimal(1)}, "EUR")
    assert shares == {"a": Decimal("0.01"), "b": Decimal("0.01"), "c": Decimal("0.00")}


def test_weights_may_be_negative_as_a_returned_line_is() -> None:
    shares = allocate(Decimal("8.00"), {"sold": Decimal(100), "returned": Decimal(-20)}, "EUR")
    assert shares == {"sold": Decimal("10.00"), "returned": Decimal("-2.00")}


def test_nothing_is_divided_by_nothing() -> None:
    with pytest.raises(ValueError, match="add up to zero"):
        allocate(Decimal(1), {"a": Decimal(1), "b": Decimal(-1)}, "EUR")


def test_a_fraction_of_a_cent_is_not_divided() -> None:
    with pytest.raises(ValueError, match="more decimals"):
        allocate(Decimal("0.005"), {"a": Decimal(1)}, "EUR")


@pytest.mark.parametrize(
    ("amount", "step", "rounding"),
    [("10.02", "0.05", "-0.02"), ("10.03", "0.05", "0.02"), ("10.025", "0.05", "0.025"), ("-10.025", "0.05", "-0.025")],
)
def test_cash_rounding_goes_to_the_nearest_coin(amount: str, step: str, rounding: str) -> None:
    assert cash_rounding(Decimal(amount), Decimal(step)) == Decimal(rounding)


def test_whole_amounts_have_no_more_decimals_than_their_currency() -> None:
    assert is_whole(Decimal("1.500"), "EUR")
    assert not is_whole(Decimal("1.5"), "JPY")
