from dataclasses import replace

from odoo.tests import BaseCase

from odoo.addons.actionstep_quickbooks.documents import Participant
from odoo.addons.actionstep_quickbooks.mappers.customer import (
    customer_reference,
    map_customer,
)
from odoo.addons.actionstep_quickbooks.mappers.names import contains_reference

PERSON = Participant(
    participant_id="964",
    display_name="Doe, Jane",
    is_company=False,
    first_name="Jane",
    last_name="Doe",
    email="jane.doe@example.com",
    phone="(415) 555-0100",
    address_lines=("Level 3", "12 High Street"),
    city="Bayshore",
    state="CA",
    postcode="94326",
    country="US",
)


class TestMapCustomer(BaseCase):
    def test_a_person(self):
        self.assertEqual(
            map_customer(PERSON, "Doe, Jane"),
            {
                "DisplayName": "Doe, Jane",
                "GivenName": "Jane",
                "FamilyName": "Doe",
                "PrimaryEmailAddr": {"Address": "jane.doe@example.com"},
                "PrimaryPhone": {"FreeFormNumber": "(415) 555-0100"},
                "BillAddr": {
                    "Line1": "Level 3",
                    "Line2": "12 High Street",
                    "City": "Bayshore",
                    "CountrySubDivisionCode": "CA",
                    "PostalCode": "94326",
                    "Country": "US",
                },
                "Notes": "Actionstep participant 964",
            },
        )

    def test_a_company_keeps_its_name_beside_the_distinct_one(self):
        acme = Participant("12", "Acme: West", is_company=True)
        self.assertEqual(
            map_customer(acme, "Acme - West (12)"),
            {
                "DisplayName": "Acme - West (12)",
                "CompanyName": "Acme - West",
                "Notes": "Actionstep participant 12",
            },
        )

    def test_only_keys_with_a_value(self):
        bare = Participant("7", "", is_company=False, email=" ", city="\t")
        self.assertEqual(
            map_customer(bare, "Client 7"),
            {"DisplayName": "Client 7", "Notes": "Actionstep participant 7"},
        )

    def test_only_an_address_that_looks_valid_is_sent(self):
        for email, is_sent in (
            ("a@b.co", True),
            (" jane+law@sub.example.com ", True),
            ("o'brien@example.com", True),
            ("jane", False),
            ("jane@example", False),
            ("@example.com", False),
            ("jane@.com", False),
            ("jane@example.com, joe@example.com", False),
            ("jane@example.com;joe@example.com", False),
            ("Jane <jane@example.com>", False),
            ("jane doe@example.com", False),
            ("jané@example.com", False),
            ("a" * 89 + "@example.co", True),
            ("a" * 90 + "@example.co", False),
        ):
            with self.subTest(email=email):
                payload = map_customer(replace(PERSON, email=email), "x")
                sent = payload.get("PrimaryEmailAddr", {}).get("Address")
                self.assertEqual(sent, email.strip() if is_sent else None)

    def test_a_phone_that_is_too_long_is_left_out_not_cut(self):
        fits = replace(PERSON, phone="  +61 2 9999 0100\text. 1234567")
        payload = map_customer(fits, "x")
        number = payload["PrimaryPhone"]["FreeFormNumber"]
        self.assertEqual(number, "+61 2 9999 0100 ext. 1234567")
        exact = map_customer(replace(PERSON, phone="0" * 30), "x")
        self.assertEqual(exact["PrimaryPhone"]["FreeFormNumber"], "0" * 30)
        long = replace(PERSON, phone="+61 2 9999 0100 (ask reception)")
        self.assertEqual(len(long.phone), 31)
        self.assertNotIn("PrimaryPhone", map_customer(long, "x"))

    def test_names_are_cut_to_their_limits(self):
        long = replace(PERSON, first_name="J" * 120, last_name="D:\n" + "o" * 120)
        payload = map_customer(long, "x")
        self.assertEqual(payload["GivenName"], "J" * 100)
        self.assertEqual(payload["FamilyName"], "D - " + "o" * 96)
        firm = Participant("1", "F" * 120, is_company=True)
        self.assertEqual(map_customer(firm, "x")["CompanyName"], "F" * 100)

    def test_an_address_of_many_lines_fits_into_five(self):
        lines = ("A", "", " ", "B\nb", "C", "D", "E", "F")
        address = map_customer(replace(PERSON, address_lines=lines), "x")["BillAddr"]
        shown = [address[f"Line{position}"] for position in range(1, 6)]
        self.assertEqual(shown, ["A", "B b", "C", "D", "E, F"])
        self.assertNotIn("Line6", address)

    def test_parts_of_an_address_are_cut_to_their_limits(self):
        wide = replace(
            PERSON,
            address_lines=("L" * 501,),
            city="C" * 256,
            state="S" * 256,
            postcode="9" * 31,
            country="N" * 256,
        )
        address = map_customer(wide, "x")["BillAddr"]
        self.assertEqual(address["Line1"], "L" * 499 + "…")
        self.assertEqual(len(address["City"]), 255)
        self.assertEqual(len(address["CountrySubDivisionCode"]), 255)
        self.assertEqual(len(address["PostalCode"]), 30)
        self.assertEqual(len(address["Country"]), 255)

    def test_the_currency_is_sent_when_it_is_given(self):
        self.assertNotIn("CurrencyRef", map_customer(PERSON, "x"))
        payload = map_customer(PERSON, "x", "EUR")
        self.assertEqual(payload["CurrencyRef"], {"value": "EUR"})

    def test_the_notes_tell_our_customer_from_another_ones(self):
        notes = map_customer(PERSON, "x")["Notes"]
        self.assertTrue(contains_reference(notes, customer_reference("964")))
        self.assertFalse(contains_reference(notes, customer_reference("96")))
