"""The local QuickBooks server through the whole life of a firm's documents.

Payments, credits, removals, journal entries, lists, currencies, change data and what
people do in QBO. Real HTTP, and the real client where it fits. Where the evidence is
open, both positions of the switch are tested.
"""

import contextlib
import os
import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

import requests
from hypothesis import given
from hypothesis import strategies as st
from intuitlib.client import AuthClient
from quickbooks import QuickBooks
from quickbooks.cdc import change_data_capture
from quickbooks.exceptions import QuickbooksException
from quickbooks.objects import (
    CreditMemo,
    Department,
    Invoice,
    JournalEntry,
    JournalEntryLine,
    JournalEntryLineDetail,
    Payment,
    PaymentLine,
    PaymentMethod,
    Ref,
    SalesItemLine,
    SalesItemLineDetail,
    Term,
)
from quickbooks.objects.base import LinkedTxn
from quickbooks.objects.exchangerate import ExchangeRate
from quickbooks.objects.trackingclass import Class

from odoo.tests import BaseCase

from ..dev.sandbox import quickbooks as quickbooks_server
from ..dev.sandbox.common import running
from ..dev.sandbox.quickbooks import clock, create_app
from ..dev.sandbox.quickbooks.bookkeeper import ACTS as PERSON
from ..dev.sandbox.quickbooks.faults import Fault
from ..dev.sandbox.quickbooks.resources import BY_ENTITY
from ..dev.sandbox.quickbooks.switches import SETTLEMENT, SWITCHES
from .test_sandbox_quickbooks import (
    CALLBACK,
    PROPERTY,
    REALM,
    Client,
    ServerCase,
    code_of,
    firm,
    invoice,
    read,
    sales_line,
)

# Accounts besides those of the small company.
BANK, UNDEPOSITED, RECEIVABLE, PAYABLE, INCOME = "3", "5", "6", "7", "1"
ACCOUNTS = (
    (UNDEPOSITED, "Undeposited Funds", "Other Current Asset", "UndepositedFunds"),
    (RECEIVABLE, "Accounts Receivable (A/R)", "Accounts Receivable", ""),
    (PAYABLE, "Accounts Payable (A/P)", "Accounts Payable", ""),
    ("8", "Client Trust", "Bank", "TrustAccounts"),
)
# Keys and types of recorded answers.
CURRENCY = {"value": "string", "name": "string"}
META = {"CreateTime": "string", "LastUpdatedTime": "string"}
HEAD = {
    "domain": "string",
    "sparse": "boolean",
    "Id": "string",
    "SyncToken": "string",
    "MetaData": META,
    "TxnDate": "string",
    "CurrencyRef": CURRENCY,
}
NAME_VALUE = {
    "name": "string",
    "declaredType": "string",
    "scope": "string",
    "value": {"Name": "string", "Value": "string"},
    "nil": "boolean",
    "globalScope": "boolean",
    "typeSubstituted": "boolean",
}
PAYMENT = {
    **HEAD,
    "CustomerRef": {"value": "string", "name": "string"},
    "DepositToAccountRef": {"value": "string"},
    "TotalAmt": "number",
    "UnappliedAmt": "number",
    "ProcessPayment": "boolean",
    "Line": [
        {
            "Amount": "number",
            "LinkedTxn": [{"TxnId": "string", "TxnType": "string"}],
            "LineEx": {"any": [NAME_VALUE] * 3},
        }
    ],
}
CREDIT_MEMO = {
    **HEAD,
    "RemainingCredit": "number",
    "CustomField": "list",
    "DocNumber": "string",
    "Line": [
        {
            "Id": "string",
            "LineNum": "number",
            "Amount": "number",
            "DetailType": "string",
            "SalesItemLineDetail": {
                "ItemRef": {"value": "string", "name": "string"},
                "ItemAccountRef": {"value": "string", "name": "string"},
                "TaxCodeRef": {"value": "string"},
            },
        },
        {"Amount": "number", "DetailType": "string", "SubTotalLineDetail": "object"},
    ],
    "TxnTaxDetail": {"TotalTax": "number"},
    "CustomerRef": {"value": "string", "name": "string"},
    "BillAddr": {"Id": "string", "Line1": "string"},
    "ShipAddr": {"Id": "string", "Line1": "string"},
    "TotalAmt": "number",
    "ApplyTaxAfterDiscount": "boolean",
    "PrintStatus": "string",
    "EmailStatus": "string",
    "Balance": "number",
}
JOURNAL = {
    **HEAD,
    "Adjustment": "boolean",
    "TotalAmt": "number",
    "DocNumber": "string",
    "Line": [
        {
            "Id": "string",
            "Amount": "number",
            "DetailType": "string",
            "JournalEntryLineDetail": {
                "PostingType": "string",
                "AccountRef": {"value": "string", "name": "string"},
            },
        }
    ],
    "TxnTaxDetail": "object",
}


def link(kind, object_id, amount):
    """Return a line of a payment."""
    linked = [{"TxnId": object_id, "TxnType": kind}]
    return {"Amount": Decimal(str(amount)), "LinkedTxn": linked}


def payment(amount, *lines, customer="1", **values):
    """Return a payment to create."""
    body = {"CustomerRef": {"value": customer}, "TotalAmt": Decimal(str(amount))}
    return {**body, "Line": list(lines), **values}


def posting(kind, account, amount, **detail):
    """Return a line of a journal entry."""
    inner = {"PostingType": kind, "AccountRef": {"value": account}, **detail}
    return {
        "Amount": Decimal(str(amount)),
        "DetailType": "JournalEntryLineDetail",
        "JournalEntryLineDetail": {k: v for k, v in inner.items() if v is not None},
    }


def entity(kind, object_id):
    """Return the name on a line of a journal entry."""
    return {"Type": kind, "EntityRef": {"value": object_id}}


class LifeCase(ServerCase):
    """A company with the accounts that payments and journal entries need."""

    @classmethod
    def books(cls):
        """Return the company with its further accounts."""
        company = super().books()
        for number, name, kind, sub_type in ACCOUNTS:
            row = {"Id": number, "Name": name, "FullyQualifiedName": name}
            row |= {"AccountType": kind, "AccountSubType": sub_type}
            company.quickbooks["Account"].append(row)
        return company

    def invoice(self, amount="100.00", customer="1", **values):
        """Return a new invoice."""
        body = invoice(sales_line(amount), customer=customer, **values)
        return self.make("invoice", **body)

    def credit(self, amount="100.00", customer="1", **values):
        """Return a new credit memo."""
        body = invoice(sales_line(amount), customer=customer, **values)
        return self.make("creditmemo", **body)

    def pay(self, made, amount, **values):
        """Return a new payment of an invoice."""
        line = link("Invoice", made["Id"], amount)
        customer = made["CustomerRef"]["value"]
        body = payment(amount, line, customer=customer, **values)
        return self.make("payment", **body)

    def apply(self, credit, made, amount):
        """Return the zero payment that applies a credit memo to an invoice."""
        lines = (
            link("Invoice", made["Id"], amount),
            link("CreditMemo", credit["Id"], amount),
        )
        return self.make("payment", **payment(0, *lines))

    def stored(self, path, object_id):
        """Return an object."""
        answer = self.client.get(f"{path}/{object_id}")
        self.assertNotIn("Fault", answer)
        return next(value for name, value in answer.items() if name != "time")

    def remove(self, path, obj, operation="delete", **values):
        """Return the answer to a removal of an object as it is now."""
        current = self.stored(path, obj["Id"])
        body = {"Id": obj["Id"], "SyncToken": current["SyncToken"], **values}
        return self.client.post(path, body, operation=operation)

    def void_payment(self, made):
        """Return the answer to voiding a payment."""
        body = {"Id": made["Id"], "SyncToken": made["SyncToken"], "sparse": True}
        return self.client.post("payment", body, operation="update", include="void")

    def balance(self, customer="1"):
        """Return a customer's balance."""
        return self.stored("customer", customer)["Balance"]

    def act(self, act, /, **body):
        """Return what a person's act in QBO answers."""
        return self.client.admin("POST", act, body)

    def refuses(self, act, text, /, **body):
        """Check that the admin door refuses an act."""
        with self.assertRaises(requests.HTTPError) as caught:
            self.act(act, **body)
        self.assertIn(text, caught.exception.response.text)

    def own(self, made, **values):
        """Return the start of an update of an object."""
        return {"Id": made["Id"], "SyncToken": made["SyncToken"], **values}


