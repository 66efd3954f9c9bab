"""The switches: what the evidence leaves open, or what a test wants to choose.

The defaults are the harsher reading; ``README.md`` says what each one means.
"""

from __future__ import annotations

from ..common import Switch

ON_OFF = ("on", "off")

# The way in: consent, tokens, repeats, limits.
GATE = {
    "consent": Switch("grant", ("grant", "refuse"), "what the user says"),
    "callback_realm": Switch(None, None, "another realm id in the callback"),
    "redirect_uris": Switch(None, None, "registered addresses; null: any on loopback"),
    "refresh_rotation": Switch("immediate", ("immediate", "daily"), "new tokens when"),
    "replay": Switch("on", ("on", "off", "fault"), "a requestid used again"),
    "replay_faults": Switch("on", ON_OFF, "whether refusals are replayed as well"),
    "limits": Switch("off", ON_OFF, "the published limits; on when the speed is real"),
    "count_batch_items": Switch("off", ON_OFF, "items count against the minute"),
    "throttle_shape": Switch("xml", ("xml", "lower", "upper"), "body of a 429"),
    "retry_after": Switch(None, None, "Retry-After of a 429 in seconds"),
}

# The company: names, numbers, tax, currencies.
COMPANY = {
    "automated_sales_tax": Switch(None, (None, True, False), "null: the preference"),
    "ast_total_without_address": Switch(
        "zero", ("zero", "honour"), "a given TotalTax where no address is known"
    ),
    "tax_override_tolerance": Switch("0.05", None, "largest tax difference taken over"),
    "global_tax_required": Switch("on", ON_OFF, "GlobalTaxCalculation outside the US"),
    "closed_books": Switch(None, None, '{"date": "2026-06-30", "password": true}'),
    "warn_duplicate_number": Switch("on", ON_OFF, "the company's warning, 6140"),
    "duplicate_number_detail": Switch("id", ("id", "none"), "what a 6140 tells"),
    "journal_numbers": Switch(
        "shared", ("shared", "own"), "numbers of journal entries against sales forms"
    ),
    "duplicate_name_detail": Switch(
        "null", ("null", "text", "id"), "what a 6240 tells"
    ),
    "four_byte_characters": Switch("refuse", ("refuse", "accept"), "emoji, 2040"),
    "currency_list": Switch(
        "required", ("required", "open"), "foreign currencies must be listed first"
    ),
    "customer_currency_change": Switch(
        "refuse", ("refuse", "ignore"), "another currency for a known customer"
    ),
    "inactive_with_balance": Switch(
        "6220", ("6220", "6000"), "fault when a customer with a balance is hidden"
    ),
    "merged_customer": Switch(
        "deleted", ("deleted", "inactive"), "what is left of a merged customer"
    ),
}

# Payments, credits and what they settle.
SETTLEMENT = {
    "over_application": Switch(
        "refuse", ("refuse", "cap", "accept"), "a line above what is open"
    ),
    "payment_bumps_invoice": Switch("on", ON_OFF, "SyncToken of what is settled"),
    "payment_ref_length": Switch(21, (21, 100), "longest PaymentRefNum"),
    "payment_sparse": Switch(
        "strict", ("strict", "refuse", "accept"), "sparse updates of payments"
    ),
    "payment_by_parent": Switch(
        "bill_with_parent", ("bill_with_parent", "never", "any"), "who may pay"
    ),
    "empty_payment": Switch("refuse", ("refuse", "accept"), "no amount, no lines"),
    "remove_paid_invoice": Switch(
        "refuse", ("refuse", "unlink"), "delete, void of what is paid"
    ),
    "remove_applied_credit": Switch(
        "refuse", ("refuse", "unlink"), "delete of an applied credit memo"
    ),
    "total_below_applied": Switch(
        "refuse", ("refuse", "unapply"), "a new total below what is applied"
    ),
    "paid_form_customer": Switch(
        "refuse", ("refuse", "unlink"), "another customer on a settled form"
    ),
    "matched_update": Switch(
        "refuse", ("refuse", "accept"), "amount, date, account of a matched payment"
    ),
    "auto_apply_credit": Switch("on", ON_OFF, "the preference AutoApplyCredit acts"),
    "credit_invoice_ref": Switch("drop", ("drop", "echo"), "InvoiceRef in answers"),
    "journal_one_receivable": Switch("on", ON_OFF, "one A/R or A/P line an entry"),
}

SWITCHES = {**GATE, **COMPANY, **SETTLEMENT}
