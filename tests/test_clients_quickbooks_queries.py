import json
from datetime import date

from odoo.tests import BaseCase, tagged

from odoo.addons.actionstep_quickbooks.clients.quickbooks import QuickbooksClient
from odoo.addons.actionstep_quickbooks.documents import QuickbooksPaymentMethod
from odoo.addons.actionstep_quickbooks.exceptions import SyncError
from odoo.addons.actionstep_quickbooks.mappers.payment import is_ours
from odoo.addons.actionstep_quickbooks.tests.raw_server import RawServer, Reply

DAY = date(2026, 10, 14)
PAYMENT = {
    "Id": "300",
    "CustomerRef": {"value": "58"},
    "TxnDate": "2026-10-14",
    "PrivateNote": "Actionstep receipt 500001 (hatfield)\nMethod: EFT",
}


@tagged("-at_install", "post_install")
class TestQueries(BaseCase):
    """What is asked of QuickBooks to find credit memos and payments again."""

    def setUp(self):
        super().setUp()
        self.statements = []

    def client(self, server):
        client = QuickbooksClient(f"{server.url}/v3", "token", "1", "local")
        self.addCleanup(client.close)
        return client

    def answers(self, rows_of):
        """Return an answer to queries; ``rows_of`` gives the rows of a statement."""

        def answer(call):
            self.statements.append(call.body)
            found = {"QueryResponse": rows_of(call.body), "time": "x"}
            return Reply(body=json.dumps(found))

        return answer

    def test_credit_memos_are_found_by_number(self):
        def rows_of(statement):
            return {"CreditMemo": [{"Id": "310"}]} if "'CR-1'" in statement else {}

        with RawServer(self.answers(rows_of)) as server:
            client = self.client(server)
            numbers = [f"CR-{number}" for number in range(40)]
            found = client.find_credit_notes([*numbers, "CR-1", "", "O'Neil"])
            self.assertEqual(found, [{"Id": "310"}])
            self.assertEqual(client.find_credit_notes([]), [])
        self.assertEqual(len(self.statements), 2)
        start = "SELECT * FROM CreditMemo WHERE DocNumber IN ('CR-0', 'CR-1', "
        self.assertTrue(self.statements[0].startswith(start))
        self.assertIn(r"'O\'Neil'", self.statements[1])

    def test_payments_are_found_by_customer_and_day_and_told_by_their_note(self):
        twin = {**PAYMENT, "Id": "301", "PrivateNote": "entered by hand"}

        def rows_of(statement):
            mine = "CustomerRef = '58'" in statement and "'2026-10-14'" in statement
            return {"Payment": [twin, PAYMENT]} if mine else {}

        with RawServer(self.answers(rows_of)) as server:
            client = self.client(server)
            wanted = [("58", DAY), ("58", DAY), ("59", DAY), ("58", date(2026, 1, 2))]
            found = client.find_payments(wanted)
            self.assertEqual(client.find_payments([]), [])
        self.assertEqual(
            self.statements,
            [
                f"SELECT * FROM Payment WHERE CustomerRef = '{customer}' "
                f"AND TxnDate = '{day}' MAXRESULTS 1000"
                for customer, day in (
                    ("58", "2026-10-14"),
                    ("59", "2026-10-14"),
                    ("58", "2026-01-02"),
                )
            ],
        )
        self.assertEqual(found, [twin, PAYMENT])
        reference = "Actionstep receipt 500001 (hatfield)"
        self.assertEqual([is_ours(reference, row) for row in found], [False, True])

    def test_looking_up_takes_no_batch(self):
        # Of batches only 40 may go in a minute.
        with RawServer(self.answers(lambda statement: {})) as server:
            client = self.client(server)
            client.find_payments([("58", DAY), ("59", DAY)])
            client.query_names(["Bond, James"])
        self.assertEqual(len(server.calls), 5)
        self.assertFalse([call for call in server.calls if "batch" in call.path])

    def test_a_failed_lookup_fails_as_a_whole(self):
        error = {"Message": "Invalid query", "Detail": "x", "code": "4001"}
        fault = {"Fault": {"Error": [error], "type": "ValidationFault"}}
        reply = Reply(400, json.dumps(fault))
        for call in (
            lambda client: client.find_payments([("58", DAY)]),
            lambda client: client.find_credit_notes(["CR-1"]),
        ):
            with RawServer(reply) as server, self.assertRaises(SyncError):
                call(self.client(server))

    def test_payment_methods(self):
        rows = [
            {"Id": "1", "Name": "Cash", "Type": "NON_CREDIT_CARD", "Active": True},
            {"Id": "4", "Name": "Visa", "Type": "CREDIT_CARD", "Active": False},
            {"Id": "9", "Name": "EFT"},
        ]
        body = {"QueryResponse": {"PaymentMethod": rows}, "time": "x"}
        with RawServer(Reply(body=json.dumps(body))) as server:
            found = self.client(server).payment_methods()
        self.assertEqual(
            found,
            [
                QuickbooksPaymentMethod("1", "Cash", "NON_CREDIT_CARD", True),
                QuickbooksPaymentMethod("4", "Visa", "CREDIT_CARD", False),
                QuickbooksPaymentMethod("9", "EFT", "", True),
            ],
        )
        self.assertIn("FROM PaymentMethod WHERE Active IN", server.calls[0].body)
