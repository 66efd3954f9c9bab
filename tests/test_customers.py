"""Clients of Actionstep as customers of QuickBooks: one each, never two."""

from odoo.tests import tagged

from .common import ActionstepCase
from .raw_server import Reply
from .relay import change_item, item_fault, writes

CUSTOMERS = {"method": "POST", "path": "/batch", "body": '"Customer": {'}


class CustomerCase(ActionstepCase):
    """With a client of every kind: the first fifteen bills, one for each."""

    firm_size = "15"

    def setUp(self):
        super().setUp()
        self.connection = self._make_active()
        self.clients = [p for p in self.firm.participants if p.participant_id >= 501]

    def _bill_each(self):
        """Let every client have a bill of its own."""
        for bill, client in zip(self.firm.bills, self.clients, strict=False):
            self._edit_bill(bill.bill_id, client_id=client.participant_id)

    def _get_client(self, name, position=0):
        """Return the staged client of a name, the nth of several."""
        ids = [str(p.participant_id) for p in self.clients if p.display_name == name]
        return self.env["actionstep.participant"].search(
            [
                ("connection_id", "=", self.connection.id),
                ("external_id", "=", ids[position]),
            ]
        )

    def _get_batches(self):
        """Return the batches of customers that QuickBooks got."""
        rows = self.sandbox.requests("quickbooks", "/batch")
        return [row for row in rows if "Customer" in row["body"]["BatchItemRequest"][0]]

    def _run_refusing(self, name, code, detail="", times=1):
        """Make a pass in which QuickBooks refuses the customer of a name."""
        left = [times]

        def change(call, reply):
            if left[0] and writes(call) and '"Customer": {' in call.body:
                left[0] -= 1
                return change_item(call, reply, f'"{name}', item_fault(code, detail))
            return reply

        return self._run_through(self.connection, change)


@tagged("post_install", "-at_install")
class TestNames(CustomerCase):
    def setUp(self):
        super().setUp()
        self._bill_each()

    def test_every_client_gets_a_customer_of_its_own(self):
        run = self._run(self.connection)

        self.assertEqual(run.state, "done", run.message)
        participants = self.connection.invoice_ids.participant_id
        self.assertEqual(len(participants), 15)
        ids = {row["Id"]: row for row in self._get_customers().values()}
        for participant in participants:
            theirs = ids[participant.quickbooks_id]
            self.assertEqual(participant.quickbooks_name, theirs["DisplayName"])
        self.assertEqual(len(set(participants.mapped("quickbooks_id"))), 15)

    def test_customer_who_stands_there_is_linked(self):
        before = self._get_customers()["Whitfield Family Trust"]

        self._run(self.connection)

        client = self._get_client("Whitfield Family Trust")
        self.assertEqual(client.quickbooks_id, before["Id"])
        self.assertTrue(client.was_linked)
        names = [name for name in self._get_customers() if "Whitfield" in name]
        self.assertEqual(names, ["Whitfield Family Trust"])

    def test_two_clients_of_one_name_are_two_customers(self):
        self._run(self.connection)

        first, second = (self._get_client("Lee, Jordan", n) for n in (0, 1))
        self.assertEqual(first.quickbooks_name, "Lee, Jordan")
        self.assertEqual(second.quickbooks_name, f"Lee, Jordan ({second.external_id})")

    def test_names_of_several_batches_are_looked_up_together(self):
        self.sandbox.admin("quickbooks", "DELETE", "log")

        self._run(self.connection)

        asked = [
            row["body"]
            for row in self.sandbox.requests("quickbooks", "/query")
            if "DisplayName" in row["body"]
        ]
        self.assertEqual([len(asked), len(set(asked))], [3, 3])
        sent = self._get_batches()
        self.assertGreater(len(sent), 2)
        self.assertEqual(len({row["query"]["requestid"] for row in sent}), len(sent))
        # Two clients of one name, among others: nothing had to be refused.
        items = [item for row in sent for item in row["body"]["BatchItemRequest"]]
        names = [item["Customer"]["DisplayName"] for item in items]
        self.assertEqual(len(names), len(set(names)))

    def test_batches_that_a_pass_has_no_time_for_wait_for_the_next(self):
        with self._short_passes():
            while not self._get_batches():
                run = self._run(self.connection)
                self.assertEqual(run.state, "running", run.message)

        clients = self.connection.invoice_ids.participant_id
        self.assertEqual(len(self._get_batches()), 1)
        self.assertLess(len(clients.filtered("quickbooks_id")), 10)
        self.assertFalse(self._get_jobs(self.connection, "started"))
        self.assertFalse(self._get_jobs(self.connection, "unknown"))

        self._run(self.connection)

        self.assertEqual(set(self.connection.invoice_ids.mapped("state")), {"pushed"})
        self.assertEqual(len(self._get_quickbooks_invoices()), 15)

    def test_name_of_a_vendor_or_employee_gets_the_client_id(self):
        self._run(self.connection)

        for name in ("Harbor Office Supply", "Casey Morgan"):
            client = self._get_client(name)
            self.assertEqual(client.quickbooks_name, f"{name} ({client.external_id})")
            self.assertFalse(client.was_linked)

    def test_forbidden_characters_and_length_are_mended(self):
        self._run(self.connection)

        trust = self._get_client("Estate of Smith: Residuary Trust")
        self.assertEqual(trust.quickbooks_name, "Estate of Smith - Residuary Trust")
        tabulated = self._get_client("Tabulated\tHoldings LLC")
        self.assertEqual(tabulated.quickbooks_name, "Tabulated Holdings LLC")
        self.assertTrue(
            all(len(name) <= 100 for name in self._get_customers()), "too long"
        )

    def test_inactive_customer_of_the_name_is_not_linked(self):
        theirs = self._get_customers()["Whitfield Family Trust"]
        self._edit_in_quickbooks("Customer", theirs["Id"], Active=False)

        self._run(self.connection)

        client = self._get_client("Whitfield Family Trust")
        self.assertNotEqual(client.quickbooks_id, theirs["Id"])
        self.assertFalse(client.was_linked)


