from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import product
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase

from odoo.addons.actionstep_quickbooks.documents import (
    CreditNote,
    Invoice,
    InvoiceLine,
    QuickbooksCompany,
    QuickbooksTaxCode,
    QuickbooksTaxRate,
)
from odoo.addons.actionstep_quickbooks.exceptions import CAUSES, DataError
from odoo.addons.actionstep_quickbooks.mappers.tax import (
    expected_taxes,
    line_tax_code,
    map_tax,
    map_tax_global,
    map_tax_us,
)

PROPERTY = settings(derandomize=True, deadline=None, database=None, max_examples=300)
CENT = Decimal("0.01")


def make_code(code_id, name, *rates):
    """Return a tax code; each rate is given as (rate id, per cent)."""
    made = tuple(QuickbooksTaxRate(key, Decimal(percent)) for key, percent in rates)
    return QuickbooksTaxCode(code_id, name, name, bool(made), True, made)


CODES = {
    code.tax_code_id: code
    for code in (
        # United States
        make_code("us7", "California 7.25%", ("ca", "7.25")),
        make_code("us8", "Tucson 8.25%", ("state", "6.25"), ("city", "2.00")),
        make_code("us4", "Albany 4.5%", ("ny", "4.5"), ("local", "0")),
        make_code("us0", "Exempt 0%", ("exempt", "0")),
        make_code("NON", "NON"),
        make_code("TAX", "TAX"),
        # United Kingdom
        make_code("S", "20.0% S", ("s", "20")),
        make_code("R", "5.0% R", ("r", "5")),
        make_code("Z", "0.0% Z", ("z", "0")),
        make_code("RC", "20.0% RC", ("rc+", "20"), ("rc-", "-20")),
        make_code("E", "Exempt", ("e", "0")),
        make_code("none", "No VAT"),
        # Australia
        make_code("GST", "GST", ("gst", "10")),
        make_code("FRE", "GST free", ("free", "0")),
        make_code("ITS", "Input taxed", ("its", "0")),
        make_code("OOS", "Out of scope"),
        # Canada
        make_code("G5", "GST", ("ca5", "5")),
        make_code("GQ", "GST/QST QC", ("ca5", "5"), ("qst", "9.975")),
        make_code("GP", "GST/PST BC", ("ca5", "5"), ("pst", "7")),
        make_code("H13", "HST ON", ("hst", "13")),
        make_code("CZ", "Zero-rated", ("ca0", "0")),
        make_code("CE", "Exempt", ("cae", "0")),
    )
}
CURRENCIES = {"US": "USD", "GB": "GBP", "AU": "AUD", "CA": "CAD"}


def make_company(country, uses_sales_tax=True):
    return QuickbooksCompany(
        realm_id="1",
        name="Firm",
        country=country,
        home_currency=CURRENCIES[country],
        is_multicurrency=False,
        uses_sales_tax=uses_sales_tax,
        uses_automated_sales_tax=False,
        uses_custom_numbers=True,
    )


AMERICAN = make_company("US")


def make_line(amount, tax, code):
    return InvoiceLine(
        line_no=1,
        description="",
        amount=Decimal(amount),
        tax_amount=Decimal(tax),
        item_id="1",
        tax_code=code if isinstance(code, QuickbooksTaxCode) else CODES[code],
    )


def make_invoice(lines, total_tax, country="US", currency=""):
    lines = tuple(lines)
    total_tax = Decimal(total_tax)
    return Invoice(
        reference="ref",
        number="1",
        customer_id="1",
        currency=currency or CURRENCIES[country],
        invoice_date=date(2025, 1, 31),
        due_date=None,
        total_tax=total_tax,
        total=sum((line.amount for line in lines), total_tax),
        lines=lines,
    )


def as_credit_note(invoice):
    """Return a credit note over everything on an invoice."""
    return CreditNote(
        reference="ref",
        number="CR-1",
        customer_id="1",
        currency=invoice.currency,
        credit_date=invoice.invoice_date,
        total_tax=invoice.total_tax,
        total=invoice.total,
        lines=invoice.lines,
    )


class Case(NamedTuple):
    """One invoice and what must come of it, worked out by hand.

    lines: (net, tax on the bill, tax code); tax: the bill's total tax;
    code: the US header code; override: rate → (amount, net), None when QuickBooks'
    own figure is the bill's; error: (cause, values); automated: whether the company
    has automated sales tax, None when that makes no difference; currency: of the
    bill, when it is not the company's.
    """

    title: str
    country: str
    lines: list
    tax: str
    code: str | None = None
    override: dict | None = None
    error: tuple | None = None
    automated: bool | None = None
    currency: str = ""


def mismatch(tax, expected):
    return ("tax_mismatch", {"tax": tax, "expected": expected})


