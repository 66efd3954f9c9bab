"""The sample firms and the local Actionstep server keep their promises."""

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections import Counter
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from io import BytesIO
from urllib.parse import parse_qs, urlsplit

import psycopg2
import requests
import simplejson

from odoo.tests import BaseCase, tagged

from ..dev.sandbox import firms
from ..dev.sandbox.actionstep import create_app
from ..dev.sandbox.actionstep.reporting import ReportingDatabase
from ..dev.sandbox.actionstep.resources import RESOURCES
from ..dev.sandbox.common import running
from ..dev.setup.paths import ROOT
from ..dev.setup.postgres import postgres

CALLBACK = "http://127.0.0.1/callback?app=1"
COUNTRIES = ("US", "GB", "AU", "CA")
TIMEOUT = 10
VIEWS = (
    "bill bill_line receipt receipt_allocation credit_note credit_note_line "
    "credit_application"
)


@tagged("-at_install", "post_install")
class TestFirms(BaseCase):
    """What the demo promises about its bills."""

    @classmethod
    def setUpClass(cls):
        """Build the demo of each country once."""
        super().setUpClass()
        cls.firms = {country: firms.build(country) for country in COUNTRIES}

    def _counted(self, firm):
        return [bill for bill in firm.bills if bill.status in ("Open", "Closed")]

    def test_same_country_and_size_give_an_equal_firm(self):
        """Nothing random and no clock: tests and demos can name single bills."""
        for firm in self.firms.values():
            self.assertEqual(firm, firms.build(firm.country))

    def test_demo_has_sixty_bills_over_fifteen_clients(self):
        """Drafts and the deleted bill come on top."""
        for firm in self.firms.values():
            counted = self._counted(firm)
            self.assertEqual(len(counted), 60)
            self.assertEqual(len({bill.client_id for bill in counted}), 15)
            rest = Counter(bill.status for bill in firm.bills) - Counter(
                bill.status for bill in counted
            )
            self.assertEqual(rest, {"Draft": 2, "Deleted": 1})

    def test_six_bills_need_attention_one_per_cause(self):
        """All six are among the sixty."""
        causes = (
            "account_unmapped closed_period duplicate_number lines_mismatch "
            "number_too_long tax_unmapped"
        )
        for firm in self.firms.values():
            counted = {bill.bill_id for bill in self._counted(firm)}
            self.assertEqual(" ".join(sorted(firm.expected_attention.values())), causes)
            self.assertLessEqual(set(firm.expected_attention), counted)

    def test_each_cause_is_really_there_and_nowhere_else(self):
        """A bill is in trouble exactly when the firm says so."""
        for firm in self.firms.values():
            found = {}
            for bill in self._counted(firm):
                for cause in self._causes(firm, bill):
                    self.assertNotIn(bill.bill_id, found)
                    found[bill.bill_id] = cause
            self.assertEqual(found, firm.expected_attention)

    def _causes(self, firm, bill):
        lines = [line for line in firm.bill_lines if line.bill_id == bill.bill_id]
        taken = {row["DocNumber"] for row in firm.quickbooks["Invoice"]}
        if any(line.account_number not in firm.mapping.items for line in lines):
            yield "account_unmapped"
        if any(line.tax_code not in firm.mapping.taxes for line in lines):
            yield "tax_unmapped"
        if len(bill.number) > 21:
            yield "number_too_long"
        if bill.bill_date <= firm.closed_books:
            yield "closed_period"
        if bill.number in taken:
            yield "duplicate_number"
        net = sum(line.amount_exclusive for line in lines)
        tax = sum(line.tax_amount for line in lines)
        if (net, tax) != (bill.total_exclusive, bill.total_tax):
            yield "lines_mismatch"

    def test_tax_of_a_line_is_rounded_half_up(self):
        """As Actionstep computes it, also below zero."""
        for firm in self.firms.values():
            rates = {code.code: code.percentage for code in firm.tax_codes}
            for line in firm.bill_lines:
                exact = line.amount_exclusive * rates[line.tax_code] / 100
                rounded = exact.quantize(Decimal("0.01"), ROUND_HALF_UP)
                self.assertEqual(line.tax_amount, rounded)

    def test_header_adds_up(self):
        """Inclusive is exclusive plus tax; due is what is not paid."""
        for firm in self.firms.values():
            for bill in firm.bills:
                total = bill.total_exclusive + bill.total_tax
                self.assertEqual(bill.total_inclusive, total)
                self.assertEqual(bill.total_due, total - bill.total_paid)

    def test_a_bill_differs_by_a_cent_when_tax_is_computed_on_the_sum(self):
        """The case that makes a naive push wrong."""
        for firm in self.firms.values():
            rates = {code.code: code.percentage for code in firm.tax_codes}
            bases = Counter()
            for line in firm.bill_lines:
                bases[line.bill_id, line.tax_code] += line.amount_exclusive
            per_document = Counter()
            for (bill_id, code), base in bases.items():
                per_document[bill_id] += firms.cents(base * rates[code] / 100)
            different = [
                bill.bill_id
                for bill in self._counted(firm)
                if bill.bill_id not in firm.expected_attention
                and abs(per_document[bill.bill_id] - bill.total_tax) == Decimal("0.01")
            ]
            self.assertTrue(different)

    def test_awkward_names_are_there(self):
        """Names which a ledger finds hard to take."""
        for firm in self.firms.values():
            billed = {bill.client_id for bill in self._counted(firm)}
            clients = [p for p in firm.participants if p.participant_id in billed]
            names = [client.display_name for client in clients]
            for mark in ":\t\"'’“&üñ株\\<,":
                self.assertTrue(any(mark in name for name in names), mark)
            self.assertTrue(any(name != name.strip() for name in names))
            self.assertTrue(any(len(name) > 100 for name in names))
            self.assertEqual(Counter(names).most_common(1)[0][1], 2)
            self.assertEqual({client.is_company for client in clients}, {True, False})
            books = firm.quickbooks
            for entity in ("Vendor", "Employee", "Customer"):
                known = {row["DisplayName"] for row in books[entity]}
                self.assertEqual(len(known & set(names)), 1, entity)

    def test_awkward_numbers_and_lines_are_there(self):
        """Numbers, texts and amounts that real bills have."""
        for firm in self.firms.values():
            numbers = [bill.number for bill in self._counted(firm)]
            self.assertEqual(len(numbers), len(set(numbers)))
            self.assertTrue(any(len(number) == 21 for number in numbers))
            for mark in ("/", ".1", "INV-"):
                self.assertTrue(any(mark in number for number in numbers), mark)
            self.assertTrue(any(number.startswith("0") for number in numbers))
            lines = firm.bill_lines
            self.assertTrue(any(len(line.description) > 4000 for line in lines))
            text = "".join(line.description for line in lines)
            self.assertTrue(any(ord(character) > 0xFFFF for character in text))
            self.assertTrue(any(line.amount_exclusive == 0 for line in lines))
            self.assertTrue(any(line.amount_exclusive < 0 for line in lines))
            self.assertTrue(any(line.quantity is None for line in lines))
            self.assertTrue(any(len(bill.matter_ids) == 2 for bill in firm.bills))
            self.assertTrue(any(line.product_service for line in lines))

    def test_canada_has_bills_that_no_other_country_has(self):
        """Codes of two taxes and of one, whose rounding differs from their sum's."""
        firm = self.firms["CA"]
        rates = {code.code: code.percentage for code in firm.tax_codes}
        self.assertEqual(rates["GST/PST 12"], 12)
        self.assertEqual(rates["HST 13"], 13)
        used = Counter(line.tax_code for line in firm.bill_lines)
        self.assertEqual(set(used), set(rates))
        books = firm.quickbooks
        percents = {row["Id"]: row["RateValue"] for row in books["TaxRate"]}
        combined = {}
        for code in books["TaxCode"]:
            details = code["SalesTaxRateList"]["TaxRateDetail"]
            ids = [row["TaxRateRef"]["value"] for row in details]
            combined[code["Name"]] = [percents[key] for key in ids]
        for code, name in firm.mapping.taxes.items():
            self.assertEqual(sum(combined[name]), rates[code])
        self.assertEqual(combined["GST/PST BC"], [5, 7])
        [line] = [x for x in firm.bill_lines if x.description == "Copies of the file"]
        apart = sum(
            firms.cents(line.amount_exclusive * percent / 100) for percent in (5, 7)
        )
        self.assertEqual(apart - line.tax_amount, Decimal("0.01"))

    def test_each_country_has_its_own_money_and_company(self):
        """And its own keys on both sides."""
        money = {country: firm.currency for country, firm in self.firms.items()}
        expected = {"US": "USD", "GB": "GBP", "AU": "AUD", "CA": "CAD"}
        self.assertEqual(money, expected)
        for name in ("realm_id", "orgkey", "timezone"):
            values = {getattr(firm, name) for firm in self.firms.values()}
            self.assertEqual(len(values), len(COUNTRIES), name)
        for firm in self.firms.values():
            info = firm.quickbooks["CompanyInfo"]
            self.assertEqual(info["Country"], firm.country)
            prefs = firm.quickbooks["Preferences"]["CurrencyPrefs"]
            self.assertEqual(prefs["HomeCurrency"], {"value": firm.currency})

    def test_mapping_names_exist_on_both_sides(self):
        """What the demo chooses on the mapping page can be chosen."""
        for firm in self.firms.values():
            numbers = {row.number for row in firm.accounts if not row.header}
            codes = {row.code for row in firm.tax_codes}
            for entity, chosen, keys in (
                ("Item", firm.mapping.items, numbers),
                ("Account", firm.mapping.accounts, numbers),
                ("TaxCode", firm.mapping.taxes, codes),
            ):
                names = {row["Name"] for row in firm.quickbooks[entity]}
                self.assertLessEqual(set(chosen.values()), names)
                self.assertLess(set(chosen), keys)

    def test_other_sizes_have_their_number_of_bills_and_no_trouble(self):
        """``small`` for tests, a number for measuring."""
        for size, count in (("small", 8), ("300", 300)):
            firm = firms.build("GB", size)
            self.assertEqual(len(firm.bills), count)
            self.assertEqual(len({bill.number for bill in firm.bills}), count)
            for bill in firm.bills:
                self.assertEqual(list(self._causes(firm, bill)), [])
        for size in ("0", "many", "-1"):
            with self.assertRaises(ValueError):
                firms.build("US", size)

    def test_twenty_thousand_bills_take_seconds(self):
        """The size that the benchmarks use."""
        started = time.monotonic()
        firm = firms.build("US", "20000")
        self.assertLess(time.monotonic() - started, 15)
        self.assertEqual(len(firm.bills), 20_000)