@tagged("post_install", "-at_install")
class TestTrouble(CustomerCase):
    def setUp(self):
        super().setUp()
        self.name = "Bond, James"
        self.others = len({b.client_id for b in self.firm.bills}) - 1

    def _make_customer(self, name, **values):
        """Make a customer as a person does in QuickBooks; return its id."""
        body = {"entity": "Customer", "object": {"DisplayName": name, **values}}
        return self.sandbox.admin("quickbooks", "POST", "create", body)["Id"]

    def test_customer_made_between_look_up_and_create_is_linked(self):
        made = []

        def change(call, reply):
            if "Bond, James" in call.body and not made and not writes(call):
                made.append(self._make_customer(self.name))
            return reply

        run = self._run_through(self.connection, change)

        self.assertEqual(run.state, "done", run.message)
        client = self._get_client(self.name)
        self.assertEqual(client.quickbooks_id, made[0])
        self.assertTrue(client.was_linked)
        names = [name for name in self._get_customers() if self.name in name]
        self.assertEqual(names, [self.name])
        self.assertEqual(len(self._get_quickbooks_invoices()), 15)

    def test_name_that_no_list_shows_gets_the_client_id(self):
        self._make_customer(self.name)

        def hide(call, reply):
            if writes(call):
                return reply
            shown = f'"DisplayName":"{self.name}"'
            return Reply(reply.status, reply.body.replace(shown, '"DisplayName":"?"'))

        self._run_through(self.connection, hide)

        client = self._get_client(self.name)
        self.assertEqual(client.quickbooks_name, f"{self.name} ({client.external_id})")

    def test_passing_trouble_does_not_change_the_name(self):
        self._run_refusing(self.name, "10000")
        client = self._get_client(self.name)
        job = self._get_jobs(self.connection).filtered(
            lambda job: job.participant_id == client
        )
        self.assertEqual((job.state, job.retry), ("pending", 1))
        waiting = self._get_jobs(self.connection, "waiting")
        self.assertEqual(set(waiting.invoice_id.participant_id), {client})

        self._make_due(self.connection)
        self._run(self.connection)

        self.assertEqual(client.quickbooks_name, self.name)
        names = [name for name in self._get_customers() if self.name in name]
        self.assertEqual(names, [self.name])
        self.assertEqual(len(self._get_quickbooks_invoices()), 15)

    def test_lost_answer_about_one_customer_makes_no_second_one(self):
        def change(call, reply):
            if writes(call) and '"Customer": {' in call.body:
                return change_item(call, reply, f'"{self.name}', lambda _item: None)
            return reply

        self._run_through(self.connection, change)
        self._make_due(self.connection)
        self._run(self.connection)

        names = [name for name in self._get_customers() if self.name in name]
        self.assertEqual(names, [self.name])
        self.assertEqual(len(self._get_quickbooks_invoices()), 15)

    def test_look_up_that_quickbooks_refuses_stops_only_its_own_client(self):
        refusal = {"kind": "fault", "code": "4000", "message": "Lexical error"}
        match = {"method": "POST", "path": "/query", "body": "Bond"}
        self.sandbox.fault("quickbooks", refusal, times=99, **match)

        run = self._run(self.connection)

        self.assertEqual(run.state, "done", run.message)
        invoices = self.connection.invoice_ids
        stopped = invoices.filtered(lambda one: one.state != "pushed")
        self.assertEqual(set(stopped.mapped("state")), {"attention"})
        self.assertEqual(stopped.participant_id, self._get_client(self.name))
        self.assertIn("Lexical error", stopped[0].failure_detail)

    def test_lost_answer_about_all_customers_makes_no_second_one(self):
        # All of them in one batch.
        self.connection.batches_away = 1
        self.sandbox.fault("quickbooks", {"kind": "drop_after"}, **CUSTOMERS)
        self._run(self.connection)
        count = len(self._get_customers())

        self._make_due(self.connection)
        run = self._run(self.connection)

        self.assertEqual(run.state, "done", run.message)
        self.assertEqual(len(self._get_customers()), count)
        self.assertEqual(len(self._get_quickbooks_invoices()), 15)

    def test_refused_customer_stops_only_its_own_invoices(self):
        run = self._run_refusing(self.name, "2040", "The name is odd.")

        invoices = self.connection.invoice_ids
        stopped = invoices.filtered(lambda i: i.state == "attention")
        self.assertEqual(stopped.participant_id, self._get_client(self.name))
        self.assertEqual(
            set(stopped.mapped("failure_message")),
            {
                "QuickBooks refused the document: The name is odd. Correct this, then "
                "requeue."
            },
        )
        self.assertEqual(set((invoices - stopped).mapped("state")), {"pushed"})
        self.assertEqual(run.state, "done")

        stopped.action_requeue()
        self._run(self.connection)
        self.assertEqual(len(self._get_quickbooks_invoices()), 15)

    def test_name_that_stays_taken_is_told_with_the_name(self):
        client_id = self.firm.bills[0].client_id
        for name in (self.name, f"{self.name} ({client_id})"):
            body = {"entity": "Vendor", "object": {"DisplayName": name}}
            self.sandbox.admin("quickbooks", "POST", "create", body)

        self._run(self.connection)

        invoice = self._get_invoice(self.connection, 1001)
        self.assertEqual(invoice.failure_cause, "name_taken")
        self.assertEqual(
            invoice.failure_message,
            "QuickBooks already uses the name Bond, James for another customer, vendor "
            "or employee. Rename one of them, then requeue.",
        )
        job = invoice.job_ids
        self.assertEqual(job.failure_message, invoice.failure_message)

    def test_client_renamed_in_actionstep_goes_by_its_new_name(self):
        self._run_refusing(self.name, "2040", "The name is odd.")
        client = self._get_client(self.name)
        change = {"display_name": "Bond & Sons"}
        path = f"participants/{client.external_id}"
        self.sandbox.admin("actionstep", "POST", path, change)

        self._get_invoice(self.connection, 1001).action_requeue()
        self._run(self.connection)

        self.assertEqual(client.quickbooks_name, "Bond & Sons")
        self.assertEqual(self._get_invoice(self.connection, 1001).state, "pushed")

    def test_client_that_cannot_be_translated_stops_only_its_own_invoices(self):
        self.connection.batches_away = 1
        self.sandbox.fault("quickbooks", {"kind": "drop_before"}, **CUSTOMERS)
        self._run(self.connection)
        client = self._get_client(self.name)
        client.address_lines = [7]

        self._make_due(self.connection)
        run = self._run(self.connection)

        self.assertEqual(run.state, "done", run.message)
        stopped = self.connection.invoice_ids.filtered(lambda i: i.state != "pushed")
        self.assertEqual(stopped.participant_id, client)
        self.assertEqual(set(stopped.mapped("failure_cause")), {"unexpected"})
        self.assertIn("TypeError", stopped[0].failure_detail)