CASES = [
    # --- United States: sum over the taxed lines of net x rate, rounded per rate ----
    Case("one rate", "US", [("1000.00", "72.50", "us7")], "72.50", "us7"),
    # 6.25 % = 20.833125 -> 20.83; 2 % = 6.6666 -> 6.67
    Case("two rates agree", "US", [("333.33", "27.50", "us8")], "27.50", "us8"),
    # 6.275 -> 6.28 and 2.008 -> 2.01 make 8.29; the bill has 8.25 % = 8.283 -> 8.28.
    # Shares of 8.28: 6.2727 and 2.0073; the cent left goes to .73.
    Case(
        "two rates round up together",
        "US",
        [("100.40", "8.28", "us8")],
        "8.28",
        "us8",
        {"state": ("6.27", "100.40"), "city": ("2.01", "100.40")},
    ),
    Case("0 % is not taxed", "US", [("500.00", "0", "us0")], "0"),
    Case("a code without rates is not taxed", "US", [("500.00", "0", "NON")], "0"),
    Case(
        "taxed fee and untaxed expense",
        "US",
        [("100.00", "7.25", "us7"), ("50.00", "0", "NON")],
        "7.25",
        "us7",
    ),
    Case(
        "untaxed codes never count as a second one",
        "US",
        [("100.00", "7.25", "us7"), ("50.00", "0", "NON"), ("9.00", "0", "us0")],
        "7.25",
        "us7",
    ),
    Case(
        "two taxed codes",
        "US",
        [("100.00", "8.25", "us8"), ("100.00", "7.25", "us7")],
        "15.50",
        error=("tax_mixed", {"tax_codes": "California 7.25%, Tucson 8.25%"}),
    ),
    # 33.33 x 7.25 % = 2.416425 -> 2.42 each; 99.99 x 7.25 % = 7.249275 -> 7.25
    Case(
        "rounded line by line",
        "US",
        [("33.33", "2.42", "us7")] * 3,
        "7.26",
        "us7",
        {"ca": ("7.26", "99.99")},
    ),
    Case(
        "another rate than the mapped one",
        "US",
        [("100.00", "8.25", "us7")],
        "8.25",
        error=mismatch("8.25 USD", "7.25 USD"),
    ),
    Case(
        "two cents on one line are no rounding",
        "US",
        [("100.00", "7.27", "us7")],
        "7.27",
        error=mismatch("7.27 USD", "7.25 USD"),
    ),
    Case(
        "one cent on one line is",
        "US",
        [("100.00", "7.24", "us7")],
        "7.24",
        "us7",
        {"ca": ("7.24", "100.00")},
    ),
    Case(
        "tax on an untaxed line",
        "US",
        [("100.00", "7.25", "NON")],
        "7.25",
        error=mismatch("7.25 USD", "0.00 USD"),
    ),
    Case(
        "no tax on a taxed line",
        "US",
        [("100.00", "0", "us7")],
        "0",
        error=mismatch("0.00 USD", "7.25 USD"),
    ),
    Case(
        "tax on the wrong line, total agrees",
        "US",
        [("100.00", "0", "us7"), ("100.00", "7.25", "NON")],
        "7.25",
        error=mismatch("0.00 USD", "7.25 USD"),
    ),
    # 150 x 7.25 % = 10.875 -> 10.88; line by line 14.50 - 3.63 (3.625 rounds to 3.63)
    Case(
        "negative line",
        "US",
        [("200.00", "14.50", "us7"), ("-50.00", "-3.63", "us7")],
        "10.87",
        "us7",
        {"ca": ("10.87", "150.00")},
    ),
    Case(
        "lines that cancel out",
        "US",
        [("100.00", "7.25", "us7"), ("-100.00", "-7.25", "us7")],
        "0",
        "us7",
    ),
    Case(
        "zero rate beside a real one", "US", [("80.00", "3.60", "us4")], "3.60", "us4"
    ),
    # 10.10 x 4.5 % = 0.4545 -> 0.45 each; 20.20 x 4.5 % = 0.909 -> 0.91
    Case(
        "zero rate keeps zero in an override",
        "US",
        [("10.10", "0.45", "us4")] * 2,
        "0.90",
        "us4",
        {"ny": ("0.90", "20.20"), "local": ("0.00", "20.20")},
    ),
    Case("taxed line of no amount", "US", [("0", "0", "us7")], "0", "us7"),
    Case(
        "tax on a line of no amount",
        "US",
        [("0", "0.01", "us7"), ("5.00", "0", "NON")],
        "0.01",
        error=mismatch("0.01 USD", "0.00 USD"),
    ),
    # 12.34 x 8.25 % = 1.01805 -> 1.02 each. QuickBooks: 74.04 x 6.25 % = 4.6275 ->
    # 4.63, x 2 % = 1.4808 -> 1.48. Shares of 6.12: 4.6364, 1.4836; the cent to .6364.
    Case(
        "six lines with two rates",
        "US",
        [("12.34", "1.02", "us8")] * 6,
        "6.12",
        "us8",
        {"state": ("4.64", "74.04"), "city": ("1.48", "74.04")},
    ),
    # x 7.25 % = 71604.9382
    Case("large", "US", [("987654.32", "71604.94", "us7")], "71604.94", "us7"),
    # x 7.25 % = 0.000725 and 0.005075
    Case("a cent is taxed with nothing", "US", [("0.01", "0", "us7")], "0", "us7"),
    Case("seven cents with one", "US", [("0.07", "0.01", "us7")], "0.01", "us7"),
    # 10 x 7.25 % = 0.725 -> 0.73, taken back as 0.72
    Case(
        "lines that cancel out but for a cent of tax",
        "US",
        [("10.00", "0.73", "us7"), ("-10.00", "-0.72", "us7")],
        "0.01",
        "us7",
        {"ca": ("0.01", "0.00")},
    ),
    Case(
        "a cent on a 0 % code in the US",
        "US",
        [("100.00", "0.01", "us0")],
        "0.01",
        error=mismatch("0.01 USD", "0.00 USD"),
    ),
    # --- United States, automated sales tax: TAX is the rate it finds by the address --
    Case(
        "the rate of the address",
        "US",
        [("100.00", "8.88", "TAX")],
        "8.88",
        automated=True,
    ),
    Case(
        "the rate of the address beside an untaxed expense",
        "US",
        [("100.00", "8.88", "TAX"), ("50.00", "0", "NON"), ("9.00", "0", "us0")],
        "8.88",
        automated=True,
    ),
    Case(
        "an exempt client at the rate of the address",
        "US",
        [("100.00", "0", "TAX")],
        "0",
        automated=True,
    ),
    Case(
        "tax on an untaxed line beside the rate of the address",
        "US",
        [("100.00", "8.88", "TAX"), ("50.00", "4.44", "NON")],
        "13.32",
        error=mismatch("4.44 USD", "0.00 USD"),
        automated=True,
    ),
    Case(
        "the rate of the address and one of our own",
        "US",
        [("100.00", "8.88", "TAX"), ("100.00", "7.25", "us7")],
        "16.13",
        error=("tax_mixed", {"tax_codes": "California 7.25%, TAX"}),
        automated=True,
    ),
    Case(
        "no address rates without automated sales tax",
        "US",
        [("100.00", "8.88", "TAX")],
        "8.88",
        error=mismatch("8.88 USD", "0.00 USD"),
        automated=False,
    ),
    Case(
        "no tax on TAX without automated sales tax",
        "US",
        [("100.00", "0", "TAX")],
        "0",
        automated=False,
    ),
    # --- United States: a firm that charges no tax, and sums of many lines ------------
    Case(
        "a firm without tax",
        "US",
        [("1250.00", "0", "NON"), ("35.50", "0", "NON"), ("-100.00", "0", "NON")],
        "0",
    ),
    # 19.99 x 7.25 % = 1.449275 -> 1.45 each; 239.88 x 7.25 % = 17.3913 -> 17.39
    Case(
        "twelve lines rounded up",
        "US",
        [("19.99", "1.45", "us7")] * 12,
        "17.40",
        "us7",
        {"ca": ("17.40", "239.88")},
    ),
    # the same bill rounded once
    Case(
        "twelve lines rounded once",
        "US",
        [("19.99", "1.45", "us7")] * 11 + [("19.99", "1.44", "us7")],
        "17.39",
        "us7",
    ),
    Case(
        "a bill in euros at a home rate",
        "US",
        [("333.33", "27.50", "us8")],
        "27.50",
        "us8",
        currency="EUR",
    ),
    Case(
        "a bill in euros at another rate",
        "US",
        [("100.00", "20.00", "us7")],
        "20.00",
        error=mismatch("20.00 EUR", "7.25 EUR"),
        currency="EUR",
    ),
    # --- United Kingdom --------------------------------------------------------------
    Case("standard rate", "GB", [("1200.00", "240.00", "S")], "240.00"),
    Case(
        "three rates at once",
        "GB",
        [("100.00", "20.00", "S"), ("100.00", "5.00", "R"), ("100.00", "0", "Z")],
        "25.00",
    ),
    Case("no rates at all", "GB", [("75.00", "0", "none")], "0"),
    # 10.01 x 20 % = 2.002 -> 2.00 each; 30.03 x 20 % = 6.006 -> 6.01
    Case(
        "rounded line by line in pounds",
        "GB",
        [("10.01", "2.00", "S")] * 3,
        "6.00",
        override={"s": ("6.00", "30.03")},
    ),
    # as above, with 10.10 x 5 % = 0.505 -> 0.51 on both sides
    Case(
        "the cent goes to the rate that has it",
        "GB",
        [("10.01", "2.00", "S")] * 3 + [("10.10", "0.51", "R"), ("99.00", "0", "Z")],
        "6.51",
        override={"s": ("6.00", "30.03"), "r": ("0.51", "10.10"), "z": ("0", "99.00")},
    ),
    Case(
        "cents that cancel out need no override",
        "GB",
        [("100.00", "20.01", "S"), ("100.00", "4.99", "R")],
        "25.00",
    ),
    Case(
        "a cent on a 0 % code is no rounding",
        "GB",
        [("100.00", "20.00", "S"), ("50.00", "0.01", "Z")],
        "20.01",
        error=mismatch("0.01 GBP", "0.00 GBP"),
    ),
    Case(
        "yesterday's rate",
        "GB",
        [("100.00", "17.50", "S")],
        "17.50",
        error=mismatch("17.50 GBP", "20.00 GBP"),
    ),
    Case("rates that cancel out", "GB", [("100.00", "0", "RC")], "0"),
    Case(
        "rates that cancel out beside an override",
        "GB",
        [("10.01", "2.00", "S")] * 3 + [("100.00", "0", "RC")],
        "6.00",
        override={
            "s": ("6.00", "30.03"),
            "rc+": ("20.00", "100.00"),
            "rc-": ("-20.00", "100.00"),
        },
    ),
    # 10.10 x 5 % = 0.505 -> 0.51; 20.20 x 5 % = 1.01
    Case("half a penny goes up", "GB", [("10.10", "0.51", "R")], "0.51"),
    Case(
        "half a penny goes up twice",
        "GB",
        [("10.10", "0.51", "R")] * 2,
        "1.02",
        override={"r": ("1.02", "20.20")},
    ),
    Case(
        "zero-rated and exempt side by side",
        "GB",
        [("100.00", "0", "Z"), ("50.00", "0", "none")],
        "0",
    ),
    Case(
        "more taken off than charged",
        "GB",
        [("100.00", "20.00", "S"), ("-150.00", "-30.00", "S")],
        "-10.00",
    ),
    # 99.99 x 20 % = 19.998 -> 20.00
    Case(
        "a penny cut off",
        "GB",
        [("99.99", "19.99", "S")],
        "19.99",
        override={"s": ("19.99", "99.99")},
    ),
    Case(
        "two pennies are too many",
        "GB",
        [("99.99", "19.98", "S")],
        "19.98",
        error=mismatch("19.98 GBP", "20.00 GBP"),
    ),
    # 33.33 x 20 % = 6.666 -> 6.67 each; 99.99 x 20 % = 19.998 -> 20.00
    Case(
        "only one of two rates is off",
        "GB",
        [("33.33", "6.67", "S")] * 3 + [("20.00", "1.00", "R")],
        "21.01",
        override={"s": ("20.01", "99.99"), "r": ("1.00", "20.00")},
    ),
    # Zero-rated and exempt are codes with a rate of 0 %, out of scope has none.
    Case(
        "zero-rated, exempt and out of scope",
        "GB",
        [("10.00", "0", "Z"), ("20.00", "0", "E"), ("30.00", "0", "none")],
        "0",
    ),
    # An override names every rate of the document, those of 0 % with nothing.
    Case(
        "zero-rated, exempt and out of scope beside an override",
        "GB",
        [("10.01", "2.00", "S")] * 3
        + [("10.00", "0", "Z"), ("20.00", "0", "E"), ("30.00", "0", "none")],
        "6.00",
        override={"s": ("6.00", "30.03"), "z": ("0", "10.00"), "e": ("0", "20.00")},
    ),
    Case(
        "tax on an exempt line",
        "GB",
        [("100.00", "20.00", "E")],
        "20.00",
        error=mismatch("20.00 GBP", "0.00 GBP"),
    ),
    Case(
        "tax on a line out of scope",
        "GB",
        [("100.00", "20.00", "none")],
        "20.00",
        error=mismatch("20.00 GBP", "0.00 GBP"),
    ),
    Case(
        "a firm that charges no VAT",
        "GB",
        [("1250.00", "0", "none"), ("35.50", "0", "none")],
        "0",
    ),
    Case(
        "a bill in dollars at 20 %",
        "GB",
        [("333.33", "66.67", "S")],
        "66.67",
        currency="USD",
    ),
    # 10.01 x 20 % = 2.002 -> 2.00 each; 30.03 x 20 % = 6.006 -> 6.01
    Case(
        "a bill in dollars rounded line by line",
        "GB",
        [("10.01", "2.00", "S")] * 3,
        "6.00",
        override={"s": ("6.00", "30.03")},
        currency="USD",
    ),
    Case(
        "a bill in dollars to a client abroad",
        "GB",
        [("333.33", "0", "Z")],
        "0",
        currency="USD",
    ),
    # Prices with tax: the net is what 120 % leave, 100.00 / 1.2 = 83.333 -> 83.33;
    # 83.33 x 20 % = 16.666 -> 16.67
    Case("100.00 with VAT", "GB", [("83.33", "16.67", "S")], "16.67"),
    # 10.00 / 1.2 = 8.333 -> 8.33 and 1.67 each; 24.99 x 20 % = 4.998 -> 5.00
    Case(
        "three times 10.00 with VAT",
        "GB",
        [("8.33", "1.67", "S")] * 3,
        "5.01",
        override={"s": ("5.01", "24.99")},
    ),
    # 0.99 / 1.2 = 0.825 -> 0.83 and 0.16; 0.83 x 20 % = 0.166 -> 0.17
    Case(
        "0.99 with VAT",
        "GB",
        [("0.83", "0.16", "S")],
        "0.16",
        override={"s": ("0.16", "0.83")},
    ),
    # 99.99 / 1.05 = 95.2286 -> 95.23 and 4.76; 95.23 x 5 % = 4.7615
    Case("99.99 with reduced VAT", "GB", [("95.23", "4.76", "R")], "4.76"),
    # 19.99 / 1.2 = 16.6583 -> 16.66 and 3.33; 16.66 x 20 % = 3.332 -> 3.33
    Case(
        "19.99 with VAT and a zero-rated 50.00",
        "GB",
        [("16.66", "3.33", "S"), ("50.00", "0", "Z")],
        "3.33",
    ),
    # --- Australia -------------------------------------------------------------------
    Case("GST", "AU", [("110.00", "11.00", "GST")], "11.00"),
    Case("GST free", "AU", [("110.00", "0", "FRE")], "0"),
    Case("half a cent goes up", "AU", [("0.05", "0.01", "GST")], "0.01"),
    Case(
        "half a cent that the bill cut off",
        "AU",
        [("0.05", "0.00", "GST")],
        "0.00",
        override={"gst": ("0.00", "0.05")},
    ),
    # 10.04 x 10 % = 1.004 -> 1.00 each; 401.60 x 10 % = 40.16
    Case(
        "forty lines, sixteen cents of rounding",
        "AU",
        [("10.04", "1.00", "GST")] * 40,
        "40.00",
        override={"gst": ("40.00", "401.60")},
    ),
    Case(
        "forty lines, forty cents are the limit",
        "AU",
        [("10.04", "1.00", "GST")] * 39 + [("10.04", "1.56", "GST")],
        "40.56",
        override={"gst": ("40.56", "401.60")},
    ),
    Case(
        "forty lines, forty-one cents are too many",
        "AU",
        [("10.04", "1.00", "GST")] * 39 + [("10.04", "1.57", "GST")],
        "40.57",
        error=mismatch("40.57 AUD", "40.16 AUD"),
    ),
    # 40.16 x 10 % = 4.016 -> 4.02, which this bill puts on its last line
    Case(
        "the bill's own rounding on one line",
        "AU",
        [("10.04", "1.00", "GST")] * 3 + [("10.04", "1.02", "GST")],
        "4.02",
    ),
    # 79.95 x 10 % = 7.995 -> 8.00; line by line 10.00 - 2.01 (2.005 rounds to 2.01)
    Case(
        "discount line",
        "AU",
        [("100.00", "10.00", "GST"), ("-20.05", "-2.01", "GST")],
        "7.99",
        override={"gst": ("7.99", "79.95")},
    ),
    # -10.05 x 10 % = -1.005 -> -1.01: half-up goes away from zero
    Case(
        "negative tax",
        "AU",
        [("500.00", "0", "FRE"), ("-10.05", "-1.01", "GST")],
        "-1.01",
    ),
    Case(
        "negative tax, rounded towards zero",
        "AU",
        [("500.00", "0", "FRE"), ("-10.05", "-1.00", "GST")],
        "-1.00",
        override={"free": ("0", "500.00"), "gst": ("-1.00", "-10.05")},
    ),
    # 3.33 x 10 % = 0.333 -> 0.33 each; 9.99 x 10 % = 0.999 -> 1.00
    Case(
        "three lines rounded down",
        "AU",
        [("3.33", "0.33", "GST")] * 3,
        "0.99",
        override={"gst": ("0.99", "9.99")},
    ),
    Case(
        "GST and GST free",
        "AU",
        [("200.00", "20.00", "GST"), ("80.00", "0", "FRE")],
        "20.00",
    ),
    Case("GST of a tenth of a cent", "AU", [("0.01", "0.00", "GST")], "0.00"),
    # 123.40 x 10 % = 12.34
    Case(
        "rounded to dollars",
        "AU",
        [("123.40", "12.00", "GST")],
        "12.00",
        error=mismatch("12.00 AUD", "12.34 AUD"),
    ),
    # 0.05 x 10 % = 0.005 -> 0.01 each; 5.00 x 10 % = 0.50
    Case(
        "a hundred lines of half a cent",
        "AU",
        [("0.05", "0.01", "GST")] * 100,
        "1.00",
        override={"gst": ("1.00", "5.00")},
    ),
    Case(
        "GST free, input taxed and out of scope",
        "AU",
        [("10.00", "0", "FRE"), ("20.00", "0", "ITS"), ("30.00", "0", "OOS")],
        "0",
    ),
    Case(
        "a firm not registered for GST",
        "AU",
        [("880.00", "0", "OOS"), ("12.10", "0", "OOS")],
        "0",
    ),
    Case(
        "GST on an input-taxed line",
        "AU",
        [("100.00", "10.00", "ITS")],
        "10.00",
        error=mismatch("10.00 AUD", "0.00 AUD"),
    ),
    Case(
        "a bill in dollars of New Zealand",
        "AU",
        [("200.00", "0", "FRE"), ("49.95", "5.00", "GST")],
        "5.00",
        currency="NZD",
    ),
    # Prices with tax: 100.00 / 1.1 = 90.909 -> 90.91 and 9.09
    Case("100.00 with GST", "AU", [("90.91", "9.09", "GST")], "9.09"),
    # 9.99 / 1.1 = 9.0818 -> 9.08 and 0.91 each; 63.56 x 10 % = 6.356 -> 6.36
    Case(
        "seven times 9.99 with GST",
        "AU",
        [("9.08", "0.91", "GST")] * 7,
        "6.37",
        override={"gst": ("6.37", "63.56")},
    ),
    # 10.00 / 1.1 = 9.0909 -> 9.09 and 0.91 each; 27.27 x 10 % = 2.727 -> 2.73
    Case("three times 10.00 with GST", "AU", [("9.09", "0.91", "GST")] * 3, "2.73"),
    # 0.05 / 1.1 = 0.0455 -> 0.05 and nothing; 0.05 x 10 % = 0.005 -> 0.01
    Case(
        "0.05 with GST",
        "AU",
        [("0.05", "0.00", "GST")],
        "0.00",
        override={"gst": ("0.00", "0.05")},
    ),
    # 1234.56 / 1.1 = 1122.327 -> 1122.33 and 112.23; a discount of 34.56 with GST:
    # 31.418 -> 31.42 and 3.14. 1090.91 x 10 % = 109.091 -> 109.09
    Case(
        "a discount with GST",
        "AU",
        [("1122.33", "112.23", "GST"), ("-31.42", "-3.14", "GST")],
        "109.09",
    ),
    # --- Canada ----------------------------------------------------------------------
    # 5 % = 224.758 -> 224.76; 9.975 % = 448.39221 -> 448.39
    Case("GST and QST", "CA", [("4495.16", "673.15", "GQ")], "673.15"),
    # Shares of 673.16: x 5/14.975 = 224.7613, x 9.975/14.975 = 448.3987
    Case(
        "GST and QST, a cent more",
        "CA",
        [("4495.16", "673.16", "GQ")],
        "673.16",
        override={"ca5": ("224.76", "4495.16"), "qst": ("448.40", "4495.16")},
    ),
    Case(
        "GST and QST, two cents more",
        "CA",
        [("4495.16", "673.17", "GQ")],
        "673.17",
        error=mismatch("673.17 CAD", "673.15 CAD"),
    ),
    Case("HST", "CA", [("200.00", "26.00", "H13")], "26.00"),
    # GST on 200 = 10.00; QST on 100 = 9.975 -> 9.98
    Case(
        "one rate in two codes",
        "CA",
        [("100.00", "5.00", "G5"), ("100.00", "14.98", "GQ")],
        "19.98",
    ),
    # QuickBooks: 20.20 x 5 % = 1.01, 10.10 x 9.975 % = 1.007475 -> 1.01, so 2.02.
    # Bill: 0.505 -> 0.51 and 10.10 x 14.975 % -> 1.52 (0.51 + 1.01).
    # GST share 0.51 + 1.52 x 5/14.975 = 1.0175, QST share 1.0125; the cent to .75.
    Case(
        "one rate in two codes, a cent more",
        "CA",
        [("10.10", "0.51", "G5"), ("10.10", "1.52", "GQ")],
        "2.03",
        override={"ca5": ("1.02", "20.20"), "qst": ("1.01", "10.10")},
    ),
    # 7.77 x 13 % = 1.0101 -> 1.01 each; 23.31 x 13 % = 3.0303 -> 3.03
    Case("HST on three lines", "CA", [("7.77", "1.01", "H13")] * 3, "3.03"),
    # 4.50 x 13 % = 0.585 -> 0.59 each; 9.00 x 13 % = 1.17
    Case(
        "HST, a cent more",
        "CA",
        [("4.50", "0.59", "H13")] * 2,
        "1.18",
        override={"hst": ("1.18", "9.00")},
    ),
    # 19.90 x 5 % = 0.995 -> 1.00
    Case("GST alone", "CA", [("19.90", "1.00", "G5")], "1.00"),
    # 5 % = 0.50, 9.975 % = 0.9975 -> 1.00; 14.975 % = 1.4975 -> 1.50
    Case("GST and QST agree", "CA", [("10.00", "1.50", "GQ")], "1.50"),
    # 5 % = 0.005 -> 0.01, 9.975 % = 0.009975 -> 0.01; 14.975 % = 0.014975 -> 0.01.
    # Shares of 0.01: 0.0033 and 0.0067; the cent to .0067.
    Case(
        "GST and QST of a cent",
        "CA",
        [("0.10", "0.01", "GQ")],
        "0.01",
        override={"ca5": ("0.00", "0.10"), "qst": ("0.01", "0.10")},
    ),
    # 13.00; 5.00 and 9.975 -> 9.98
    Case(
        "three provinces and an export",
        "CA",
        [("100.00", "13.00", "H13"), ("100.00", "14.98", "GQ"), ("50.00", "0", "CZ")],
        "27.98",
    ),
    Case(
        "another province's rate",
        "CA",
        [("100.00", "15.00", "H13")],
        "15.00",
        error=mismatch("15.00 CAD", "13.00 CAD"),
    ),
    Case(
        "taxed and zero-rated",
        "CA",
        [("100.00", "13.00", "H13"), ("40.00", "0", "CZ")],
        "13.00",
    ),
    # 5.00 + 7.00
    Case("GST and PST", "CA", [("100.00", "12.00", "GP")], "12.00"),
    # 5 % = 1.665 -> 1.67, 7 % = 2.331 -> 2.33; 12 % = 3.996 -> 4.00
    Case("GST and PST agree", "CA", [("33.30", "4.00", "GP")], "4.00"),
    # 5 % = 0.555 -> 0.56, 7 % = 0.777 -> 0.78; 12 % = 1.332 -> 1.33. Shares of 1.33:
    # x 5/12 = 0.5542, x 7/12 = 0.7758; the cent to .7758.
    Case(
        "GST and PST round up together",
        "CA",
        [("11.10", "1.33", "GP")],
        "1.33",
        override={"ca5": ("0.55", "11.10"), "pst": ("0.78", "11.10")},
    ),
    # GST on both, PST on the fees: 5 % of 300 = 15.00, 7 % of 200 = 14.00
    Case(
        "PST on one of two lines",
        "CA",
        [("200.00", "24.00", "GP"), ("100.00", "5.00", "G5")],
        "29.00",
    ),
    Case(
        "zero-rated and exempt in Canada",
        "CA",
        [("40.00", "0", "CZ"), ("60.00", "0", "CE")],
        "0",
    ),
    Case(
        "a client in New York",
        "CA",
        [("1000.00", "0", "CZ")],
        "0",
        currency="USD",
    ),
    Case(
        "GST and QST in US dollars",
        "CA",
        [("4495.16", "673.15", "GQ")],
        "673.15",
        currency="USD",
    ),
    # Prices with tax: 100.00 / 1.12 = 89.2857 -> 89.29 and 10.71; 5 % = 4.4645 -> 4.46,
    # 7 % = 6.2503 -> 6.25
    Case("100.00 with GST and PST", "CA", [("89.29", "10.71", "GP")], "10.71"),
    # 10.00 / 1.12 = 8.9286 -> 8.93 and 1.07; 5 % = 0.4465 -> 0.45, 7 % = 0.6251 ->
    # 0.63. Shares of 1.07: 0.4458 and 0.6242; the cent to .4458.
    Case(
        "10.00 with GST and PST",
        "CA",
        [("8.93", "1.07", "GP")],
        "1.07",
        override={"ca5": ("0.45", "8.93"), "pst": ("0.62", "8.93")},
    ),
    # 5 % of 17.86 = 0.893 -> 0.89, 7 % = 1.2502 -> 1.25
    Case("twice 10.00 with GST and PST", "CA", [("8.93", "1.07", "GP")] * 2, "2.14"),
    # 33.33 / 1.12 = 29.7589 -> 29.76 and 3.57; 5 % = 1.488 -> 1.49, 7 % = 2.0832 ->
    # 2.08
    Case("33.33 with GST and PST", "CA", [("29.76", "3.57", "GP")], "3.57"),
    # 7.77 / 1.12 = 6.9375 -> 6.94 and 0.83 each; 20.82 x 5 % = 1.041 -> 1.04,
    # x 7 % = 1.4574 -> 1.46. Shares of 2.49: 1.0375 and 1.4525; the cent to .0375.
    Case(
        "three times 7.77 with GST and PST",
        "CA",
        [("6.94", "0.83", "GP")] * 3,
        "2.49",
        override={"ca5": ("1.04", "20.82"), "pst": ("1.45", "20.82")},
    ),
]


