"""Customers after they were made: renamed, merged, made inactive, gone."""

from decimal import Decimal

from odoo.tests import tagged

from .common import ActionstepCase
from .raw_server import Reply
from .relay import change_item, item_fault, writes

# The first bill of the firm and its client; the second client.
BILL, CLIENT, OTHER_BILL, OTHER = 1001, 501, 1002, 502
NAME, OTHER_NAME = "Bond, James", "Estate of Smith - Residuary Trust"
NINETY = {"amount_exclusive": "90.00", "tax_code": "NT"}


class ChangeCase(ActionstepCase):
    """A firm whose bills stand in QuickBooks already."""

    def setUp(self):
        super().setUp()
        self.connection = self._make_active()
        self._before()
        self._run(self.connection)

    def _before(self):
        """Change what the first pass finds."""

    def _get_client(self, client_id=CLIENT):
        return self.env["actionstep.participant"].search(
            [
                ("connection_id", "=", self.connection.id),
                ("external_id", "=", str(client_id)),
            ]
        )

    def _get_row(self, client_id=CLIENT):
        """Return the customer in QuickBooks that a client is bound to."""
        quickbooks_id = self._get_client(client_id).quickbooks_id
        rows = {row["Id"]: row for row in self._get_customers().values()}
        return rows[quickbooks_id]

    def _get_name(self, bill_id=BILL):
        """Return the name of the customer that has a bill."""
        return self._get_billed(bill_id)["DisplayName"]

    def _act(self, act, **body):
        """Do what a person does in QuickBooks."""
        return self.sandbox.admin("quickbooks", "POST", act, body)

    def _merge(self, client_id, into):
        """Merge the customer of a client into another one in QuickBooks."""
        gone = self._get_client(client_id).quickbooks_id
        self._act("merge", **{"from": gone, "into": into})

    def _assert_invoice(self, bill_id, state, cause=False, sentence=""):
        invoice = self._get_invoice(self.connection, bill_id)
        self.assertEqual(
            (invoice.state, invoice.failure_cause),
            (state, cause),
            invoice.failure_message,
        )
        self.assertIn(sentence, invoice.failure_message or "")
        return invoice


