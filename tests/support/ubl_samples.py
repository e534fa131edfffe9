"""Invoices of our own, right to the cent by hand, each with a place where a common way to compute goes wrong."""

from __future__ import annotations

from tests.support.ubl_invoices import Deduction, Row, Tax, totals, ubl

S19, S7, S5, Z = ("S", "19"), ("S", "7"), ("S", "5"), ("Z", "0")

HALF_CENT_LINE = ubl(
    # 1 x 0.125 is 0.13, not 0.12 as rounding halves to even has it; VAT of 0.13 at 19% is 0.0247.
    [Row("1", "0.125", "0.13")],
    [Tax(S19, "0.13", "0.02")],
    totals("0.13", "0.13", "0.15", "0.15"),
    tax_total="0.02",
)
HALF_CENT_VAT = ubl(
    # 10.50 at 19% is 1.995, up to 2.00; 0.50 at 5% is 0.025, up to 0.03.
    [Row("3", "3.50", "10.50"), Row("1", "0.50", "0.50", S5)],
    [Tax(S19, "10.50", "2.00"), Tax(S5, "0.50", "0.03")],
    totals("11.00", "11.00", "13.03", "13.03"),
    tax_total="2.03",
)
HALF_CENT_IN_BINARY = ubl(
    # 1.005 and 1.115 have no exact binary form; the nearest one lies below the half cent.
    [Row("1", "1.005", "1.01", Z), Row("1", "1.115", "1.12", Z), Row("100", "0.01005", "1.01", Z)],
    [Tax(Z, "3.14", "0.00")],
    totals("3.14", "3.14", "3.14", "3.14"),
    tax_total="0.00",
)
MANY_SMALL_LINES = ubl(
    # Seven times 0.99 at 19%: 1.3167 on the group, but 0.19 on each line would make 1.33.
    [Row("1", "0.99", "0.99")] * 7,
    [Tax(S19, "6.93", "1.32")],
    totals("6.93", "6.93", "8.25", "8.25"),
    tax_total="1.32",
)
EVERYTHING_AT_ONCE = ubl(
    [
        # 250 at 12.40 per 100 is 31.00; less 5% of 31.00 is 29.45.
        Row("250", "12.40", "29.45", S19, "100", (Deduction("1.55", percent="5", base="31.00"),)),
        # 2 at 8.00, which is 10.00 less 2.00; plus 1.50 for packing.
        Row("2", "8.00", "17.50", S7, "1", (Deduction("1.50", charge=True),), ("10.00", "2.00")),
        Row("-1", "4.20", "-4.20", S7),
    ],
    # S 19%: 29.45 - 2.95 + 6.00 = 32.50, 6.175; S 7%: 17.50 - 4.20 = 13.30, 0.931.
    [Tax(S19, "32.50", "6.18"), Tax(S7, "13.30", "0.93")],
    totals("42.75", "45.80", "52.91", "42.91", allowances="2.95", charges="6.00", prepaid="10.00"),
    tax_total="7.11",
    deductions=(
        Deduction("2.95", percent="10", base="29.45", vat=S19),
        Deduction("6.00", charge=True, vat=S19),
    ),
)
REVERSE_CHARGE_CREDIT = ubl(
    [Row("3", "19.99", "59.97", ("AE", "0")), Row("1", "0.03", "0.03", ("AE", "0.00"))],
    [Tax(("AE", "0"), "60.00", "0.00")],
    totals("60.00", "60.00", "60.00", "60.00"),
    tax_total="0.00",
    credit_note=True,
)
YEN = ubl(
    # 3 at 33.5 is 100.5, up to 101; 10% of 101 is 10.1, down to 10.
    [Row("3", "33.5", "101", ("S", "10"))],
    [Tax(("S", "10"), "101", "10")],
    totals("101", "101", "111", "111"),
    tax_total="10",
    currency="JPY",
)
DINAR = ubl(
    # 3 at 0.0015 is 0.0045, up to 0.005; 5% of 0.005 is 0.00025.
    [Row("3", "0.0015", "0.005", ("S", "5"))],
    [Tax(("S", "5"), "0.005", "0.000")],
    totals("0.005", "0.005", "0.005", "0.005"),
    tax_total="0.000",
    currency="KWD",
)

SAMPLES = {
    "half a cent on a line": HALF_CENT_LINE,
    "half a cent of VAT": HALF_CENT_VAT,
    "half a cent in binary": HALF_CENT_IN_BINARY,
    "many small lines": MANY_SMALL_LINES,
    "everything at once": EVERYTHING_AT_ONCE,
    "reverse charge credit note": REVERSE_CHARGE_CREDIT,
    "yen": YEN,
    "dinar": DINAR,
}