class TestMapTax(BaseCase):
    def test_cases_worked_out_by_hand(self):
        self.assertGreaterEqual(len(CASES), 110)
        self.assertEqual(
            len({(case.country, case.title) for case in CASES}), len(CASES)
        )
        for case in CASES:
            lines = [make_line(*line) for line in case.lines]
            invoice = make_invoice(lines, case.tax, case.country, case.currency)
            # Automated sales tax is told the document's own tax all the same.
            both = (False, True) if case.automated is None else (case.automated,)
            for sale, automated in product((invoice, as_credit_note(invoice)), both):
                title = f"{case.country}: {case.title}"
                with self.subTest(title, sale=type(sale), automated=automated):
                    self.check_case(case, sale, automated)

    def check_case(self, case, sale, automated):
        company = make_company(case.country)
        company = replace(company, uses_automated_sales_tax=automated)
        if case.error:
            with self.assertRaises(DataError) as caught:
                map_tax(sale, company)
            self.assertEqual(
                (caught.exception.cause, caught.exception.values), case.error
            )
            return
        expected = (
            {} if case.country == "US" else {"GlobalTaxCalculation": "TaxExcluded"}
        )
        detail = self.expected_detail(case)
        if detail:
            expected["TxnTaxDetail"] = detail
        self.assertEqual(map_tax(sale, company), expected)

    def expected_detail(self, case):
        percentages = {
            rate.rate_id: rate.percentage
            for code in CODES.values()
            for rate in code.rates
        }
        detail = {}
        if case.country == "US" or case.override:
            detail["TotalTax"] = Decimal(case.tax)
        if case.code:
            detail["TxnTaxCodeRef"] = {"value": case.code}
        if case.override:
            detail["TaxLine"] = [
                {
                    "Amount": Decimal(amount),
                    "DetailType": "TaxLineDetail",
                    "TaxLineDetail": {
                        "TaxRateRef": {"value": rate_id},
                        "PercentBased": True,
                        "TaxPercent": percentages[rate_id],
                        "NetAmountTaxable": Decimal(net),
                    },
                }
                for rate_id, (amount, net) in case.override.items()
            ]
        return detail

    def test_amounts_have_two_places(self):
        invoice = make_invoice([make_line("80.5", "3.62", "us4")], "3.62")
        self.assertEqual(
            str(map_tax_us(invoice, AMERICAN)["TxnTaxDetail"]["TotalTax"]), "3.62"
        )
        lines = [make_line("10.1", "0.45", "us4"), make_line("10.1", "0.45", "us4")]
        detail = map_tax_us(make_invoice(lines, "0.9"), AMERICAN)["TxnTaxDetail"]
        texts = [str(line["Amount"]) for line in detail["TaxLine"]]
        self.assertEqual([str(detail["TotalTax"]), *texts], ["0.90", "0.90", "0.00"])
        net = detail["TaxLine"][0]["TaxLineDetail"]["NetAmountTaxable"]
        self.assertEqual(str(net), "20.20")

    def test_line_codes_in_the_us_are_tax_and_non(self):
        company = AMERICAN
        for code, expected in (
            ("us7", "TAX"),
            ("us8", "TAX"),
            ("us4", "TAX"),
            ("us0", "NON"),
            ("NON", "NON"),
        ):
            with self.subTest(code=code):
                self.assertEqual(
                    line_tax_code(make_line("1", "0", code), company), expected
                )

    def test_tax_is_a_line_code_for_automated_sales_tax_alone(self):
        line = make_line("1", "0", "TAX")
        automated = replace(AMERICAN, uses_automated_sales_tax=True)
        self.assertEqual(line_tax_code(line, automated), "TAX")
        self.assertEqual(line_tax_code(line, AMERICAN), "NON")

    def test_line_codes_elsewhere_are_the_real_ones(self):
        for country, code in (("GB", "Z"), ("AU", "GST"), ("CA", "GQ"), ("GB", "none")):
            with self.subTest(code=code):
                line = make_line("1", "0", code)
                self.assertEqual(line_tax_code(line, make_company(country)), code)

    def test_a_us_company_without_sales_tax_gets_no_tax_detail(self):
        company = make_company("US", uses_sales_tax=False)
        line = make_line("100.00", "0", "us7")
        self.assertEqual(map_tax(make_invoice([line], "0"), company), {})
        self.assertEqual(line_tax_code(line, company), "NON")

    def test_another_company_without_sales_tax_is_out_of_scope(self):
        company = make_company("GB", uses_sales_tax=False)
        line = make_line("100.00", "0", "S")
        self.assertEqual(
            map_tax(make_invoice([line], "0", "GB"), company),
            {"GlobalTaxCalculation": "NotApplicable"},
        )
        self.assertIsNone(line_tax_code(line, company))

    def test_a_company_without_sales_tax_takes_no_bill_with_tax(self):
        for country in ("US", "GB"):
            company = make_company(country, uses_sales_tax=False)
            currency = CURRENCIES[country]
            for taxes in (("7.25",), ("0.01",), ("5.00", "-5.00")):
                with self.subTest(country=country, taxes=taxes):
                    lines = [make_line("100.00", tax, "NON") for tax in taxes]
                    total = sum(map(Decimal, taxes))
                    with self.assertRaises(DataError) as caught:
                        map_tax(make_invoice(lines, total, country), company)
                    self.assertEqual(caught.exception.cause, "tax_mismatch")
                    values = caught.exception.values
                    self.assertEqual(values["expected"], f"0.00 {currency}")

    def test_the_sentences_have_all_their_values(self):
        for case in CASES:
            if case.error:
                cause, values = case.error
                sentence = CAUSES[cause].sentence._translate("en_US") % values
                self.assertNotIn("%(", sentence)

    def test_an_override_adds_up_to_the_header_whatever_the_lines_say(self):
        # QuickBooks makes 6.01, the header says 6.03, the lines 6.00 together.
        lines = [make_line("10.01", "2.00", "S")] * 3 + [make_line("9.00", "0", "Z")]
        detail = map_tax_global(make_invoice(lines, "6.03", "GB"))["TxnTaxDetail"]
        amounts = [line["Amount"] for line in detail["TaxLine"]]
        self.assertEqual(amounts, [Decimal("6.03"), Decimal("0.00")])

    def test_a_code_with_wrong_tax_is_named_in_the_detail(self):
        lines = [make_line("100.00", "0", "us7"), make_line("100.00", "7.25", "NON")]
        with self.assertRaises(DataError) as caught:
            map_tax_us(make_invoice(lines, "7.25"), AMERICAN)
        self.assertEqual(caught.exception.detail, "tax code California 7.25%")