class TestPayments(LifeCase):
    """Money received and what it settles."""

    def test_a_payment_answers_as_recorded(self):
        made = self.pay(self.invoice(DocNumber="A-1"), "40.00", PrivateNote="n")
        self.assertShape(made, PAYMENT)
        self.assertEqual(made["DepositToAccountRef"], {"value": UNDEPOSITED})
        self.assertEqual((made["UnappliedAmt"], made["ProcessPayment"]), (0, False))
        self.assertNotIn("LinkedTxn", made)

    def test_an_unapplied_payment_has_no_lines_and_is_the_customers_credit(self):
        made = self.make("payment", **payment("100.00"))
        self.assertEqual((made["UnappliedAmt"], made["Line"]), (Decimal("100.00"), []))
        self.assertEqual(self.balance(), Decimal("-100.00"))

    def test_part_payments_lower_the_balance_and_show_on_the_invoice(self):
        made = self.invoice("100.00")
        first, second = self.pay(made, "30.00"), self.pay(made, "20.00")
        after = self.stored("invoice", made["Id"])
        self.assertEqual((after["Balance"], after["TotalAmt"]), (50, 100))
        links = [{"TxnId": p["Id"], "TxnType": "Payment"} for p in (first, second)]
        self.assertEqual(after["LinkedTxn"], links)
        self.assertEqual(self.balance(), Decimal("50.00"))

    def test_lines_show_what_was_open_to_the_payment(self):
        made = self.invoice("100.00", DocNumber="A-1")
        first = self.pay(made, "30.00")
        self.assertEqual(self.extras(first), [made["Id"], "100.00", "A-1"])
        second = self.pay(made, "20.00")
        self.assertEqual(self.extras(second)[1], "70.00")
        # What was open to the first one is worked out anew, its SyncToken stays.
        first = self.stored("payment", first["Id"])
        self.assertEqual((self.extras(first)[1], first["SyncToken"]), ("80.00", "0"))
        self.remove("payment", second)
        first = self.stored("payment", first["Id"])
        self.assertEqual(self.extras(first)[1], "100.00")
        made = self.stored("invoice", made["Id"])
        body = self.own(made, **invoice(sales_line("120.00"), DocNumber="A-2"))
        self.make("invoice", **body)
        first = self.stored("payment", first["Id"])
        self.assertEqual(self.extras(first), [made["Id"], "120.00", "A-2"])

    @staticmethod
    def extras(made):
        """Return the values of a payment's first line."""
        return [row["value"]["Value"] for row in made["Line"][0]["LineEx"]["any"]]

    def test_several_invoices_and_an_unapplied_rest(self):
        one, two = self.invoice("40.00"), self.invoice("60.00")
        lines = link("Invoice", one["Id"], 40), link("Invoice", two["Id"], 10)
        made = self.make("payment", **payment("75.00", *lines))
        self.assertEqual(made["UnappliedAmt"], Decimal("25.00"))
        self.assertEqual(self.stored("invoice", one["Id"])["Balance"], 0)
        self.assertEqual(self.stored("invoice", two["Id"])["Balance"], 50)
        self.assertEqual(self.balance(), Decimal("25.00"))

    def test_refusals(self):
        made, other = self.invoice("50.00"), self.invoice("50.00", customer="2")
        line = link("Invoice", made["Id"], 10)
        bare = {"Amount": 10}
        two = {**line, "LinkedTxn": line["LinkedTxn"] * 2}
        cases = (
            ({"TotalAmt": 1}, "2020", "CustomerRef"),
            ({"CustomerRef": {"value": "1"}}, "2020", "TotalAmt"),
            (payment(1, customer="99"), "2500", "CustomerRef"),
            (payment(-1), "6000", "0 or greater"),
            (payment(10, bare), "2020", "LinkedTxn"),
            (payment(10, {"LinkedTxn": line["LinkedTxn"]}), "2020", "Line.Amount"),
            (payment(10, two), "6000", "one transaction"),
            (payment(10, {**line, "LinkedTxn": [{"TxnId": "1"}]}), "2020", "TxnType"),
            (payment(10, link("Bill", "1", 1)), "2170", "Bill"),
            (payment(10, link("Check", "1", 1)), "2500", "TxnId"),
            (payment(10, link("Invoice", "999", 1)), "610", "Object Not Found"),
            (payment(10, link("Invoice", other["Id"], 10)), "620", other["Id"]),
            (payment(10, link("Invoice", made["Id"], -10)), "2290", "Negative"),
            (payment(5, line), "6000", "greater than the amount received"),
            (payment(1, TxnDate="yesterday"), "2060", "yesterday"),
            (payment(1, PrivateNote="x" * 4001), "2050", "Max:4,000"),
            (payment(1, PaymentMethodRef={"value": "99"}), "2500", "PaymentMethodRef"),
            (payment(1, Status="x"), "2010", 'field "Status"'),
            (payment(1, CurrencyRef={"value": "EUR"}), "6000", "multicurrency"),
        )
        for values, code, text in cases:
            with self.subTest(code=code, text=text):
                self.assertFault(self.client.post("payment", values), code, text)
        self.assertEqual(self.client.query("select * from Payment"), {})
        self.assertEqual(self.stored("invoice", made["Id"])["SyncToken"], "0")

    def test_money_goes_to_a_bank_or_current_asset_account_only(self):
        for account, code in ((BANK, None), ("8", None), (UNDEPOSITED, None)):
            body = payment(1, DepositToAccountRef={"value": account})
            self.assertEqual(code_of(self.client.post("payment", body)), code)
        for account in (INCOME, RECEIVABLE, PAYABLE):
            with self.subTest(account=account):
                body = payment(1, DepositToAccountRef={"value": account})
                answer = self.client.post("payment", body)
                self.assertFault(answer, "6430", "select a different type of account")
        body = payment(1, DepositToAccountRef={"value": "4"})
        self.assertFault(self.client.post("payment", body), "610")
        body = payment(1, ARAccountRef={"value": BANK})
        self.assertFault(self.client.post("payment", body), "6430")

    def test_reference_number_has_21_characters_or_100(self):
        body = payment(1, PaymentRefNum="x" * 22)
        text = "Max:21 supported. Supplied length:22"
        self.assertFault(self.client.post("payment", body), "2050", text)
        self.switch(payment_ref_length=100)
        self.assertIsNone(code_of(self.client.post("payment", body)))
        body = payment(1, PaymentRefNum="x" * 101)
        self.assertFault(self.client.post("payment", body), "2050", "Max:100")

    def test_more_than_is_open_is_refused_cut_or_taken(self):
        made = self.invoice("60.00")
        body = payment("100.00", link("Invoice", made["Id"], 100))
        answer = self.client.post("payment", body)
        self.assertFault(answer, "6000", "greater than the open balance 60.00")
        self.switch(over_application="accept")
        taken = self.make("payment", **body)
        self.assertEqual(taken["UnappliedAmt"], 0)
        self.assertEqual(self.stored("invoice", made["Id"])["Balance"], -40)
        self.remove("payment", taken)
        self.switch(over_application="cap")
        cut = self.make("payment", **body)
        self.assertEqual(cut["Line"][0]["Amount"], 60)
        self.assertEqual((cut["UnappliedAmt"], cut["TotalAmt"]), (40, 100))
        self.assertEqual(self.stored("invoice", made["Id"])["Balance"], 0)
        self.assertEqual(self.balance(), Decimal("-40.00"))

    def test_two_lines_on_one_invoice_count_together(self):
        made = self.invoice("60.00")
        line = link("Invoice", made["Id"], 40)
        answer = self.client.post("payment", payment(80, line, line))
        self.assertFault(answer, "6000", "open balance 20.00")

    def test_a_paid_invoice_cannot_be_paid_again(self):
        made = self.invoice("60.00")
        self.pay(made, "60.00")
        body = payment("60.00", link("Invoice", made["Id"], 60))
        self.assertFault(self.client.post("payment", body), "620")
        self.switch(over_application="cap")
        again = self.make("payment", **body)
        self.assertEqual((again["Line"], again["UnappliedAmt"]), ([], 60))

    def test_a_payment_of_nothing_is_refused_unless_it_links_something(self):
        self.assertFault(self.client.post("payment", payment(0)), "6000", "amount")
        self.switch(empty_payment="accept")
        made = self.make("payment", **payment(0))
        self.assertNotIn("DepositToAccountRef", made)

    def test_the_invoices_sync_token_moves_with_its_payments(self):
        made = self.invoice("100.00")
        paid = self.pay(made, "30.00")
        stale = self.client.post("invoice", self.own(made, **invoice()))
        self.assertFault(stale, "5010")
        self.assertEqual(self.stored("invoice", made["Id"])["SyncToken"], "1")
        note = self.own(paid, sparse=True, PrivateNote="n")
        paid = self.make("payment", **note)
        self.assertEqual(self.stored("invoice", made["Id"])["SyncToken"], "1")
        self.remove("payment", paid)
        self.assertEqual(self.stored("invoice", made["Id"])["SyncToken"], "2")
        self.switch(payment_bumps_invoice="off")
        self.pay(made, "30.00")
        self.assertEqual(self.stored("invoice", made["Id"])["SyncToken"], "2")

    def test_full_update_replaces_all_lines(self):
        one, two = self.invoice("40.00"), self.invoice("60.00")
        made = self.pay(one, "40.00", PrivateNote="n")
        body = payment("70.00", link("Invoice", two["Id"], 50))
        made = self.make("payment", **self.own(made), **body)
        self.assertEqual((made["SyncToken"], made["UnappliedAmt"]), ("1", 20))
        self.assertNotIn("PrivateNote", made)
        self.assertEqual(self.stored("invoice", one["Id"])["LinkedTxn"], [])
        self.assertEqual(self.stored("invoice", one["Id"])["Balance"], 40)
        self.assertEqual(self.stored("invoice", two["Id"])["Balance"], 10)
        self.assertEqual(self.balance(), Decimal("30.00"))

    def test_a_payment_sent_back_unchanged_stays_the_same(self):
        made = self.pay(self.invoice("40.00"), "40.00")
        again = self.make("payment", **made)
        changed = {name for name in made if again[name] != made[name]}
        self.assertLessEqual(changed, {"SyncToken", "MetaData"})

    def test_empty_lines_take_the_payment_off_its_invoices(self):
        for sparse in (False, True):
            with self.subTest(sparse=sparse):
                made = self.invoice("40.00")
                paid = self.pay(made, "40.00")
                body = self.own(paid, sparse=sparse, **payment("40.00"))
                paid = self.make("payment", **body)
                self.assertEqual((paid["Line"], paid["UnappliedAmt"]), ([], 40))
                made = self.stored("invoice", made["Id"])
                self.assertEqual((made["Balance"], made["LinkedTxn"]), (40, []))

    def test_sparse_update_keeps_lines(self):
        made = self.pay(self.invoice("40.00"), "40.00", PaymentRefNum="7")
        made = self.make("payment", **self.own(made, sparse=True, PrivateNote="n"))
        self.assertEqual((made["PrivateNote"], made["PaymentRefNum"]), ("n", "7"))
        self.assertEqual(len(made["Line"]), 1)

    def test_what_a_sparse_update_must_name(self):
        made = self.pay(self.invoice("40.00"), "40.00")
        note = {"PrivateNote": "n"}
        money = {"TotalAmt": 50}
        full = {**money, "CustomerRef": {"value": "1"}}
        cases = (
            ("strict", (None, "2020", None)),
            ("refuse", ("2020", "2020", None)),
            ("accept", (None, None, None)),
        )
        for mode, codes in cases:
            self.switch(payment_sparse=mode)
            for values, code in zip((note, money, full), codes, strict=True):
                with self.subTest(mode=mode, values=values):
                    made = self.stored("payment", made["Id"])
                    body = self.own(made, sparse=True, **values)
                    self.assertEqual(code_of(self.client.post("payment", body)), code)

    def test_void_by_update_zeroes_the_payment_and_frees_the_invoice(self):
        made = self.invoice("40.00")
        paid = self.pay(made, "40.00", PrivateNote="why")
        voided = self.void_payment(paid)["Payment"]
        self.assertEqual((voided["TotalAmt"], voided["UnappliedAmt"]), (0, 0))
        self.assertEqual((voided["Line"], voided["SyncToken"]), ([], "1"))
        self.assertEqual(voided["PrivateNote"], "Voided - why")
        made = self.stored("invoice", made["Id"])
        self.assertEqual((made["Balance"], made["LinkedTxn"]), (40, []))
        self.assertEqual(self.balance(), 40)
        self.assertEqual(len(self.client.query("select * from Payment")["Payment"]), 1)
        note = self.own(voided, sparse=True, PrivateNote="Voided, again")
        self.make("payment", **note)

    def test_void_may_need_the_full_object(self):
        paid = self.pay(self.invoice("40.00"), "40.00")
        self.switch(payment_sparse="refuse")
        self.assertFault(self.void_payment(paid), "2020", "CustomerRef")
        body = {**paid, "sparse": True}
        answer = self.client.post("payment", body, operation="update", include="void")
        self.assertEqual(answer["Payment"]["TotalAmt"], 0)

    def test_void_by_an_operation_of_its_own_is_refused(self):
        paid = self.pay(self.invoice("40.00"), "40.00")
        answer = self.remove("payment", paid, operation="void")
        self.assertFault(answer, "500", "Operation void is not supported.")

    def test_void_and_delete_in_batches(self):
        one, two = self.invoice("40.00"), self.invoice("40.00")
        paid = [self.pay(one, "40.00"), self.pay(two, "40.00")]
        update = {"operation": "update", "optionsData": "void"}
        deletion = {"operation": "delete"}
        answers = self.client.batch(
            {"bId": "1", **update, "Payment": self.own(paid[0], sparse=True)},
            {"bId": "2", **deletion, "Payment": self.own(paid[1])},
            {"bId": "3", "operation": "void", "Payment": self.own(paid[1])},
        )
        self.assertEqual(answers["1"]["Payment"]["TotalAmt"], 0)
        expected = {"domain": "QBO", "status": "Deleted", "Id": paid[1]["Id"]}
        self.assertEqual(answers["2"]["Payment"], expected)
        self.assertFault(answers["3"], "500")
        for made in (one, two):
            self.assertEqual(self.stored("invoice", made["Id"])["Balance"], 40)

    def test_an_invoice_of_the_same_batch_cannot_be_paid(self):
        new_id = str(int(self.invoice()["Id"]) + 1)
        body = payment(10, link("Invoice", new_id, 10))
        create = {"operation": "create"}
        answers = self.client.batch(
            {"bId": "1", **create, "Invoice": invoice()},
            {"bId": "2", **create, "Payment": body},
        )
        self.assertEqual(answers["1"]["Invoice"]["Id"], new_id)
        self.assertFault(answers["2"], "610")

    def test_deleted_payment_is_gone_and_gives_the_balance_back(self):
        made = self.invoice("40.00")
        paid = self.pay(made, "30.00")
        stale = {"Id": paid["Id"], "SyncToken": "7"}
        answer = self.client.post("payment", stale, operation="delete")
        self.assertFault(answer, "5010")
        expected = {"domain": "QBO", "status": "Deleted", "Id": paid["Id"]}
        self.assertEqual(self.remove("payment", paid)["Payment"], expected)
        self.assertFault(self.client.get(f"payment/{paid['Id']}"), "610")
        self.assertEqual(self.client.query("select * from Payment"), {})
        self.assertEqual(self.stored("invoice", made["Id"])["Balance"], 40)
        self.assertEqual(self.balance(), 40)

    def test_same_request_id_answers_with_the_deleted_payment(self):
        made = self.invoice("40.00")
        body = payment(40, link("Invoice", made["Id"], 40))
        first = self.client.post("payment", body, requestid="p-1")["Payment"]
        self.remove("payment", first)
        again = self.client.post("payment", body, requestid="p-1")["Payment"]
        self.assertEqual(again, first)
        self.assertEqual(self.stored("invoice", made["Id"])["Balance"], 40)
        self.switch(replay="off")
        other = self.client.post("payment", body, requestid="p-1")["Payment"]
        self.assertNotEqual(other["Id"], first["Id"])
        self.assertEqual(self.stored("invoice", made["Id"])["Balance"], 0)

    def test_queries(self):
        made = self.pay(self.invoice("40.00"), "40.00", PaymentRefNum="CHK-7")
        self.make("payment", **payment(5, customer="2", TxnDate="2026-01-01"))
        for where, count in (
            ("CustomerRef = '1'", 1),
            ("TxnDate = '2026-01-01'", 1),
            ("PaymentRefNum = 'CHK-7'", 1),
            ("TotalAmt > '4.00'", 2),
        ):
            with self.subTest(where=where):
                found = self.client.query(f"select * from Payment where {where}")
                self.assertEqual(len(found["Payment"]), count)
        found = self.client.query(f"select * from Payment where Id = '{made['Id']}'")
        self.assertEqual(found["Payment"], [made])
        answer = self.client.query("select * from Payment where UnappliedAmt > '0'")
        self.assertFault(answer, "4001", "not queryable")

    def test_closed_books_guard_old_and_new_date(self):
        paid = self.make("payment", **payment(5, TxnDate="2026-03-31"))
        later = self.make("payment", **payment(5, TxnDate="2026-04-05"))
        self.switch(closed_books={"date": "2026-03-31", "password": True})
        answer = self.client.post("payment", payment(5, TxnDate="2026-03-01"))
        self.assertFault(answer, "6210", "account books cannot be updated")
        for made, day in ((paid, "2026-04-02"), (later, "2026-03-02")):
            body = self.own(made, sparse=True, TxnDate=day)
            self.assertFault(self.client.post("payment", body), "6210")
        self.assertFault(self.remove("payment", paid), "6210")
        self.assertFault(self.void_payment(paid), "6210")
        self.switch(closed_books={"date": "2026-03-31", "code": "5010"})
        self.assertFault(self.remove("payment", paid), "5010", "period has closed")


class TestWhoMayPay(LifeCase):
    """A job's invoices are its own, or its parent's where it bills with it."""

    def job(self, name, parent="1", **values):
        """Return a new sub-customer."""
        return self.make(
            "customer", DisplayName=name, ParentRef={"value": parent}, **values
        )

    def test_a_parent_pays_for_jobs_that_bill_with_it(self):
        own, billed = self.job("Own"), self.job("Billed", BillWithParent=True)
        below = self.job("Below", parent=billed["Id"], BillWithParent=True)
        table = {
            "bill_with_parent": {"Own": "620", "Billed": None, "Below": None},
            "never": {"Own": "620", "Billed": "620", "Below": "620"},
            "any": {"Own": None, "Billed": None, "Below": None},
        }
        for rule, expected in table.items():
            self.switch(payment_by_parent=rule)
            for customer in (own, billed, below):
                name = customer["DisplayName"]
                with self.subTest(rule=rule, customer=name):
                    made = self.invoice("10.00", customer=customer["Id"])
                    body = payment(10, link("Invoice", made["Id"], 10))
                    answer = self.client.post("payment", body)
                    self.assertEqual(code_of(answer), expected[name])

    def test_a_job_does_not_pay_for_its_parent_or_its_siblings(self):
        one, two = self.job("One", BillWithParent=True), self.job("Two")
        for owner in ("1", two["Id"]):
            made = self.invoice("10.00", customer=owner)
            line = link("Invoice", made["Id"], 10)
            answer = self.client.post("payment", payment(10, line, customer=one["Id"]))
            self.assertFault(answer, "620")

    def test_payment_by_the_parent_lowers_the_jobs_balance(self):
        job = self.job("Billed", BillWithParent=True)
        made = self.invoice("40.00", customer=job["Id"])
        body = payment(50, link("Invoice", made["Id"], 40))
        self.make("payment", **body)
        self.assertEqual(self.balance(job["Id"]), 0)
        parent = self.stored("customer", "1")
        self.assertEqual((parent["Balance"], parent["BalanceWithJobs"]), (-10, -10))

    def test_a_job_on_another_parent_takes_its_balance_along(self):
        job = self.job("Moving")
        self.invoice("40.00", customer=job["Id"])
        job = self.stored("customer", job["Id"])
        self.make("customer", **self.own(job, sparse=True, ParentRef={"value": "2"}))
        sums = [self.stored("customer", n)["BalanceWithJobs"] for n in ("1", "2")]
        self.assertEqual(sums, [0, 40])

    def test_who_is_billed_stays_while_there_is_something_billed(self):
        job = self.job("Billed", BillWithParent=True)
        body = self.own(job, sparse=True, BillWithParent=False)
        job = self.make("customer", **body)
        self.invoice("40.00", customer=job["Id"])
        body = self.own(job, sparse=True, BillWithParent=True)
        self.assertFault(self.client.post("customer", body), "6130", "bills with")


