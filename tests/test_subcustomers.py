"""Matters as sub-customers below their clients, and what is billed and paid there."""

from decimal import Decimal

from odoo.tests import tagged

from .common import ActionstepCase
from .relay import change_item, item_fault, writes

# The first bill of the firm: client 501, matter 2001 of its two.
BILL, CLIENT, MATTER, OTHER_MATTER = 1001, 501, 2001, 2002
NAME, MATTER_NAME = "Bond, James", "2001 Sale of business"


class SubcustomerCase(ActionstepCase):
    level = "matter"

    def setUp(self):
        super().setUp()
        self.connection = self._make_active(customer_level=self.level)

    def _bill_matters(self, *matter_ids, client_id=CLIENT):
        """Add a bill with a fee of 100.00 on each of these matters; return its id."""
        lines = [
            {"amount_exclusive": "100.00", "tax_code": "NT", "matter_id": matter_id}
            for matter_id in matter_ids
        ]
        return self._add_bill(*lines, client_id=client_id)

    def _get_parent(self, customer):
        """Return the name of the customer that one stands below."""
        parent_id = (customer.get("ParentRef") or {}).get("value")
        names = {row["Id"]: name for name, row in self._get_customers().items()}
        return names.get(parent_id)

    def _get_balance(self, bill_id):
        [invoice] = self._get_quickbooks_invoices(bill_id)
        return self._amount(invoice["Balance"])

    def _get_paying(self, marker):
        """Return the customer's id on the one payment made from a document."""
        [row] = self._get_ours("Payment", marker)
        return row["CustomerRef"]["value"]

    def _assert_pushed(self, documents):
        stuck = documents.filtered(lambda document: document.state != "pushed")
        self.assertFalse(stuck, stuck.mapped("failure_message"))