class ServerCase(BaseCase):
    """One server for the class, back at its seed before each test."""

    firm = firms.build("US")

    @classmethod
    def setUpClass(cls):
        """Serve the demo firm."""
        super().setUpClass()
        stack = ExitStack()
        cls.addClassCleanup(stack.close)
        cls.app = create_app(cls.firm, reporting=cls._reporting(stack))
        cls.base = stack.enter_context(running(cls.app))
        cls.sandbox = cls.app.state.sandbox
        cls.keys = cls.sandbox.describe(cls.base)

    @classmethod
    def _reporting(cls, _stack):
        return None

    def setUp(self):
        """Go back to the seed and consent anew."""
        super().setUp()
        self.admin("POST", "reset", keep_tokens=False)
        self.tokens = self.exchange(self.authorize())

    def admin(self, method, path, /, _status=200, **body):
        """Call the admin door."""
        answer = requests.request(
            method, f"{self.keys['admin_url']}/{path}", json=body, timeout=TIMEOUT
        )
        self.assertEqual(answer.status_code, _status, answer.text)
        return simplejson.loads(answer.text, use_decimal=True)

    def authorize(self, scope="all", **over):
        """Return the query with which the consent page sends the browser back."""
        query = {
            "response_type": "code",
            "client_id": self.keys["client_id"],
            "redirect_uri": CALLBACK,
            "scope": scope,
            "state": "s-1",
        }
        answer = requests.get(
            self.keys["authorize_url"],
            params=query | over,
            allow_redirects=False,
            timeout=TIMEOUT,
        )
        if answer.status_code != 302:
            return answer
        self.assertTrue(answer.headers["location"].startswith(CALLBACK + "&"))
        parts = parse_qs(urlsplit(answer.headers["location"]).query)
        return {name: values[0] for name, values in parts.items()}

    def post_token(self, **form):
        """Post to the token endpoint with the right client unless told otherwise."""
        client = {name: self.keys[name] for name in ("client_id", "client_secret")}
        return requests.post(
            self.keys["token_url"], data=client | form, timeout=TIMEOUT
        )

    def exchange(self, answer):
        """Return the tokens for a code."""
        tokens = self.post_token(
            grant_type="authorization_code",
            code=answer["code"],
            redirect_uri=CALLBACK,
        )
        self.assertEqual(tokens.status_code, 200, tokens.text)
        return tokens.json()

    def refresh(self, token):
        """Return the answer to a refresh."""
        return self.post_token(grant_type="refresh_token", refresh_token=token)

    def get(self, path, _method="GET", _token=None, **params):
        """Return the answer of the REST API."""
        token = _token or self.tokens["access_token"]
        return requests.request(
            _method,
            f"{self.base}/api/rest/{path}",
            params=params,
            headers={"Authorization": f"Bearer {token}"},
            timeout=TIMEOUT,
        )

    def read_good(self, path, **params):
        """Return the body of a good answer, numbers with a point as Decimal."""
        answer = self.get(path, **params)
        self.assertEqual(answer.status_code, 200, answer.text)
        return simplejson.loads(answer.text, use_decimal=True)

    def rows(self, path, **params):
        """Return the rows of a list, quirks undone."""
        answer = self.get(path, **params)
        if answer.status_code == 204:
            return []
        found = answer.json()[path.split("/")[0]]
        return found if isinstance(found, list) else [found]