class TestCreditMemos(LifeCase):
    """Credits, and their application by payments of nothing."""

    def test_a_credit_memo_answers_as_recorded(self):
        made = self.credit("100.00", DocNumber="CR-1")
        self.assertShape(made, CREDIT_MEMO)
        self.assertEqual((made["RemainingCredit"], made["Balance"]), (100, 100))
        self.assertNotIn("DueDate", made)
        self.assertNotIn("LinkedTxn", made)
        self.assertEqual(self.balance(), Decimal("-100.00"))

    def test_numbers_are_one_series_with_invoices(self):
        self.prefer("SalesFormsPrefs", CustomTxnNumbers=False)
        numbers = [self.invoice()["DocNumber"], self.credit()["DocNumber"]]
        numbers.append(self.invoice()["DocNumber"])
        first = int(numbers[0])
        self.assertEqual(numbers, [str(first + n) for n in range(3)])

    def test_a_number_of_an_invoice_is_taken_for_credit_memos(self):
        made, credit = self.invoice(DocNumber="A-1"), self.credit(DocNumber="A-2")
        answer = self.client.post("creditmemo", invoice(DocNumber="A-1"))
        text = f"DocNumber=A-1 is assigned to TxnType=Invoice with TxnId={made['Id']}"
        self.assertFault(answer, "6140", text)
        answer = self.client.post("invoice", invoice(DocNumber="A-2"))
        text = f"assigned to TxnType=Credit Memo with TxnId={credit['Id']}"
        self.assertFault(answer, "6140", text)
        again = {"include": "allowduplicatedocnum"}
        answer = self.client.post("creditmemo", invoice(DocNumber="A-1"), **again)
        self.assertIsNone(code_of(answer))
        self.remove("creditmemo", credit)
        self.invoice(DocNumber="A-2")

    def test_tax_as_on_invoices(self):
        line = sales_line("100.00", code="TAX")
        tax = {"TxnTaxCodeRef": {"value": "2"}}
        made = self.make("creditmemo", **invoice(line, TxnTaxDetail=tax))
        self.assertEqual(made["TxnTaxDetail"]["TotalTax"], Decimal("8.25"))
        self.assertEqual(made["RemainingCredit"], Decimal("108.25"))
        answer = self.client.post("creditmemo", invoice(sales_line(code="2")))
        self.assertFault(answer, "6100")

    def test_refusals(self):
        cases = (
            ({"Line": [sales_line()]}, "2020", "CustomerRef"),
            ({"CustomerRef": {"value": "1"}}, "2020", "Line"),
            (invoice(sales_line("-1.00")), "6000", "0 or greater"),
            (invoice(sales_line(item="99")), "2500", "ItemRef"),
            (invoice(DocNumber="x" * 22), "2050", "Max:21"),
            (invoice(AllowIPNPayment=False), "2010", "AllowIPNPayment"),
        )
        for values, code, text in cases:
            with self.subTest(text=text):
                self.assertFault(self.client.post("creditmemo", values), code, text)

    def test_updates(self):
        made = self.credit("100.00", PrivateNote="n")
        body = self.own(made, sparse=True, **invoice(sales_line("80.00")))
        made = self.make("creditmemo", **body)
        self.assertEqual((made["RemainingCredit"], made["PrivateNote"]), (80, "n"))
        made = self.make("creditmemo", **self.own(made), **invoice(sales_line("70.00")))
        self.assertEqual((made["Balance"], made["SyncToken"]), (70, "2"))
        self.assertNotIn("PrivateNote", made)
        self.assertEqual(self.balance(), Decimal("-70.00"))

    def test_there_is_no_void(self):
        answer = self.remove("creditmemo", self.credit(), operation="void")
        self.assertFault(answer, "500", "Operation void is not supported.")
        body = {"Id": "1", "SyncToken": "0", "sparse": True, "PrivateNote": "n"}
        self.client.post("creditmemo", body, operation="update", include="void")
        self.assertEqual(self.stored("creditmemo", "1")["TotalAmt"], 100)

    def test_a_named_invoice_gets_nothing_applied(self):
        made = self.invoice()
        reference = {"value": made["Id"]}
        credit = self.credit(InvoiceRef=reference)
        self.assertNotIn("InvoiceRef", credit)
        self.assertEqual(self.stored("invoice", made["Id"])["Balance"], 100)
        self.switch(credit_invoice_ref="echo")
        self.assertEqual(self.credit(InvoiceRef=reference)["InvoiceRef"], reference)

    def test_a_payment_of_nothing_applies_credit_to_an_invoice(self):
        made, credit = self.invoice("100.00"), self.credit("40.00", DocNumber="CR-1")
        applied = self.apply(credit, made, 40)
        self.assertEqual((applied["TotalAmt"], applied["UnappliedAmt"]), (0, 0))
        self.assertNotIn("DepositToAccountRef", applied)
        values = [row["value"]["Value"] for row in applied["Line"][1]["LineEx"]["any"]]
        self.assertEqual(values, [credit["Id"], "40.00", "CR-1"])
        made = self.stored("invoice", made["Id"])
        self.assertEqual((made["Balance"], made["SyncToken"]), (60, "1"))
        linked = [{"TxnId": applied["Id"], "TxnType": "Payment"}]
        self.assertEqual(made["LinkedTxn"], linked)
        credit = self.stored("creditmemo", credit["Id"])
        self.assertEqual((credit["RemainingCredit"], credit["Balance"]), (0, 0))
        self.assertEqual(credit["SyncToken"], "1")
        self.assertEqual(self.balance(), Decimal("60.00"))

    def test_credit_in_parts_and_several_credits_at_once(self):
        one, two = self.invoice("30.00"), self.invoice("50.00")
        first, second = self.credit("60.00"), self.credit("15.00")
        self.apply(first, one, 10)
        self.assertEqual(self.stored("creditmemo", first["Id"])["RemainingCredit"], 50)
        lines = (
            link("Invoice", one["Id"], 20),
            link("Invoice", two["Id"], 45),
            link("CreditMemo", first["Id"], 50),
            link("CreditMemo", second["Id"], 15),
        )
        self.make("payment", **payment(0, *lines))
        balances = [self.stored("invoice", row["Id"])["Balance"] for row in (one, two)]
        self.assertEqual(balances, [0, 5])
        for row in (first, second):
            self.assertEqual(self.stored("creditmemo", row["Id"])["Balance"], 0)

    def test_money_and_credit_in_one_payment(self):
        made, credit = self.invoice("100.00"), self.credit("30.00")
        lines = link("Invoice", made["Id"], 90), link("CreditMemo", credit["Id"], 30)
        paid = self.make("payment", **payment(70, *lines))
        self.assertEqual(paid["UnappliedAmt"], 10)
        self.assertEqual(self.stored("invoice", made["Id"])["Balance"], 10)
        self.assertEqual(self.balance(), 0)

    def test_credits_that_do_not_fit_are_refused(self):
        made, credit = self.invoice("20.00"), self.credit("50.00")
        other = self.credit("50.00", customer="2")
        cases = (
            ((20, 50, credit), "6000", "credits applied are greater"),
            ((20, 10, credit), "6000", "greater than the amount received"),
            ((20, 60, credit), "6000", "open balance 50.00"),
            ((30, 30, credit), "6000", "open balance 20.00"),
            ((20, 20, other), "620", other["Id"]),
        )
        for (charged, credited, memo), code, text in cases:
            with self.subTest(text=text):
                lines = link("Invoice", made["Id"], charged)
                lines = lines, link("CreditMemo", memo["Id"], credited)
                answer = self.client.post("payment", payment(0, *lines))
                self.assertFault(answer, code, text)

    def test_cut_lines_stay_in_balance(self):
        self.switch(over_application="cap")
        made, credit = self.invoice("20.00"), self.credit("50.00")
        applied = self.apply(credit, made, 50)
        self.assertEqual([row["Amount"] for row in applied["Line"]], [20, 20])
        self.assertEqual(self.stored("creditmemo", credit["Id"])["Balance"], 30)

    def test_deleting_the_application_gives_both_back(self):
        made, credit = self.invoice("100.00"), self.credit("40.00")
        self.remove("payment", self.apply(credit, made, 40))
        self.assertEqual(self.stored("invoice", made["Id"])["Balance"], 100)
        credit = self.stored("creditmemo", credit["Id"])
        self.assertEqual((credit["RemainingCredit"], credit["SyncToken"]), (40, "2"))

    def test_an_applied_credit_memo_is_not_deleted_or_leaves_the_invoice_open(self):
        made, credit = self.invoice("100.00"), self.credit("40.00")
        applied = self.apply(credit, made, 40)
        answer = self.remove("creditmemo", credit)
        self.assertFault(answer, "6000", "applied to an invoice")
        self.switch(remove_applied_credit="unlink")
        self.assertEqual(self.remove("creditmemo", credit)["CreditMemo"]["Id"], "2")
        made = self.stored("invoice", made["Id"])
        self.assertEqual((made["Balance"], made["LinkedTxn"]), (100, []))
        # A payment that did nothing else is gone.
        self.assertFault(self.client.get(f"payment/{applied['Id']}"), "610")
        self.assertEqual(self.balance(), Decimal("100.00"))

    def test_credit_in_a_mixed_payment_leaves_the_money(self):
        made, credit = self.invoice("100.00"), self.credit("30.00")
        lines = link("Invoice", made["Id"], 90), link("CreditMemo", credit["Id"], 30)
        paid = self.make("payment", **payment(60, *lines))
        self.switch(remove_applied_credit="unlink")
        self.remove("creditmemo", credit)
        paid = self.stored("payment", paid["Id"])
        self.assertEqual([row["Amount"] for row in paid["Line"]], [60])
        self.assertEqual((paid["UnappliedAmt"], paid["SyncToken"]), (0, "1"))
        self.assertEqual(self.stored("invoice", made["Id"])["Balance"], 40)

    def test_the_preference_lets_qbo_apply_credits_itself(self):
        self.invoice("30.00", TxnDate="2026-01-02")
        older = self.invoice("50.00", TxnDate="2026-01-01")
        self.prefer("SalesFormsPrefs", AutoApplyCredit=True)
        self.switch(auto_apply_credit="off")
        self.assertEqual(self.credit("5.00")["RemainingCredit"], 5)
        self.switch(auto_apply_credit="on")
        credit = self.credit("40.00")
        self.assertEqual(credit["RemainingCredit"], 0)
        self.assertEqual(self.stored("invoice", older["Id"])["Balance"], 5)
        made = self.client.query("select * from Payment")["Payment"][0]
        text = "Created by QB Online to link credits to charges."
        self.assertEqual((made["TotalAmt"], made["PrivateNote"]), (0, text))
        self.credit("60.00")
        self.assertEqual(self.invoice("10.00")["Balance"], 0)

    def test_closed_books(self):
        made = self.credit("10.00", TxnDate="2026-03-31")
        self.switch(closed_books={"date": "2026-03-31"})
        body = invoice(TxnDate="2026-03-31")
        self.assertFault(self.client.post("creditmemo", body), "6200")
        self.assertFault(self.remove("creditmemo", made), "6200")
        body = self.own(made, sparse=True, TxnDate="2026-04-01")
        self.assertFault(self.client.post("creditmemo", body), "6200")