class TestExpectedTaxes(BaseCase):
    def test_per_rate_over_the_summed_base(self):
        lines = [
            make_line("10.10", "0", "G5"),
            make_line("10.10", "0", "GQ"),
            make_line("-5.05", "0", "GQ"),
            make_line("7.00", "0", "CZ"),
            make_line("9.00", "0", "NON"),
        ]
        # 15.15 x 5 % = 0.7575; 5.05 x 9.975 % = 0.5037375
        self.assertEqual(
            expected_taxes(lines),
            {
                "ca5": (Decimal("15.15"), Decimal("5"), Decimal("0.76")),
                "qst": (Decimal("5.05"), Decimal("9.975"), Decimal("0.50")),
                "ca0": (Decimal("7.00"), Decimal("0"), Decimal("0.00")),
            },
        )

    def test_the_base_is_the_amounts_as_they_are_sent(self):
        lines = [make_line("10.005", "0", "GST")] * 2
        self.assertEqual(expected_taxes(lines)["gst"].net, Decimal("20.02"))

    def test_nothing_of_nothing(self):
        self.assertEqual(expected_taxes([]), {})


# --- Properties ---------------------------------------------------------------------

percentages = st.decimals(min_value=0, max_value=30, places=3)
nets = st.decimals(min_value=-100_000, max_value=100_000, places=2)