@tagged("-at_install", "post_install")
class TestOAuth(ServerCase):
    """Authorization code, rotation, and what the token answer says."""

    def test_token_answer_has_the_documented_members(self):
        """``scope`` is not among them."""
        self.assertEqual(
            set(self.tokens),
            {
                "access_token",
                "token_type",
                "expires_in",
                "refresh_token",
                "api_endpoint",
                "orgkey",
            },
        )
        self.assertEqual(self.tokens["api_endpoint"], f"{self.base}/api/")
        self.assertEqual(self.tokens["orgkey"], "alderfinchus")

    def test_api_endpoint_has_every_shape_that_was_seen(self):
        """A client has to put all of them right."""
        for shape, tail in (
            ("host", ""),
            ("host_slash", "/"),
            ("api_no_slash", "/api"),
            ("rest", "/api/rest"),
        ):
            self.admin("POST", "switches", api_endpoint=shape)
            tokens = self.exchange(self.authorize())
            self.assertEqual(tokens["api_endpoint"], self.base + tail)

    def test_refresh_rotates_and_kills_the_old_token(self):
        """Who keeps the old one is out."""
        first = self.tokens["refresh_token"]
        second = self.refresh(first).json()["refresh_token"]
        self.assertNotEqual(first, second)
        refused = self.refresh(first)
        self.assertEqual(refused.status_code, 400)
        self.assertEqual(refused.json()["error"], "invalid_grant")
        self.assertEqual(self.refresh(second).status_code, 200)

    def test_refresh_answer_may_omit_the_token(self):
        """Then the old one stays good."""
        self.admin("POST", "switches", rotation="omitted")
        for _time in range(2):
            answer = self.refresh(self.tokens["refresh_token"])
            self.assertEqual(answer.status_code, 200)
            self.assertNotIn("refresh_token", answer.json())

    def test_a_code_works_once_and_for_its_redirect_address_only(self):
        """Both are refused as ``invalid_grant``."""
        code = self.authorize()["code"]
        form = {"grant_type": "authorization_code", "code": code}
        good = form | {"redirect_uri": CALLBACK}
        self.assertEqual(self.post_token(**good).status_code, 200)
        self.assertEqual(self.post_token(**good).json()["error"], "invalid_grant")
        form["code"] = self.authorize()["code"]
        other = self.post_token(**form, redirect_uri="http://127.0.0.1/other")
        self.assertEqual(other.json()["error"], "invalid_grant")

    def test_refused_consent_comes_back_with_state(self):
        """No code then."""
        self.admin("POST", "switches", consent="refuse")
        self.assertEqual(
            self.authorize(), {"app": "1", "state": "s-1", "error": "access_denied"}
        )

    def test_wrong_client_is_refused(self):
        """At both endpoints; HTTP Basic is taken, too."""
        self.assertEqual(self.authorize(client_id="other").status_code, 400)
        answer = self.post_token(grant_type="refresh_token", client_secret="no")
        self.assertEqual((answer.status_code), 401)
        basic = requests.post(
            self.keys["token_url"],
            data={
                "grant_type": "refresh_token",
                "refresh_token": self.tokens["refresh_token"],
            },
            auth=(self.keys["client_id"], self.keys["client_secret"]),
            timeout=TIMEOUT,
        )
        self.assertEqual(basic.status_code, 200)

    def test_expired_and_revoked_tokens_get_401(self):
        """And a token that never was; the body is one error object."""
        self.admin("POST", "tokens", expire_access=True)
        answer = self.get("bills")
        self.assertEqual(answer.status_code, 401)
        self.assertEqual(answer.json()["errors"]["status"], 401)
        self.assertEqual(self.get("bills", _token="none").status_code, 401)
        tokens = self.refresh(self.tokens["refresh_token"]).json()
        self.assertEqual(
            self.get("bills", _token=tokens["access_token"]).status_code, 200
        )
        self.admin("POST", "tokens", revoke=True)
        self.assertEqual(
            self.get("bills", _token=tokens["access_token"]).status_code, 401
        )
        self.assertEqual(self.refresh(tokens["refresh_token"]).status_code, 400)

    def test_lifetime_follows_the_switch(self):
        """A token of no seconds is expired at once."""
        self.admin("POST", "switches", expires_in=0)
        tokens = self.exchange(self.authorize())
        self.assertEqual(tokens["expires_in"], 0)
        self.assertEqual(
            self.get("bills", _token=tokens["access_token"]).status_code, 401
        )

    def test_a_resource_outside_the_scope_gets_403(self):
        """And one that the user may not read."""
        token = self.exchange(self.authorize(scope="bills taxcodes"))["access_token"]
        self.assertEqual(self.get("bills", _token=token).status_code, 200)
        self.assertEqual(self.get("accounts", _token=token).status_code, 403)
        self.admin("POST", "switches", forbidden=["bills"])
        self.assertEqual(self.get("bills", _token=token).status_code, 403)

    def test_log_hides_secrets(self):
        """Tokens, codes and the client's secret."""
        self.admin("DELETE", "log")
        tokens = self.exchange(self.authorize())
        self.refresh(tokens["refresh_token"])
        text = json.dumps(self.admin("GET", "log"))
        self.assertIn("***", text)
        for secret in (*tokens.values(), self.keys["client_secret"]):
            if isinstance(secret, str) and len(secret) > 20 and "http" not in secret:
                self.assertNotIn(secret, text)