class TestSettledInvoices(LifeCase):
    """Invoices that are changed or removed after they were paid."""

    def test_a_paid_invoice_is_not_removed(self):
        made = self.invoice("100.00")
        paid = self.pay(made, "40.00")
        for operation in ("delete", "void"):
            with self.subTest(operation=operation):
                answer = self.remove("invoice", made, operation)
                self.assertFault(answer, "6000", "linked to this invoice")
        self.assertEqual(self.stored("invoice", made["Id"])["Balance"], 60)
        self.remove("payment", paid)
        answer = self.remove("invoice", made)
        self.assertEqual(answer["Invoice"]["status"], "Deleted")

    def test_or_its_payments_become_unapplied(self):
        self.switch(remove_paid_invoice="unlink")
        for operation in ("delete", "void"):
            with self.subTest(operation=operation):
                before = self.balance()
                made = self.invoice("100.00")
                paid = self.pay(made, "100.00")
                answer = self.remove("invoice", made, operation)["Invoice"]
                paid = self.stored("payment", paid["Id"])
                self.assertEqual((paid["Line"], paid["UnappliedAmt"]), ([], 100))
                self.assertEqual(paid["SyncToken"], "1")
                self.assertEqual(self.balance(), before - 100)
                if operation == "void":
                    self.assertEqual(answer["SyncToken"], "2")
                    self.assertEqual((answer["LinkedTxn"], answer["Balance"]), ([], 0))
                    self.assertEqual(answer["PrivateNote"], "Voided")

    def test_credits_come_back_when_the_invoice_goes(self):
        self.switch(remove_paid_invoice="unlink")
        made, credit = self.invoice("100.00"), self.credit("40.00")
        applied = self.apply(credit, made, 40)
        self.remove("invoice", made)
        self.assertEqual(self.stored("creditmemo", credit["Id"])["RemainingCredit"], 40)
        self.assertFault(self.client.get(f"payment/{applied['Id']}"), "610")
        self.assertEqual(self.balance(), Decimal("-40.00"))

    def test_a_payment_of_two_invoices_keeps_the_other(self):
        self.switch(remove_paid_invoice="unlink")
        one, two = self.invoice("40.00"), self.invoice("60.00")
        lines = link("Invoice", one["Id"], 40), link("Invoice", two["Id"], 60)
        paid = self.make("payment", **payment(100, *lines))
        self.remove("invoice", one)
        paid = self.stored("payment", paid["Id"])
        self.assertEqual(paid["UnappliedAmt"], 40)
        kept = [row["LinkedTxn"][0]["TxnId"] for row in paid["Line"]]
        self.assertEqual(kept, [two["Id"]])
        self.assertEqual(self.stored("invoice", two["Id"])["Balance"], 0)

    def test_a_total_below_what_is_paid_is_refused_or_frees_money(self):
        made = self.invoice("100.00")
        paid = self.pay(made, "80.00")
        made = self.stored("invoice", made["Id"])
        body = self.own(made, sparse=True, **invoice(sales_line("50.00")))
        answer = self.client.post("invoice", body)
        self.assertFault(answer, "6000", "less than the payments")
        self.switch(total_below_applied="unapply")
        made = self.make("invoice", **body)
        self.assertEqual((made["Balance"], made["TotalAmt"]), (0, 50))
        paid = self.stored("payment", paid["Id"])
        self.assertEqual((paid["UnappliedAmt"], paid["Line"][0]["Amount"]), (30, 50))
        self.assertEqual(self.balance(), Decimal("-30.00"))
        self.assertEqual(len(made["LinkedTxn"]), 1)

    def test_the_newest_payment_gives_way(self):
        self.switch(total_below_applied="unapply")
        made = self.invoice("100.00")
        paid = [self.pay(made, amount) for amount in ("60.00", "40.00")]
        made = self.stored("invoice", made["Id"])
        self.make("invoice", **self.own(made, **invoice(sales_line("50.00"))))
        left = [self.stored("payment", row["Id"])["UnappliedAmt"] for row in paid]
        self.assertEqual(left, [10, 40])

    def test_more_or_as_much_as_is_paid_is_no_trouble(self):
        made = self.invoice("100.00")
        self.pay(made, "80.00")
        for total, left in (("120.00", 40), ("80.00", 0)):
            made = self.stored("invoice", made["Id"])
            body = self.own(made, sparse=True, **invoice(sales_line(total)))
            self.assertEqual(self.make("invoice", **body)["Balance"], left)

    def test_another_customer_is_refused_or_unlinks(self):
        made = self.invoice("100.00")
        paid = self.pay(made, "80.00")
        made = self.stored("invoice", made["Id"])
        body = self.own(made, sparse=True, CustomerRef={"value": "2"})
        answer = self.client.post("invoice", body)
        self.assertFault(answer, "6000", "customer cannot be changed")
        self.switch(paid_form_customer="unlink")
        made = self.make("invoice", **body)
        self.assertEqual((made["Balance"], made["LinkedTxn"]), (100, []))
        self.assertEqual(self.stored("payment", paid["Id"])["UnappliedAmt"], 80)
        self.assertEqual((self.balance("1"), self.balance("2")), (-80, 100))

    def test_a_credit_memo_below_what_is_applied(self):
        made, credit = self.invoice("100.00"), self.credit("80.00")
        applied = self.apply(credit, made, 80)
        credit = self.stored("creditmemo", credit["Id"])
        body = self.own(credit, sparse=True, **invoice(sales_line("50.00")))
        self.assertFault(self.client.post("creditmemo", body), "6000", "less than")
        self.switch(total_below_applied="unapply")
        credit = self.make("creditmemo", **body)
        self.assertEqual((credit["RemainingCredit"], credit["TotalAmt"]), (0, 50))
        self.assertNotIn("LinkedTxn", credit)
        self.assertEqual(self.stored("invoice", made["Id"])["Balance"], 50)
        amounts = [
            row["Amount"] for row in self.stored("payment", applied["Id"])["Line"]
        ]
        self.assertEqual(amounts, [50, 50])
        self.assertEqual(self.balance(), 50)

    def test_a_voided_invoice_takes_no_money_and_its_number_stays_taken(self):
        made = self.invoice("100.00", DocNumber="A-1")
        self.remove("invoice", made, "void")
        body = payment(10, link("Invoice", made["Id"], 10))
        self.assertFault(self.client.post("payment", body), "620")
        answer = self.client.post("invoice", invoice(DocNumber="A-1"))
        self.assertFault(answer, "6140")

    def test_due_date_by_terms(self):
        self.make("term", Name="Fifth", DayOfMonthDue=5, DueNextMonthDays=3)
        cases = (
            ("1", "2026-05-10", "2026-05-10"),
            ("3", "2026-05-10", "2026-06-09"),
            ("5", "2026-05-01", "2026-05-05"),
            ("5", "2026-05-04", "2026-06-05"),
            ("5", "2026-12-20", "2027-01-05"),
        )
        for term, day, due in cases:
            with self.subTest(term=term, day=day):
                made = self.invoice(TxnDate=day, SalesTermRef={"value": term})
                self.assertEqual(made["DueDate"], due)
        name = {"value": "5", "name": "Fifth"}
        self.assertEqual(made["SalesTermRef"], name)


class TestDepositsAndBank(LifeCase):
    """What was brought to the bank or matched with its feed is locked."""

    def test_a_deposited_payment_is_locked_until_the_deposit_is_gone(self):
        made = self.invoice("40.00")
        paid = self.pay(made, "40.00")
        deposit = self.act("deposit", payment=paid["Id"])
        self.assertEqual(deposit["DepositToAccountRef"], {"value": BANK})
        paid = self.stored("payment", paid["Id"])
        linked = [{"TxnId": deposit["Id"], "TxnType": "Deposit"}]
        self.assertEqual((paid["LinkedTxn"], paid["SyncToken"]), (linked, "0"))
        text = "must edit the deposit it appears on and remove it first"
        note = self.own(paid, sparse=True, PrivateNote="n")
        self.assertFault(self.client.post("payment", note), "6540", text)
        self.assertFault(self.remove("payment", paid), "6540", text)
        self.assertFault(self.void_payment(paid), "6540", text)
        error = self.void_payment(paid)["Fault"]["Error"][0]
        self.assertEqual(error["Message"], "Deposited Transaction cannot be changed")
        self.refuses("delete", "6540", entity="Payment", id=paid["Id"])
        self.act("delete", entity="Deposit", id=deposit["Id"])
        self.assertNotIn("LinkedTxn", self.stored("payment", paid["Id"]))
        self.assertIsNone(code_of(self.remove("payment", paid)))

    def test_several_payments_in_one_deposit(self):
        paid = [self.make("payment", **payment(n)) for n in (10, 20)]
        ids = [row["Id"] for row in paid]
        deposit = self.act("deposit", payment=ids, account="8")
        self.assertEqual(deposit["TotalAmt"], 30)
        found = self.client.query("select * from Deposit")["Deposit"]
        self.assertEqual(found[0]["Id"], deposit["Id"])
        self.refuses("deposit", "6540", payment=ids[0])
        self.refuses("deposit", "610", payment="999")
        self.assertFault(self.client.post("deposit", {"Line": []}), "500")
        self.assertIsNone(code_of(self.remove("deposit", deposit)))

    def test_a_matched_payment_is_not_deleted(self):
        paid = self.pay(self.invoice("40.00"), "40.00")
        self.act("match", payment=paid["Id"])
        self.assertFault(self.remove("payment", paid), "6480", "matched to another")
        self.act("match", payment=paid["Id"], matched=False)
        self.assertIsNone(code_of(self.remove("payment", paid)))

    def test_money_and_date_of_a_matched_payment_stay(self):
        paid = self.make("payment", **payment(40))
        self.act("match", entity="Payment", id=paid["Id"])
        full = {"CustomerRef": {"value": "1"}, "TotalAmt": 50}
        body = self.own(paid, sparse=True, **full)
        text = "matched to a downloaded transaction"
        self.assertFault(self.client.post("payment", body), "6000", text)
        self.assertFault(self.void_payment(paid), "6000", text)
        paid = self.make("payment", **self.own(paid, sparse=True, PrivateNote="n"))
        self.switch(matched_update="accept")
        body = self.own(paid, sparse=True, **full)
        self.assertEqual(self.make("payment", **body)["TotalAmt"], 50)

    def test_other_transactions_can_be_matched_too(self):
        made = self.invoice()
        self.act("match", entity="Invoice", id=made["Id"])
        self.assertFault(self.remove("invoice", made), "6480")


class TestJournalEntries(LifeCase):
    """Debits and credits."""

    def lines(self, amount="100.00", **detail):
        """Return a debit and a credit."""
        debit = posting("Debit", BANK, amount, **detail)
        return [debit, posting("Credit", INCOME, amount)]

    def test_an_entry_answers_as_recorded(self):
        made = self.make("journalentry", Line=self.lines(), DocNumber="JE-1")
        self.assertShape(made, JOURNAL)
        self.assertEqual((made["TotalAmt"], made["TxnTaxDetail"]), (0, {}))
        self.assertEqual([row["Id"] for row in made["Line"]], ["0", "1"])
        text = "select * from JournalEntry where DocNumber = 'JE-1'"
        self.assertEqual(self.client.query(text)["JournalEntry"], [made])
        made = self.make("journalentry", **self.own(made, sparse=True, PrivateNote="n"))
        self.assertEqual((made["SyncToken"], len(made["Line"])), ("1", 2))
        answer = self.remove("journalentry", made)["JournalEntry"]
        self.assertEqual(answer["status"], "Deleted")

    def test_refusals(self):
        debit, credit = self.lines()
        receivable = posting("Debit", RECEIVABLE, 100)
        vendor = posting("Debit", RECEIVABLE, 100, Entity=entity("Vendor", "11"))
        payable = posting("Debit", PAYABLE, 100)
        taxed = {"TaxCodeRef": {"value": "2"}}
        cases = (
            ([], "6000", "at least two detail lines"),
            ([debit], "6000", "at least two detail lines"),
            ([debit, posting("Credit", INCOME, 99)], "2300", "99"),
            ([debit, debit], "2300", "not equal"),
            ([posting(None, BANK, 1), credit], "2260", "posting type"),
            ([posting("Both", BANK, 1), credit], "2170", "Both"),
            ([posting("Debit", "99", 100), credit], "2500", "AccountRef"),
            ([posting("Debit", "4", 100), credit], "610", ""),
            ([posting("Debit", BANK, -100), credit], "2290", ""),
            ([receivable, credit], "6000", "choose a customer in the Name field"),
            ([vendor, credit], "6000", "When you use Accounts Receivable"),
            ([payable, credit], "6000", "choose a vendor in the Name field"),
            (self.lines(**taxed), "2270", "TaxApplicableOn"),
            (self.lines(**taxed, TaxApplicableOn="Sales"), "2280", "tax amount"),
            (self.lines(Entity=entity("Customer", "99")), "2500", "Entity"),
            (self.lines(Department="x"), "2010", "Department"),
        )
        for lines, code, text in cases:
            with self.subTest(code=code, text=text):
                answer = self.client.post("journalentry", {"Line": lines})
                self.assertFault(answer, code, text)
        answer = self.client.post("journalentry", {"Line": [{}, {}]})
        self.assertFault(answer, "2260")

    def test_one_receivable_line_an_entry(self):
        name = entity("Customer", "1")
        lines = [
            posting("Debit", RECEIVABLE, 60, Entity=name),
            posting("Credit", RECEIVABLE, 60, Entity=name),
        ]
        answer = self.client.post("journalentry", {"Line": lines})
        self.assertFault(answer, "6000", "only one A/R or A/P")
        self.switch(journal_one_receivable="off")
        self.assertIsNone(code_of(self.client.post("journalentry", {"Line": lines})))

    def test_a_receivable_line_counts_for_the_customer_and_can_be_paid(self):
        name = entity("Customer", "1")
        lines = [posting("Debit", RECEIVABLE, 60, Entity=name)]
        lines.append(posting("Credit", INCOME, 60))
        entry = self.make("journalentry", Line=lines)
        self.assertEqual(self.balance(), 60)
        line = link("JournalEntry", entry["Id"], 40)
        paid = self.make("payment", **payment(40, line))
        self.assertEqual(self.balance(), 20)
        over = payment(30, link("JournalEntry", entry["Id"], 30))
        self.assertFault(self.client.post("payment", over), "6000", "balance 20")
        self.assertFault(self.remove("journalentry", entry), "6000", "Unlink")
        changed = self.stored("journalentry", entry["Id"])
        body = self.own(changed, Line=self.lines())
        self.assertFault(self.client.post("journalentry", body), "6000", "Unlink")
        self.switch(remove_paid_invoice="unlink")
        self.remove("journalentry", entry)
        self.assertEqual(self.stored("payment", paid["Id"])["UnappliedAmt"], 40)
        self.assertEqual(self.balance(), Decimal("-40.00"))

    def test_a_credit_to_the_receivables_is_a_credit_to_apply(self):
        made = self.invoice("100.00")
        lines = [posting("Credit", RECEIVABLE, 30, Entity=entity("Customer", "1"))]
        lines.append(posting("Debit", INCOME, 30))
        entry = self.make("journalentry", Line=lines)
        self.assertEqual(self.balance(), 70)
        pair = link("Invoice", made["Id"], 30), link("JournalEntry", entry["Id"], 30)
        self.make("payment", **payment(0, *pair))
        self.assertEqual(self.stored("invoice", made["Id"])["Balance"], 70)
        self.assertEqual(self.balance(), 70)

    def test_numbers_are_shared_with_sales_forms_or_their_own(self):
        self.invoice(DocNumber="A-1")
        body = {"Line": self.lines(), "DocNumber": "A-1"}
        answer = self.client.post("journalentry", body)
        self.assertFault(answer, "6140", "TxnType=Invoice")
        self.switch(journal_numbers="own")
        entry = self.make("journalentry", **body)
        answer = self.client.post("journalentry", body)
        text = f"TxnType=Journal Entry with TxnId={entry['Id']}"
        self.assertFault(answer, "6140", text)

    def test_closed_books(self):
        body = {"Line": self.lines(), "TxnDate": "2026-03-31"}
        entry = self.make("journalentry", **body)
        self.switch(closed_books={"date": "2026-03-31"})
        self.assertFault(self.client.post("journalentry", body), "6200")
        self.assertFault(self.remove("journalentry", entry), "6200")

    def test_names_classes_and_tax_on_lines(self):
        self.make("class", Name="Family")
        self.make("department", Name="North")
        detail = {
            "Entity": entity("Vendor", "11"),
            "ClassRef": {"value": "1"},
            "DepartmentRef": {"value": "1"},
            "TaxCodeRef": {"value": "2"},
            "TaxApplicableOn": "Sales",
            "TaxAmount": "8.25",
        }
        made = self.make("journalentry", Line=self.lines(**detail))
        answer = made["Line"][0]["JournalEntryLineDetail"]
        self.assertEqual(answer["Entity"]["EntityRef"]["name"], "Paper & Ink")
        self.assertEqual(answer["ClassRef"], {"value": "1", "name": "Family"})
        self.assertEqual(answer["TaxAmount"], Decimal("8.25"))