@st.composite
def codes(draw):
    """Return tax codes with none to five rates each, none of them in two codes."""
    made = []
    for number in range(draw(st.integers(min_value=1, max_value=4))):
        rates = draw(st.lists(percentages, max_size=5))
        pairs = [(f"{number}.{rank}", rate) for rank, rate in enumerate(rates)]
        made.append(make_code(str(number), f"Code {number}", *pairs))
    return made


@st.composite
def bills(draw, one_code=False):
    """Return a bill whose lines round their own tax half-up, as honest bills do."""
    choices = draw(codes())[: 1 if one_code else None]
    lines = []
    for _ in range(draw(st.integers(min_value=1, max_value=12))):
        net, code = draw(nets), draw(st.sampled_from(choices))
        tax = (net * code.percentage / 100).quantize(CENT, ROUND_HALF_UP)
        lines.append(make_line(net, tax, code))
    total = sum(line.tax_amount for line in lines)
    return make_invoice(lines, total)


INCLUSIVE = {"GB": ("S", "R", "Z"), "AU": ("GST", "FRE"), "CA": ("GP", "G5", "GQ")}


@st.composite
def bills_with_tax_in_prices(draw):
    """Return a bill of gross prices, each split into net and tax, and its total."""
    country = draw(st.sampled_from(sorted(INCLUSIVE)))
    prices = st.tuples(nets, st.sampled_from(INCLUSIVE[country]))
    lines, total = [], Decimal(0)
    for gross, code in draw(st.lists(prices, min_size=1, max_size=12)):
        share = 100 / (100 + CODES[code].percentage)
        net = (gross * share).quantize(CENT, ROUND_HALF_UP)
        lines.append(make_line(net, gross - net, code))
        total += gross
    tax = sum(line.tax_amount for line in lines)
    return make_invoice(lines, tax, country), total