@tagged("post_install", "-at_install")
class TestFollowing(ChangeCase):
    """Customers that we made follow their clients."""

    def _before(self):
        bill = {"client_id": 514, "number": "INV-W"}  # of a customer who stands there
        self.linked_bill = self._add_bill(**bill)

    def test_renamed_client(self):
        self._edit_client(CLIENT, display_name="Bond, Jane", first_name="Jane")

        self._run(self.connection)

        row = self._get_row()
        names = (row["DisplayName"], row["GivenName"], row["FamilyName"])
        self.assertEqual(names, ("Bond, Jane", "Jane", "Bond"))
        self.assertEqual(self._get_client().quickbooks_name, "Bond, Jane")
        sent = len(self._get_sent("Customer"))
        self._run(self.connection)
        self.assertEqual(len(self._get_sent("Customer")), sent)

    def test_invoices_are_not_sent_again(self):
        sent = len(self._get_sent())
        self._edit_client(CLIENT, display_name="Bond, Jane", first_name="Jane")
        self._run(self.connection)
        self.assertEqual(len(self._get_sent()), sent)
        self._assert_invoice(BILL, "pushed")

    def test_new_address_and_mail(self):
        change = {"address": "1 New Road", "city": "Newtown", "email": "j@example.com"}
        self._edit_client(CLIENT, **change)

        self._run(self.connection)

        row = self._get_row()
        self.assertEqual(row["BillAddr"]["Line1"], "1 New Road")
        self.assertEqual(row["BillAddr"]["City"], "Newtown")
        self.assertEqual(row["PrimaryEmailAddr"]["Address"], "j@example.com")
        self.assertEqual(row["PrimaryPhone"]["FreeFormNumber"], "555 0100")

    def test_linked_customer_stays_as_the_bookkeeper_has_it(self):
        before = self._get_row(514)
        self._edit_client(514, display_name="Whitfield & Sons", city="Newtown")

        self._run(self.connection)

        self.assertEqual(self._get_row(514), before)
        self._add_bill(client_id=514)
        self._run(self.connection)
        self.assertNotIn("Whitfield & Sons", self._get_customers())

    def test_what_the_bookkeeper_noted_stays(self):
        row = self._get_row()
        notes = f"{row['Notes']}\nPays late."
        phone = {"FreeFormNumber": "0800 1"}
        self._edit_in_quickbooks("Customer", row["Id"], Notes=notes, Mobile=phone)
        self._edit_client(CLIENT, city="Newtown")

        self._run(self.connection)

        row = self._get_row()
        self.assertEqual((row["Notes"], row["Mobile"]), (notes, phone))
        self.assertEqual(row["BillAddr"]["City"], "Newtown")

    def test_new_name_that_a_vendor_has_gets_the_client_id(self):
        self._edit_client(CLIENT, display_name="Harbor Office Supply")
        self._run(self.connection)
        name = f"Harbor Office Supply ({CLIENT})"
        self.assertEqual(self._get_row()["DisplayName"], name)

    def test_two_clients_who_swap_their_names(self):
        self._edit_client(CLIENT, display_name=OTHER_NAME)
        self._edit_client(OTHER, display_name=NAME)

        self._run(self.connection)
        self._make_due(self.connection)
        self._run(self.connection)

        names = [self._get_row(one)["DisplayName"] for one in (CLIENT, OTHER)]
        self.assertIn(names[0], (OTHER_NAME, f"{OTHER_NAME} ({CLIENT})"))
        self.assertIn(names[1], (NAME, f"{NAME} ({OTHER})"))

    def test_inactive_customer_is_left_alone(self):
        row = self._get_row()
        self._act("inactivate", entity="Customer", id=row["Id"])
        before = self._get_row()
        self._edit_client(CLIENT, display_name="Bond, Jane")

        run = self._run(self.connection)

        self.assertEqual(run.state, "done", run.message)
        self.assertEqual(self._get_row(), before)

    def _run_answering(self, change):
        """Make a pass in which the answer about the renamed client is another."""

        def pass_on(call, reply):
            if writes(call) and '"Customer": {' in call.body:
                return change_item(call, reply, '"Bond, Jane"', change)
            return reply

        self._edit_client(CLIENT, display_name="Bond, Jane")
        self._run_through(self.connection, pass_on)

    def test_lost_answer_about_a_change_is_looked_up(self):
        self._run_answering(lambda _item: None)
        self._make_due(self.connection)

        self._run(self.connection)

        self.assertEqual(self._get_row()["DisplayName"], "Bond, Jane")
        jobs = self._get_jobs(self.connection).filtered("participant_id")
        self.assertEqual(set(jobs.mapped("state")), {"done"})

    def test_change_that_came_in_between_is_done_all_the_same(self):
        row = self._get_row()
        edited = []

        def edit(call, reply):
            if "/query" in call.path and not edited and row["Id"] in call.body:
                edited.append(True)
                self._edit_in_quickbooks("Customer", row["Id"], Title="Cdr")
            return Reply(reply.status, reply.body)

        self._edit_client(CLIENT, display_name="Bond, Jane")
        self._run_through(self.connection, edit)
        self._make_due(self.connection)
        self._run(self.connection)

        after = self._get_row()
        self.assertEqual(after["DisplayName"], "Bond, Jane")

    def test_refused_change_stops_no_bill_and_comes_with_the_next(self):
        bill_id = self._add_bill()
        refused = item_fault("2040", "The name is odd.")
        self._run_answering(refused)
        self._assert_invoice(bill_id, "pushed")

        self._edit_client(CLIENT, display_name="Bond, June")
        self._run(self.connection)

        self.assertEqual(self._get_row()["DisplayName"], "Bond, June")