class TestTrackingLists(LifeCase):
    """Classes, departments, terms and payment methods."""

    def test_classes_and_departments(self):
        for path, flag in (("class", "SubClass"), ("department", "SubDepartment")):
            with self.subTest(path=path):
                top = self.make(path, Name="Litigation")
                self.assertEqual((top[flag], top["Active"]), (False, True))
                parent = {"value": top["Id"]}
                sub = self.make(path, Name="Family", ParentRef=parent)
                name = "Litigation:Family"
                self.assertEqual((sub["FullyQualifiedName"], sub[flag]), (name, True))
                self.assertNotIn("Level", sub)
                answer = self.client.post(path, {"Name": "litigation"})
                self.assertFault(answer, "6240")
                self.assertFault(self.client.post(path, {}), "2020", "Name")
                self.assertFault(self.client.post(path, {"Name": "A:B"}), "2040")
                self.assertFault(self.remove(path, top), "500")
                renamed = self.own(top, sparse=True, Name="Court")
                self.make(path, **renamed)
                sub = self.stored(path, sub["Id"])
                self.assertEqual(sub["FullyQualifiedName"], "Court:Family")

    def test_classes_depend_on_the_plan(self):
        plan = [{"Name": "OfferingSku", "Value": "QuickBooks Online Simple Start"}]
        body = {"entity": "CompanyInfo", "id": "1", "changes": {"NameValue": plan}}
        self.act("edit", **body)
        self.assertFault(self.client.post("class", {"Name": "New"}), "5030")

    def test_classes_and_departments_on_forms(self):
        self.make("class", Name="Family")
        self.make("department", Name="North")
        reference = {"value": "1"}
        body = invoice(sales_line(ClassRef=reference), DepartmentRef=reference)
        made = self.make("invoice", **body)
        self.assertEqual(made["DepartmentRef"], {"value": "1", "name": "North"})
        detail = made["Line"][0]["SalesItemLineDetail"]
        self.assertEqual(detail["ClassRef"], {"value": "1", "name": "Family"})
        body = invoice(sales_line(ClassRef={"value": "9"}))
        self.assertFault(self.client.post("invoice", body), "2500", "ClassRef")
        answer = self.client.query("select * from Invoice where DepartmentRef = '1'")
        self.assertFault(answer, "4001", "'DepartmentRef' is not queryable")

    def test_terms(self):
        names = [row["Name"] for row in self.client.query("select * from Term")["Term"]]
        self.assertEqual(names, ["Due on receipt", "Net 15", "Net 30", "Net 60"])
        made = self.make("term", Name="Net 10", DueDays="10")
        self.assertEqual((made["Type"], made["DueDays"]), ("STANDARD", 10))
        made = self.make("term", Name="Fifth", DayOfMonthDue=5)
        self.assertEqual(made["Type"], "DATE_DRIVEN")
        self.assertFault(self.client.post("term", {"Name": "x"}), "2020", "DueDays")
        body = {"Name": "x" * 32, "DueDays": 1}
        self.assertFault(self.client.post("term", body), "2050", "Max:31")

    def test_payment_methods(self):
        rows = self.client.query("select * from PaymentMethod")["PaymentMethod"]
        self.assertIn("Check", [row["Name"] for row in rows])
        made = self.make("paymentmethod", Name="Bank transfer")
        self.assertEqual(made["Type"], "NON_CREDIT_CARD")
        answer = self.client.post("paymentmethod", {"Name": "check"})
        self.assertFault(answer, "6240")
        paid = self.make(
            "payment", **payment(1, PaymentMethodRef={"value": made["Id"]})
        )
        self.assertEqual(paid["PaymentMethodRef"], {"value": made["Id"]})
        self.act("inactivate", entity="PaymentMethod", id=made["Id"])
        made = self.stored("paymentmethod", made["Id"])
        self.assertEqual(made["Name"], "Bank transfer (deleted)")
        body = payment(1, PaymentMethodRef={"value": made["Id"]})
        self.assertFault(self.client.post("payment", body), "610")


class TestCurrencies(LifeCase):
    """Foreign customers, rates and amounts in the home currency."""

    def setUp(self):
        """Turn multicurrency on, with the Euro in the list."""
        super().setUp()
        self.prefer("CurrencyPrefs", MultiCurrencyEnabled=True)
        self.make("companycurrency", Code="eur")
        self.euro = {"value": "EUR"}
        made = self.make("customer", DisplayName="Euro GmbH", CurrencyRef=self.euro)
        self.customer = made["Id"]

    def foreign(self, amount="100.00", path="invoice", **values):
        """Return a new form in Euro."""
        body = invoice(sales_line(amount), customer=self.customer, **values)
        return self.make(path, **{"CurrencyRef": self.euro, **body})

    def rate(self, rate, day):
        """Set a rate of the Euro."""
        values = {"SourceCurrencyCode": "EUR", "Rate": rate, "AsOfDate": day}
        return self.make("exchangerate", **values)

    def test_currency_must_be_named(self):
        body = invoice(customer=self.customer)
        for path in ("invoice", "creditmemo"):
            self.assertFault(self.client.post(path, body), "2020", "CurrencyRef")
        self.assertFault(self.client.post("payment", payment(1)), "2020", "CurrencyRef")
        lines = [posting("Debit", BANK, 1), posting("Credit", INCOME, 1)]
        answer = self.client.post("journalentry", {"Line": lines})
        self.assertFault(answer, "2020", "CurrencyRef")

    def test_currency_is_the_customers(self):
        dollars = {"value": "USD"}
        body = invoice(customer=self.customer, CurrencyRef=dollars)
        self.assertFault(self.client.post("invoice", body), "6000", "currency is EUR")
        body = payment(1, customer=self.customer, CurrencyRef=dollars)
        self.assertFault(self.client.post("payment", body), "6000", "currency is EUR")

    def test_home_amounts_follow(self):
        for path in ("invoice", "creditmemo"):
            with self.subTest(path=path):
                made = self.foreign(path=path, ExchangeRate="1.1")
                self.assertEqual(made["HomeTotalAmt"], Decimal("110.00"))
                self.assertEqual(made["HomeBalance"], Decimal("110.00"))
        made = self.foreign(ExchangeRate="1.255")
        line = link("Invoice", made["Id"], 30)
        body = payment(30, line, customer=self.customer, CurrencyRef=self.euro)
        paid = self.make("payment", **body, ExchangeRate="1.3")
        self.assertEqual(paid["ExchangeRate"], Decimal("1.3"))
        made = self.stored("invoice", made["Id"])
        self.assertEqual((made["Balance"], made["HomeBalance"]), (70, Decimal("87.85")))
        self.remove("payment", paid)
        voided = self.remove("invoice", made, "void")["Invoice"]
        self.assertEqual((voided["HomeTotalAmt"], voided["HomeBalance"]), (0, 0))

    def test_home_currency_has_rate_one(self):
        body = invoice(CurrencyRef={"value": "USD"}, ExchangeRate="2")
        made = self.make("invoice", **body)
        self.assertEqual((made["ExchangeRate"], made["HomeBalance"]), (1, 100))

    def test_rates_come_from_the_list(self):
        self.assertEqual(self.foreign()["ExchangeRate"], 1)
        self.rate("1.10", "2026-01-01")
        self.rate("1.20", "2026-02-01")
        for day, rate in (("2026-01-31", "1.10"), ("2026-02-01", "1.20")):
            made = self.foreign(TxnDate=day)
            self.assertEqual(made["ExchangeRate"], Decimal(rate))
        made = self.foreign(TxnDate="2026-02-01", ExchangeRate="3")
        self.assertEqual(made["ExchangeRate"], 3)

    def test_exchange_rates_are_set_without_ids(self):
        made = self.rate("1.10", "2026-01-01")
        self.assertNotIn("Id", made)
        self.assertEqual((made["TargetCurrencyCode"], made["SyncToken"]), ("USD", "0"))
        self.assertEqual(self.rate("1.15", "2026-01-01")["SyncToken"], "1")
        text = "select * from ExchangeRate where SourceCurrencyCode in ('EUR', 'INR')"
        rows = self.client.query(f"{text} and AsOfDate = '2026-01-01'")["ExchangeRate"]
        self.assertEqual([row["Rate"] for row in rows], [Decimal("1.15")])
        self.assertNotIn("Id", rows[0])
        path = "exchangerate?sourcecurrencycode=EUR&asofdate="
        answer = self.client.get(path + "2026-03-01")["ExchangeRate"]
        self.assertEqual(answer["Rate"], Decimal("1.15"))
        home = {"SourceCurrencyCode": "USD", "Rate": 2, "AsOfDate": "2026-01-01"}
        self.assertFault(self.client.post("exchangerate", home), "6000", "home")
        self.assertFault(self.client.post("exchangerate", {}), "2020")
        self.assertFault(self.client.get("exchangerate"), "2020")

    def test_all_that_a_payment_settles_is_in_its_currency(self):
        home = self.make("invoice", **invoice(CurrencyRef={"value": "USD"}))
        self.switch(payment_by_parent="any")
        job = {"DisplayName": "Job", "ParentRef": {"value": "1"}}
        job = self.make("customer", **job, CurrencyRef=self.euro)
        body = invoice(customer=job["Id"], CurrencyRef=self.euro)
        made = self.make("invoice", **body)
        lines = link("Invoice", home["Id"], 1), link("Invoice", made["Id"], 1)
        body = payment(2, *lines, CurrencyRef={"value": "USD"})
        self.assertFault(self.client.post("payment", body), "6000", "currency")

    def test_foreign_currencies_are_listed_first_or_not(self):
        pounds = {"DisplayName": "Pound Ltd", "CurrencyRef": {"value": "GBP"}}
        self.assertFault(self.client.post("customer", pounds), "6000", "list")
        self.switch(currency_list="open")
        made = self.make("customer", **pounds)
        self.assertEqual(made["CurrencyRef"]["name"], "British Pound Sterling")

    def test_currencies_of_the_company(self):
        rows = self.client.query("select * from CompanyCurrency")["CompanyCurrency"]
        self.assertEqual(
            [(row["Code"], row["Name"]) for row in rows], [("EUR", "Euro")]
        )
        self.assertFault(self.client.post("companycurrency", {"Code": "EUR"}), "6240")
        self.assertFault(self.client.post("companycurrency", {"Code": "EURO"}), "2220")
        hidden = self.own(rows[0], sparse=True, Active=False)
        self.make("companycurrency", **hidden)
        body = {"CurrencyRef": self.euro, **invoice(customer=self.customer)}
        self.assertFault(self.client.post("invoice", body), "6000", "list")

    def test_without_multicurrency_there_is_none_of_it(self):
        self.prefer("CurrencyPrefs", MultiCurrencyEnabled=False)
        self.assertFault(self.client.post("companycurrency", {"Code": "GBP"}), "6000")
        values = {"SourceCurrencyCode": "EUR", "Rate": 1, "AsOfDate": "2026-01-01"}
        self.assertFault(self.client.post("exchangerate", values), "6000")
        made = self.invoice(ExchangeRate="1.1")
        self.assertNotIn("ExchangeRate", made)
        self.assertNotIn("HomeBalance", made)

    def test_a_person_turns_currencies_on_with_their_rates(self):
        self.client.admin("POST", "reset", {"keep_tokens": True})
        prefs = self.act("currencies", rates={"EUR": "1.10", "GBP": None})
        self.assertIs(prefs["CurrencyPrefs"]["MultiCurrencyEnabled"], True)
        rows = self.client.query("select * from CompanyCurrency")["CompanyCurrency"]
        self.assertEqual([row["Code"] for row in rows], ["EUR", "GBP"])
        for code, rate in (("EUR", "1.10"), ("GBP", "1"), ("USD", "1")):
            asked = f"exchangerate?sourcecurrencycode={code}&asofdate=2026-09-01"
            found = self.client.get(asked)["ExchangeRate"]
            self.assertEqual(found["Rate"], Decimal(rate), code)
        euro = {"DisplayName": "Euro GmbH", "CurrencyRef": self.euro}
        self.customer = self.act("create", entity="Customer", object=euro)["Id"]
        made = self.foreign(TxnDate="2026-09-01")
        self.assertEqual(made["HomeTotalAmt"], Decimal("110.00"))
        self.act("currencies", rates={"EUR": "1.25"}, date="2026-09-02")
        made = self.foreign(TxnDate="2026-09-02")
        self.assertEqual(made["HomeTotalAmt"], Decimal("125.00"))

    def test_a_currency_that_was_hidden_is_listed_again(self):
        [row] = self.client.query("select * from CompanyCurrency")["CompanyCurrency"]
        self.act("inactivate", entity="CompanyCurrency", id=row["Id"])
        body = {"CurrencyRef": self.euro, **invoice(customer=self.customer)}
        self.assertFault(self.client.post("invoice", body), "6000", "list")
        self.act("currencies", rates={"EUR": None})
        self.assertIsNone(code_of(self.client.post("invoice", body)))
        self.refuses("currencies", "2220", rates={"EURO": None})
        self.refuses("currencies", "greater than 0", rates={"EUR": "0"})

    def test_a_person_turns_currencies_off(self):
        body = {"CurrencyRef": self.euro, **invoice(customer=self.customer)}
        self.assertIsNone(code_of(self.client.post("invoice", body)))
        prefs = self.act("currencies", on=False)
        self.assertIs(prefs["CurrencyPrefs"]["MultiCurrencyEnabled"], False)
        text = "EUR cannot be used because multicurrency is off"
        for path in ("invoice", "creditmemo"):
            self.assertFault(self.client.post(path, body), "6000", text)
        new = {"DisplayName": "Neu GmbH", "CurrencyRef": self.euro}
        self.assertFault(self.client.post("customer", new), "6000", text)

    def test_a_foreign_document_conflicts_with_a_customer_in_home_currency(self):
        euro = {"CurrencyRef": self.euro}
        bodies = {
            "invoice": invoice(**euro),
            "creditmemo": invoice(**euro),
            "payment": payment(1, **euro),
        }
        for path, body in bodies.items():
            with self.subTest(path=path):
                text = "The customer's currency is USD."
                self.assertFault(self.client.post(path, body), "6000", text)

    def test_a_person_settles_a_foreign_invoice_at_its_rate(self):
        made = self.foreign(ExchangeRate="1.2")
        credit = self.foreign("40.00", "creditmemo", ExchangeRate="1.2")
        applied = self.act("apply", credit=credit["Id"], invoice=made["Id"])
        paid = self.act("pay", invoice=made["Id"])
        for row in (applied, paid):
            self.assertEqual(row["CurrencyRef"]["value"], "EUR")
            self.assertEqual(row["ExchangeRate"], Decimal("1.2"))
        made = self.stored("invoice", made["Id"])
        self.assertEqual((made["Balance"], made["HomeBalance"]), (0, 0))
        self.act("unapply", payment=paid["Id"])
        made = self.stored("invoice", made["Id"])
        self.assertEqual((made["Balance"], made["HomeBalance"]), (60, 72))

    def test_a_customers_currency_stays(self):
        customer = self.stored("customer", self.customer)
        body = self.own(customer, sparse=True, CurrencyRef={"value": "USD"})
        self.assertFault(
            self.client.post("customer", body), "6000", "cannot be changed"
        )
        self.switch(customer_currency_change="ignore")
        made = self.make("customer", **body)
        self.assertEqual(made["CurrencyRef"]["value"], "EUR")
        self.make("customer", **made)


