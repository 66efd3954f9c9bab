"""Lines of sales forms."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from ..company import Call, Object
from ..faults import Fault, bad_reference, missing
from ..schema import money
from .base import resolve, value_of
from .taxation import code_reference

ITEM_REF = "Line.SalesItemLineDetail.ItemRef"
HALF_CENT = Decimal("0.005")
ZERO = Decimal(0)


def build_lines(call: Call, given: list[Object], mode: str) -> list[Object]:
    """Return the numbered lines of a form, without SubTotal and empty ones.

    Raises Fault 2020 when no line sells or describes something.
    """
    makers = {
        "SalesItemLineDetail": _sales_line,
        "DescriptionOnly": _description_line,
        "DiscountLineDetail": _discount_line,
    }
    built = []
    for row in given:
        kind = row.get("DetailType")
        if kind is None:
            raise missing("Line.DetailType")
        if kind == "SubTotalLineDetail":
            continue
        if kind == "GroupLineDetail":
            # No sample company has bundles, so none can be named.
            raise bad_reference("Line.GroupLineDetail.GroupItemRef")
        if kind not in makers:
            raise Fault("2170", f"Invalid Enumeration : {kind}", "Line.DetailType")
        built.append(makers[kind](call, row, mode))
    if all(row["DetailType"] == "DiscountLineDetail" for row in built):
        raise missing("Line")
    return _numbered(built)


def _numbered(lines: list[Object]) -> list[Object]:
    used = [int(row["Id"]) for row in lines if str(row.get("Id", "")).isdigit()]
    last = max(used, default=0)
    for number, row in enumerate(lines, 1):
        if not str(row.get("Id", "")).isdigit():
            last += 1
            row["Id"] = str(last)
        row["LineNum"] = number
    return [
        {"Id": row.pop("Id"), "LineNum": row.pop("LineNum"), **row} for row in lines
    ]


def _start(row: Object, kind: str) -> Object:
    line = {name: row[name] for name in ("Id", "Description") if name in row}
    return {**line, "DetailType": kind}


def _sales_line(call: Call, row: Object, mode: str) -> Object:
    if "Amount" not in row:
        raise missing("Line.Amount")
    detail = row.get("SalesItemLineDetail") or {}
    item = _item(call, detail.get("ItemRef"))
    line = _start(row, "SalesItemLineDetail")
    line["Amount"] = row["Amount"]
    answer = {"ItemRef": {"value": item["Id"], "name": item["FullyQualifiedName"]}}
    answer |= _quantity(row["Amount"], detail)
    if "IncomeAccountRef" in item:
        answer["ItemAccountRef"] = item["IncomeAccountRef"]
    code = code_reference(call, detail.get("TaxCodeRef"), item, mode)
    if code:
        answer["TaxCodeRef"] = code
    kept = ["ClassRef", "MarkupInfo", "DiscountRate", "DiscountAmt", "PriceLevelRef"]
    if call.company.preference("SalesFormsPrefs", "AllowServiceDate"):
        kept.append("ServiceDate")
    if mode == "TaxInclusive" and detail.get("TaxInclusiveAmt"):
        kept.append("TaxInclusiveAmt")
    answer |= {name: detail[name] for name in kept if name in detail}
    if "ClassRef" in answer:
        element = "Line.SalesItemLineDetail.ClassRef"
        known = resolve(call, "Class", answer["ClassRef"], element)
        name = known["FullyQualifiedName"]
        answer["ClassRef"] = {"value": known["Id"], "name": name}
    return {**line, "SalesItemLineDetail": answer}


def _item(call: Call, reference: Object | None) -> Object:
    """Return the item; without a reference the default one (observed: Id 1)."""
    if value_of(reference) is None:
        services = (i for i in call.visible("Item") if i.get("Type") == "Service")
        item = call.get("Item", "1") or next(services, None)
        if item is None:
            raise missing("ItemRef")
        return item
    item = resolve(call, "Item", reference or {}, ITEM_REF)
    if item.get("Type") == "Category":
        detail = "Invalid Reference Id : Categories cannot be used in transactions."
        raise Fault("2500", detail, ITEM_REF)
    return item


def _quantity(amount: Decimal, detail: Object) -> Object:
    """Return quantity and price as given; raise Fault 6070 when they do not fit.

    Both zero counts as not given: clients whose objects default to zero are accepted.
    """
    quantity, price = detail.get("Qty"), detail.get("UnitPrice")
    if not quantity and not price:
        return {}
    both = quantity is not None and price is not None
    if both and abs(quantity * price - amount) > HALF_CENT:
        text = f"Amount is not equal to UnitPrice * Qty. Supplied value:{amount:,}"
        raise Fault("6070", text, "Line.Amount")
    pairs = (("UnitPrice", price), ("Qty", quantity))
    return {name: value for name, value in pairs if value is not None}


def _description_line(call: Call, row: Object, mode: str) -> Object:
    """Return a line of text; its amount is not shown."""
    line = _start(row, "DescriptionOnly")
    detail = row.get("DescriptionLineDetail") or {}
    kept = {name: detail[name] for name in ("ServiceDate",) if name in detail}
    return {**line, "DescriptionLineDetail": kept}


def _discount_line(call: Call, row: Object, mode: str) -> Object:
    if not call.company.preference("SalesFormsPrefs", "AllowDiscount"):
        detail = "Discounts are switched off in the company's preferences."
        raise Fault("6000", f"Business Validation Error: {detail}", "")
    detail = row.get("DiscountLineDetail") or {}
    if "Amount" not in row and "DiscountPercent" not in detail:
        text = "A discount amount or percent is required."
        raise Fault("6090", text, "Line.DiscountLineDetail")
    line = _start(row, "DiscountLineDetail")
    kept = ("PercentBased", "DiscountPercent", "DiscountAccountRef", "ClassRef")
    answer = {name: detail[name] for name in kept if name in detail}
    if "DiscountAccountRef" in answer:
        element = "Line.DiscountLineDetail.DiscountAccountRef"
        resolve(call, "Account", answer["DiscountAccountRef"], element)
    line["Amount"] = abs(row.get("Amount", ZERO))
    return {**line, "DiscountLineDetail": answer}


def subtotal(lines: Iterable[Object]) -> Decimal:
    """Return the sum of what is sold, before discount and tax."""
    sold = (row for row in lines if row["DetailType"] == "SalesItemLineDetail")
    return sum((row["Amount"] for row in sold), ZERO)


def discount(lines: Iterable[Object], sold: Decimal) -> Decimal:
    """Return the discount, working out percentages in the lines."""
    total = ZERO
    for row in lines:
        if row["DetailType"] != "DiscountLineDetail":
            continue
        detail = row["DiscountLineDetail"]
        if detail.get("PercentBased"):
            percent = detail.get("DiscountPercent", ZERO)
            row["Amount"] = money(sold * percent / 100)
        total += row["Amount"]
    return total


def subtotal_line(amount: Decimal) -> Object:
    """Return the line that QBO adds to every sales form."""
    return {
        "Amount": amount,
        "DetailType": "SubTotalLineDetail",
        "SubTotalLineDetail": {},
    }