@tagged("post_install", "-at_install")
class TestSubcustomers(SubcustomerCase):
    def test_bill_of_one_matter_goes_below_its_client(self):
        run = self._run(self.connection)

        self.assertEqual((run.state, run.failed_count), ("done", 0), run.message)
        customer = self._get_billed(BILL)
        self.assertEqual(customer["DisplayName"], MATTER_NAME)
        self.assertEqual(self._get_parent(customer), NAME)
        self.assertTrue(customer["Job"])
        self.assertTrue(customer["BillWithParent"])
        self.assertEqual(customer["BillAddr"]["Line1"], "100 Harbour Street")
        self._assert_pushed(self.connection.invoice_ids)

    def test_second_pass_sends_nothing(self):
        self._run(self.connection)
        sent = len(self._get_sent("Customer")), len(self._get_sent())

        run = self._run(self.connection)

        self.assertEqual(run.queued_count, 0)
        self.assertEqual((len(self._get_sent("Customer")), len(self._get_sent())), sent)

    def test_bill_over_two_matters_goes_to_the_client(self):
        bill_id = self._bill_matters(MATTER, OTHER_MATTER)

        self._run(self.connection)

        self.assertEqual(self._get_billed(bill_id)["DisplayName"], NAME)
        [invoice] = self._get_quickbooks_invoices(bill_id)
        for matter in ("2001 Sale of business", "2002 Lease: Unit 4 & 5"):
            self.assertIn(matter, invoice["PrivateNote"])

    def test_two_matters_of_a_client_are_two_customers_below_one(self):
        bill_id = self._bill_matters(OTHER_MATTER)

        self._run(self.connection)

        first, second = self._get_billed(BILL), self._get_billed(bill_id)
        self.assertNotEqual(first["Id"], second["Id"])
        self.assertEqual(first["ParentRef"], second["ParentRef"])
        self.assertEqual(second["DisplayName"], "2002 Lease - Unit 4 & 5")

    def test_second_bill_of_a_matter_goes_to_the_same_customer(self):
        self._run(self.connection)
        count = len(self._get_customers())
        bill_id = self._bill_matters(MATTER)

        self._run(self.connection)

        self.assertEqual(self._get_billed(bill_id)["Id"], self._get_billed(BILL)["Id"])
        self.assertEqual(len(self._get_customers()), count)

    def test_matter_of_two_clients_is_a_customer_below_each(self):
        bill_id = self._bill_matters(MATTER, client_id=502)

        self._run(self.connection)

        first, second = self._get_billed(BILL), self._get_billed(bill_id)
        self.assertEqual(first["FullyQualifiedName"], f"{NAME}:{MATTER_NAME}")
        parent = "Estate of Smith - Residuary Trust"
        self.assertEqual(second["FullyQualifiedName"], f"{parent}:{MATTER_NAME} (502)")

    def test_matter_and_client_of_one_name_are_two_customers(self):
        client_id = self._add_client("3000 Smith v. Jones", participant_id=700)
        matter = {"matter_id": 3000, "name": "Smith v. Jones", "client_ids": [700]}
        self.sandbox.admin("actionstep", "POST", "matters", matter)
        bill_id = self._bill_matters(3000, client_id=client_id)

        self._run(self.connection)

        customer = self._get_billed(bill_id)
        self.assertEqual(customer["DisplayName"], "3000 Smith v. Jones (700)")
        self.assertEqual(self._get_parent(customer), "3000 Smith v. Jones")

    def test_customer_of_the_matter_who_stands_there_is_linked(self):
        parent_id = self._make_customer(NAME)
        theirs = self._make_customer(
            MATTER_NAME, ParentRef={"value": parent_id}, Job=True, BillWithParent=True
        )

        self._run(self.connection)

        self.assertEqual(self._get_billed(BILL)["Id"], theirs)
        invoice = self._get_invoice(self.connection, BILL)
        self.assertEqual(invoice.participant_id.quickbooks_id, parent_id)
        self.assertTrue(invoice.subcustomer_id.was_linked)

    def test_customer_of_the_name_elsewhere_is_not_linked(self):
        other_id = self._make_customer("Somebody Else")
        below_other = self._make_customer(
            MATTER_NAME, ParentRef={"value": other_id}, Job=True
        )

        self._run(self.connection)

        customer = self._get_billed(BILL)
        self.assertNotEqual(customer["Id"], below_other)
        self.assertEqual(customer["DisplayName"], f"{MATTER_NAME} ({CLIENT})")
        self.assertEqual(self._get_parent(customer), NAME)

    def test_customer_of_the_clients_name_below_another_is_not_linked(self):
        parent_id = self._make_customer("Universal Exports")
        below = self._make_customer(NAME, ParentRef={"value": parent_id}, Job=True)

        self._run(self.connection)

        client = self._get_invoice(self.connection, BILL).participant_id
        self.assertNotEqual(client.quickbooks_id, below)
        self.assertEqual(client.quickbooks_name, f"{NAME} ({CLIENT})")

    def test_matter_without_a_name_is_named_by_its_number(self):
        path = f"matters/{MATTER}"
        self.sandbox.admin("actionstep", "POST", path, {"name": "🏛️"})
        self._run(self.connection)
        self.assertEqual(self._get_billed(BILL)["DisplayName"], f"Matter {MATTER}")

    def test_bill_that_moves_to_another_client_leaves_the_matter(self):
        self._run(self.connection)
        self._edit_bill(BILL, client_id=502)
        self.sandbox.admin("actionstep", "POST", "reporting/refresh")

        self._run(self.connection)

        self._assert_pushed(self._get_invoice(self.connection, BILL))
        customer = self._get_billed(BILL)
        self.assertEqual(
            self._get_parent(customer), "Estate of Smith - Residuary Trust"
        )
        self.assertEqual(customer["DisplayName"], "2003 Employment dispute")

    def test_client_merged_in_quickbooks_gets_new_matters_below_its_heir(self):
        self._run(self.connection)
        heir_id = self._make_customer("Bond Holdings")
        client = self._get_invoice(self.connection, BILL).participant_id
        body = {"from": client.quickbooks_id, "into": heir_id}
        self.sandbox.admin("quickbooks", "POST", "merge", body)
        new, more = self._bill_matters(OTHER_MATTER), self._bill_matters(MATTER)

        self._run(self.connection)

        self._assert_pushed(self.connection.invoice_ids)
        self.assertEqual(self._get_parent(self._get_billed(new)), "Bond Holdings")
        self.assertEqual(self._get_billed(more)["Id"], self._get_billed(BILL)["Id"])

    def test_matters_merged_in_quickbooks_stay_below_their_client(self):
        second = self._bill_matters(OTHER_MATTER)
        self._run(self.connection)
        heir_id = self._make_customer(
            "All of Bond", ParentRef=self._get_billed(BILL)["ParentRef"], Job=True
        )
        body = {"from": self._get_billed(second)["Id"], "into": heir_id}
        self.sandbox.admin("quickbooks", "POST", "merge", body)
        new = self._bill_matters(OTHER_MATTER)

        self._run(self.connection)

        self._assert_pushed(self.connection.invoice_ids)
        self.assertEqual(self._get_billed(new)["Id"], heir_id)

    def test_new_address_of_the_client_reaches_its_matters(self):
        self._run(self.connection)
        self._edit_client(CLIENT, city="Newtown")

        self._run(self.connection)

        for name in (NAME, MATTER_NAME):
            address = self._get_customers()[name]["BillAddr"]
            self.assertEqual(address["City"], "Newtown", name)

    def test_new_name_of_the_client_keeps_the_matter_below(self):
        self._run(self.connection)
        self._edit_client(CLIENT, display_name="Bond & Sons", last_name="Bond & Sons")

        self._run(self.connection)

        customer = self._get_billed(BILL)
        self.assertEqual(customer["FullyQualifiedName"], f"Bond & Sons:{MATTER_NAME}")