class TestCustomers(LifeCase):
    """Names, balances, jobs and mergers."""

    def test_a_new_name_shows_on_old_transactions(self):
        made, credit = self.invoice(), self.credit()
        paid = self.make("payment", **payment(5))
        self.act("rename", entity="Customer", id="1", name="Amy & Sons")
        rows = {"invoice": made, "creditmemo": credit, "payment": paid}
        for path, before in rows.items():
            after = self.stored(path, before["Id"])
            self.assertEqual(after["CustomerRef"]["name"], "Amy & Sons")
            self.assertEqual(after["SyncToken"], before["SyncToken"])

    def test_a_name_that_is_taken_is_refused_to_people_as_well(self):
        self.refuses("rename", "6240", entity="Customer", id="1", name="Paper & Ink")
        self.refuses("rename", "no name", entity="Invoice", id="1", name="x")

    def test_a_customer_with_a_balance_is_not_hidden_by_clients(self):
        self.credit("10.00")
        body = {"Id": "1", "SyncToken": "0", "sparse": True, "Active": False}
        self.assertFault(self.client.post("customer", body), "6220", "open balance")
        self.switch(inactive_with_balance="6000")
        self.assertFault(self.client.post("customer", body), "6000", "open balance")

    def test_nor_one_whose_job_owes(self):
        job = self.make("customer", DisplayName="Job", ParentRef={"value": "1"})
        self.invoice("10.00", customer=job["Id"])
        body = {"Id": "1", "SyncToken": "0", "sparse": True, "Active": False}
        self.assertFault(self.client.post("customer", body), "6220")

    def test_people_hide_customers_and_show_them_again(self):
        made = self.invoice("10.00")
        gone = self.act("inactivate", entity="Customer", id="1")
        self.assertEqual(gone["DisplayName"], "Amy's Bird Sanctuary (deleted)")
        body = payment(10, link("Invoice", made["Id"], 10))
        self.assertFault(self.client.post("payment", body), "610", "made inactive")
        back = self.act("inactivate", entity="Customer", id="1", active=True)
        self.assertEqual(back["DisplayName"], "Amy's Bird Sanctuary")
        self.assertIsNone(code_of(self.client.post("payment", body)))

    def test_a_merged_customer_is_gone_and_its_transactions_are_the_others(self):
        made, credit = self.invoice("30.00"), self.credit("10.00")
        paid = self.pay(made, "5.00")
        job = self.make("customer", DisplayName="Job", ParentRef={"value": "1"})
        self.invoice("7.00", customer=job["Id"])
        kept = self.act("merge", **{"from": "1", "into": "2"})
        self.assertEqual((kept["Balance"], kept["BalanceWithJobs"]), (15, 22))
        self.assertFault(self.client.get("customer/1"), "610")
        rows = {"invoice": made, "creditmemo": credit, "payment": paid}
        for path, before in rows.items():
            after = self.stored(path, before["Id"])
            reference = {"value": "2", "name": "Cool Cars"}
            self.assertEqual(after["CustomerRef"], reference)
            self.assertGreater(int(after["SyncToken"]), int(before["SyncToken"]))
        job = self.stored("customer", job["Id"])
        self.assertEqual(job["ParentRef"], {"value": "2"})
        self.assertEqual(job["FullyQualifiedName"], "Cool Cars:Job")
        self.make("customer", DisplayName="Amy's Bird Sanctuary")

    def test_or_it_stays_as_an_inactive_one(self):
        self.switch(merged_customer="inactive")
        self.act("merge", **{"from": "1", "into": "2"})
        gone = self.stored("customer", "1")
        self.assertEqual((gone["Active"], gone["Balance"]), (False, 0))

    def test_mergers_that_cannot_be(self):
        job = self.make("customer", DisplayName="Job", ParentRef={"value": "1"})
        self.refuses("merge", "own jobs", **{"from": "1", "into": job["Id"]})
        self.refuses("merge", "itself", **{"from": "1", "into": "1"})
        self.refuses("merge", "610", **{"from": "99", "into": "1"})
        self.prefer("CurrencyPrefs", MultiCurrencyEnabled=True)
        self.switch(currency_list="open")
        euro = {"DisplayName": "Euro GmbH", "CurrencyRef": {"value": "EUR"}}
        euro = self.make("customer", **euro)
        self.refuses("merge", "currencies", **{"from": euro["Id"], "into": "1"})


class TestAutomatedSalesTax(LifeCase):
    """What the address has to do with a total that was sent along."""

    def setUp(self):
        """Turn automated sales tax on."""
        super().setUp()
        self.prefer("TaxPrefs", PartnerTaxEnabled=True)

    def tax(self, path="invoice", customer="1", **values):
        """Return the tax detail of a new form."""
        line = sales_line("100.00", code="TAX")
        body = invoice(line, customer=customer, **values)
        return self.make(path, **body)["TxnTaxDetail"]

    def test_given_total_needs_an_address_or_not(self):
        given = {"TxnTaxDetail": {"TotalTax": "7.77"}}
        for path in ("invoice", "creditmemo"):
            with self.subTest(path=path):
                self.switch(ast_total_without_address="zero")
                tax = self.tax(path, **given)
                self.assertEqual(tax["TotalTax"], Decimal("7.77"))
                self.assertEqual(self.tax(path, "2", **given), {"TotalTax": 0})
                self.switch(ast_total_without_address="honour")
                tax = self.tax(path, "2", **given)
                self.assertEqual(tax["TotalTax"], Decimal("7.77"))
                self.assertNotIn("TxnTaxCodeRef", tax)

    def test_without_a_total_no_address_means_no_tax(self):
        self.assertEqual(self.tax(customer="2"), {"TotalTax": 0})
        address = {"Line1": "1 Main St.", "PostalCode": "94326"}
        tax = self.tax(customer="2", ShipAddr=address)
        self.assertEqual(tax["TotalTax"], Decimal("8.25"))

    def test_a_total_of_zero_is_a_total(self):
        tax = self.tax(TxnTaxDetail={"TotalTax": 0})
        self.assertEqual(tax["TotalTax"], 0)

    def test_a_note_leaves_the_tax_as_it_was(self):
        line = sales_line("100.00", code="TAX")
        made = self.make("invoice", **invoice(line, TxnTaxDetail={"TotalTax": "7.77"}))
        made = self.make("invoice", **self.own(made, sparse=True, PrivateNote="n"))
        self.assertEqual(made["TxnTaxDetail"]["TotalTax"], Decimal("7.77"))


class TestChangeData(LifeCase):
    """What changed since a moment."""

    def changes(self, entities, since=None):
        """Return the QueryResponse objects."""
        since = since or (clock.now() - timedelta(minutes=5)).isoformat()
        answer = read(
            self.client.send("GET", "cdc", entities=entities, changedSince=since)
        )
        if "Fault" in answer:
            return answer
        self.assertIn("time", answer)
        return answer["CDCResponse"][0]["QueryResponse"]

    def test_changed_objects_then_tombstones_by_entity(self):
        made, gone = self.invoice("10.00"), self.invoice("20.00")
        self.remove("invoice", gone)
        payments, credits, invoices = self.changes("Payment,CreditMemo,invoice")
        self.assertEqual((payments, credits), ({}, {}))
        self.assertEqual(invoices["Invoice"][0], made)
        dead = invoices["Invoice"][1]
        self.assertEqual(set(dead), {"domain", "status", "Id", "MetaData"})
        self.assertEqual(set(dead["MetaData"]), {"LastUpdatedTime"})
        self.assertEqual((dead["status"], dead["Id"]), ("Deleted", gone["Id"]))
        counts = {k: v for k, v in invoices.items() if k != "Invoice"}
        expected = {"startPosition": 1, "maxResults": 2, "totalCount": 2}
        self.assertEqual(counts, expected)

    def test_only_tombstones_have_no_start_position(self):
        paid = self.make("payment", **payment(5))
        self.remove("payment", paid)
        rows = self.changes("Payment")[0]
        self.assertNotIn("startPosition", rows)
        self.assertEqual(rows["totalCount"], 1)

    def test_a_payment_shows_the_invoice_as_changed(self):
        made = self.invoice("10.00")
        self.pay(made, "4.00")
        rows = self.changes("Invoice")[0]["Invoice"]
        self.assertEqual((rows[0]["Balance"], rows[0]["SyncToken"]), (6, "1"))

    def test_nothing_newer_than_the_moment(self):
        self.invoice()
        later = (clock.now() + timedelta(minutes=1)).isoformat()
        self.assertEqual(self.changes("Invoice,Customer", later), [{}, {}])

    def test_refusals(self):
        old = (clock.now() - timedelta(days=31)).isoformat()
        recent = clock.now().isoformat()
        cases = (
            ("Invoice", old, "500", "older than fixed days is not supported."),
            ("", recent, "2020", "entities"),
            ("Invoice", "", "2020", "changedSince"),
            ("Invoice", "yesterday", "2060", "yesterday"),
            ("TaxCode", recent, "2000", "TaxCode"),
            ("Invoice,Nonsense", recent, "2000", "Nonsense"),
        )
        for entities, since, code, text in cases:
            with self.subTest(text=text):
                query = {"entities": entities, "changedSince": since}
                answer = read(self.client.send("GET", "cdc", **query))
                self.assertFault(answer, code, text)
        self.assertIsInstance(
            self.changes("Invoice", (clock.now() - timedelta(days=29)).isoformat()),
            list,
        )

    def test_a_thousand_objects_over_all_entities(self):
        company = self.client.sandbox.company
        rows = [
            {
                "Id": str(number),
                "SyncToken": "0",
                "Name": f"Class {number}",
                "MetaData": {"LastUpdatedTime": clock.stamp()},
            }
            for number in range(1, 1201)
        ]
        company.load("Class", rows)
        self.invoice()
        classes, invoices = self.changes("Class,Invoice")
        self.assertEqual(len(classes["Class"]), 1000)
        self.assertEqual(invoices, {})

    def test_hidden_and_merged_customers_and_rates(self):
        self.act("inactivate", entity="Vendor", id="11")
        self.act("merge", **{"from": "1", "into": "2"})
        vendors, customers = self.changes("Vendor,Customer")
        self.assertFalse(vendors["Vendor"][0]["Active"])
        self.assertEqual(customers["Customer"][-1]["status"], "Deleted")


