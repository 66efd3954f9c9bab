"""The QuickBooks Online company of a sample firm, in QBO's own JSON shape."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from .cases import TAKEN_NUMBER
from .charts import CLOSED_BOOKS, Country
from .people import CUSTOMER_NAME, EMPLOYEE_NAME, VENDOR_NAME

STAMP = "2026-08-01T09:00:00-07:00"
RATE_SINCE = "2020-01-01T00:00:00-08:00"

# name, account type, sub-type, classification, number
_ACCOUNTS = (
    ("Business Bank Account", "Bank", "Checking", "Asset", "1110"),
    ("Client Trust Bank Account", "Bank", "TrustAccounts", "Asset", "1120"),
    (
        "Undeposited Funds",
        "Other Current Asset",
        "UndepositedFunds",
        "Asset",
        "1150",
    ),
    (
        "Accounts Receivable (A/R)",
        "Accounts Receivable",
        "AccountsReceivable",
        "Asset",
        "1200",
    ),
    ("Accounts Payable (A/P)", "Accounts Payable", "AccountsPayable", "Liability", ""),
    (
        "Tax Payable",
        "Other Current Liability",
        "GlobalTaxPayable",
        "Liability",
        "2200",
    ),
    (
        "Client Trust Liability",
        "Other Current Liability",
        "TrustAccountsLiabilities",
        "Liability",
        "2300",
    ),
    ("Retained Earnings", "Equity", "RetainedEarnings", "Equity", "3000"),
    ("Services", "Income", "ServiceFeeIncome", "Revenue", ""),
    ("Legal Fee Income", "Income", "ServiceFeeIncome", "Revenue", "4100"),
    ("Fixed Fee Income", "Income", "ServiceFeeIncome", "Revenue", "4200"),
    ("Consultation Income", "Income", "ServiceFeeIncome", "Revenue", "4300"),
    ("Discounts Given", "Income", "DiscountsRefundsGiven", "Revenue", "4800"),
    ("Reimbursed Client Costs", "Income", "OtherPrimaryIncome", "Revenue", "4900"),
    ("Court Filing Fees", "Expense", "LegalProfessionalFees", "Expense", "6100"),
    ("Copying and Printing", "Expense", "OfficeGeneralAdministrativeExpenses", "", ""),
    ("Travel", "Expense", "Travel", "Expense", "6300"),
    ("Expert Witness Fees", "Expense", "LegalProfessionalFees", "Expense", "6400"),
    ("Process Serving", "Expense", "LegalProfessionalFees", "Expense", "6500"),
    ("Office Rent", "Expense", "RentOrLeaseOfBuildings", "Expense", "6900"),
)
# name, income account, expense account
_ITEMS = (
    ("Services", "Services", ""),
    ("Hours", "Services", ""),
    ("Legal Fees", "Legal Fee Income", ""),
    ("Fixed Fees", "Fixed Fee Income", ""),
    ("Consultation", "Consultation Income", ""),
    ("Discounts Given", "Discounts Given", ""),
    ("Court Filing Fees", "Reimbursed Client Costs", "Court Filing Fees"),
    ("Copying and Printing", "Reimbursed Client Costs", "Copying and Printing"),
    ("Travel Expenses", "Reimbursed Client Costs", "Travel"),
    ("Expert Witness Fees", "Reimbursed Client Costs", "Expert Witness Fees"),
    ("Process Serving", "Reimbursed Client Costs", "Process Serving"),
    ("Notary Services", "Legal Fee Income", ""),
)
_AGENCIES = {
    "US": ("California Department of Tax and Fee Administration",),
    "GB": ("HM Revenue & Customs (VAT)",),
    "AU": ("Australian Taxation Office",),
    "CA": ("Canada Revenue Agency", "British Columbia Ministry of Finance"),
}
# The rates that are not of the first agency, with the agency's id.
_AGENCY_OF = {"PST BC": "2"}
_Rates = dict[str, str]
# tax code name, description, its rates in percent by name, special type, taxable; a
# rate may be part of several codes
_TAX_CODES: dict[str, tuple[tuple[str, str, _Rates, str, bool], ...]] = {
    "US": (
        (
            "California 8.25%",
            "California 8.25%",
            {"California 8.25%": "8.25"},
            "NONE",
            True,
        ),
    ),
    "GB": (
        ("20.0% S", "Standard rate", {"20.0% S": "20"}, "NONE", True),
        ("5.0% R", "Reduced rate", {"5.0% R": "5"}, "NONE", True),
        ("0.0% Z", "Zero rate", {"0.0% Z": "0"}, "ZERO_RATE", True),
        ("Exempt", "Exempt", {"Exempt": "0"}, "ZERO_RATE", True),
        ("No VAT", "Outside the scope of VAT", {"No VAT": "0"}, "ZERO_RATE", False),
    ),
    "AU": (
        ("GST", "GST on supplies", {"GST": "10"}, "NONE", True),
        ("GST free", "GST free supplies", {"GST free": "0"}, "ZERO_RATE", True),
        ("Out of scope", "Not reported", {"Out of scope": "0"}, "ZERO_RATE", False),
    ),
    "CA": (
        ("GST", "Goods and services tax", {"GST": "5"}, "NONE", True),
        ("GST/PST BC", "GST and PST", {"GST": "5", "PST BC": "7"}, "NONE", True),
        ("HST ON", "Harmonized sales tax", {"HST ON": "13"}, "NONE", True),
        ("Zero-rated", "Zero-rated", {"Zero-rated": "0"}, "ZERO_RATE", True),
        ("Exempt", "Exempt", {"Exempt": "0"}, "ZERO_RATE", True),
        ("Out of Scope", "Out of scope", {"Out of Scope": "0"}, "ZERO_RATE", False),
    ),
}
_CUSTOMERS = (CUSTOMER_NAME, "Riverside Walk-in Advice", "Old Mill Brewery")
_VENDORS = (VENDOR_NAME, "Courier Express")
_EMPLOYEES = ((EMPLOYEE_NAME, "Casey", "Morgan"), ("Priya Shah", "Priya", "Shah"))


def company(country: Country) -> dict[str, Any]:
    """Return the company's starting objects by entity name.

    CompanyInfo and Preferences are single objects, everything else a list. Customers,
    vendors and employees share one row of ids, as they share one set of names.
    """
    accounts = _accounts(country)
    ids = {row["Name"]: row["Id"] for row in accounts}
    items = [_item(country, ids, *row) for row in enumerate(_ITEMS, 1)]
    customers = [_customer(country, str(n), x) for n, x in enumerate(_CUSTOMERS, 1)]
    codes = _tax_codes(country)
    return {
        "CompanyInfo": _company_info(country),
        "Preferences": _preferences(country),
        "Account": accounts,
        "Item": items,
        "TaxAgency": _tax_agencies(country),
        "TaxRate": _tax_rates(country),
        "TaxCode": codes,
        "Customer": customers,
        "Vendor": [_vendor(country, str(n), x) for n, x in enumerate(_VENDORS, 21)],
        "Employee": [_employee(str(n), *x) for n, x in enumerate(_EMPLOYEES, 31)],
        "Invoice": [_handmade_invoice(country, customers[1], items[0], codes)],
    }


def _base(object_id: str, **values: Any) -> dict[str, Any]:
    return {
        "Id": object_id,
        "SyncToken": "0",
        "MetaData": {"CreateTime": STAMP, "LastUpdatedTime": STAMP},
        "domain": "QBO",
        "sparse": False,
        "Active": True,
        **values,
    }


def _ref(value: str, name: str) -> dict[str, str]:
    return {"value": value, "name": name}


def _currency(country: Country) -> dict[str, str]:
    return _ref(country.currency, country.currency_name)


def _accounts(country: Country) -> list[dict[str, Any]]:
    rows = []
    for number, (name, kind, sub_type, group, code) in enumerate(_ACCOUNTS, 1):
        row = _base(str(number), Name=name, FullyQualifiedName=name, SubAccount=False)
        row |= {"AccountType": kind, "AccountSubType": sub_type}
        row |= {"Classification": group or "Expense", "CurrencyRef": _currency(country)}
        row |= {"CurrentBalance": 0, "CurrentBalanceWithSubAccounts": 0}
        rows.append(row | ({"AcctNum": code} if code else {}))
    return rows


def _item(
    country: Country, ids: dict[str, str], number: int, row: tuple[str, str, str]
) -> dict[str, Any]:
    """Return a service; outside the US both accounts are required."""
    name, income, expense = row
    if not expense and country.code != "US":
        expense = "Court Filing Fees"
    item = _base(str(number), Name=name, FullyQualifiedName=name, Type="Service")
    item |= {"UnitPrice": 0, "PurchaseCost": 0, "TrackQtyOnHand": False}
    item["IncomeAccountRef"] = _ref(ids[income], income)
    item["Taxable"] = country.code == "US"
    if expense:
        item["ExpenseAccountRef"] = _ref(ids[expense], expense)
    return item


def _tax_agencies(country: Country) -> list[dict[str, Any]]:
    tracked = {"TaxTrackedOnSales": True, "TaxTrackedOnPurchases": True}
    names = enumerate(_AGENCIES[country.code], 1)
    return [_base(str(number), DisplayName=name, **tracked) for number, name in names]


def _tax_rates(country: Country) -> list[dict[str, Any]]:
    """Return every rate once, in the order in which the codes name them."""
    rows: dict[str, dict[str, Any]] = {}
    for _code, text, rates, special, _taxable in _TAX_CODES[country.code]:
        for name, percent in rates.items():
            if name not in rows:
                rows[name] = _tax_rate(country, str(len(rows) + 1), name, percent)
                rows[name] |= {"Description": text if len(rates) == 1 else name}
                rows[name] |= {"SpecialTaxType": special}
    return list(rows.values())


def _tax_rate(
    country: Country, object_id: str, name: str, percent: str
) -> dict[str, Any]:
    shown = name if country.code == "US" else f"{name} (Sales)"
    rate = _base(object_id, Name=shown, RateValue=Decimal(percent))
    rate |= {"AgencyRef": {"value": _AGENCY_OF.get(name, "1")}}
    rate["DisplayType"] = "ReadOnly"
    rate["EffectiveTaxRate"] = [
        {"RateValue": Decimal(percent), "EffectiveDate": RATE_SINCE}
    ]
    return rate


def _tax_codes(country: Country) -> list[dict[str, Any]]:
    codes = [_pseudo_code(name) for name in ("TAX", "NON") if country.code == "US"]
    known = {row["Name"].removesuffix(" (Sales)"): row for row in _tax_rates(country)}
    for number, row in enumerate(_TAX_CODES[country.code], 2):
        name, text, rates, _special, taxable = row
        code = _base(str(number), Name=name, Description=text, Taxable=taxable)
        code |= {"TaxGroup": True, "Hidden": False}
        code["TaxCodeConfigType"] = "USER_DEFINED"
        details = [_rate_detail(known[name]) for name in rates]
        code["SalesTaxRateList"] = {"TaxRateDetail": details}
        code["PurchaseTaxRateList"] = {"TaxRateDetail": []}
        codes.append(code)
    return codes


def _rate_detail(rate: dict[str, Any]) -> dict[str, Any]:
    """Return a rate as part of a code: each on the amount, none on another tax."""
    detail = {"TaxRateRef": _ref(rate["Id"], rate["Name"])}
    return detail | {"TaxTypeApplicable": "TaxOnAmount", "TaxOrder": 0}


def _pseudo_code(name: str) -> dict[str, Any]:
    """Return one of the two codes which a US line may bear."""
    code = _base(name, Name=name, Description=name, Taxable=name == "TAX")
    code |= {"TaxGroup": False, "Hidden": False}
    return code | {"TaxCodeConfigType": "SYSTEM_GENERATED"}


def _person(country: Country, object_id: str, name: str) -> dict[str, Any]:
    row = _base(object_id, DisplayName=name, PrintOnCheckName=name, Balance=0)
    return row | {"CurrencyRef": _currency(country)}


def _customer(country: Country, object_id: str, name: str) -> dict[str, Any]:
    row = _person(country, object_id, name)
    row |= {"FullyQualifiedName": name, "Job": False, "BillWithParent": False}
    row |= {"Taxable": True, "BalanceWithJobs": 0, "CompanyName": name}
    return row | {"PreferredDeliveryMethod": "Print"}


def _vendor(country: Country, object_id: str, name: str) -> dict[str, Any]:
    return _person(country, object_id, name) | {"Vendor1099": False}


def _employee(object_id: str, name: str, given: str, family: str) -> dict[str, Any]:
    row = _base(object_id, DisplayName=name, PrintOnCheckName=name)
    return row | {"GivenName": given, "FamilyName": family, "BillableTime": False}


def _company_info(country: Country) -> dict[str, Any]:
    address = {"Id": "1", "Line1": "1 Harbour Street", "City": country.city}
    address |= {"PostalCode": country.post_code, "Country": country.code}
    if country.state:
        address["CountrySubDivisionCode"] = country.state
    info = _base("1", CompanyName=country.firm_name, LegalName=country.firm_name)
    del info["Active"]
    info |= {"Country": country.code, "FiscalYearStartMonth": "January"}
    info |= {"CompanyAddr": address, "CompanyStartDate": "2015-01-01"}
    info |= {"Email": {"Address": "books@firm.example"}, "SupportedLanguages": "en"}
    info["NameValue"] = [
        {"Name": "NeoEnabled", "Value": "true"},
        {"Name": "OfferingSku", "Value": "QuickBooks Online Plus"},
        {"Name": "SubscriptionStatus", "Value": "PAID"},
    ]
    return info


def _preferences(country: Country) -> dict[str, Any]:
    """Return Preferences: own document numbers, books closed up to a date.

    A US firm with tax codes of its own making keeps manual sales tax; the server's
    switch ``automated_sales_tax`` turns the other kind on.
    """
    prefs = _base("1")
    del prefs["Active"]
    prefs["AccountingInfoPrefs"] = {
        "UseAccountNumbers": True,
        "TrackDepartments": False,
        "ClassTrackingPerTxn": False,
        "ClassTrackingPerTxnLine": False,
        "BookCloseDate": CLOSED_BOOKS.isoformat(),
        "FirstMonthOfFiscalYear": "January",
        "CustomerTerminology": "Clients",
    }
    prefs["SalesFormsPrefs"] = {
        "CustomTxnNumbers": True,
        "AllowServiceDate": True,
        "AllowDiscount": True,
        "AllowDeposit": False,
        "AllowShipping": False,
        "CustomField": [],
    }
    prefs["ProductAndServicesPrefs"] = {
        "ForSales": True,
        "ForPurchase": True,
        "QuantityWithPriceAndRate": True,
        "QuantityOnHand": False,
    }
    prefs["TaxPrefs"] = {"UsingSalesTax": True}
    if country.code == "US":
        prefs["TaxPrefs"] |= {
            "PartnerTaxEnabled": False,
            "TaxGroupCodeRef": {"value": "2"},
        }
    prefs["CurrencyPrefs"] = {
        "MultiCurrencyEnabled": False,
        "HomeCurrency": {"value": country.currency},
    }
    prefs["ReportPrefs"] = {"ReportBasis": "Accrual"}
    prefs["OtherPrefs"] = {"NameValue": [{"Name": "DTXCopyMemo", "Value": "false"}]}
    return prefs


def _handmade_invoice(
    country: Country,
    customer: dict[str, Any],
    item: dict[str, Any],
    codes: list[dict[str, Any]],
) -> dict[str, Any]:
    """Return an untaxed invoice that a bookkeeper typed, with a number of ours."""
    day, amount = date(2026, 9, 15), Decimal("150.00")
    untaxed = codes[1]["Id"] if country.code == "US" else codes[-1]["Id"]
    invoice = _base("1", DocNumber=TAKEN_NUMBER, TxnDate=day.isoformat())
    del invoice["Active"]
    detail = {"ItemRef": _ref(item["Id"], item["Name"])}
    detail["TaxCodeRef"] = {"value": untaxed}
    line = {"Id": "1", "LineNum": 1, "Description": "Walk-in advice", "Amount": amount}
    line |= {"DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    total = {"Amount": amount, "DetailType": "SubTotalLineDetail"}
    invoice["Line"] = [line, total | {"SubTotalLineDetail": {}}]
    invoice["CustomerRef"] = _ref(customer["Id"], customer["DisplayName"])
    invoice |= {"CurrencyRef": _currency(country), "LinkedTxn": [], "CustomField": []}
    invoice |= {"DueDate": (day + timedelta(days=30)).isoformat()}
    invoice |= {"TxnTaxDetail": {"TotalTax": 0}, "ApplyTaxAfterDiscount": False}
    invoice |= {"TotalAmt": amount, "Balance": amount, "EmailStatus": "NotSet"}
    invoice |= {"PrintStatus": "NeedToPrint", "PrivateNote": "Made by hand"}
    customer["Balance"] = customer["BalanceWithJobs"] = amount
    if country.code != "US":
        invoice["GlobalTaxCalculation"] = "TaxExcluded"
    return invoice