@tagged("-at_install", "post_install")
class TestRest(ServerCase):
    """Conventions and quirks of the REST API."""

    def test_no_row_is_204_without_a_body(self):
        """Or an empty list, where the switch says so."""
        answer = self.get("participants", displayName="nobody")
        self.assertEqual((answer.status_code, answer.content), (204, b""))
        self.admin("POST", "switches", empty_is_204=False)
        body = self.read_good("participants", displayName="nobody")
        self.assertEqual(body["participants"], [])

    def test_one_row_is_an_object_also_on_the_last_page(self):
        """Sixty-three bills, so that a page of 62 leaves one over."""
        body = self.read_good("bills", pageSize=62, page=2)
        self.assertEqual(body["bills"]["id"], 1063)
        self.admin("POST", "switches", collapse_single_row=False)
        body = self.read_good("bills", pageSize=62, page=2)
        self.assertEqual([row["id"] for row in body["bills"]], [1063])

    def test_paging_is_complete_and_stands_under_a_slipped_key(self):
        """The paging of bills is found under ``participants``."""
        seen, page, paging = [], 1, {"pageCount": 1}
        while page <= paging["pageCount"]:
            body = self.read_good("bills", pageSize=25, page=page)
            (key, paging), *others = body["meta"]["paging"].items()
            self.assertEqual((key, others), ("participants", []))
            seen += [row["id"] for row in body["bills"]]
            page += 1
        self.assertEqual(seen, [bill.bill_id for bill in self.firm.bills])
        self.assertEqual(paging["recordCount"], 63)
        self.assertIsNone(paging["nextPage"])
        self.admin("POST", "switches", paging_key_slip=False)
        self.assertEqual(list(self.read_good("bills")["meta"]["paging"]), ["bills"])

    def test_page_size_is_fifty_and_two_hundred_at_most(self):
        """Above 200 it is clamped, or refused where the switch says so."""
        self.assertEqual(len(self.rows("timeentries")), 50)
        paging = self.read_good("bills", pageSize=500)["meta"]["paging"]["participants"]
        self.assertEqual(paging["pageSize"], 200)
        self.admin("POST", "switches", page_size_over="rejected")
        self.assertEqual(self.get("bills", pageSize=201).status_code, 400)
        self.assertEqual(self.get("bills", pageSize="x").status_code, 400)
        self.assertEqual(self.get("bills", page=0).status_code, 400)

    def test_links_lead_to_a_host_that_is_not_there(self):
        """A client must not follow them."""
        body = self.read_good("bills", pageSize=2)
        href = body["links"]["bills.theirParticipant"]["href"]
        self.assertIn("//127.0.0.1.actionstep.com:", href)
        next_page = body["meta"]["paging"]["participants"]["nextPage"]
        self.assertIn("//127.0.0.1.actionstep.com:", next_page)
        self.admin("POST", "switches", doubled_host=False)
        body = self.read_good("bills", pageSize=2)
        self.assertTrue(
            body["links"]["bills.action"]["href"].startswith(self.base + "/api/rest/")
        )

    def test_ids_are_numbers_in_rows_and_text_in_links(self):
        """A bill's matters are always a list."""
        row = self.read_good("bills", pageSize=1)["bills"]
        self.assertEqual(row["id"], 1001)
        self.assertEqual(
            row["links"],
            {"division": "1", "action": ["2001"], "theirParticipant": "501"},
        )

    def test_money_and_dates_come_in_two_forms(self):
        """By default both in one answer."""
        rows = self.read_good("bills", pageSize=60)["bills"]
        self.assertEqual({type(row["totalDue"]) for row in rows}, {str, Decimal})
        self.assertEqual(rows[0]["invoiceDate"], "01-Sep-2026")
        self.assertEqual(rows[1]["invoiceDate"], "2026-09-02")
        self.admin("POST", "switches", money="number", dates="iso")
        rows = self.read_good("bills", pageSize=60)["bills"]
        self.assertEqual({type(row["totalDue"]) for row in rows}, {Decimal})
        self.assertEqual(rows[0]["invoiceDate"], "2026-09-01")

    def test_headers_equal_the_firm(self):
        """To the cent, as text or number."""
        rows = self.read_good("bills", pageSize=200)["bills"]
        for row, bill in zip(rows, self.firm.bills, strict=True):
            self.assertEqual(row["ourReference"], bill.number)
            self.assertEqual(Decimal(row["totalInclusive"]), bill.total_inclusive)
            self.assertEqual(Decimal(row["totalSalesTax"]), bill.total_tax)
            self.assertEqual(row["links"]["theirParticipant"], str(bill.client_id))

    def test_timestamps_have_the_offset_of_the_firm(self):
        """And flags are T and F."""
        row = self.read_good("bills", pageSize=1)["bills"]
        self.assertEqual(row["modifiedTimestamp"], "2026-09-01T10:16:41-07:00")
        person = self.read_good("participants/501")["participants"]
        self.assertEqual(person["isCompany"], "F")
        matter = self.read_good("actions/2001")["actions"]
        self.assertRegex(matter["createdTimestamp"], r"^\d{2}-Aug-2026$")

    def test_deleted_bills_stay_as_tombstones(self):
        """Drafts are listed as well."""
        statuses = Counter(row["status"] for row in self.rows("bills", pageSize=200))
        self.assertEqual(statuses["Deleted"], 1)
        self.assertEqual(statuses["Draft"], 2)
        deleted = self.read_good("bills", pageSize=62, page=2)["bills"]
        self.assertTrue(deleted["deletedTimestamp"])

    def test_legacy_lists_return_what_fields_names(self):
        """Without ``fields`` only the id."""
        self.assertEqual(self.rows("accounts", pageSize=2), [{"id": 1}, {"id": 2}])
        row = self.rows("accounts", fields="accountNumber,name,accountType,header")[11]
        self.assertEqual(
            row,
            {
                "id": 12,
                "accountNumber": "4-1100",
                "name": "Professional Fees",
                "header": "F",
                "links": {"accountType": "7"},
            },
        )
        codes = self.rows("taxcodes", **{"fields[taxcodes]": "code,percentage"})
        self.assertEqual(codes[0]["code"], "TAX 8.25")
        division = self.read_good("divisions", fields=":default,participant")[
            "divisions"
        ]
        self.assertEqual(division["timezoneName"], "America/Los_Angeles")
        self.assertEqual(division["links"], {"participant": "1"})

    def test_include_brings_linked_rows_once(self):
        """Dotted chains bring both steps."""
        body = self.read_good("bills", pageSize=3, include="theirParticipant")
        self.assertEqual(
            [row["id"] for row in body["linked"]["participants"]], [501, 502, 503]
        )
        self.assertIn("participants.division", body["links"])
        body = self.read_good("bills", pageSize=1, include="action.assignedTo")
        self.assertEqual(body["linked"]["actions"][0]["id"], 2001)
        self.assertEqual(body["linked"]["participants"][0]["id"], 11)
        self.assertNotIn("linked", self.read_good("bills"))

    def test_current_user_is_named_in_linked(self):
        """The call that tests a connection."""
        body = self.read_good("users/current", include="participant")
        self.assertEqual(body["users"]["links"]["participant"], "11")
        self.assertEqual(body["linked"]["participants"][0]["displayName"], "Finch, Ada")

    def test_several_ids_at_once(self):
        """One id is an object, several are a list, none is 404."""
        self.assertEqual(len(self.read_good("participants/501,502")["participants"]), 2)
        self.assertEqual(self.read_good("participants/501")["participants"]["id"], 501)
        answer = self.get("participants/9")
        self.assertEqual(answer.status_code, 404)
        error = answer.json()["errors"]
        self.assertEqual(error["title"], "Not Found")
        self.assertEqual(error["source"], {"pointer": None, "parameter": None})
        self.assertEqual(self.get("bills/1001").status_code, 404)
        self.admin("POST", "switches", bill_by_id=True)
        self.assertEqual(self.read_good("bills/1001")["bills"]["id"], 1001)

    def test_filters_know_every_operator(self):
        """On attributes and links, with null and with lists."""
        self.admin("POST", "switches", bill_filters="honoured")
        for filters, count in (
            ({"status": "Draft"}, 2),
            ({"status_eq": "Draft"}, 2),
            ({"status_nteq": "Open"}, 63 - self._open()),
            ({"status_in": "Draft,Deleted"}, 3),
            ({"status": "Draft,Deleted"}, 3),
            ({"status_ntin": "Open,Closed"}, 3),
            ({"id_lt": "1003"}, 2),
            ({"id_lteq": "1003"}, 3),
            ({"id_gt": "1061"}, 2),
            ({"id_gteq": "1061"}, 3),
            ({"ourReference_like": "WHITFIELD"}, 1),
            ({"ourReference_like": "whitfield"}, 0),
            ({"ourReference_ilike": "*whitfield*"}, 1),
            ({"ourReference_ntlike": "INV"}, 6),
            ({"ourReference_ntilike": "*inv*"}, 6),
            ({"deletedTimestamp_nteq": ":NULL"}, 1),
            ({"invoiceDate_lteq": "31-Aug-2026"}, 1),
            ({"invoiceDate_lt": "2026-08-27"}, 0),
            ({"totalInclusive_gteq": "6711.50"}, 1),
            ({"action_eq": "2012"}, 1),
            ({"theirParticipant": "501", "status": "Draft"}, 1),
            ({"theirParticipant[displayName_eq]": "Lee, Jordan"}, 9),
            ({"theirParticipant[division][isActive]": "T"}, 63),
            ({"theirParticipant[isCompany_eq]": "X"}, 0),
        ):
            with self.subTest(filters=filters):
                self.assertEqual(
                    len(self.rows("bills", pageSize=200, **filters)), count
                )

    def _open(self):
        return sum(bill.status == "Open" for bill in self.firm.bills)

    def test_a_timestamp_without_offset_is_read_in_the_firms_zone(self):
        """Or in UTC: which one is not known."""
        self.admin("POST", "switches", bill_filters="honoured")
        limit = {"modifiedTimestamp_gteq": "2026-11-18T14:00:00"}
        self.assertEqual(self.rows("bills", **limit), [])
        self.admin("POST", "switches", filter_zone="utc")
        self.assertEqual([row["id"] for row in self.rows("bills", **limit)], [1063])
        answer = self.get("bills", modifiedTimestamp_gteq="yesterday")
        self.assertEqual(answer.status_code, 400)
        parameter = answer.json()["errors"]["source"]["parameter"]
        self.assertEqual(parameter, "modifiedTimestamp_gteq")

    def test_filters_on_bills_are_ignored_unless_switched_on(self):
        """They are not documented; a client has to look at what it gets."""
        self.assertEqual(len(self.rows("bills", pageSize=200, status="Draft")), 63)
        self.admin("POST", "switches", bill_filters="rejected")
        self.assertEqual(self.get("bills", status="Draft").status_code, 400)
        self.assertEqual(self.get("bills", sort="id").status_code, 200)

    def test_unknown_filters_are_ignored_or_rejected(self):
        """Names and operators are case-sensitive."""
        for name in ("displayname", "displayName_ge", "division[nothing]"):
            self.admin("POST", "switches", unknown_filter="ignored")
            self.assertEqual(len(self.rows("participants", **{name: "x"})), 20)
            self.admin("POST", "switches", unknown_filter="rejected")
            self.assertEqual(self.get("participants", **{name: "x"}).status_code, 400)

    def test_sorting_by_several_names(self):
        """A minus sign turns the order; by id when nothing is said."""
        rows = self.rows("bills", pageSize=200, sort="status,-id")
        order = [(row["status"], -row["id"]) for row in rows]
        self.assertEqual(order, sorted(order))
        rows = self.rows("bills", pageSize=200, sort="-modifiedTimestamp")
        self.assertEqual(rows[0]["id"], 1063)

    def test_only_reading_is_possible(self):
        """OPTIONS says so; POST on bills is 405."""
        answer = self.get("bills", _method="OPTIONS")
        self.assertEqual(answer.headers["allow"], "GET, OPTIONS")
        answer = self.get("bills", _method="POST")
        self.assertEqual(answer.status_code, 405)
        self.assertEqual(answer.json()["errors"]["status"], 405)

    def test_there_is_no_endpoint_for_lines_receipts_or_credits(self):
        """None is known, so none is invented; names are case-sensitive."""
        for name in ("billlines", "invoices", "payments", "receipts", "creditnotes"):
            self.assertEqual(self.get(name).status_code, 404)
        self.assertEqual(self.get("Bills").status_code, 404)

    def test_every_resource_of_the_list_answers(self):
        """Also those which the addon does not read yet."""
        for name in RESOURCES:
            self.assertTrue(self.rows(name), name)
        row = self.rows("actionparticipants")[0]
        self.assertEqual(row["id"], "2001--1--501")

    def test_too_many_requests_with_and_without_retry_after(self):
        """Counted per user session."""
        self.admin("POST", "switches", rate_limit=2, rate_window=60)
        self.assertEqual(
            [self.get("units").status_code for _n in range(3)], [200, 200, 429]
        )
        self.assertNotIn("retry-after", self.get("units").headers)
        self.admin("POST", "switches", retry_after=7)
        self.assertEqual(self.get("units").headers["retry-after"], "7")
        other = self.exchange(self.authorize())["access_token"]
        self.assertEqual(self.get("units", _token=other).status_code, 200)

    def test_window_of_the_rate_limit_passes(self):
        """After it the session may go on."""
        self.admin("POST", "switches", rate_limit=1, rate_window=0.2)
        self.get("units")
        self.assertEqual(self.get("units").status_code, 429)
        time.sleep(0.25)
        self.assertEqual(self.get("units").status_code, 200)

    def test_injected_faults_reach_the_client(self):
        """Of any kind, each once."""
        self.admin("POST", "faults", fault={"kind": "status", "status": 503})
        answer = self.get("bills")
        self.assertEqual(answer.status_code, 503)
        self.assertEqual(answer.json()["errors"]["status"], 503)
        html = {"kind": "status", "status": 502, "shape": "html"}
        self.admin("POST", "faults", path="bills", fault=html)
        self.assertEqual(self.get("units").status_code, 200)
        self.assertIn("<html>", self.get("bills").text)
        cut = {"kind": "status", "status": 200, "shape": "cut_json"}
        self.admin("POST", "faults", fault=cut)
        with self.assertRaises(requests.exceptions.JSONDecodeError):
            self.get("bills").json()
        self.admin("POST", "faults", fault={"kind": "drop_before"})
        with self.assertRaises(requests.exceptions.ConnectionError):
            self.get("bills")
        self.assertEqual(self.get("bills").status_code, 200)

    def test_a_changed_bill_moves_up_and_names_are_taken_both_ways(self):
        """By the row's name or by the REST attribute."""
        row = self.admin("POST", "bills/1001", ourReference="INV-10001.1")
        self.assertEqual(row["number"], "INV-10001.1")
        self.admin("POST", "bills/1001", due_date="2026-12-24", total_inclusive="900")
        row = self.rows("bills", sort="-modifiedTimestamp")[0]
        self.assertEqual((row["id"], row["ourReference"]), (1001, "INV-10001.1"))
        self.assertEqual(row["dueDate"], "24-Dec-2026")
        self.assertEqual(Decimal(row["totalDue"]), Decimal("900"))
        refused = self.admin("POST", "bills/1001", _status=400, nonsense=1)
        self.assertIn("nonsense", refused["error"])

    def test_a_payment_leaves_the_timestamp_alone_unless_switched(self):
        """Whether it does is not known."""
        before = self.rows("bills", pageSize=2)[0]["modifiedTimestamp"]
        row = self.admin("POST", "bills/1001", totalPaid="66")
        self.assertEqual(row["total_due"], Decimal("800.00"))
        after = self.rows("bills", pageSize=2)[0]
        self.assertEqual(Decimal(after["totalPaid"]), Decimal("66"))
        self.assertEqual(after["modifiedTimestamp"], before)
        self.admin("POST", "switches", payment_bumps_modified=True)
        self.admin("POST", "bills/1001", totalPaid="67")
        after = self.rows("bills", pageSize=2)[0]
        self.assertNotEqual(after["modifiedTimestamp"], before)

    def test_a_new_bill_gets_its_totals_from_its_lines(self):
        """And new lines change the header."""
        lines = [
            {"account_number": "4-1100", "quantity": "2", "unit_price": "100"},
            {"account_number": "6-1100", "amount_exclusive": 50, "tax_code": "NT"},
        ]
        row = self.admin("POST", "bills", client_id=502, lines=lines)
        self.assertEqual(row["total_tax"], Decimal("16.50"))
        self.assertEqual(row["total_inclusive"], Decimal("266.50"))
        self.assertEqual(row["bill_id"], 1064)
        row = self.admin("POST", f"bills/{row['bill_id']}/lines", lines=lines[:1])
        self.assertEqual(row["total_due"], Decimal("216.50"))
        kept = self.admin(
            "POST", f"bills/{row['bill_id']}/lines", lines=lines, header=False
        )
        self.assertEqual(kept["total_inclusive"], Decimal("216.50"))
        dumped = self.admin("GET", "dump")
        kinds = [x["kind"] for x in dumped["bill_lines"] if x["bill_id"] == 1064]
        self.assertEqual(kinds, ["fee", "expense"])

    def test_reset_brings_another_country(self):
        """And forgets every change."""
        self.admin("POST", "bills/1001", number="X")
        self.admin("POST", "reset")
        self.assertEqual(self.rows("bills")[0]["ourReference"], "INV-10001")
        self.admin("POST", "reset", country="AU", firm="small")
        rows = self.rows("bills")
        self.assertEqual((len(rows), rows[0]["currency"]), (8, "AUD"))
        self.admin("POST", "reset", country="US", firm="demo")

    def test_credits_below_zero_are_hidden_unless_switched_on(self):
        """Whether credit notes are in the list is not known."""
        lines = [{"account_number": "4-1100", "amount_exclusive": "-100"}]
        self.admin("POST", "bills", client_id=501, number="CR-1", lines=lines)
        self.assertEqual(len(self.rows("bills", pageSize=200)), 63)
        self.admin("POST", "switches", negative_bills=True)
        self.assertEqual(len(self.rows("bills", pageSize=200)), 64)

    def test_export_is_offered_as_a_script_in_a_zip_file(self):
        """The address of API v2 needs a token, the download does not."""
        where = f"{self.base}/api/v2/reporting/reports"
        self.assertEqual(requests.get(where, timeout=TIMEOUT).status_code, 401)
        head = {"Authorization": f"Bearer {self.tokens['access_token']}"}
        body = requests.get(where, headers=head, timeout=TIMEOUT).json()
        self.assertEqual(list(body), ["dataExporterReportUrl"])
        answer = requests.get(body["dataExporterReportUrl"], timeout=TIMEOUT)
        with zipfile.ZipFile(BytesIO(answer.content)) as archive:
            script = archive.read("reporting.sql").decode()
        self.assertIn("CREATE TABLE export.sale_purchase (", script)
        self.assertIn("WHITFIELD-2026-000017", script)
        gone = requests.get(f"{self.base}/reports/none", timeout=TIMEOUT)
        self.assertEqual(gone.status_code, 404)

    def test_real_speed_has_limits(self):
        """The numbers are ours: the vendor publishes none."""
        switches = create_app(self.firm, speed="real").state.sandbox.switches
        self.assertTrue(switches["rate_limit"] and switches["latency"])