@tagged("post_install", "-at_install")
class TestMergedInActionstep(ChangeCase):
    """Two contacts of Actionstep become one: its bills name the other client."""

    def _merge_clients(self):
        self._switch("actionstep", merge_bumps_documents=True)
        path = f"participants/{CLIENT}/merge"
        body = {"into": OTHER, "reporting": True}
        self.sandbox.admin("actionstep", "POST", path, body)

    def test_invoice_moves_to_the_other_customer(self):
        self._merge_clients()

        self._run(self.connection)

        self._assert_invoice(BILL, "pushed")
        self.assertEqual(self._get_name(), OTHER_NAME)

    def test_money_on_account_moves_to_the_other_customer(self):
        receipt_id = self._receive(amount="40.00", client_id=CLIENT)
        self._run(self.connection)
        self._merge_clients()

        self._run(self.connection)

        [row] = self._get_ours("Payment", f"receipt {receipt_id}")
        customer_id = self._get_client(OTHER).quickbooks_id
        self.assertEqual(row["CustomerRef"]["value"], customer_id)

    def test_paid_invoice_needs_a_person_and_keeps_its_payment(self):
        receipt_id = self._receive((BILL, "40.00"), client_id=CLIENT)
        self._run(self.connection)
        self._merge_clients()

        run = self._run(self.connection)

        self.assertEqual(run.state, "done", run.message)
        sentence = "The customer cannot be changed because payments or credits"
        self._assert_invoice(BILL, "attention", "refused", sentence)
        [row] = self._get_ours("Payment", f"receipt {receipt_id}")
        self.assertEqual(self._amount(row["TotalAmt"]), Decimal("40.00"))
        self._assert_invoice(OTHER_BILL, "pushed")

    def test_bookkeeper_who_merges_as_well_settles_it(self):
        receipt_id = self._receive((BILL, "40.00"), client_id=CLIENT)
        self._run(self.connection)
        self._merge_clients()
        self._run(self.connection)
        self._merge(CLIENT, self._get_client(OTHER).quickbooks_id)

        invoice = self._get_invoice(self.connection, BILL)
        payment = self.connection.payment_ids
        for _click in range(2):
            (invoice.filtered(lambda i: i.state == "attention")).action_requeue()
            (payment.filtered(lambda p: p.state == "attention")).action_requeue()
            self._run(self.connection)

        self._assert_invoice(BILL, "pushed")
        self.assertEqual(payment.state, "pushed", payment.failure_message)
        self.assertEqual(self._get_name(), OTHER_NAME)
        self.assertEqual(len(self._get_ours("Payment", f"receipt {receipt_id}")), 1)


@tagged("post_install", "-at_install")
class TestInactive(ChangeCase):
    def setUp(self):
        super().setUp()
        self.customer_id = self._get_client().quickbooks_id
        self._act("inactivate", entity="Customer", id=self.customer_id)
        self.bill_id = self._add_bill()
        self._run(self.connection)

    def test_bill_says_that_the_customer_is_inactive(self):
        sentence = "is inactive in QuickBooks"
        self._assert_invoice(
            self.bill_id, "attention", "inactive_in_quickbooks", sentence
        )
        self.assertNotIn(NAME, self._get_customers())

    def test_bill_goes_when_the_customer_is_active_again(self):
        self._act("inactivate", entity="Customer", id=self.customer_id, active=True)
        self._make_due(self.connection)

        self._run(self.connection)

        self._assert_invoice(self.bill_id, "pushed")
        self.assertEqual(self._get_billed(self.bill_id)["Id"], self.customer_id)

    def test_other_clients_are_not_held_up(self):
        other = self._add_bill(client_id=OTHER)
        self._run(self.connection)
        self._assert_invoice(other, "pushed")


class MergedCase(ChangeCase):
    """The bookkeeper merged the customer of a client into another one."""

    left = "deleted"  # what QuickBooks leaves of the merged one

    def setUp(self):
        super().setUp()
        self._switch("quickbooks", merged_customer=self.left)
        self.heir_id = self._make_customer("Bond Holdings")

    def _merge_into_heir(self):
        self._merge(CLIENT, self.heir_id)


