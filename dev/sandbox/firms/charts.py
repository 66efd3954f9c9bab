"""Charts of accounts, tax codes and the mapping of the sample firms."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from .model import Account, AccountType, Mapping, TaxCode

CLOSED_BOOKS = date(2026, 8, 31)
UNMAPPED_ACCOUNT = "4-1900"
OPERATING_BANK, TRUST_BANK, UNMAPPED_BANK = "1-1110", "1-1120", "1-1130"


@dataclass(frozen=True)
class Country:
    """What differs from country to country.

    ``roles`` gives the tax code for each tax role a bill line can play:
    standard, reduced, zero, none and unmapped (left out of the mapping); a country's
    own cases may play further ones.
    ``cent_amount``: three such lines at the standard rate carry a per-line tax
    which differs by a cent from the tax on their sum.
    """

    code: str
    firm_name: str
    currency: str
    currency_name: str
    timezone: str
    orgkey: str
    realm_id: str
    state: str
    city: str
    post_code: str
    tax_name: str
    cent_amount: Decimal
    tax_codes: tuple[tuple[str, str, str], ...]
    roles: dict[str, str]
    tax_map: dict[str, str]

    @cached_property
    def rates(self) -> dict[str, Decimal]:
        """Return the percentage by tax code."""
        return {code: Decimal(rate) for code, _text, rate in self.tax_codes}


COUNTRIES = {
    "US": Country(
        code="US",
        firm_name="Alder & Finch Law PC",
        currency="USD",
        currency_name="United States Dollar",
        timezone="America/Los_Angeles",
        orgkey="alderfinchus",
        realm_id="9130350000000001",
        state="CA",
        city="Bayshore",
        post_code="94326",
        tax_name="Sales Tax",
        cent_amount=Decimal("10.10"),
        tax_codes=(
            ("TAX 8.25", "California sales tax", "8.25"),
            ("NT", "No tax", "0.00"),
            ("CITY 9.5", "City of Bayshore sales tax", "9.50"),
        ),
        roles={
            "standard": "TAX 8.25",
            "reduced": "TAX 8.25",
            "zero": "NT",
            "none": "NT",
            "unmapped": "CITY 9.5",
        },
        tax_map={"TAX 8.25": "California 8.25%", "NT": "NON"},
    ),
    "GB": Country(
        code="GB",
        firm_name="Alder & Finch Solicitors LLP",
        currency="GBP",
        currency_name="British Pound Sterling",
        timezone="Europe/London",
        orgkey="alderfinchgb",
        realm_id="9130350000000002",
        state="",
        city="Bristol",
        post_code="BS1 4ND",
        tax_name="VAT",
        cent_amount=Decimal("33.33"),
        tax_codes=(
            ("S 20", "VAT standard rate", "20.00"),
            ("R 5", "VAT reduced rate", "5.00"),
            ("Z 0", "VAT zero rate", "0.00"),
            ("EX", "Exempt from VAT", "0.00"),
            ("NT", "Outside the scope of VAT", "0.00"),
            ("RC 20", "Reverse charge", "20.00"),
        ),
        roles={
            "standard": "S 20",
            "reduced": "R 5",
            "zero": "Z 0",
            "none": "NT",
            "unmapped": "RC 20",
        },
        tax_map={
            "S 20": "20.0% S",
            "R 5": "5.0% R",
            "Z 0": "0.0% Z",
            "EX": "Exempt",
            "NT": "No VAT",
        },
    ),
    "AU": Country(
        code="AU",
        firm_name="Alder & Finch Lawyers Pty Ltd",
        currency="AUD",
        currency_name="Australian Dollar",
        timezone="Australia/Sydney",
        orgkey="alderfinchau",
        realm_id="9130350000000003",
        state="NSW",
        city="Newcastle",
        post_code="2300",
        tax_name="GST",
        cent_amount=Decimal("10.04"),
        tax_codes=(
            ("S 10.0", "Goods and services tax", "10.00"),
            ("GST Free", "GST free supplies", "0.00"),
            ("N-T", "Not reportable", "0.00"),
            ("CAP 10.0", "Capital sales", "10.00"),
        ),
        roles={
            "standard": "S 10.0",
            "reduced": "S 10.0",
            "zero": "GST Free",
            "none": "N-T",
            "unmapped": "CAP 10.0",
        },
        tax_map={"S 10.0": "GST", "GST Free": "GST free", "N-T": "Out of scope"},
    ),
    # British Columbia taxes legal services twice, federally and by the province;
    # Actionstep has one percentage for both, QBO a code of two rates.
    "CA": Country(
        code="CA",
        firm_name="Alder & Finch Law Corporation",
        currency="CAD",
        currency_name="Canadian Dollar",
        timezone="America/Vancouver",
        orgkey="alderfinchca",
        realm_id="9130350000000004",
        state="BC",
        city="Victoria",
        post_code="V8V 1A1",
        tax_name="GST/PST",
        cent_amount=Decimal("10.03"),
        tax_codes=(
            ("GST/PST 12", "GST 5 % and PST 7 %, British Columbia", "12.00"),
            ("GST 5", "Goods and services tax", "5.00"),
            ("HST 13", "Harmonized sales tax, Ontario", "13.00"),
            ("Z 0", "Zero-rated supplies", "0.00"),
            ("EX", "Exempt supplies", "0.00"),
            ("NT", "Out of scope", "0.00"),
            ("HST 15", "Harmonized sales tax, Nova Scotia", "15.00"),
        ),
        roles={
            "standard": "GST/PST 12",
            "reduced": "GST 5",
            "zero": "Z 0",
            "none": "NT",
            "unmapped": "HST 15",
            "harmonized": "HST 13",
            "exempt": "EX",
        },
        tax_map={
            "GST/PST 12": "GST/PST BC",
            "GST 5": "GST",
            "HST 13": "HST ON",
            "Z 0": "Zero-rated",
            "EX": "Exempt",
            "NT": "Out of Scope",
        },
    ),
}

ACCOUNT_TYPES = [
    AccountType(1, "Bank", "Assets"),
    AccountType(2, "Accounts Receivable", "Assets"),
    AccountType(3, "Current Asset", "Assets"),
    AccountType(4, "Accounts Payable", "Liabilities"),
    AccountType(5, "Current Liability", "Liabilities"),
    AccountType(6, "Equity", "Equity"),
    AccountType(7, "Revenue", "Income", "Income"),
    AccountType(8, "Expense", "Expenses", "Expenses"),
]

# number, name, type, header, QBO account name ("" = the mapping leaves it out)
_CHART: tuple[tuple[str, str, int, bool, str], ...] = (
    ("1-0000", "Assets", 3, True, ""),
    ("1-1110", "Business Bank Account", 1, False, "Business Bank Account"),
    ("1-1120", "Trust Bank Account", 1, False, "Client Trust Bank Account"),
    ("1-1200", "Accounts Receivable", 2, False, "Accounts Receivable (A/R)"),
    ("1-1300", "Disbursements Recoverable", 3, False, ""),
    ("2-0000", "Liabilities", 5, True, ""),
    ("2-1100", "Accounts Payable", 4, False, "Accounts Payable (A/P)"),
    ("2-1200", "Tax Payable", 5, False, "Tax Payable"),
    ("2-1300", "Trust Liability", 5, False, "Client Trust Liability"),
    ("3-1000", "Retained Earnings", 6, False, "Retained Earnings"),
    ("4-0000", "Income", 7, True, ""),
    ("4-1100", "Professional Fees", 7, False, "Legal Fee Income"),
    ("4-1200", "Fixed Fees", 7, False, "Fixed Fee Income"),
    ("4-1300", "Consultation Fees", 7, False, "Consultation Income"),
    ("4-1800", "Discounts Given", 7, False, "Discounts Given"),
    (UNMAPPED_ACCOUNT, "Mediation Fees", 7, False, ""),
    ("4-2100", "Disbursements Recovered", 7, False, "Reimbursed Client Costs"),
    ("6-0000", "Expenses", 8, True, ""),
    ("6-1100", "Court Filing Fees", 8, False, "Court Filing Fees"),
    ("6-1200", "Copying and Printing", 8, False, "Copying and Printing"),
    ("6-1300", "Travel", 8, False, "Travel"),
    ("6-1400", "Expert Witness Fees", 8, False, "Expert Witness Fees"),
    ("6-1500", "Process Serving", 8, False, "Process Serving"),
)

ITEM_MAP = {
    "4-1100": "Legal Fees",
    "4-1200": "Fixed Fees",
    "4-1300": "Consultation",
    "4-1800": "Discounts Given",
    "6-1100": "Court Filing Fees",
    "6-1200": "Copying and Printing",
    "6-1300": "Travel Expenses",
    "6-1400": "Expert Witness Fees",
    "6-1500": "Process Serving",
}


def tax_codes(country: Country) -> list[TaxCode]:
    """Return the firm's tax codes; ids count from 1."""
    return [
        TaxCode(index, code, description, Decimal(percentage))
        for index, (code, description, percentage) in enumerate(country.tax_codes, 1)
    ]