@tagged("post_install", "-at_install")
class TestSettled(SubcustomerCase):
    """Payments and credit notes where matters are customers."""

    def setUp(self):
        super().setUp()
        self.other = self._bill_matters(OTHER_MATTER)
        self._run(self.connection)

    def _get_client(self):
        return self._get_invoice(self.connection, BILL).participant_id

    def test_payment_for_one_matter_is_made_by_the_matter(self):
        receipt_id = self._receive((BILL, "40.00"))

        self._run(self.connection)

        self.assertEqual(
            self._get_paying(f"receipt {receipt_id}"), self._get_billed(BILL)["Id"]
        )
        self.assertEqual(self._get_balance(BILL), Decimal("826.00"))

    def test_parent_pays_for_two_matters(self):
        for rule in ("bill_with_parent", "any"):
            with self.subTest(rule):
                self._switch("quickbooks", payment_by_parent=rule)
                receipt_id = self._receive((BILL, "40.00"), (self.other, "30.00"))

                self._run(self.connection)

                self._assert_pushed(self.connection.payment_ids)
                payer = self._get_paying(f"receipt {receipt_id}")
                self.assertEqual(payer, self._get_client().quickbooks_id)
        self.assertEqual(self._get_balance(self.other), Decimal("40.00"))

    def test_company_where_no_parent_may_pay_tells_why(self):
        self._switch("quickbooks", payment_by_parent="never")
        self._receive((BILL, "40.00"), (self.other, "30.00"))
        alone = self._receive((BILL, "25.00"))

        self._run(self.connection)

        stuck = self.connection.payment_ids.filtered(lambda one: one.state != "pushed")
        self.assertEqual(stuck.failure_cause, "link_refused")
        self.assertIn("could not link this", stuck.failure_message)
        self.assertTrue(self._get_ours("Payment", f"receipt {alone}"))

    def test_money_on_account_goes_to_its_matter(self):
        receipt_id = self._receive(
            amount="70.00", client_id=CLIENT, matter_id=OTHER_MATTER
        )

        self._run(self.connection)

        self._assert_pushed(self.connection.payment_ids)
        payer = self._get_paying(f"receipt {receipt_id}")
        self.assertEqual(payer, self._get_billed(self.other)["Id"])

    def test_payment_that_grows_over_a_second_matter_goes_to_the_parent(self):
        receipt_id = self._receive((BILL, "40.00"))
        self._run(self.connection)
        allocations = [
            {"bill_id": BILL, "amount": "25.00"},
            {"bill_id": self.other, "amount": "15.00"},
        ]
        self._change_receipt(receipt_id, "allocations", allocations=allocations)

        self._run(self.connection)

        self._assert_pushed(self.connection.payment_ids)
        payer = self._get_paying(f"receipt {receipt_id}")
        self.assertEqual(payer, self._get_client().quickbooks_id)
        self.assertEqual(self._get_balance(self.other), Decimal("85.00"))

    def test_credit_note_of_a_matter_settles_its_bill(self):
        credit_id = self._credit(self.other, (self.other, "100.00"))

        self._run(self.connection)

        [credit] = self._get_ours("CreditMemo", f"credit note {credit_id}")
        matter_id = self._get_billed(self.other)["Id"]
        self.assertEqual(credit["CustomerRef"]["value"], matter_id)
        self._assert_pushed(self.connection.credit_application_ids)
        self.assertEqual(self._get_paying(f"credit {credit_id} to"), matter_id)
        self.assertEqual(self._get_balance(self.other), 0)

    def test_credit_note_of_one_matter_settles_the_bill_of_another(self):
        credit_id = self._credit(self.other, (BILL, "60.00"))

        self._run(self.connection)

        self._assert_pushed(self.connection.credit_application_ids)
        payer = self._get_paying(f"credit {credit_id} to")
        self.assertEqual(payer, self._get_client().quickbooks_id)
        self.assertEqual(self._get_balance(BILL), Decimal("806.00"))