@tagged("-at_install", "post_install")
class TestReporting(ServerCase):
    """The reporting database, in a real PostgreSQL."""

    @classmethod
    def _reporting(cls, stack):
        server = stack.enter_context(postgres())
        cls.database = ReportingDatabase(server, f"actionstep_reporting_{os.getpid()}")
        cls.database.create()
        stack.callback(cls.database.drop)
        return cls.database

    def reader(self):
        """Return a connection of the reader, closed at the end of its block."""
        link = psycopg2.connect(self.keys["reporting_dsn"])
        # Odoo makes psycopg2 read numeric as float, everywhere in the process.
        psycopg2.extensions.register_type(psycopg2.extensions.DECIMAL, link)
        return closing(link)

    def query(self, statement, *values):
        """Run one statement as the reader; return rows as dicts."""
        with self.reader() as link, link.cursor() as cursor:
            cursor.execute(statement, values)
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]

    def test_views_hold_the_firm(self):
        """Every bill, every line, with the contract's types."""
        bills = self.query("SELECT * FROM actionstep.bill ORDER BY bill_id")
        self.assertEqual(len(bills), len(self.firm.bills))
        for row, bill in zip(bills, self.firm.bills, strict=True):
            self.assertEqual(row["bill_id"], str(bill.bill_id))
            self.assertEqual(row["total_inclusive"], bill.total_inclusive)
            self.assertEqual(row["modified_at"], bill.modified_at)
            self.assertEqual(row["deleted_at"], bill.deleted_at)
            self.assertEqual(row["matter_ids"], ",".join(map(str, bill.matter_ids)))
        self.assertEqual(bills[2]["client_name"], "Tabulated\tHoldings LLC")
        lines = self.query(
            "SELECT * FROM actionstep.bill_line ORDER BY bill_id, line_no"
        )
        self.assertEqual(len(lines), len(self.firm.bill_lines))
        for row, line in zip(lines, self.firm.bill_lines, strict=True):
            self.assertEqual(row["description"], line.description)
            self.assertEqual(row["quantity"], line.quantity)
            self.assertEqual(row["amount_exclusive"], line.amount_exclusive)
            self.assertEqual(row["tax_amount"], line.tax_amount)

    def test_all_seven_views_can_be_read(self):
        """Receipts and credits are there, empty in this firm."""
        for view in VIEWS.split():
            self.query(f"SELECT * FROM actionstep.{view} LIMIT 1")

    def test_reader_may_write_nothing_and_see_no_table(self):
        """Even after lifting its read-only default."""
        lift = "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE"
        for statement in (
            "SELECT * FROM export.sale_purchase",
            "DELETE FROM actionstep.bill",
            "UPDATE actionstep.receipt SET amount = 1",
            "CREATE TABLE public.mine (a int)",
            "CREATE TEMP TABLE mine (a int)",
        ):
            for first in ("SELECT 1", lift):
                with self.reader() as link, link.cursor() as cursor:
                    cursor.execute(first)
                    link.commit()
                    with self.assertRaises(psycopg2.Error, msg=statement):
                        cursor.execute(statement)
        shown = self.query("SHOW default_transaction_read_only")
        self.assertEqual(shown, [{"default_transaction_read_only": "on"}])

    def test_changes_reach_the_views_by_the_refresh_only(self):
        """As a nightly load does; a reader's open transaction is in no one's way."""
        total = "SELECT total_inclusive FROM actionstep.bill WHERE bill_id = '1001'"
        before = self.query(total)
        lines = [{"account_number": "4-1100", "quantity": 1, "unit_price": "10"}]
        with self.reader() as link, link.cursor() as cursor:
            cursor.execute(total)
            self.admin("POST", "bills/1001/lines", lines=lines)
            self.assertEqual(self.query(total), before)
            self.admin("POST", "reporting/refresh")
        self.assertEqual(self.query(total), [{"total_inclusive": Decimal("10.83")}])

    def test_a_change_can_be_reported_at_once(self):
        """Of this bill alone."""
        self.admin("POST", "bills/1002", number="A")
        lines = [{"account_number": "4-1100", "quantity": 1, "unit_price": "10"}]
        row = self.admin(
            "POST", "bills", client_id=501, number="B", lines=lines, reporting=True
        )
        number = "SELECT number FROM actionstep.bill WHERE bill_id = %s"
        self.assertEqual(self.query(number, str(row["bill_id"])), [{"number": "B"}])
        self.assertEqual(self.query(number, "1002"), [{"number": "INV-10002"}])

    def test_reset_loads_the_seed(self):
        """Also that of another country."""
        self.admin("POST", "reset", country="GB", firm="small")
        count = "SELECT count(*) AS bills, min(currency) AS money FROM actionstep.bill"
        self.assertEqual(self.query(count), [{"bills": 8, "money": "GBP"}])
        self.admin("POST", "reset", country="US", firm="demo")
        self.assertEqual(self.query(count), [{"bills": 63, "money": "USD"}])

    def test_bulk_is_copied_within_seconds(self):
        """Twenty thousand bills, fifty thousand lines."""
        started = time.monotonic()
        self.admin("POST", "reset", firm="20000")
        self.assertLess(time.monotonic() - started, 30)
        count = self.query("SELECT count(*) AS n FROM actionstep.bill_line")[0]["n"]
        self.assertEqual(count, len(self.sandbox.firm.bill_lines))
        self.admin("POST", "reset", firm="demo")