def accounts(codes: list[TaxCode]) -> list[Account]:
    """Return the chart of accounts; at its end an inactive one and a bank account
    which the mapping leaves out."""
    ids = {row[0]: index for index, row in enumerate(_CHART, 1)}
    chart = [_account(ids, row, codes[0].tax_code_id) for row in _CHART]
    chart.append(
        Account(
            len(chart) + 1,
            "4-9000",
            "Agency Fees (closed)",
            7,
            parent_id=ids["4-0000"],
            active=False,
        )
    )
    savings = len(chart) + 1, UNMAPPED_BANK, "Savings Bank Account", 1
    chart.append(Account(*savings, parent_id=ids["1-0000"]))
    return chart


def _account(ids: dict[str, int], row: tuple, tax_code_id: int) -> Account:
    number, name, type_id, header, _qbo_name = row
    expense = number.startswith("6-") and not header
    return Account(
        account_id=ids[number],
        number=number,
        name=name,
        type_id=type_id,
        parent_id=None if header else ids.get(f"{number[0]}-0000"),
        tax_code_id=tax_code_id if number[0] in "46" and not header else None,
        income_account_id=ids["4-2100"] if expense else None,
        header=header,
        matter_only=number in {"1-1120", "2-1300"},
    )


def mapping(country: Country) -> Mapping:
    """Return the demo's mapping; it leaves out one account and one tax code."""
    return Mapping(
        items=dict(ITEM_MAP),
        accounts={row[0]: row[4] for row in _CHART if row[4]},
        taxes=dict(country.tax_map),
    )