class TestTaxProperties(BaseCase):
    def assertSound(self, invoice, detail, lines):
        """Assert that the tax lines are the bill's tax to the cent, per real rate."""
        self.assertEqual(detail["TotalTax"], invoice.total_tax)
        amounts = {
            line["TaxLineDetail"]["TaxRateRef"]["value"]: line["Amount"]
            for line in detail["TaxLine"]
        }
        self.assertEqual(sum(amounts.values()), invoice.total_tax)
        for rate_id, tax in expected_taxes(lines).items():
            self.assertEqual(amounts[rate_id], amounts[rate_id].quantize(CENT))
            if not tax.percentage:
                self.assertEqual(amounts[rate_id], 0)
            else:
                self.assertLess(abs(amounts[rate_id] - tax.amount), Decimal("0.20"))

    @PROPERTY
    @given(bills())
    def test_an_honest_bill_is_never_refused_and_its_tax_lines_add_up(self, invoice):
        detail = map_tax_global(invoice).get("TxnTaxDetail")
        computed = sum(tax.amount for tax in expected_taxes(invoice.lines).values())
        self.assertEqual(detail is None, computed == invoice.total_tax)
        if detail:
            self.assertSound(invoice, detail, invoice.lines)

    @PROPERTY
    @given(bills(one_code=True))
    def test_the_same_in_the_us(self, invoice):
        detail = map_tax_us(invoice, AMERICAN)["TxnTaxDetail"]
        self.assertEqual(detail["TotalTax"], invoice.total_tax)
        if "TaxLine" in detail:
            self.assertSound(invoice, detail, invoice.lines)

    @PROPERTY
    @given(bills_with_tax_in_prices())
    def test_prices_with_tax_come_to_the_bills_total_to_the_cent(self, bill):
        invoice, gross = bill
        detail = map_tax_global(invoice).get("TxnTaxDetail")
        taxes = expected_taxes(invoice.lines).values()
        tax = detail["TotalTax"] if detail else sum(tax.amount for tax in taxes)
        self.assertEqual(sum(line.amount for line in invoice.lines) + tax, gross)
        if detail:
            self.assertSound(invoice, detail, invoice.lines)

    @PROPERTY
    @given(bills(), st.integers(min_value=-500, max_value=500).filter(bool))
    def test_beyond_rounding_is_always_refused(self, invoice, more):
        # 12 lines make 12 cents, 4 codes of 5 rates 8 more, and the honest bill may
        # itself be that far off on the other side.
        off = CENT * (more + (40 if more > 0 else -40))
        invoice = replace(invoice, total_tax=invoice.total_tax + off)
        with self.assertRaises(DataError) as caught:
            map_tax_global(invoice)
        self.assertEqual(caught.exception.cause, "tax_mismatch")

    @PROPERTY
    @given(bills(), st.randoms(use_true_random=False))
    def test_the_order_of_lines_does_not_matter(self, invoice, random):
        lines = list(invoice.lines)
        random.shuffle(lines)
        shuffled = replace(invoice, lines=tuple(lines))
        self.assertEqual(
            by_rate(map_tax_global(invoice)), by_rate(map_tax_global(shuffled))
        )


def by_rate(header):
    detail = header.get("TxnTaxDetail", {"TaxLine": []})
    return sorted(
        (line["TaxLineDetail"]["TaxRateRef"]["value"], line["Amount"])
        for line in detail["TaxLine"]
    )
