"""The register: documents of all kinds in one list, and what needs attention."""

from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from .common import ActionstepCase

OPERATOR = "actionstep_quickbooks.group_operator"
USER = "actionstep_quickbooks.group_user"


@tagged("post_install", "-at_install")
class TestRegister(ActionstepCase):
    """Documents made by hand: what the register shows does not depend on the engine."""

    def setUp(self):
        super().setUp()
        self.connection = self._make_connection()
        self.client = self._make("participant", external_id="7", name="Ann Miller")
        self.invoice = self._make_document(
            "invoice", number="INV-1", invoice_date="2026-03-01", amount_total=110
        )
        self.payment = self._make_document(
            "payment", reference="CHQ-9", payment_date="2026-03-02", amount=60
        )
        self.note = self._make_document(
            "credit.note", number="CR-1", credit_date="2026-03-03", amount_total=50
        )
        self.application = self._make_document(
            "credit.application",
            credit_note_id=self.note.id,
            bill_external_id="1",
            invoice_id=self.invoice.id,
            applied_on="2026-03-04",
            amount=40,
        )
        self.documents = (self.application, self.note, self.payment, self.invoice)

    def _make(self, model, **values):
        values["connection_id"] = self.connection.id
        return self.env[f"actionstep.{model}"].create(values)

    def _make_document(self, model, **values):
        return self._make(
            model,
            **{
                "external_id": "1",
                "participant_id": self.client.id,
                "currency_id": self.env.company.currency_id.id,
                "state": "attention",
                **values,
            },
        )

    def _get_rows(self, *domain):
        mine = ("connection_id", "=", self.connection.id)
        return self.env["actionstep.register"].search([mine, *domain])

    def test_all_kinds_stand_in_one_list_the_newest_first(self):
        self.assertEqual(
            [
                (row.kind, row.number, str(row.document_date), row.amount)
                for row in self._get_rows()
            ],
            [
                ("application", "CR-1 → INV-1", "2026-03-04", 40),
                ("credit_note", "CR-1", "2026-03-03", 50),
                ("payment", "CHQ-9", "2026-03-02", 60),
                ("invoice", "INV-1", "2026-03-01", 110),
            ],
        )
        self.assertEqual(self._get_rows().participant_id, self.client)
        self.assertEqual(self._get_rows().company_id, self.env.company)

    def test_receivables_add_up_on_both_sides(self):
        for document in (self.invoice, self.note, self.payment):
            document.write({"quickbooks_id": "7", "quickbooks_total": 50})
        self._make_document(
            "invoice", external_id="2", bill_status="Deleted", amount_total=900
        )
        totals = self.env["actionstep.register"]._read_group(
            [("connection_id", "=", self.connection.id)],
            [],
            [
                f"{name}:sum"
                for name in (
                    "receivable",
                    "quickbooks_receivable",
                    "receivable_difference",
                )
            ],
        )
        # An invoice of 110 less a payment of 60 and a credit note of 50; of 50 each.
        self.assertEqual(totals, [(0, -50, -50)])

    def test_matters_are_those_of_the_document(self):
        matters = self.env["actionstep.matter"]
        for number, name in (("9", "Sale"), ("10", "Lease")):
            matters |= self._make("matter", external_id=number, name=name)
        self.note.matter_ids = matters
        self.invoice.matter_ids = matters[0]
        found = {row.kind: row.matters for row in self._get_rows()}
        self.assertEqual(
            found,
            {
                "application": "10 Lease, 9 Sale",
                "credit_note": "10 Lease, 9 Sale",
                "payment": False,
                "invoice": "9 Sale",
            },
        )

    def test_amounts_that_differ_are_found(self):
        self.payment.write({"quickbooks_id": "7", "quickbooks_total": 61})
        rows = self._get_rows(("amount_difference", "!=", 0))
        self.assertEqual(
            [(row.kind, row.amount_difference) for row in rows], [("payment", 1)]
        )

    def test_write_off_is_a_kind_of_its_own(self):
        self.note.number = "WO-1"
        self.assertEqual(
            self._get_rows(("kind", "=", "write_off")).res_id, self.note.id
        )
        self.assertFalse(self._get_rows(("kind", "=", "credit_note")))

    def test_number_is_the_one_that_people_know(self):
        self.payment.reference = False
        self.invoice.number = False
        self.assertEqual(
            [(row.kind, row.number) for row in self._get_rows()],
            [
                ("application", "CR-1 → 1"),
                ("credit_note", "CR-1"),
                ("payment", "1"),
                ("invoice", False),
            ],
        )

    def test_each_row_opens_its_document(self):
        for row, document in zip(self._get_rows(), self.documents, strict=True):
            action = row.action_open()
            with self.subTest(kind=row.kind):
                self.assertEqual(action["res_model"], document._name)
                self.assertEqual(action["res_id"], document.id)

    def test_rows_of_equal_ids_are_different(self):
        """Four tables count from one each."""
        self.assertEqual(len(set(self._get_rows().ids)), 4)

    def test_what_needs_attention_is_grouped_by_cause_over_all_kinds(self):
        self.invoice.failure_cause = "closed_period"
        self.payment.failure_cause = "closed_period"
        self.note.failure_cause = "duplicate_number"
        self.application.state = "pushed"
        groups = self.env["actionstep.register"]._read_group(
            [
                ("connection_id", "=", self.connection.id),
                ("state", "=", "attention"),
            ],
            ["failure_cause"],
            ["__count"],
        )
        self.assertEqual(
            sorted(groups), [("closed_period", 2), ("duplicate_number", 1)]
        )

    def test_state_shows_at_once(self):
        self.assertEqual(len(self._get_rows(("state", "=", "attention"))), 4)
        self.payment.state = "pushed"
        self.assertEqual(
            self._get_rows(("state", "=", "pushed")).res_id, self.payment.id
        )

    def test_states_read_as_on_the_documents(self):
        register, invoice = (
            self.env["actionstep.register"],
            self.env["actionstep.invoice"],
        )
        self.assertEqual(
            register._fields["state"]._description_selection(self.env),
            invoice._fields["state"]._description_selection(self.env),
        )

    def test_found_by_number_and_by_client(self):
        for text in ("CHQ", "Miller"):
            found = self.env["actionstep.register"].name_search(text)
            with self.subTest(text=text):
                self.assertIn("CHQ-9", [name for _id, name in found])

    def test_operator_requeues_documents_of_several_kinds_at_once(self):
        olga = new_test_user(self.env, "olga", groups=OPERATOR)
        chosen = self._get_rows(("kind", "in", ("payment", "credit_note")))

        chosen.with_user(olga).action_requeue()

        self.assertEqual(
            [document.state for document in self.documents],
            ["attention", "waiting", "waiting", "attention"],
        )
        self.assertTrue(self.payment.needs_plan)

    def test_user_may_look_but_not_requeue(self):
        ulla = new_test_user(self.env, "ulla", groups=USER)
        rows = self._get_rows().with_user(ulla)
        self.assertEqual(len(rows.mapped("number")), 4)
        with self.assertRaises(UserError):
            rows.action_requeue()

    def test_counts_of_the_connection_are_what_its_list_shows(self):
        self.payment.state = "pushed"
        self.note.state = "queued"
        for name, states in (
            ("attention_count", ("attention",)),
            ("pushed_count", ("pushed",)),
            ("waiting_count", ("waiting", "queued")),
        ):
            with self.subTest(count=name):
                self.assertEqual(
                    self.connection[name], len(self._get_rows(("state", "in", states)))
                )