@tagged("-at_install", "post_install")
class TestCommand(BaseCase):
    """``python -m dev.sandbox``."""

    def start(self, *arguments):
        """Start the command; it is stopped at the end of the test."""
        process = subprocess.Popen(
            [sys.executable, "-m", "dev.sandbox", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def test_prints_one_line_serves_and_leaves_nothing_behind(self):
        """Stopped by SIGTERM it ends with 0 and its database is gone."""
        process = self.start("--only", "actionstep", "--firm", "small")
        keys = json.loads(process.stdout.readline())
        name = psycopg2.extensions.parse_dsn(keys["reporting_dsn"])["dbname"]
        port = urlsplit(keys["token_url"]).port
        self.assertEqual(name, f"actionstep_reporting_{port}")
        log = requests.get(keys["admin_url"] + "/log", timeout=TIMEOUT)
        self.assertEqual(log.json(), [])
        with postgres() as server:
            self.assertTrue(server.exists(name))
            process.send_signal(signal.SIGTERM)
            rest, _errors = process.communicate(timeout=20)
            self.assertEqual((process.returncode, rest), (0, ""))
            self.assertFalse(server.exists(name))

    def test_a_taken_port_is_one_readable_line(self):
        """With the way out."""
        with running(create_app(firms.build("US", "small"))) as base:
            port = str(urlsplit(base).port)
            process = self.start("--only", "actionstep", "--actionstep-port", port)
            out, errors = process.communicate(timeout=20)
        self.assertEqual((process.returncode, out), (1, ""))
        self.assertEqual(len(errors.splitlines()), 1)
        self.assertIn(f"Port {port}", errors)
        self.assertIn("--actionstep-port", errors)

    def test_quickbooks_alone_needs_no_postgresql(self):
        """Its module is not even imported."""
        code = (
            "import sys, dev.sandbox.__main__ as m, dev.sandbox.actionstep; "
            "sys.exit('psycopg2' in sys.modules)"
        )
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=20)
        self.assertEqual(done.returncode, 0)


@tagged("-at_install", "post_install")
class TestFirmRecords(BaseCase):
    """Rows of a firm are values."""

    def test_rows_cannot_be_changed_in_place(self):
        """A server that changes its state never changes the seed."""
        bill = firms.build("US", "small").bills[0]
        with self.assertRaises(AttributeError):
            bill.number = "X"
        self.assertEqual(replace(bill, bill_date=date(2026, 1, 1)).number, bill.number)