@tagged("post_install", "-at_install")
class TestLevelChanged(SubcustomerCase):
    """Another level counts for what is pushed from then on."""

    level = "client"

    def setUp(self):
        super().setUp()
        self._run(self.connection)

    def test_what_stands_stays_with_the_client(self):
        self.connection.customer_level = "matter"
        self._replace_lines(BILL, {"amount_exclusive": "90.00", "tax_code": "NT"})
        bill_id = self._bill_matters(MATTER)

        self._run(self.connection)

        self.assertEqual(self._get_billed(BILL)["DisplayName"], NAME)
        self.assertEqual(self._get_balance(BILL), Decimal("90.00"))
        self.assertEqual(self._get_billed(bill_id)["DisplayName"], MATTER_NAME)

    def test_what_stands_stays_with_the_matter(self):
        self.connection.customer_level = "matter"
        bill_id = self._bill_matters(MATTER)
        self._run(self.connection)
        self.connection.customer_level = "client"
        self._replace_lines(bill_id, {"amount_exclusive": "90.00", "tax_code": "NT"})
        later = self._bill_matters(MATTER)

        self._run(self.connection)

        self.assertEqual(self._get_billed(bill_id)["DisplayName"], MATTER_NAME)
        self.assertEqual(self._get_balance(bill_id), Decimal("90.00"))
        self.assertEqual(self._get_billed(later)["DisplayName"], NAME)

    def test_one_payment_settles_bills_of_both_levels(self):
        self.connection.customer_level = "matter"
        bill_id = self._bill_matters(MATTER)
        receipt_id = self._receive((BILL, "40.00"), (bill_id, "30.00"))

        self._run(self.connection)

        self._assert_pushed(self.connection.payment_ids)
        client = self._get_invoice(self.connection, BILL).participant_id
        payer = self._get_paying(f"receipt {receipt_id}")
        self.assertEqual(payer, client.quickbooks_id)

    def test_credit_note_of_the_new_level_settles_a_bill_of_the_old(self):
        self.connection.customer_level = "matter"
        self._credit(BILL, (BILL, "866.00"))

        self._run(self.connection)

        self._assert_pushed(self.connection.credit_note_ids)
        self._assert_pushed(self.connection.credit_application_ids)
        self.assertEqual(self._get_balance(BILL), 0)

    def test_credit_note_of_the_old_level_settles_a_bill_of_the_new(self):
        credit_id = self._credit(BILL)
        self._run(self.connection)
        self.connection.customer_level = "matter"
        bill_id = self._bill_matters(MATTER)
        application = {"bill_id": bill_id, "amount": "100.00"}
        self._change_credit(credit_id, "applications", applications=[application])

        self._run(self.connection)

        self._assert_pushed(self.connection.credit_application_ids)
        self.assertEqual(self._get_balance(bill_id), 0)


