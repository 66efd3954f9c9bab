from dataclasses import replace

from odoo.tests import BaseCase

from odoo.addons.actionstep_quickbooks.documents import Matter, Participant
from odoo.addons.actionstep_quickbooks.mappers.customer import (
    customer_reference,
    is_our_customer,
    map_customer,
    map_customer_update,
    map_sub_customer,
    matter_reference,
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


MATTER = Matter("2011", "Purchase of 5 High Street", "2011/A", "Active")


class TestMapSubCustomer(BaseCase):
    def test_a_matter_stands_below_its_client_with_the_clients_address(self):
        client = map_customer(PERSON, "x")
        self.assertEqual(
            map_sub_customer(MATTER, PERSON, "58", "2011 Purchase of 5 High Street"),
            {
                "DisplayName": "2011 Purchase of 5 High Street",
                "GivenName": "Jane",
                "FamilyName": "Doe",
                "PrimaryEmailAddr": client["PrimaryEmailAddr"],
                "PrimaryPhone": client["PrimaryPhone"],
                "BillAddr": client["BillAddr"],
                "ParentRef": {"value": "58"},
                "Job": True,
                "BillWithParent": True,
                "Notes": "Actionstep matter 2011 of participant 964",
            },
        )

    def test_the_currency_is_sent_when_it_is_given(self):
        self.assertNotIn("CurrencyRef", map_sub_customer(MATTER, PERSON, "58", "x"))
        payload = map_sub_customer(MATTER, PERSON, "58", "x", "EUR")
        self.assertEqual(payload["CurrencyRef"], {"value": "EUR"})

    def test_a_matter_is_never_taken_for_its_client_nor_for_another_matter(self):
        notes = map_sub_customer(MATTER, PERSON, "58", "x")["Notes"]
        self.assertFalse(is_our_customer("964", {"Notes": notes}))
        self.assertTrue(contains_reference(notes, matter_reference("2011", "964")))
        for matter_id, participant_id in (("201", "964"), ("2011", "96")):
            other = matter_reference(matter_id, participant_id)
            self.assertFalse(contains_reference(notes, other))


def answered(participant, name, **changed):
    """Return the customer as QuickBooks answers it, with what it adds by itself."""
    created = map_customer(participant, name)
    if "BillAddr" in created:
        more = {"Id": "95", "Lat": "37.4", "Long": "-122.1"}
        created["BillAddr"] = {**created["BillAddr"], **more}
    return {
        **created,
        "Id": "58",
        "SyncToken": "3",
        "Active": True,
        "Balance": 0,
        "FullyQualifiedName": name,
        "PrintOnCheckName": name,
        **changed,
    }


class TestMapCustomerUpdate(BaseCase):
    def assertUpdate(self, participant, row, expected, name=""):
        update = map_customer_update(participant, row, name)
        if expected:
            expected = {"Id": "58", "SyncToken": "3", "sparse": True, **expected}
        self.assertEqual(update, expected)

    def test_what_is_the_same_needs_no_update(self):
        self.assertUpdate(PERSON, answered(PERSON, "Doe, Jane"), {})

    def test_a_new_name_with_all_that_hangs_on_it(self):
        married = replace(PERSON, display_name="Smith, Jane", last_name="Smith")
        row = answered(PERSON, "Doe, Jane")
        changed = {"DisplayName": "Smith, Jane", "FamilyName": "Smith"}
        self.assertUpdate(married, row, changed)
        self.assertUpdate(
            married,
            row,
            {**changed, "DisplayName": "Smith, Jane (964)"},
            name="Smith, Jane (964)",
        )

    def test_a_name_made_distinct_stays_distinct(self):
        row = answered(PERSON, "Doe, Jane (964)")
        self.assertUpdate(PERSON, row, {})
        moved = replace(PERSON, phone="(415) 555-0199")
        changed = {"PrimaryPhone": {"FreeFormNumber": "(415) 555-0199"}}
        self.assertUpdate(moved, row, changed)

    def test_an_address_goes_whole_because_quickbooks_replaces_it_whole(self):
        moved = replace(PERSON, address_lines=("1 Low Road",), postcode="94327")
        address = {
            "Line1": "1 Low Road",
            "City": "Bayshore",
            "CountrySubDivisionCode": "CA",
            "PostalCode": "94327",
            "Country": "US",
        }
        self.assertUpdate(moved, answered(PERSON, "Doe, Jane"), {"BillAddr": address})

    def test_one_address_line_less_is_a_change(self):
        moved = replace(PERSON, address_lines=("12 High Street",))
        row = answered(replace(moved, address_lines=("12 High Street", "x")), "x")
        update = map_customer_update(moved, {**row, "DisplayName": "Doe, Jane"})
        self.assertEqual(update["BillAddr"]["Line1"], "12 High Street")
        self.assertNotIn("Line2", update["BillAddr"])

    def test_what_actionstep_does_not_have_is_left(self):
        bare = Participant("964", "Doe, Jane", False, "Jane", "Doe")
        self.assertUpdate(bare, answered(PERSON, "Doe, Jane"), {})

    def test_what_quickbooks_lacks_is_added(self):
        bare = Participant("964", "Doe, Jane", False, "Jane", "Doe")
        update = map_customer_update(PERSON, answered(bare, "Doe, Jane"))
        self.assertEqual(update["PrimaryEmailAddr"], {"Address": PERSON.email})
        self.assertEqual(update["BillAddr"]["City"], "Bayshore")

    def test_only_customers_that_we_created_follow(self):
        renamed = replace(PERSON, display_name="Smith, Jane")
        for notes in (None, "", "Good payer", "Actionstep participant 96"):
            row = answered(PERSON, "Doe, Jane", Notes=notes)
            with self.subTest(notes=notes):
                self.assertUpdate(renamed, row, {})
        kept = answered(
            PERSON, "Doe, Jane", Notes="Good payer\nActionstep participant 964"
        )
        self.assertUpdate(renamed, kept, {"DisplayName": "Smith, Jane"})

    def test_an_inactive_customer_is_left(self):
        row = answered(PERSON, "Doe, Jane (deleted)", Active=False)
        self.assertUpdate(replace(PERSON, email="new@example.com"), row, {})