class TestPeople(LifeCase):
    """What a bookkeeper does in QBO itself."""

    def test_a_person_receives_payments(self):
        made = self.invoice("100.00")
        first = self.act("pay", invoice=made["Id"], amount="30", reference="CHK-7")
        self.assertEqual((first["TotalAmt"], first["PaymentRefNum"]), (30, "CHK-7"))
        rest = self.act("pay", invoice=made["Id"], account=BANK, date="2026-05-01")
        self.assertEqual((rest["TotalAmt"], rest["TxnDate"]), (70, "2026-05-01"))
        self.assertEqual(rest["DepositToAccountRef"], {"value": BANK})
        self.assertEqual(self.stored("invoice", made["Id"])["Balance"], 0)
        made = self.invoice("10.00")
        over = self.act("pay", invoice=made["Id"], amount=15, method="1")
        self.assertEqual(over["UnappliedAmt"], 5)
        self.refuses("pay", "610", invoice="999")

    def test_a_person_applies_credit(self):
        made, credit = self.invoice("100.00"), self.credit("40.00")
        part = {"credit": credit["Id"], "invoice": made["Id"], "amount": "10"}
        applied = self.act("apply", **part)
        self.assertEqual([row["Amount"] for row in applied["Line"]], [10, 10])
        text = "Created by QB Online to link credits to charges."
        self.assertEqual(applied["PrivateNote"], text)
        self.act("apply", credit=credit["Id"], invoice=made["Id"])
        self.assertEqual(self.stored("creditmemo", credit["Id"])["Balance"], 0)
        self.assertEqual(self.stored("invoice", made["Id"])["Balance"], 60)

    def test_a_person_voids_what_clients_cannot(self):
        made, credit = self.invoice("100.00"), self.credit("40.00")
        self.apply(credit, made, 40)
        voided = self.act("void", entity="CreditMemo", id=credit["Id"])
        self.assertEqual((voided["TotalAmt"], voided["RemainingCredit"]), (0, 0))
        self.assertTrue(voided["PrivateNote"].startswith("Voided"))
        self.assertEqual(self.stored("invoice", made["Id"])["Balance"], 100)
        paid = self.pay(made, "100.00")
        voided = self.act("void", entity="Invoice", id=made["Id"])
        self.assertEqual((voided["TotalAmt"], voided["LinkedTxn"]), (0, []))
        self.assertEqual(self.stored("payment", paid["Id"])["UnappliedAmt"], 100)
        voided = self.act("void", entity="Payment", id=paid["Id"])
        self.assertEqual(voided["TotalAmt"], 0)

    def test_a_person_deletes_and_edits_what_is_settled(self):
        made = self.invoice("100.00")
        paid = self.pay(made, "100.00")
        changes = {"Line": [sales_line("60.00")]}
        changes["Line"][0]["Amount"] = "60.00"
        edited = self.act("edit", entity="Invoice", id=made["Id"], changes=changes)
        self.assertEqual((edited["TotalAmt"], edited["Balance"]), (60, 0))
        self.assertEqual(self.stored("payment", paid["Id"])["UnappliedAmt"], 40)
        changes = {"TotalAmt": "90.00", "PrivateNote": "typed wrong"}
        edited = self.act("edit", entity="Payment", id=paid["Id"], changes=changes)
        self.assertEqual((edited["TotalAmt"], edited["UnappliedAmt"]), (90, 30))
        self.act("delete", entity="Invoice", id=made["Id"])
        self.assertEqual(self.stored("payment", paid["Id"])["UnappliedAmt"], 90)
        self.act("delete", entity="Payment", id=paid["Id"])
        self.assertEqual(self.balance(), 0)

    def test_a_person_closes_and_opens_the_books(self):
        day = {"TxnDate": "2026-03-31"}
        made = self.invoice("10.00", **day)
        closed = self.act("close", date="2026-03-31")
        date = closed["AccountingInfoPrefs"]["BookCloseDate"]
        self.assertEqual((date, closed["SyncToken"]), ("2026-03-31", "1"))
        body = payment(10, link("Invoice", made["Id"], 10))
        self.assertFault(self.client.post("payment", {**body, **day}), "6200")
        self.act("close", date="2026-03-31", password=True)
        self.assertFault(self.remove("invoice", made), "6210")
        self.assertIsNone(code_of(self.client.post("payment", body)))
        self.act("edit", entity="Invoice", id=made["Id"], changes={"PrivateNote": "n"})
        opened = self.act("close", date=None)
        self.assertNotIn("BookCloseDate", opened["AccountingInfoPrefs"])
        self.assertIsNone(code_of(self.client.post("payment", payment(1, **day))))

    def test_a_person_makes_transactions_of_every_kind(self):
        lines = [posting("Debit", BANK, 1), posting("Credit", INCOME, 1)]
        for line in lines:
            line["Amount"] = 1
        bodies = {
            "CreditMemo": {"CustomerRef": {"value": "1"}, "Line": [sales_line("1.00")]},
            "Payment": {"CustomerRef": {"value": "1"}, "TotalAmt": 5},
            "JournalEntry": {"Line": lines},
            "Class": {"Name": "Family"},
        }
        bodies["CreditMemo"]["Line"][0]["Amount"] = 1
        for name, body in bodies.items():
            with self.subTest(entity=name):
                made = self.act("create", entity=name, object=body)
                self.act("edit", entity=name, id=made["Id"], changes={})
                self.act("delete", entity=name, id=made["Id"])
                dumped = self.client.admin("GET", "dump")[name][0]
                is_list = name == "Class"
                gone = dumped.get("Active") is False if is_list else "status" in dumped
                self.assertTrue(gone, dumped)

    def test_a_person_takes_a_payment_off_its_invoices_and_puts_it_back(self):
        one, two = self.invoice("60.00"), self.invoice("40.00")
        lines = link("Invoice", one["Id"], 60), link("Invoice", two["Id"], 40)
        paid = self.make("payment", **payment(100, *lines))
        part = {"payment": paid["Id"], "invoice": one["Id"]}
        after = self.act("unapply", amount="10", **part)
        self.assertEqual((after["TotalAmt"], after["UnappliedAmt"]), (100, 10))
        self.assertEqual(after["SyncToken"], "1")
        after = self.act("unapply", **part)
        self.assertEqual(after["UnappliedAmt"], 60)
        open_ones = [self.stored("invoice", x["Id"])["Balance"] for x in (one, two)]
        self.assertEqual(open_ones, [60, 0])
        self.refuses("unapply", "not applied", **part)
        self.act("unapply", payment=paid["Id"])
        self.assertEqual(self.stored("invoice", two["Id"])["LinkedTxn"], [])
        self.assertEqual(self.balance(), 0)
        after = self.act("apply", amount="25", **part)
        after = self.act("apply", **part)
        self.assertEqual(after["UnappliedAmt"], 40)
        self.assertEqual([row["Amount"] for row in after["Line"]], [60])
        self.refuses("apply", "nothing to apply", **part)
        self.assertEqual(self.stored("invoice", one["Id"])["Balance"], 0)

    def test_a_person_takes_a_credit_off_its_invoices(self):
        one, two = self.invoice("60.00"), self.invoice("40.00")
        credit = self.credit("100.00")
        first, second = self.apply(credit, one, 60), self.apply(credit, two, 40)
        body = {"credit": credit["Id"], "invoice": one["Id"]}
        after = self.act("unapply", **body)
        self.assertEqual((after["Balance"], after["RemainingCredit"]), (60, 60))
        self.assertEqual(self.stored("invoice", one["Id"])["Balance"], 60)
        self.assertFault(self.client.get(f"payment/{first['Id']}"), "610")
        self.assertEqual(len(self.stored("payment", second["Id"])["Line"]), 2)
        self.act("unapply", credit=credit["Id"])
        self.assertFault(self.client.get(f"payment/{second['Id']}"), "610")
        self.assertEqual(self.stored("invoice", two["Id"])["Balance"], 40)
        self.refuses("unapply", "not applied", **body)
        self.assertIsNone(code_of(self.remove("creditmemo", credit)))

    def test_a_person_takes_the_credit_out_of_a_mixed_payment(self):
        made, credit = self.invoice("100.00"), self.credit("30.00")
        lines = link("Invoice", made["Id"], 100), link("CreditMemo", credit["Id"], 30)
        paid = self.make("payment", **payment(70, *lines))
        self.act("unapply", credit=credit["Id"])
        after = self.stored("payment", paid["Id"])
        self.assertEqual((after["UnappliedAmt"], len(after["Line"])), (0, 1))
        self.assertEqual(self.stored("invoice", made["Id"])["Balance"], 30)
        self.act("unapply", payment=paid["Id"])
        self.assertEqual(self.stored("invoice", made["Id"])["Balance"], 100)
        self.assertEqual(self.balance(), 0)

    def test_a_person_takes_payments_out_of_their_deposit(self):
        ids = [self.pay(self.invoice("10.00"), "10.00")["Id"] for _ in range(3)]
        deposit = self.act("deposit", payment=ids)
        self.act("undeposit", payment=ids[0])
        rest = self.stored("deposit", deposit["Id"])
        self.assertEqual((rest["TotalAmt"], len(rest["Line"])), (20, 2))
        self.assertEqual(rest["SyncToken"], "1")
        free = self.stored("payment", ids[0])
        self.assertNotIn("LinkedTxn", free)
        self.assertIsNone(code_of(self.remove("payment", free)))
        locked = self.stored("payment", ids[1])
        self.assertFault(self.remove("payment", locked), "6540")
        self.act("undeposit", payment=ids[1:])
        self.assertFault(self.client.get(f"deposit/{deposit['Id']}"), "610")
        self.assertIsNone(code_of(self.remove("payment", locked)))
        self.refuses("undeposit", "not been deposited", payment=ids[2])
        self.refuses("undeposit", "610", payment="999")

    def test_a_person_unmatches_what_was_matched(self):
        rows = {"invoice": self.invoice("10.00"), "creditmemo": self.credit("10.00")}
        rows["payment"] = self.make("payment", **payment(5))
        names = {"invoice": "Invoice", "creditmemo": "CreditMemo", "payment": "Payment"}
        for path, made in rows.items():
            with self.subTest(path=path):
                body = {"entity": names[path], "id": made["Id"]}
                self.act("match", **body)
                self.assertFault(self.remove(path, made), "6480")
                self.act("match", matched=False, **body)
                self.assertIsNone(code_of(self.remove(path, made)))

    def test_a_person_hides_and_shows_entries_of_every_list(self):
        for entity, object_id in (("TaxCode", "2"), ("Item", "1"), ("Account", BANK)):
            with self.subTest(entity=entity):
                body = {"entity": entity, "id": object_id}
                gone = self.act("inactivate", **body)
                self.assertIs(gone["Active"], False)
                back = self.act("inactivate", active=True, **body)
                self.assertIs(back["Active"], True)
                self.assertGreater(int(back["SyncToken"]), int(gone["SyncToken"]) - 1)
        self.refuses("inactivate", "not a list", entity="Invoice", id="1")

    def test_every_act_on_every_kind_is_done_or_refused_with_its_reason(self):
        done = {
            "Invoice": {"edit", "match", "void", "delete"},
            "CreditMemo": {"edit", "match", "void", "delete"},
            "Payment": {"edit", "match", "void", "delete", "deposit"},
            "Customer": {"edit", "match", "rename", "inactivate", "delete"},
        }
        acts = ["edit", "match", "deposit", "rename", "void", "inactivate", "delete"]
        for entity, expected in done.items():
            found = set()
            for act in acts:
                made = self.one_of(entity)
                body = {"entity": entity, "id": made["Id"], "payment": made["Id"]}
                body |= {"changes": {"PrivateNote": "n"}, "name": "Else"}
                if entity == "Customer":
                    body["changes"] = {"Notes": "n"}
                url = f"{self.client.keys['admin_url']}/{act}"
                answer = requests.post(url, json=body, timeout=10)
                self.assertIn(answer.status_code, (200, 400), f"{act} {entity}")
                if answer.ok:
                    found.add(act)
                else:
                    self.assertTrue(answer.json()["error"])
                self.client.admin("POST", "reset", {"keep_tokens": True})
            self.assertEqual(found, expected, entity)

    def one_of(self, entity):
        """Return a new object of an entity."""
        if entity == "Customer":
            return self.make("customer", DisplayName="Somebody")
        if entity == "Payment":
            return self.make("payment", **payment(5))
        return self.invoice() if entity == "Invoice" else self.credit()

    def test_unknown_things_are_refused(self):
        self.refuses("void", "unknown entity", entity="Nothing", id="1")
        self.refuses("void", "610", entity="Invoice", id="99")
        self.refuses("match", "610", payment="99")
        self.refuses("pay", "KeyError")


AMOUNTS = st.sampled_from([Decimal(n) / 2 for n in (0, 1, 20, 21, 40, 75, 120, 160)])
ACTS = ("invoice", "credit", "pay", "pay", "apply", "apply", "change", "unapply")
ACTS = (*ACTS, "delete", "void", "detach", "attach")
STEPS = st.lists(
    st.tuples(st.sampled_from(ACTS), st.integers(0, 9), st.integers(0, 9), AMOUNTS),
    min_size=10,
    max_size=25,
)


