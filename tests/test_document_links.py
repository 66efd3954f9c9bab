"""Open in Actionstep: by the firm's own addresses, and not at all without them."""

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import ActionstepCase


@tagged("post_install", "-at_install")
class TestDocumentLinks(ActionstepCase):
    def setUp(self):
        super().setUp()
        self.connection = self._make_connection()
        self.invoice = self.env["actionstep.invoice"].create(
            {
                "connection_id": self.connection.id,
                "external_id": "17",
                "client_external_id": "a&b",
                "matter_external_ids": ["8", "9"],
            }
        )

    def test_without_an_address_there_is_none(self):
        self.assertFalse(self.invoice.actionstep_url)

    def test_ids_stand_in_the_place_of_their_placeholders(self):
        self.connection.bill_address = (
            "https://firm.example/{matter}/bill?i={id}&c={client}"
        )
        url = "https://firm.example/8/bill?i=17&c=a%26b"
        self.assertEqual(self.invoice.actionstep_url, url)
        action = self.invoice.action_open_in_actionstep()
        self.assertEqual(action["url"], url)

    def test_what_was_concluded_from_totals_has_no_page(self):
        self.connection.bill_address = "https://firm.example/{id}"
        self.invoice.is_derived = True
        self.assertFalse(self.invoice.actionstep_url)

    def test_what_is_no_address_is_refused(self):
        for address in (
            "javascript:alert({id})",
            "http://firm.example/{id}",
            "https:///{id}",
            "https://firm.example/{bill}",
            "firm.example/{id}",
        ):
            with self.subTest(address=address), self.assertRaises(ValidationError):
                self.connection.bill_address = address
