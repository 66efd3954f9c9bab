"""Products and services, and the chart of accounts."""

from __future__ import annotations

from ..company import Call, Object
from ..faults import Fault, missing
from .base import resolve
from .names import NameList, checked_name, currency_reference

INCOME_TYPES = ("Income", "Other Income")
EXPENSE_TYPES = ("Expense", "Other Expense", "Cost of Goods Sold")
# Account type -> classification and the sub-type used when none is given.
ACCOUNT_TYPES = {
    "Bank": ("Asset", "Checking"),
    "Accounts Receivable": ("Asset", "AccountsReceivable"),
    "Other Current Asset": ("Asset", "OtherCurrentAssets"),
    "Fixed Asset": ("Asset", "OtherFixedAssets"),
    "Other Asset": ("Asset", "OtherLongTermAssets"),
    "Accounts Payable": ("Liability", "AccountsPayable"),
    "Credit Card": ("Liability", "CreditCard"),
    "Other Current Liability": ("Liability", "OtherCurrentLiabilities"),
    "Long Term Liability": ("Liability", "OtherLongTermLiabilities"),
    "Equity": ("Equity", "RetainedEarnings"),
    "Income": ("Revenue", "ServiceFeeIncome"),
    "Other Income": ("Revenue", "OtherMiscellaneousIncome"),
    "Cost of Goods Sold": ("Expense", "OtherCostsOfServiceCos"),
    "Expense": ("Expense", "OtherBusinessExpenses"),
    "Other Expense": ("Expense", "OtherMiscellaneousExpense"),
}
# Sub-type -> account type, where a client names the sub-type alone.
SUB_TYPES = {sub: kind for kind, (_group, sub) in ACCOUNT_TYPES.items()} | {
    "TrustAccounts": "Bank",
    "UndepositedFunds": "Other Current Asset",
    "SalesOfProductIncome": "Income",
    "OtherPrimaryIncome": "Income",
    "DiscountsRefundsGiven": "Income",
    "GlobalTaxPayable": "Other Current Liability",
    "TrustAccountsLiabilities": "Other Current Liability",
    "LegalProfessionalFees": "Expense",
    "Travel": "Expense",
}


class Item(NameList):
    """Products and services."""

    entity = "Item"
    asked_for = frozenset({"Sku"})

    def build(
        self, call: Call, values: Object, current: Object | None, given: Object
    ) -> Object:
        """Return the item with its accounts checked."""
        if "Name" not in values:
            raise missing("Name")
        obj = {"Taxable": False, "UnitPrice": 0, "Type": "Service", **values}
        obj.setdefault("TrackQtyOnHand", False)
        obj["Name"] = checked_name(obj["Name"], "Name")
        self.settle_accounts(call, obj)
        self.settle_activity(call, obj, current)
        parent = self.parent(call, obj, current)
        obj.pop("SubItem", None)
        if parent is not None:
            obj["SubItem"] = True
        self.place(call, obj, parent)
        return obj

    def settle_accounts(self, call: Call, obj: Object) -> None:
        """Check the accounts; outside the US both are required."""
        if obj["Type"] == "Category":
            return
        names = ("ExpenseAccountRef", "IncomeAccountRef")
        if not any(name in obj for name in names):
            raise missing(" or ".join(names))
        for name, kinds in zip(names, (EXPENSE_TYPES, INCOME_TYPES), strict=True):
            if name in obj:
                obj[name] = _account(call, obj[name], name, kinds)
            elif not call.company.is_us:
                raise missing(name)
        if obj["Type"] == "Inventory":
            for name in ("AssetAccountRef", "InvStartDate", "QtyOnHand"):
                if name not in obj:
                    raise missing(name)


class Account(NameList):
    """The chart of accounts."""

    entity = "Account"

    def build(
        self, call: Call, values: Object, current: Object | None, given: Object
    ) -> Object:
        """Return the account with type, classification and balance."""
        if "Name" not in values:
            raise missing("Name")
        obj = dict(values)
        obj["Name"] = checked_name(obj["Name"], "Name", also='"')
        self.settle_type(obj)
        obj["CurrencyRef"] = currency_reference(call, obj.get("CurrencyRef"))
        for name in ("CurrentBalance", "CurrentBalanceWithSubAccounts"):
            obj[name] = (current or {}).get(name, 0)
        self.settle_activity(call, obj, current)
        parent = self.parent(call, obj, current)
        obj["SubAccount"] = parent is not None
        self.place(call, obj, parent)
        obj.pop("Level", None)
        return obj

    def settle_type(self, obj: Object) -> None:
        """Complete type by sub-type and the other way round; raise Fault 6010."""
        kind, sub_type = obj.get("AccountType"), obj.get("AccountSubType")
        kind = kind or SUB_TYPES.get(sub_type or "")
        if kind not in ACCOUNT_TYPES:
            detail = "Specify either Account.AccountType or Account.AccountSubType."
            raise Fault("6010", detail, "")
        group, usual = ACCOUNT_TYPES[kind]
        obj |= {"AccountType": kind, "AccountSubType": sub_type or usual}
        obj["Classification"] = group


def _account(
    call: Call, reference: Object, element: str, kinds: tuple[str, ...]
) -> Object:
    account = resolve(call, "Account", reference, element)
    if account["AccountType"] not in kinds:
        detail = f"{account['Name']} is of type {account['AccountType']}."
        raise Fault("6430", detail, element)
    return {"value": account["Id"], "name": account["FullyQualifiedName"]}