class TestBooksAgree(BaseCase):
    """Whatever is done in whatever order, all the sums fit."""

    @PROPERTY
    @given(STEPS, st.sampled_from(("refuse", "cap")), st.booleans(), st.booleans())
    def test_any_order_of_payments_credits_changes_and_removals(
        self, steps, over, unlinks, person
    ):
        rule = "unlink" if unlinks else "refuse"
        switches = {
            "over_application": over,
            "remove_paid_invoice": rule,
            "remove_applied_credit": rule,
            "paid_form_customer": rule,
            "total_below_applied": "unapply" if unlinks else "refuse",
        }
        self.sandbox = create_app(firm(), switches=switches).state.sandbox
        self.person = person
        for number, amount in enumerate((100, 60, 80)):
            self.do_invoice(number // 2, 0, Decimal(amount))
            self.do_credit(number // 2, 0, Decimal(amount) / 2)
        for act, one, two, amount in steps:
            with contextlib.suppress(Fault):
                getattr(self, f"do_{act}")(one, two, amount)
        self.check_books(self.sandbox.company)

    def perform(self, kind, operation, payload):
        """Carry an operation out as a client, or as a person."""
        call = self.sandbox.call()
        call.person = self.person
        return BY_ENTITY[kind].perform(call, operation, payload)

    def live(self, kind, number):
        """Return one of an entity's objects that are not deleted."""
        rows = list(self.sandbox.company.all(kind))
        if not rows:
            raise Fault("610", "none")
        return rows[number % len(rows)]

    def own(self, kind, number):
        """Return id and token of one of an entity's objects."""
        form = self.live(kind, number)
        return {"Id": form["Id"], "SyncToken": form["SyncToken"]}

    def do_invoice(self, one, _two, amount):
        """Make an invoice."""
        body = invoice(sales_line(amount), customer=str(1 + one % 4 // 3))
        self.perform("Invoice", "create", body)

    def do_credit(self, one, _two, amount):
        """Make a credit memo."""
        body = invoice(sales_line(amount), customer=str(1 + one % 4 // 3))
        self.perform("CreditMemo", "create", body)

    def do_pay(self, one, two, amount):
        """Pay a part of two invoices, or more than they are."""
        forms = self.live("Invoice", one), self.live("Invoice", two)
        lines = [link("Invoice", form["Id"], amount / 2) for form in forms]
        customer = forms[0]["CustomerRef"]["value"]
        body = payment(amount + one, *lines, customer=customer)
        self.perform("Payment", "create", body)

    def do_apply(self, one, two, amount):
        """Apply credit, with money besides for odd numbers."""
        form, memo = self.live("Invoice", one), self.live("CreditMemo", two)
        charge = link("Invoice", form["Id"], amount + one % 2)
        credit = link("CreditMemo", memo["Id"], amount)
        customer = form["CustomerRef"]["value"]
        body = payment(one % 2, charge, credit, customer=customer)
        self.perform("Payment", "create", body)

    def do_change(self, one, two, amount):
        """Give a form another total, and perhaps another customer."""
        kind = ("Invoice", "CreditMemo")[one % 2]
        body = invoice(sales_line(amount), customer=str(1 + two % 4 // 3))
        self.perform(kind, "update", {**self.own(kind, two), "sparse": True, **body})

    def do_unapply(self, one, _two, amount):
        """Take a payment off what it settles and give it another amount."""
        customer = self.live("Payment", one)["CustomerRef"]["value"]
        body = payment(amount, customer=customer)
        self.perform("Payment", "update", {**self.own("Payment", one), **body})

    def do_detach(self, one, two, amount):
        """Take a payment or a credit off as a person does, in part or in all."""
        kind, name = (("Payment", "payment"), ("CreditMemo", "credit"))[one % 2]
        body = {name: self.live(kind, two)["Id"]}
        if one % 3:
            body["amount"] = amount
        self.by_hand("unapply", body)

    def do_attach(self, one, two, _amount):
        """Apply what is left of a payment as a person does."""
        body = {"payment": self.live("Payment", one)["Id"]}
        self.by_hand("apply", {**body, "invoice": self.live("Invoice", two)["Id"]})

    def by_hand(self, act, body):
        """Do what a person does in QBO."""
        call = self.sandbox.call()
        call.person = True
        PERSON[act](call, body)

    def do_delete(self, one, two, _amount):
        """Delete something."""
        kind = ("Invoice", "CreditMemo", "Payment")[one % 3]
        self.perform(kind, "delete", self.own(kind, two))

    def do_void(self, one, two, _amount):
        """Void something."""
        kind = ("Invoice", "Payment")[one % 2]
        self.perform(kind, "void", self.own(kind, two))

    def check_books(self, company):
        """Check every sum against the lines of the payments."""
        owed = {"1": Decimal(0), "2": Decimal(0)}
        settled = {}
        for paid in company.all("Payment"):
            self.check_payment(company, paid, settled)
            owed[paid["CustomerRef"]["value"]] -= paid["UnappliedAmt"]
        for kind, sign in (("Invoice", 1), ("CreditMemo", -1)):
            for form in company.all(kind):
                payers = settled.pop((kind, form["Id"]), {})
                left = form["TotalAmt"] - sum(payers.values())
                self.assertEqual(form["Balance"], left)
                self.assertEqual(form.get("RemainingCredit", left), left)
                self.assertGreaterEqual(left, 0)
                owed[form["CustomerRef"]["value"]] += sign * left
                shown = {row["TxnId"] for row in form.get("LinkedTxn", [])}
                self.assertEqual(shown, set(payers) if sign == 1 else set())
        self.assertEqual(settled, {})
        balances = {row["Id"]: row["Balance"] for row in company.all("Customer")}
        self.assertEqual(balances, owed)

    def check_payment(self, company, paid, settled):
        """Check a payment's own sums and collect what it settles."""
        sums = {"Invoice": Decimal(0), "CreditMemo": Decimal(0)}
        for line in paid["Line"]:
            one = line["LinkedTxn"][0]
            target = (one["TxnType"], one["TxnId"])
            self.assertGreater(line["Amount"], 0)
            sums[target[0]] += line["Amount"]
            payers = settled.setdefault(target, {})
            payers[paid["Id"]] = payers.get(paid["Id"], 0) + line["Amount"]
            document = company.get(*target)
            self.assertEqual(document["CustomerRef"], paid["CustomerRef"])
        left = paid["TotalAmt"] - sums["Invoice"] + sums["CreditMemo"]
        self.assertEqual(paid["UnappliedAmt"], left)
        self.assertGreaterEqual(left, 0)
        self.assertLessEqual(sums["CreditMemo"], sums["Invoice"])


class TestSeeds(BaseCase):
    """Companies that start with payments, or without the usual accounts."""

    def start(self, company):
        """Return a client of a server for a company."""
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        app = create_app(company)
        return Client(stack.enter_context(running(app)), app.state.sandbox)

    def test_undeposited_funds_are_made_when_missing(self):
        client = self.start(firm())
        answer = client.post("payment", payment(5))
        account_id = answer["Payment"]["DepositToAccountRef"]["value"]
        account = client.get(f"account/{account_id}")["Account"]
        self.assertEqual(account["Name"], "Undeposited Funds")
        self.assertEqual(account["AccountType"], "Other Current Asset")

    def test_payments_of_the_starting_data_are_linked(self):
        company = firm()
        reference = {"value": "1", "name": "Amy's Bird Sanctuary"}
        dollars = {"value": "USD", "name": "United States Dollar"}
        common = {"CustomerRef": reference, "CurrencyRef": dollars}
        common["TxnDate"] = "2026-01-01"
        paid = {"Id": "2", "TotalAmt": Decimal(30), "UnappliedAmt": Decimal(0)}
        paid["Line"] = [link("Invoice", "1", 30)]
        form = {"Id": "1", "TotalAmt": Decimal(100), "Balance": Decimal(70)}
        form |= {"Line": [], "LinkedTxn": [{"TxnId": "2", "TxnType": "Payment"}]}
        company.quickbooks |= {"Invoice": [form | common], "Payment": [paid | common]}
        client = self.start(company)
        body = {"Id": "1", "SyncToken": "0"}
        answer = client.post("invoice", body, operation="delete")
        self.assertEqual(code_of(answer), "6000")
        body["Id"] = "2"
        client.post("payment", body, operation="delete")
        made = client.get("invoice/1")["Invoice"]
        self.assertEqual((made["Balance"], made["LinkedTxn"]), (100, []))

    def test_every_settlement_switch_has_a_harsh_default_and_another_choice(self):
        for name, switch in SETTLEMENT.items():
            with self.subTest(switch=name):
                self.assertEqual(switch.default, switch.choices[0])
                self.assertGreater(len(switch.choices), 1)

    def test_the_readme_explains_every_switch(self):
        text = Path(quickbooks_server.__file__).with_name("README.md").read_text()
        explained = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
        self.assertEqual(sorted(explained), sorted(SWITCHES))


class TestGlobalCompany(LifeCase):
    """A company outside the US."""

    country = "CA"

    def test_credit_memos_bear_real_codes(self):
        line = sales_line("4495.16", code="4")
        body = invoice(line, GlobalTaxCalculation="TaxExcluded")
        made = self.make("creditmemo", **body)
        self.assertEqual(made["TxnTaxDetail"]["TotalTax"], Decimal("448.39"))
        self.assertEqual(made["RemainingCredit"], Decimal("4943.55"))
        answer = self.client.post("creditmemo", invoice(line))
        self.assertFault(answer, "2020", "GlobalTaxCalculation")


class TestRealClient(LifeCase):
    """The library that the addon uses."""

    def setUp(self):
        """Connect by the refresh token, over plain HTTP."""
        super().setUp()
        insecure = patch.dict(os.environ, {"OAUTHLIB_INSECURE_TRANSPORT": "1"})
        insecure.start()
        self.addCleanup(insecure.stop)
        keys = self.client.sandbox.describe(self.client.base_url)
        auth = AuthClient(
            keys["client_id"], keys["client_secret"], CALLBACK, keys["discovery_url"]
        )
        self.quickbooks = QuickBooks(
            auth_client=auth,
            refresh_token=keys["refresh_token"],
            company_id=REALM,
            minorversion=75,
            use_decimal=True,
        )
        self.quickbooks.api_url_v3 = keys["api_url"]

    def reference(self, value):
        """Return the library's reference."""
        made = Ref()
        made.value = value
        return made

    def form(self, cls, amount):
        """Return a saved form of the library."""
        made = cls()
        made.CustomerRef = self.reference("1")
        line = SalesItemLine()
        line.Amount = Decimal(amount)
        line.SalesItemLineDetail = SalesItemLineDetail()
        line.SalesItemLineDetail.ItemRef = self.reference("1")
        made.Line.append(line)
        return made.save(qb=self.quickbooks)

    def pay(self, amount, *linked):
        """Return a saved payment of the library."""
        made = Payment()
        made.CustomerRef = self.reference("1")
        made.TotalAmt = Decimal(amount)
        for document, part in linked:
            line = PaymentLine()
            line.Amount = Decimal(part)
            one = LinkedTxn()
            one.TxnId, one.TxnLineId = document.Id, None
            one.TxnType = document.qbo_object_name
            line.LinkedTxn.append(one)
            made.Line.append(line)
        return made.save(qb=self.quickbooks)

    def test_pay_change_void_and_delete(self):
        made = self.form(Invoice, "100.00")
        paid = self.pay("40.00", (made, "40.00"))
        self.assertEqual(paid.UnappliedAmt, 0)
        paid.PrivateNote = "changed"
        paid = paid.save(qb=self.quickbooks)
        self.assertEqual((paid.SyncToken, len(paid.Line)), ("1", 1))
        paid.void(qb=self.quickbooks)
        voided = Payment.get(paid.Id, qb=self.quickbooks)
        self.assertEqual((voided.TotalAmt, voided.Line), (0, []))
        voided.delete(qb=self.quickbooks)
        self.assertEqual(Payment.all(qb=self.quickbooks), [])
        made = Invoice.get(made.Id, qb=self.quickbooks)
        self.assertEqual((made.Balance, made.SyncToken), (100, "2"))

    def test_credit_and_its_application(self):
        made, credit = self.form(Invoice, "100.00"), self.form(CreditMemo, "40.00")
        self.assertEqual(credit.RemainingCredit, 40)
        self.pay("0", (made, "40.00"), (credit, "40.00"))
        credit = CreditMemo.get(credit.Id, qb=self.quickbooks)
        self.assertEqual(credit.Balance, 0)
        with self.assertRaises(QuickbooksException) as caught:
            credit.delete(qb=self.quickbooks)
        self.assertEqual(caught.exception.error_code, 6000)
        self.assertEqual(Invoice.get(made.Id, qb=self.quickbooks).Balance, 60)

    def test_linked_payments_can_be_saved_back(self):
        paid = self.pay("40.00", (self.form(Invoice, "40.00"), "40.00"))
        again = Payment.get(paid.Id, qb=self.quickbooks).save(qb=self.quickbooks)
        self.assertEqual(again.UnappliedAmt, 0)
        self.client.admin("POST", "deposit", {"payment": paid.Id})
        with self.assertRaises(QuickbooksException) as caught:
            again.delete(qb=self.quickbooks)
        self.assertEqual(caught.exception.error_code, 6540)

    def test_journal_entries(self):
        made = JournalEntry()
        for kind, account in (("Debit", BANK), ("Credit", INCOME)):
            line = JournalEntryLine()
            line.Amount = Decimal("12.50")
            line.JournalEntryLineDetail = JournalEntryLineDetail()
            line.JournalEntryLineDetail.PostingType = kind
            line.JournalEntryLineDetail.AccountRef = self.reference(account)
            made.Line.append(line)
        made = made.save(qb=self.quickbooks)
        self.assertEqual(len(JournalEntry.get(made.Id, qb=self.quickbooks).Line), 2)
        made.delete(qb=self.quickbooks)

    def test_lists(self):
        for cls in (Class, Department, PaymentMethod):
            made = cls()
            made.Name = "New one"
            made.Type = made.Type if hasattr(made, "Type") else None
            made = made.save(qb=self.quickbooks)
            found = (
                cls.filter(Name="New one", qb=self.quickbooks)
                if cls in (PaymentMethod,)
                else cls.all(qb=self.quickbooks)
            )
            self.assertIn(made.Id, [row.Id for row in found])
        made = Term()
        made.Name, made.DueDays = "Net 7", 7
        self.assertEqual(made.save(qb=self.quickbooks).Type, "STANDARD")

    def test_exchange_rates(self):
        self.prefer("CurrencyPrefs", MultiCurrencyEnabled=True)
        made = ExchangeRate()
        made.SourceCurrencyCode, made.Rate = "EUR", Decimal("1.1")
        made.AsOfDate = "2026-01-01"
        made = made.save(qb=self.quickbooks)
        self.assertEqual(made.TargetCurrencyCode, "USD")
        found = ExchangeRate.where("SourceCurrencyCode = 'EUR'", qb=self.quickbooks)
        self.assertEqual([row.Rate for row in found], [Decimal("1.1")])

    def test_change_data(self):
        paid = self.pay("5.00")
        paid.delete(qb=self.quickbooks)
        made = self.form(Invoice, "10.00")
        since = (clock.now() - timedelta(minutes=5)).isoformat()
        found = change_data_capture([Invoice, Payment, Term], since, self.quickbooks)
        self.assertEqual([row.Id for row in found.Invoice._object_list], [made.Id])
        self.assertEqual(found.Payment._object_list[0].status, "Deleted")