@tagged("post_install", "-at_install")
class TestTrouble(SubcustomerCase):
    def setUp(self):
        super().setUp()
        self.other = self._bill_matters(OTHER_MATTER)

    def _run_changing(self, text, change):
        """Make a pass in which the answer about one new customer is another."""

        def pass_on(call, reply):
            if writes(call) and '"Customer": {' in call.body:
                return change_item(call, reply, text, change)
            return reply

        return self._run_through(self.connection, pass_on)

    def _get_stuck(self):
        stuck = self.connection.invoice_ids.filtered(lambda i: i.state != "pushed")
        return {invoice.external_id for invoice in stuck}

    def _assert_all_there_once(self):
        self.assertEqual(self._get_stuck(), set())
        names = [name for name in self._get_customers() if name.startswith("200")]
        matters = {invoice.subcustomer_id for invoice in self.connection.invoice_ids}
        bound = {one.quickbooks_name for one in matters if one.quickbooks_id}
        self.assertEqual({name for name in bound if name.startswith("200")}, set(names))
        self.assertEqual(len(self._get_quickbooks_invoices()), 9)

    def test_lost_answer_about_a_matter_makes_no_second_one(self):
        self._run_changing(MATTER_NAME, lambda _item: None)
        self._make_due(self.connection)

        self._run(self.connection)

        self._assert_all_there_once()
        customer = self._get_billed(BILL)
        self.assertEqual(customer["DisplayName"], MATTER_NAME)

    def test_lost_answer_about_all_matters_makes_no_second_one(self):
        # All of them in one batch.
        self.connection.batches_away = 1
        match = {"method": "POST", "path": "/batch", "body": '"ParentRef": {'}
        self.sandbox.fault("quickbooks", {"kind": "drop_after"}, **match)
        self._run(self.connection)
        count = len(self._get_customers())
        self._make_due(self.connection)

        self._run(self.connection)

        self._assert_all_there_once()
        self.assertEqual(len(self._get_customers()), count)

    def test_refused_client_stops_the_documents_of_its_matters_only(self):
        refusal = item_fault("2040", "The name is odd.")
        self._run_changing(f'"DisplayName": "{NAME}"', refusal)

        self.assertEqual(self._get_stuck(), {str(BILL), str(self.other)})
        invoice = self._get_invoice(self.connection, BILL)
        self.assertEqual(invoice.state, "attention")
        self.assertIn("The name is odd.", invoice.failure_message)

        self._get_invoice(self.connection, BILL).action_requeue()
        self._get_invoice(self.connection, self.other).action_requeue()
        self._run(self.connection)
        self._assert_all_there_once()

    def test_refused_matter_stops_its_own_documents_only(self):
        self._run_changing(MATTER_NAME, item_fault("2040", "The name is odd."))

        self.assertEqual(self._get_stuck(), {str(BILL)})
        invoice = self._get_invoice(self.connection, BILL)
        self.assertIn("The name is odd.", invoice.failure_message)

        invoice.action_requeue()
        self._run(self.connection)
        self._assert_all_there_once()

    def test_client_held_up_for_a_while_holds_up_its_matters_only(self):
        self._run_changing(f'"DisplayName": "{NAME}"', item_fault("10000"))
        self.assertEqual(self._get_stuck(), {str(BILL), str(self.other)})
        invoice = self._get_invoice(self.connection, BILL)
        self.assertEqual(invoice.state, "queued")
        self._make_due(self.connection)

        self._run(self.connection)

        self._assert_all_there_once()

    def test_bill_that_changes_while_its_client_is_held_up_goes_as_it_is_now(self):
        self._run_changing(f'"DisplayName": "{NAME}"', item_fault("10000"))
        self._replace_lines(BILL, {"amount_exclusive": "90.00", "tax_code": "NT"})
        self._make_due(self.connection)

        self._run(self.connection)

        self._assert_all_there_once()
        self.assertEqual(self._get_balance(BILL), Decimal("90.00"))
