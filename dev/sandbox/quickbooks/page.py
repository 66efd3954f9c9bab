"""A plain page of an invoice, where QuickBooks has its own screens."""

from __future__ import annotations

from html import escape
from typing import Any

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ font: 16px sans-serif; margin: 3em auto; max-width: 50em; }}
table {{ border-collapse: collapse; width: 100%; }}
td, th {{ border-bottom: 1px solid #ddd; padding: .4em; text-align: left; }}
td:last-child {{ text-align: right; }}
</style>
<h1>{title}</h1>
<p>{customer}, {date}. Local server: no real QuickBooks company.</p>
<table>{rows}</table>
</html>
"""


def invoice_page(invoice: dict[str, Any]) -> str:
    """Return an invoice as a page to look at."""
    lines = [
        (line.get("Description", ""), line.get("Amount"))
        for line in invoice.get("Line", ())
        if line.get("DetailType") != "SubTotalLineDetail"
    ]
    tax = (invoice.get("TxnTaxDetail") or {}).get("TotalTax", 0)
    lines += [("Tax", tax), ("Total", invoice.get("TotalAmt"))]
    return PAGE.format(
        title=escape(f"Invoice {invoice.get('DocNumber') or invoice['Id']}"),
        customer=escape(str((invoice.get("CustomerRef") or {}).get("name", ""))),
        date=escape(str(invoice.get("TxnDate", ""))),
        rows="".join(
            f"<tr><td>{escape(str(text))}</td><td>{amount}</td></tr>"
            for text, amount in lines
        ),
    )