@tagged("post_install", "-at_install")
class TestMerged(MergedCase):
    def test_new_bills_go_to_the_heir(self):
        self._merge_into_heir()
        sent = len(self._get_sent("Customer"))
        bills = [self._add_bill() for _bill in range(2)]

        self._run(self.connection)

        for bill_id in bills:
            self._assert_invoice(bill_id, "pushed")
            self.assertEqual(self._get_billed(bill_id)["Id"], self.heir_id)
        self.assertTrue(self._get_client().was_linked)
        self.assertEqual(len(self._get_sent("Customer")), sent)

    def test_changed_bills_stay_with_the_heir(self):
        second = self._add_bill()
        self._run(self.connection)
        self._merge_into_heir()

        for bill_id in (BILL, second):
            self._replace_lines(bill_id, NINETY)
            self._run(self.connection)

            self._assert_invoice(bill_id, "pushed")
            self.assertEqual(self._get_billed(bill_id)["Id"], self.heir_id)

    def test_changed_payment_stays_with_the_heir(self):
        receipt_id = self._receive((BILL, "40.00"))
        self._run(self.connection)
        self._merge_into_heir()
        self._change_receipt(receipt_id, memo="Corrected")

        self._run(self.connection)

        payment = self.connection.payment_ids
        self.assertEqual(payment.state, "pushed", payment.failure_message)
        [row] = self._get_ours("Payment", f"receipt {receipt_id}")
        self.assertIn("Corrected", row["PrivateNote"])

    def test_deleted_bill_leaves_the_heir(self):
        self._merge_into_heir()
        self.sandbox.admin("actionstep", "POST", f"bills/{BILL}/delete", {})

        self._run(self.connection)

        self._assert_invoice(BILL, "withdrawn")
        self.assertEqual(self._get_quickbooks_invoices(BILL), [])

    def test_bill_that_was_changed_besides_is_told(self):
        [invoice] = self._get_quickbooks_invoices(BILL)
        self._merge_into_heir()
        self._edit_in_quickbooks("Invoice", invoice["Id"], DueDate="2027-01-31")
        self._replace_lines(BILL, NINETY)

        self._run(self.connection)

        self._assert_invoice(BILL, "attention", "changed_in_quickbooks")

    def test_payment_of_an_old_bill_goes_to_the_heir(self):
        self._merge_into_heir()
        receipt_id = self._receive((BILL, "40.00"))

        self._run(self.connection)

        payment = self.connection.payment_ids
        self.assertEqual(payment.state, "pushed", payment.failure_message)
        [row] = self._get_ours("Payment", f"receipt {receipt_id}")
        self.assertEqual(row["CustomerRef"]["value"], self.heir_id)

    def test_bill_payment_and_credit_note_of_one_pass_go_to_the_heir(self):
        self._merge_into_heir()
        bill_id = self._add_bill()
        self._receive((bill_id, "40.00"))
        self._credit(bill_id, (bill_id, "60.00"))

        self._run(self.connection)
        self._make_due(self.connection)
        self._run(self.connection)

        connection = self.connection
        self._assert_invoice(bill_id, "pushed")
        for documents in (
            connection.payment_ids,
            connection.credit_note_ids,
            connection.credit_application_ids,
        ):
            self.assertEqual(documents.state, "pushed", documents.failure_message)
        [invoice] = self._get_quickbooks_invoices(bill_id)
        self.assertEqual(self._amount(invoice["Balance"]), 0)

    def test_client_of_whom_only_a_payment_stands_is_followed(self):
        receipt_id = self._receive(amount="40.00", client_id=509)
        self._run(self.connection)
        self._merge(509, self.heir_id)
        bill_id = self._add_bill(client_id=509)

        self._run(self.connection)

        self._assert_invoice(bill_id, "pushed")
        self.assertEqual(self._get_billed(bill_id)["Id"], self.heir_id)
        [row] = self._get_ours("Payment", f"receipt {receipt_id}")
        self.assertEqual(row["CustomerRef"]["value"], self.heir_id)

    def test_renamed_client_leaves_the_heir_alone(self):
        self._merge_into_heir()
        self._edit_client(CLIENT, display_name="Bond, Jane")

        run = self._run(self.connection)

        self.assertEqual(run.state, "done", run.message)
        names = self._get_customers()
        self.assertIn("Bond Holdings", names)
        self.assertNotIn("Bond, Jane", names)


@tagged("post_install", "-at_install")
class TestMergedInactive(TestMerged):
    """The same where QuickBooks leaves the merged customer there, inactive."""

    left = "inactive"


@tagged("post_install", "-at_install")
class TestGone(ChangeCase):
    def test_client_whose_customer_is_gone_gets_another(self):
        bill_id = self._add_bill(client_id=509)
        self._run(self.connection)
        self.sandbox.admin("actionstep", "POST", f"bills/{bill_id}/delete", {})
        self._run(self.connection)
        client = self._get_client(509)
        gone, name = client.quickbooks_id, client.quickbooks_name
        self._merge(509, self._make_customer("Sundry"))
        bills = [self._add_bill(client_id=509) for _bill in range(2)]

        self._run(self.connection)

        for bill_id in bills:
            self._assert_invoice(bill_id, "pushed")
            self.assertEqual(self._get_name(bill_id), name)
        self.assertNotEqual(client.quickbooks_id, gone)

    def test_two_clients_who_became_one_customer_are_told_apart(self):
        self._merge(CLIENT, self._get_client(OTHER).quickbooks_id)
        bill_id = self._add_bill()

        run = self._run(self.connection)

        self.assertEqual(run.state, "done", run.message)
        self._assert_invoice(bill_id, "pushed")
        self._assert_invoice(OTHER_BILL, "pushed")
        self.assertEqual(self._get_name(bill_id), NAME)
