"""The local QuickBooks Online server is as strict as the real one.

Answers are compared with the shapes of recorded ones (``fixtures/quickbooks``), the
rest with what Intuit documents. Real HTTP, and the real clients where they fit.
"""

import contextlib
import os
import threading
import time
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import requests
import simplejson
from hypothesis import given, settings
from hypothesis import strategies as st
from intuitlib.client import AuthClient
from intuitlib.enums import Scopes
from intuitlib.exceptions import AuthClientError
from quickbooks import QuickBooks
from quickbooks.exceptions import QuickbooksException, ValidationException
from quickbooks.objects import Customer as CustomerObject
from quickbooks.objects import Invoice as InvoiceObject
from quickbooks.objects import Item as ItemObject
from quickbooks.objects import SalesItemLine, SalesItemLineDetail
from quickbooks.objects.preferences import Preferences as PreferencesObject

from odoo.tests import BaseCase, tagged

from ..dev.sandbox import firms
from ..dev.sandbox.common import TokenStore, running
from ..dev.sandbox.quickbooks import create_app
from ..dev.sandbox.quickbooks import tax as tax_rules
from ..dev.sandbox.quickbooks.app import SWITCHES
from ..dev.sandbox.quickbooks.limits import WINDOWS, Limiter

FIXTURES = Path(__file__).parent / "fixtures" / "quickbooks"
REALM = "9130350000000009"
CALLBACK = "http://127.0.0.1/callback"
TIMEOUT = 10
# A busy machine is no failure, and nothing is written beside the tests.
PROPERTY = settings(derandomize=True, deadline=None, database=None)
JSON_TYPES = {
    dict: "object",
    list: "list",
    bool: "boolean",
    int: "number",
    Decimal: "number",
    str: "string",
    type(None): "null",
}


def load(name):
    """Return a fixture, numbers as Decimal."""
    return simplejson.loads((FIXTURES / name).read_text(), use_decimal=True)


def firm(country="US"):
    """Return a small company of a country."""
    currency = {"US": "USD", "CA": "CAD"}[country]
    books = load(f"company_{country.lower()}.json")
    return SimpleNamespace(
        country=country, currency=currency, realm_id=REALM, quickbooks=books
    )


def sales_line(amount="100.00", code="NON", item="1", **detail):
    """Return a line; ``detail`` goes into its detail, None leaves a part out."""
    inner = {"ItemRef": {"value": item}, "TaxCodeRef": {"value": code}, **detail}
    return {
        "Amount": Decimal(amount),
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {k: v for k, v in inner.items() if v is not None},
    }


def invoice(*lines, customer="1", **values):
    """Return an invoice to create."""
    rows = list(lines) or [sales_line()]
    return {"CustomerRef": {"value": customer}, "Line": rows, **values}


class Client:
    """HTTP to one server, with a live token."""

    def __init__(self, base_url, sandbox):
        self.base_url = base_url
        self.sandbox = sandbox
        self.keys = sandbox.describe(base_url)
        self.company = f"{self.keys['api_url']}/company/{REALM}"
        self.session = requests.Session()
        self.session.headers["Accept"] = "application/json"
        self.login()

    def login(self):
        """Take a fresh access token."""
        token = self.sandbox.tokens.grant(
            realm_id=REALM, scopes=["com.intuit.quickbooks.accounting"]
        ).access_token
        self.session.headers["Authorization"] = f"Bearer {token}"

    def send(self, method, path, body=None, **query):
        """Return the response of a call to the company."""
        data = None if body is None else simplejson.dumps(body, use_decimal=True)
        headers = {"Content-Type": "application/json"}
        return self.session.request(
            method,
            f"{self.company}/{path}",
            params=query,
            data=data,
            headers=headers,
            timeout=TIMEOUT,
        )

    def post(self, path, body, **query):
        """Return the JSON of a POST."""
        return read(self.send("POST", path, body, **query))

    def get(self, path):
        """Return the JSON of a GET."""
        return read(self.send("GET", path))

    def query(self, text):
        """Return the QueryResponse, or the whole fault."""
        headers = {"Content-Type": "application/text"}
        response = self.session.post(
            f"{self.company}/query",
            data=text.encode(),
            headers=headers,
            timeout=TIMEOUT,
        )
        answer = read(response)
        return answer.get("QueryResponse", answer)

    def batch(self, *items, **query):
        """Return the items of a batch's answer by bId."""
        answer = self.post("batch", {"BatchItemRequest": list(items)}, **query)
        return {row["bId"]: row for row in answer["BatchItemResponse"]}

    def admin(self, method, path, body=None):
        """Return the JSON of the admin door."""
        response = requests.request(
            method, f"{self.keys['admin_url']}/{path}", json=body, timeout=TIMEOUT
        )
        response.raise_for_status()
        return read(response)

    def token(self, **form):
        """Return the response of the token endpoint."""
        return requests.post(
            f"{self.base_url}/oauth2/v1/tokens/bearer",
            data=form,
            auth=(self.keys["client_id"], self.keys["client_secret"]),
            timeout=TIMEOUT,
        )


def read(response):
    """Return JSON with Decimal."""
    return simplejson.loads(response.content, use_decimal=True)


def code_of(answer):
    """Return the fault code of an answer, None when it is none."""
    return answer["Fault"]["Error"][0]["code"] if "Fault" in answer else None


@tagged("-at_install", "post_install")
class ServerCase(BaseCase):
    """One server a class, back to its seed before each test."""

    country = "US"

    @classmethod
    def setUpClass(cls):
        """Start the server."""
        super().setUpClass()
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        app = create_app(cls.books())
        base_url = stack.enter_context(running(app))
        cls.client = Client(base_url, app.state.sandbox)

    @classmethod
    def books(cls):
        """Return the company that the server starts with."""
        return firm(cls.country)

    def setUp(self):
        """Start from the seed, with a live token."""
        super().setUp()
        self.client.admin("POST", "reset", {"keep_tokens": False})
        self.client.login()

    def switch(self, **values):
        """Change switches."""
        self.client.admin("POST", "switches", values)

    def prefer(self, group, **values):
        """Change a group of the company's preferences."""
        body = {"entity": "Preferences", "id": "1", "changes": {group: values}}
        self.client.admin("POST", "edit", body)

    def make(self, path, **values):
        """Create an object and return it."""
        answer = self.client.post(path, values)
        self.assertNotIn("Fault", answer)
        return next(value for name, value in answer.items() if name != "time")

    def assertFault(self, answer, code, text=""):
        """Check the code of a fault and a part of its detail."""
        self.assertEqual(code_of(answer), code, answer)
        self.assertIn(text, answer["Fault"]["Error"][0]["Detail"])

    def assertShape(self, value, shape, path="body"):
        """Check that a value has all keys of a recorded one, with the same types."""
        if isinstance(shape, str):
            self.assertEqual(JSON_TYPES[type(value)], shape, path)
        elif isinstance(shape, list):
            self.assertIsInstance(value, list, path)
            for number, inner in enumerate(shape):
                self.assertShape(value[number], inner, f"{path}[{number}]")
        else:
            self.assertIsInstance(value, dict, path)
            missing = sorted(set(shape) - set(value))
            self.assertFalse(missing, f"{path} lacks {missing}")
            for name, inner in shape.items():
                self.assertShape(value[name], inner, f"{path}.{name}")

    def assertRecorded(self, response, name):
        """Check status, content type, headers and body against a recorded answer."""
        recorded = load("shapes.json")[name]
        self.assertEqual(response.status_code, recorded["status"])
        self.assertEqual(response.headers["Content-Type"], recorded["content_type"])
        for header in recorded["headers"]:
            known = "intuit_tid" if header == "Intuit-Tid" else header
            self.assertIn(known, response.headers)
        self.assertShape(read(response), recorded["body"])


class TestAgainstRecordings(ServerCase):
    """Answers have the keys, types and headers of recorded ones."""

    def test_customer_answers(self):
        send = self.client.send
        self.assertRecorded(send("GET", "customer/1"), "get_customer")
        made = send("POST", "customer", {"DisplayName": "Doe5, Jane"}, requestid="")
        self.assertRecorded(made, "create_customer")
        body = {"Id": "22", "SyncToken": "0", "DisplayName": "Jack Moe"}
        body["PrimaryPhone"] = {"FreeFormNumber": "(415) 444-1234"}
        self.assertRecorded(send("POST", "customer", body), "update_customer")
        found = send("GET", "query", query="SELECT * FROM Customer")
        self.assertRecorded(found, "query_customers")

    def test_invoice_answers(self):
        self.prefer("SalesFormsPrefs", CustomTxnNumbers=False)
        line = sales_line(code=None)
        send = self.client.send
        self.assertRecorded(send("POST", "invoice", invoice(line)), "create_invoice")
        body = {"Id": "1", "SyncToken": "0"}
        voided = send("POST", "invoice", body, operation="void")
        self.assertRecorded(voided, "void_invoice")
        body["SyncToken"] = "1"
        deleted = send("POST", "invoice", body, operation="delete")
        self.assertRecorded(deleted, "delete_invoice")
        expected = {"domain": "QBO", "status": "Deleted", "Id": "1"}
        self.assertEqual(read(deleted)["Invoice"], expected)

    def test_refusals(self):
        send = self.client.send
        twice = send("POST", "customer", {"DisplayName": "cool cars "})
        self.assertRecorded(twice, "duplicate_name")
        self.assertFault(read(twice), "6240", "supplied already exists. : null")
        unknown = send("POST", "invoice", {"BadJson": True})
        self.assertRecorded(unknown, "unknown_property")
        self.assertRecorded(send("GET", "customer/1/5"), "unknown_path")
        self.assertRecorded(send("GET", "customer/1.5"), "invalid_id")
        wrong = send("GET", "query", query="SELECT * FROM Custmoer")
        self.assertRecorded(wrong, "invalid_query")
        text = "QueryValidationError: invalid context declaration: Custmoer"
        self.assertFault(read(wrong), "4001", text)

    def test_unknown_property_names_the_known_ones_as_recorded(self):
        answer = self.client.post("invoice", {"BadJson": True})
        self.assertFault(answer, "2010", 'Unrecognized field "BadJson" (class com.')
        detail = answer["Fault"]["Error"][0]["Detail"]
        self.assertIn('(83 known properties: "DocNumber", "HomeTotalAmt"', detail)
        ending = '"TxnApprovalInfo" [truncated]])\n specified is unsupported or invalid'
        self.assertTrue(detail.endswith(ending), detail)

    def test_expired_token(self):
        self.client.admin("POST", "tokens", {"expire_access": True})
        response = self.client.send("GET", "customer/1")
        self.assertRecorded(response, "unauthorized")
        error = read(response)["fault"]["error"][0]
        self.assertTrue(error["detail"].startswith("Token expired: "))
        self.assertEqual(error["code"], "3200")
        expected = 'Bearer realm="Intuit", error="invalid_token"'
        self.assertEqual(response.headers["WWW-Authenticate"], expected)

    def test_batch_items(self):
        shapes = load("shapes.json")
        self.client.post(
            "customer", {"Id": "2", "SyncToken": "0", "DisplayName": "Cars"}
        )
        stale = {"Id": "2", "SyncToken": "0", "sparse": True, "Notes": "x"}
        gone = {"Id": "129", "SyncToken": "0"}
        answers = self.client.batch(
            {"bId": "1", "operation": "create", "Vendor": {"DisplayName": "Boraski"}},
            {"bId": "2", "operation": "delete", "Invoice": gone},
            {"bId": "3", "operation": "update", "Customer": stale},
        )
        self.assertShape(answers["1"], shapes["batch_created"]["body"])
        self.assertShape(answers["2"], shapes["batch_not_found"]["body"])
        self.assertShape(answers["3"], shapes["batch_stale"]["body"])
        self.assertEqual(code_of(answers["2"]), "610")
        self.assertEqual(code_of(answers["3"]), "5010")


class TestOAuth(ServerCase):
    """Consent, tokens, rotation and revocation, with the real client library."""

    def auth_client(self):
        """Return Intuit's client on the local discovery document."""
        keys = self.client.keys
        return AuthClient(
            keys["client_id"],
            keys["client_secret"],
            CALLBACK,
            keys["discovery_url"],
        )

    def consent(self, auth, scopes=(Scopes.ACCOUNTING,)):
        """Return the query of the redirect after consent."""
        url = auth.get_authorization_url(list(scopes), state_token="s-1")
        response = requests.get(url, allow_redirects=False, timeout=TIMEOUT)
        self.assertEqual(response.status_code, 302, response.text)
        target = urlsplit(response.headers["Location"])
        self.assertEqual(target.path, "/callback")
        return {name: values[0] for name, values in parse_qs(target.query).items()}

    def test_code_flow_refresh_and_revoke(self):
        auth = self.auth_client()
        answer = self.consent(auth)
        self.assertEqual((answer["state"], answer["realmId"]), ("s-1", REALM))
        auth.get_bearer_token(answer["code"], realm_id=answer["realmId"])
        self.assertEqual(auth.expires_in, 3600)
        self.assertEqual(auth.x_refresh_token_expires_in, 8_726_400)
        first = auth.refresh_token
        auth.refresh()
        self.assertNotEqual(auth.refresh_token, first)
        with self.assertRaises(AuthClientError) as caught:
            auth.refresh(refresh_token=first)
        self.assertEqual(caught.exception.status_code, 400)
        self.assertIn(b"invalid_grant", caught.exception.content)
        auth.revoke()
        with self.assertRaises(AuthClientError):
            auth.refresh()
        self.client.session.headers["Authorization"] = f"Bearer {auth.access_token}"
        self.assertEqual(self.client.send("GET", "customer/1").status_code, 401)

    def test_code_is_for_one_use_and_one_address(self):
        code = self.consent(self.auth_client())["code"]
        form = {"grant_type": "authorization_code", "code": code}
        wrong = self.client.token(**form, redirect_uri=f"{CALLBACK}/other")
        self.assertEqual(wrong.json()["error"], "invalid_grant")
        again = self.client.token(**form, redirect_uri=CALLBACK)
        self.assertEqual(
            (again.status_code, again.json()["error"]), (400, "invalid_grant")
        )

    def test_same_refresh_token_for_a_day_when_rotation_is_daily(self):
        now = [1000.0]
        tokens = TokenStore(clock=lambda: now[0])
        grant = tokens.grant()
        first = grant.refresh_token
        now[0] += 86_000
        self.assertEqual(tokens.refresh(first, "daily").refresh_token, first)
        now[0] += 1_000
        self.assertNotEqual(tokens.refresh(first, "daily").refresh_token, first)
        with self.assertRaisesRegex(Exception, "invalid_grant"):
            tokens.refresh(first, "daily")

    def test_rotation_switch(self):
        self.switch(refresh_rotation="daily")
        first = self.client.sandbox.describe("")["refresh_token"]
        form = {"grant_type": "refresh_token", "refresh_token": first}
        for _time in range(2):
            answer = self.client.token(**form)
            self.assertEqual(answer.json()["refresh_token"], first)
        self.switch(refresh_rotation="immediate")
        second = self.client.token(**form).json()["refresh_token"]
        self.assertNotEqual(second, first)
        self.assertEqual(self.client.token(**form).json()["error"], "invalid_grant")

    def test_token_endpoint_refusals(self):
        url = f"{self.client.base_url}/oauth2/v1/tokens/bearer"
        keys = self.client.keys
        own = (keys["client_id"], keys["client_secret"])
        cases = (
            (None, {}, 401, "invalid_client"),
            ((keys["client_id"], "wrong"), {}, 401, "invalid_client"),
            (own, {"grant_type": "refresh_token"}, 400, "invalid_request"),
            (own, {"grant_type": "password"}, 400, "invalid_request"),
            (
                own,
                {"grant_type": "refresh_token", "refresh_token": "AB11x"},
                400,
                "invalid_grant",
            ),
        )
        for auth, form, status, error in cases:
            with self.subTest(form=form, auth=bool(auth)):
                answer = requests.post(url, data=form, auth=auth, timeout=TIMEOUT)
                self.assertEqual(answer.status_code, status)
                self.assertEqual(answer.json()["error"], error)
                self.assertIn("intuit_tid", answer.headers)

    def test_hard_expiry_only_when_asked_for(self):
        token = self.client.sandbox.describe("")["refresh_token"]
        response = requests.post(
            f"{self.client.base_url}/oauth2/v1/tokens/bearer",
            data={"grant_type": "refresh_token", "refresh_token": token},
            auth=(self.client.keys["client_id"], self.client.keys["client_secret"]),
            headers={"x-include-refresh-token-hard-expires-in": "true"},
            timeout=TIMEOUT,
        )
        self.assertIn("x_refresh_token_hard_expires_in", response.json())

    def test_expired_refresh_token(self):
        token = self.client.sandbox.describe("")["refresh_token"]
        self.client.admin("POST", "tokens", {"expire_refresh": True})
        answer = self.client.token(grant_type="refresh_token", refresh_token=token)
        self.assertEqual(
            (answer.status_code, answer.json()["error"]), (400, "invalid_grant")
        )

    def test_consent_refused_wrong_scope_and_wrong_realm(self):
        auth = self.auth_client()
        self.switch(consent="refuse")
        refused = self.consent(auth)
        self.assertEqual(refused, {"error": "access_denied", "state": "s-1"})
        self.switch(consent="grant", callback_realm="123")
        self.assertEqual(self.consent(auth)["realmId"], "123")
        url = auth.get_authorization_url([Scopes.ACCOUNTING], state_token="s-1")
        url = url.replace("com.intuit.quickbooks.accounting", "everything")
        response = requests.get(url, allow_redirects=False, timeout=TIMEOUT)
        self.assertIn("error=invalid_scope", response.headers["Location"])
        self.assertNotIn("realmId", self.consent(auth, [Scopes.OPENID]))

    def test_authorize_answers_a_page_when_it_cannot_send_back(self):
        good = {
            "client_id": self.client.keys["client_id"],
            "response_type": "code",
            "scope": "com.intuit.quickbooks.accounting",
            "redirect_uri": CALLBACK,
            "state": "s-1",
        }
        url = f"{self.client.base_url}/connect/oauth2"
        changes = (
            {"client_id": "other"},
            {"redirect_uri": "https://example.com/callback"},
            {"response_type": "token"},
            {"state": ""},
        )
        for change in changes:
            with self.subTest(change=change):
                query = {**good, **change}
                response = requests.get(
                    url, params=query, allow_redirects=False, timeout=TIMEOUT
                )
                self.assertEqual(response.status_code, 400)
                self.assertNotIn("Location", response.headers)
        self.switch(redirect_uris=[CALLBACK])
        response = requests.get(
            url, params=good, allow_redirects=False, timeout=TIMEOUT
        )
        self.assertEqual(response.status_code, 302)

    def test_gateway_refusals(self):
        company = self.client.company
        get = self.client.session.get
        other = company.replace(REALM, "123")
        answer = get(f"{other}/customer/1", timeout=TIMEOUT)
        self.assertEqual(answer.status_code, 403)
        error = answer.json()["fault"]["error"][0]
        expected = (
            "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403"
        )
        self.assertEqual((error["message"], error["code"]), (expected, "3100"))
        for header in ("", "Bearer nonsense", "Basic abc"):
            with self.subTest(header=header):
                answer = get(
                    f"{company}/customer/1",
                    headers={"Authorization": header},
                    timeout=TIMEOUT,
                )
                self.assertEqual(answer.status_code, 401)
                self.assertEqual(answer.json()["fault"]["type"], "AUTHENTICATION")

    def test_userinfo_needs_the_scope(self):
        auth = self.auth_client()
        scopes = (Scopes.ACCOUNTING, Scopes.OPENID)
        auth.get_bearer_token(self.consent(auth, scopes)["code"])
        self.assertEqual(auth.get_user_info().status_code, 200)
        auth.get_bearer_token(self.consent(auth)["code"])
        with self.assertRaises(AuthClientError):
            auth.get_user_info()


class TestNames(ServerCase):
    """Customers, vendors and employees."""

    def test_names_are_unique_over_three_lists(self):
        cases = (
            ("customer", "Amy's Bird Sanctuary", True),
            ("customer", "  amy's bird sanctuary ", True),
            ("customer", "PAPER & INK", True),
            ("customer", "Casey Morgan", True),
            ("vendor", "Cool Cars", True),
            ("employee", "paper & ink", True),
            ("vendor", "Paper & Ink 2", False),
        )
        for path, name, taken in cases:
            with self.subTest(path=path, name=name):
                answer = self.client.post(path, {"DisplayName": name})
                self.assertEqual(code_of(answer), "6240" if taken else None)

    def test_what_a_duplicate_name_tells(self):
        cases = (("null", ": null"), ("id", ": Id=11"), ("text", "already using this"))
        for detail, text in cases:
            with self.subTest(detail=detail):
                self.switch(duplicate_name_detail=detail)
                answer = self.client.post("customer", {"DisplayName": "Paper & Ink"})
                self.assertFault(answer, "6240", text)

    def test_renaming_onto_a_taken_name_is_refused_and_changes_nothing(self):
        body = {
            "Id": "2",
            "SyncToken": "0",
            "sparse": True,
            "DisplayName": "Paper & Ink",
        }
        self.assertFault(self.client.post("customer", body), "6240")
        customer = self.client.get("customer/2")["Customer"]
        self.assertEqual(
            (customer["DisplayName"], customer["SyncToken"]), ("Cool Cars", "0")
        )

    def test_name_rules(self):
        cases = (
            ({}, "6080"),
            ({"DisplayName": " "}, "6080"),
            ({"DisplayName": "A:B"}, "2040"),
            ({"DisplayName": "A\tB"}, "2040"),
            ({"DisplayName": "A\nB"}, "2040"),
            ({"DisplayName": "Smile \U0001f600"}, "2040"),
            ({"DisplayName": "x" * 501}, "2050"),
            ({"DisplayName": "x" * 500}, None),
            ({"GivenName": "x" * 101}, "2050"),
            ({"DisplayName": "a", "PrimaryEmailAddr": {"Address": "nobody"}}, "2210"),
            ({"DisplayName": "a", "PrimaryEmailAddr": {"Addr": "a@b.c"}}, "2010"),
            ({"DisplayName": "a", "BillAddr": {"Line1": "x" * 501}}, "2050"),
            ({"DisplayName": "a", "Active": "perhaps"}, "2230"),
            ({"DisplayName": "Ünïcødé & Söhne 株式会社"}, None),
        )
        for values, code in cases:
            with self.subTest(values=str(values)[:60]):
                self.assertEqual(code_of(self.client.post("customer", values)), code)

    def test_length_fault_has_intuits_words(self):
        answer = self.client.post("customer", {"DisplayName": "x", "Notes": "n" * 2001})
        error = answer["Fault"]["Error"][0]
        self.assertEqual(error["element"], "Notes")
        text = "Min:0 Max:2,000 supported. Supplied length:2,001"
        self.assertFault(answer, "2050", text)

    def test_name_is_made_of_its_parts_and_trimmed(self):
        made = self.make("customer", GivenName="Ann", FamilyName="Lee", Suffix="Jr.")
        self.assertEqual(made["DisplayName"], "Ann Lee Jr.")
        made = self.make("customer", DisplayName="  Padded  ")
        self.assertEqual(made["DisplayName"], "Padded")

    def test_full_update_clears_and_sparse_update_keeps(self):
        self.switch(four_byte_characters="accept")
        made = self.make("customer", DisplayName="Keep", Notes="n", CompanyName="C")
        sparse = {"Id": made["Id"], "SyncToken": "0", "sparse": True, "Notes": "m"}
        made = self.make("customer", **sparse)
        self.assertEqual((made["Notes"], made["CompanyName"]), ("m", "C"))
        blank = {"Id": made["Id"], "SyncToken": "1", "sparse": True, "Notes": ""}
        self.assertNotIn("Notes", self.make("customer", **blank))
        full = {"Id": made["Id"], "SyncToken": 2, "DisplayName": "Keep"}
        made = self.make("customer", **full)
        self.assertNotIn("CompanyName", made)
        self.assertEqual((made["Taxable"], made["SyncToken"]), (True, "3"))

    def test_sync_token(self):
        body = {"Id": "2", "SyncToken": "7", "DisplayName": "Cool Cars"}
        answer = self.client.post("customer", body)
        self.assertFault(answer, "5010", "were working on this at the same time")
        del body["SyncToken"]
        self.assertFault(self.client.post("customer", body), "2020", "SyncToken")
        body |= {"Id": "999", "SyncToken": "0"}
        self.assertFault(self.client.post("customer", body), "610", "Object Not Found")
        self.assertFault(self.client.get("customer/999"), "610")

    def test_inactive_customer_is_renamed_and_left_out(self):
        body = {"Id": "2", "SyncToken": "0", "sparse": True, "Active": False}
        gone = self.make("customer", **body)
        self.assertEqual(gone["DisplayName"], "Cool Cars (deleted)")
        self.assertEqual(self.client.query("select * from Customer where Id = '2'"), {})
        text = "select * from Customer where Active in (true, false) and Id = '2'"
        self.assertEqual(len(self.client.query(text)["Customer"]), 1)
        self.assertFault(self.client.post("invoice", invoice(customer="2")), "610")
        again = self.make("customer", DisplayName="Cool Cars")
        body = {"Id": again["Id"], "SyncToken": "0", "sparse": True, "Active": False}
        self.assertEqual(
            self.make("customer", **body)["DisplayName"], "Cool Cars (deleted) 2"
        )
        body = {"Id": "2", "SyncToken": "1", "sparse": True, "Active": True}
        self.assertEqual(self.make("customer", **body)["DisplayName"], "Cool Cars")

    def test_customer_who_owes_stays_active(self):
        self.client.post("invoice", invoice())
        body = {"Id": "1", "SyncToken": "0", "sparse": True, "Active": False}
        self.assertFault(self.client.post("customer", body), "6220")

    def test_lists_are_not_deleted(self):
        body = {"Id": "2", "SyncToken": "0"}
        answer = self.client.post("customer", body, operation="delete")
        self.assertFault(answer, "500", "Operation delete is not supported.")

    def test_sub_customers(self):
        parent = "1"
        for level in range(1, 5):
            made = self.make(
                "customer", DisplayName=f"Matter {level}", ParentRef={"value": parent}
            )
            self.assertEqual((made["Level"], made["Job"]), (level, True))
            parent = made["Id"]
        full = "Amy's Bird Sanctuary:Matter 1:Matter 2:Matter 3:Matter 4"
        self.assertEqual(made["FullyQualifiedName"], full)
        deep = {"DisplayName": "Matter 5", "ParentRef": {"value": parent}}
        self.assertFault(self.client.post("customer", deep), "6180")
        orphan = {"DisplayName": "Matter 7", "Job": True}
        self.assertFault(self.client.post("customer", orphan), "6150", "Job")
        missing = {"DisplayName": "Matter 6", "ParentRef": {"value": "999"}}
        self.assertFault(self.client.post("customer", missing), "2500", "ParentRef")
        loop = {
            "Id": "1",
            "SyncToken": "0",
            "sparse": True,
            "ParentRef": {"value": parent},
        }
        self.assertFault(self.client.post("customer", loop), "900")
        renamed = {"Id": "1", "SyncToken": "0", "sparse": True, "DisplayName": "Amy"}
        self.make("customer", **renamed)
        below = self.client.get(f"customer/{parent}")["Customer"]
        self.assertTrue(below["FullyQualifiedName"].startswith("Amy:Matter 1:"))

    def test_foreign_currency_needs_multicurrency(self):
        body = {"DisplayName": "Euro GmbH", "CurrencyRef": {"value": "EUR"}}
        self.assertFault(self.client.post("customer", body), "6000")
        self.prefer("CurrencyPrefs", MultiCurrencyEnabled=True)
        self.make("companycurrency", Code="EUR")
        made = self.make("customer", **body)
        self.assertEqual(made["CurrencyRef"], {"value": "EUR", "name": "Euro"})
        body = invoice(customer=made["Id"], CurrencyRef={"value": "USD"})
        self.assertFault(self.client.post("invoice", body), "6000", "currency is EUR")
        body = invoice(customer=made["Id"], CurrencyRef={"value": "EUR"})
        made = self.make("invoice", **body, ExchangeRate="1.1")
        self.assertEqual(made["HomeTotalAmt"], Decimal("110.00"))


class TestLists(ServerCase):
    """Items, accounts, tax tables, company and preferences."""

    def test_items(self):
        account = {"value": "1"}
        cases = (
            ({}, "2020", "Name"),
            ({"Name": "New"}, "2020", "ExpenseAccountRef or IncomeAccountRef"),
            ({"Name": "New", "IncomeAccountRef": {"value": "3"}}, "6430", "Bank"),
            ({"Name": "New", "IncomeAccountRef": {"value": "9"}}, "2500", "Income"),
            ({"Name": "New", "IncomeAccountRef": {"value": "4"}}, "610", ""),
            ({"Name": "services", "IncomeAccountRef": account}, "6240", ""),
            ({"Name": "A:B", "IncomeAccountRef": account}, "2040", ""),
            ({"Name": "x" * 101, "IncomeAccountRef": account}, "2050", "Max:100"),
            ({"Name": "N", "Type": "Thing", "IncomeAccountRef": account}, "2170", ""),
            ({"Name": "New", "IncomeAccountRef": account}, None, ""),
        )
        for values, code, text in cases:
            with self.subTest(values=str(values)[:60]):
                answer = self.client.post("item", values)
                self.assertEqual(code_of(answer), code)
                if code:
                    self.assertFault(answer, code, text)

    def test_items_below_categories(self):
        body = {"Name": "Services", "IncomeAccountRef": {"value": "1"}}
        made = self.make("item", **body, ParentRef={"value": "3"})
        self.assertEqual(made["FullyQualifiedName"], "All Work:Services")

    def test_sku_is_queried_by_name_only(self):
        rows = self.client.query("select * from Item where Id = '1'")["Item"]
        self.assertNotIn("Sku", rows[0])
        rows = self.client.query("select *, Sku from Item where Id = '1'")["Item"]
        self.assertEqual(rows[0]["Sku"], "SRV")

    def test_accounts(self):
        cases = (
            ({"Name": "New"}, "6010"),
            ({"Name": 'Say "x"', "AccountType": "Income"}, "2040"),
            ({"Name": "checking", "AccountType": "Bank"}, "6240"),
            ({"Name": "Trust", "AccountSubType": "TrustAccounts"}, None),
        )
        for values, code in cases:
            with self.subTest(values=values):
                self.assertEqual(code_of(self.client.post("account", values)), code)
        text = "select * from Account where Name = 'Trust'"
        account = self.client.query(text)["Account"][0]
        self.assertEqual(account["AccountType"], "Bank")
        self.assertEqual(account["Classification"], "Asset")

    def test_tax_tables_are_read_only(self):
        for path in ("taxcode", "taxrate", "companyinfo", "preferences"):
            with self.subTest(path=path):
                answer = self.client.post(path, {"Name": "x"})
                self.assertFault(answer, "500", "Operation create is not supported.")
        made = self.make("taxagency", DisplayName="City")
        self.assertEqual(made["Id"], "2")

    def test_company_and_preferences(self):
        answer = self.client.get(f"companyinfo/{REALM}")
        self.assertEqual(answer["CompanyInfo"]["Country"], "US")
        answer = self.client.get("preferences")
        self.assertTrue(answer["Preferences"]["SalesFormsPrefs"]["CustomTxnNumbers"])
        rows = self.client.query("select * from CompanyInfo")["CompanyInfo"]
        self.assertEqual(rows[0]["CompanyName"], "Test & Partners")

    def test_paths_are_case_sensitive(self):
        for path in ("Customer/1", "customers/1", "", "bill/1"):
            with self.subTest(path=path):
                self.assertFault(
                    self.client.get(path), "500", "Could not find resource"
                )
        base = self.client.keys["api_url"]
        response = self.client.session.get(f"{base}/nowhere", timeout=TIMEOUT)
        self.assertEqual(code_of(read(response)), "500")

    def test_without_accept_header_the_answer_is_xml(self):
        headers = {"Accept": "*/*"}
        url = f"{self.client.company}/customer/1"
        response = self.client.session.get(url, headers=headers, timeout=TIMEOUT)
        self.assertEqual(response.headers["Content-Type"], "application/xml")
        self.assertIn("<DisplayName>Amy's Bird Sanctuary<", response.text)
        url = f"{self.client.company}/customer/999"
        response = self.client.session.get(url, headers=headers, timeout=TIMEOUT)
        self.assertIn('<Error code="610">', response.text)


class TestInvoices(ServerCase):
    """Invoices, apart from their tax."""

    def test_defaults(self):
        made = self.make("invoice", **invoice(TxnDate="2026-09-01"))
        self.assertEqual(made["DueDate"], "2026-10-01")
        self.assertEqual(made["Line"][-1]["DetailType"], "SubTotalLineDetail")
        self.assertEqual(made["Line"][-1]["Amount"], Decimal("100.00"))
        self.assertEqual(made["TxnTaxDetail"], {"TotalTax": 0})
        self.assertEqual(made["BillAddr"]["City"], "Bayshore")
        self.assertEqual(made["Balance"], Decimal("100.00"))
        self.assertEqual(made["SyncToken"], "0")
        self.assertNotIn("DocNumber", made)
        self.assertEqual(made["CustomField"][0]["Name"], "Crew #")
        today = self.make("invoice", **invoice())["TxnDate"]
        self.assertLess(
            abs(date.fromisoformat(today) - date.today()), timedelta(days=2)
        )

    def test_refusals(self):
        amount = sales_line(UnitPrice="50", Qty="3")
        stranger = sales_line(item="99")
        category = sales_line(item="3")
        wrong_kind = {"DetailType": "Whatever", "Amount": 1}
        cases = (
            ({"Line": [sales_line()]}, "2020", "CustomerRef"),
            ({"CustomerRef": {"value": "1"}}, "2020", "Line"),
            (
                invoice({"DetailType": "SubTotalLineDetail", "Amount": 1}),
                "2020",
                "Line",
            ),
            (invoice({"Amount": 1}), "2020", "Line.DetailType"),
            (invoice({"DetailType": "SalesItemLineDetail"}), "2020", "Line.Amount"),
            (invoice(wrong_kind), "2170", "Whatever"),
            (invoice(amount), "6070", "Supplied value:100.00"),
            (invoice(stranger), "2500", "Line.SalesItemLineDetail.ItemRef"),
            (invoice(category), "2500", "Categories cannot be used"),
            (invoice(sales_line(item="2")), "610", "has been made inactive"),
            (invoice(customer="99"), "2500", "CustomerRef"),
            (invoice(SalesTermRef={"value": "99"}), "2500", "SalesTermRef"),
            (
                invoice(DocNumber="x" * 22),
                "2050",
                "Max:21 supported. Supplied length:22",
            ),
            (invoice(PrivateNote="x" * 4001), "2050", "Max:4,000"),
            (invoice({**sales_line(), "Description": "x" * 4001}), "2050", "Max:4,000"),
            (invoice(CustomerMemo={"value": "x" * 1001}), "2050", "Max:1,000"),
            (invoice(TxnDate="01/09/2026"), "2060", "01/09/2026"),
            (invoice(TxnDate="2026-02-30"), "2070", "2026-02-30"),
            (invoice(sales_line("-1.00")), "6000", "must be 0 or greater"),
            (invoice(EmailStatus="NeedToSend"), "6420", ""),
            (invoice(EmailStatus="Perhaps"), "2170", "Perhaps"),
            (invoice(CurrencyRef={"value": "EUR"}), "6000", "multicurrency"),
            (invoice(sales_line(Price=1)), "2010", 'field "Price" (class com.intuit'),
            (invoice({**sales_line(), "Amount": "ten"}), "2100", "ten"),
        )
        for values, code, text in cases:
            with self.subTest(code=code, text=text):
                self.assertFault(self.client.post("invoice", values), code, text)
        self.assertEqual(
            self.client.query("select count(*) from Invoice")["totalCount"], 0
        )

    def test_bad_bodies(self):
        url = f"{self.client.company}/invoice"
        for body, code in (
            (b'{"Line":', "2010"),
            (b"[]", "2010"),
            (b'{"a":"\xff"}', "500"),
        ):
            with self.subTest(body=body):
                answer = self.client.session.post(url, data=body, timeout=TIMEOUT)
                self.assertEqual(code_of(read(answer)), code)

    def test_numbers_as_text_and_blanks_are_taken(self):
        line = sales_line(UnitPrice="50.00", Qty="2")
        line |= {"Amount": "100.00", "LineNum": "1", "Id": ""}
        made = self.make("invoice", **invoice(line, DueDate="", PrivateNote=None))
        self.assertEqual(made["TotalAmt"], Decimal("100.00"))
        self.assertEqual(made["Line"][0]["SalesItemLineDetail"]["Qty"], Decimal(2))

    def test_amounts_have_cents_and_a_line_may_be_negative(self):
        lines = (sales_line("10.005"), sales_line("-5.00"), sales_line("0"))
        made = self.make("invoice", **invoice(*lines))
        self.assertEqual(made["TotalAmt"], Decimal("5.01"))
        self.assertEqual([row.get("LineNum") for row in made["Line"]], [1, 2, 3, None])

    def test_text_lines_and_discounts(self):
        text = {"DetailType": "DescriptionOnly", "Description": "For all"}
        text["DescriptionLineDetail"] = {}
        less = {"DetailType": "DiscountLineDetail"}
        percent = {"PercentBased": True, "DiscountPercent": 10}
        made = self.make(
            "invoice",
            **invoice(sales_line(), text, {**less, "DiscountLineDetail": percent}),
        )
        self.assertEqual(made["TotalAmt"], Decimal("90.00"))
        self.assertNotIn("Amount", made["Line"][1])
        answer = self.client.post("invoice", invoice(sales_line(), less))
        self.assertFault(answer, "6090")
        self.assertFault(self.client.post("invoice", invoice(text, less)), "6090")

    def test_line_without_item_gets_the_default_one(self):
        made = self.make("invoice", **invoice(sales_line(ItemRef=None)))
        reference = made["Line"][0]["SalesItemLineDetail"]["ItemRef"]
        self.assertEqual(reference, {"value": "1", "name": "Services"})

    def test_own_numbers(self):
        self.make("invoice", **invoice(DocNumber="A-1"))
        second = invoice(DocNumber="A-1")
        text = "DocNumber=A-1 is assigned to TxnType=Invoice with TxnId=1"
        self.assertFault(self.client.post("invoice", second), "6140", text)
        self.switch(duplicate_number_detail="none")
        answer = self.client.post("invoice", second)
        self.assertFault(answer, "6140", "You must specify a different number.")
        self.assertNotIn("TxnId", answer["Fault"]["Error"][0]["Detail"])
        made = self.client.post("invoice", second, include="allowduplicatedocnum")
        self.assertEqual(made["Invoice"]["DocNumber"], "A-1")
        self.switch(warn_duplicate_number="off")
        self.assertIsNone(code_of(self.client.post("invoice", second)))

    def test_number_of_a_deleted_invoice_is_free(self):
        made = self.make("invoice", **invoice(DocNumber="A-1"))
        body = {"Id": made["Id"], "SyncToken": "0"}
        self.client.post("invoice", body, operation="delete")
        self.make("invoice", **invoice(DocNumber="A-1"))

    def test_automatic_numbers(self):
        self.prefer("SalesFormsPrefs", CustomTxnNumbers=False)
        first = self.make("invoice", **invoice())["DocNumber"]
        sent = self.make("invoice", **invoice(DocNumber=first))
        self.assertEqual(sent["DocNumber"], first)
        third = self.make("invoice", **invoice())
        self.assertEqual(int(third["DocNumber"]), int(first) + 1)
        body = {"Id": third["Id"], "SyncToken": "0", **invoice()}
        self.assertEqual(self.make("invoice", **body)["DocNumber"], third["DocNumber"])

    def test_automatic_number_on_request(self):
        made = self.make("invoice", **invoice(AutoDocNumber=True))
        self.assertTrue(made["DocNumber"].isdigit())
        self.assertNotIn("AutoDocNumber", made)

    def test_closed_books(self):
        made = self.make("invoice", **invoice(TxnDate="2026-03-31", DocNumber="A-1"))
        body = {"Id": made["Id"], "SyncToken": "0"}
        moved = {**body, "sparse": True, "TxnDate": "2026-04-02"}
        self.switch(closed_books={"date": "2026-03-31"})
        text = "account books cannot be updated through through the QBO Services API"
        day = invoice(TxnDate="2026-03-31")
        self.assertFault(self.client.post("invoice", day), "6200", text)
        self.switch(closed_books={"date": "2026-03-31", "password": True})
        self.assertFault(self.client.post("invoice", day), "6210", text)
        self.assertFault(self.client.post("invoice", moved), "6210")
        for operation in ("delete", "void"):
            answer = self.client.post("invoice", body, operation=operation)
            self.assertFault(answer, "6210")
        self.make("invoice", **invoice(TxnDate="2026-04-01"))

    def test_closing_date_of_the_preferences_counts(self):
        self.prefer("AccountingInfoPrefs", BookCloseDate="2026-03-31")
        answer = self.client.post("invoice", invoice(TxnDate="2026-01-01"))
        self.assertFault(answer, "6200")

    def test_updates(self):
        lines = [sales_line("10.00"), sales_line("20.00")]
        made = self.make("invoice", **invoice(*lines, PrivateNote="n", DocNumber="A-1"))
        own = {"Id": made["Id"], "SyncToken": "0"}
        sparse = {**own, "sparse": True}
        only_lines = {**sparse, "Line": [sales_line("5.00")]}
        self.assertFault(self.client.post("invoice", only_lines), "2020", "CustomerRef")
        made = self.make("invoice", **sparse, DueDate="2027-01-01")
        self.assertEqual(made["TotalAmt"], Decimal("30.00"))
        self.assertEqual((made["PrivateNote"], made["DueDate"]), ("n", "2027-01-01"))
        sparse["SyncToken"] = "1"
        body = {**sparse, "Line": [made["Line"][1]], "CustomerRef": {"value": "1"}}
        made = self.make("invoice", **body)
        self.assertEqual(made["Line"][0]["Id"], "2")
        self.assertEqual(made["TotalAmt"], Decimal("20.00"))
        made = self.make("invoice", **{**own, "SyncToken": "2"}, **invoice())
        self.assertNotIn("PrivateNote", made)
        self.assertNotIn("DocNumber", made)
        self.assertEqual(made["SyncToken"], "3")

    def test_customer_balance_follows(self):
        made = self.make("invoice", **invoice(sales_line("40.00")))
        job = self.make("customer", DisplayName="Job", ParentRef={"value": "1"})
        self.make("invoice", **invoice(sales_line("5.00"), customer=job["Id"]))

        def balances():
            customer = self.client.get("customer/1")["Customer"]
            return str(customer["Balance"]), str(customer["BalanceWithJobs"])

        self.assertEqual(balances(), ("40.00", "45.00"))
        own = {"Id": made["Id"], "SyncToken": "0"}
        self.make("invoice", **own, **invoice(sales_line("30.00")))
        self.assertEqual(balances(), ("30.00", "35.00"))
        own["SyncToken"] = "1"
        self.client.post("invoice", own, operation="void")
        self.assertEqual(balances(), ("0.00", "5.00"))
        customer = self.client.get("customer/1")["Customer"]
        self.assertEqual(customer["SyncToken"], "0")

    def test_deleted_invoice_is_gone_and_its_id_is_not_used_again(self):
        made = self.make("invoice", **invoice())
        body = {"Id": made["Id"], "SyncToken": "1"}
        stale = self.client.post("invoice", body, operation="delete")
        self.assertFault(stale, "5010")
        body["SyncToken"] = "0"
        self.client.post("invoice", body, operation="delete")
        self.assertFault(self.client.get(f"invoice/{made['Id']}"), "610")
        self.assertFault(self.client.post("invoice", body, operation="delete"), "610")
        self.assertEqual(self.client.query("select * from Invoice"), {})
        self.assertGreater(
            int(self.make("invoice", **invoice())["Id"]), int(made["Id"])
        )
        dumped = self.client.admin("GET", "dump")["Invoice"]
        self.assertEqual(dumped[0]["status"], "Deleted")

    def test_voided_invoice_stays(self):
        lines = [sales_line(UnitPrice=50, Qty=2, code="TAX")]
        body = invoice(*lines, DocNumber="A-1", PrivateNote="why")
        body["TxnTaxDetail"] = {"TxnTaxCodeRef": {"value": "2"}}
        made = self.make("invoice", **body)
        own = {"Id": made["Id"], "SyncToken": "0"}
        voided = self.client.post("invoice", own, operation="void")["Invoice"]
        self.assertEqual((voided["TotalAmt"], voided["Balance"]), (0, 0))
        self.assertEqual(voided["Line"][0]["Amount"], 0)
        self.assertEqual(voided["Line"][0]["SalesItemLineDetail"]["Qty"], 0)
        self.assertTrue(voided["PrivateNote"].startswith("Voided"))
        self.assertIn("why", voided["PrivateNote"])
        self.assertEqual((voided["DocNumber"], voided["SyncToken"]), ("A-1", "1"))
        self.assertEqual(len(self.client.query("select * from Invoice")["Invoice"]), 1)

    def test_unknown_operation(self):
        answer = self.client.post("invoice", invoice(), operation="explode")
        self.assertFault(answer, "500", "Operation explode is not supported.")


class TestUnitedStatesTax(ServerCase):
    """TAX and NON on lines, the code in the header."""

    HEADER = {"TxnTaxCodeRef": {"value": "2"}}

    def taxed(self, *lines, **detail):
        """Return the tax detail of a new invoice."""
        tax = {**self.HEADER, **detail}
        return self.make("invoice", **invoice(*lines, TxnTaxDetail=tax))["TxnTaxDetail"]

    def test_real_code_on_a_line_is_refused(self):
        for code in ("2", "tax", "GST"):
            with self.subTest(code=code):
                answer = self.client.post("invoice", invoice(sales_line(code=code)))
                self.assertFault(answer, "6100", f"TAX or NON. Supplied value: {code}")

    def test_tax_is_rounded_once_on_the_sum(self):
        # 30.30 x 8.25 % = 2.49975; line by line it would be 3 x 0.83 = 2.49.
        lines = [sales_line("10.10", code="TAX")] * 3 + [sales_line("7.00")]
        made = self.make("invoice", **invoice(*lines, TxnTaxDetail=self.HEADER))
        tax = made["TxnTaxDetail"]
        self.assertEqual(tax["TotalTax"], Decimal("2.50"))
        detail = tax["TaxLine"][0]["TaxLineDetail"]
        self.assertEqual(detail["NetAmountTaxable"], Decimal("30.30"))
        self.assertEqual(detail["TaxPercent"], Decimal("8.25"))
        self.assertEqual(made["TotalAmt"], Decimal("39.80"))

    def test_two_rates_of_one_code(self):
        tax = self.taxed(sales_line(code="TAX"), TxnTaxCodeRef={"value": "3"})
        amounts = [row["Amount"] for row in tax["TaxLine"]]
        self.assertEqual(amounts, [Decimal("8.25"), Decimal("1.50")])
        self.assertEqual(tax["TotalTax"], Decimal("9.75"))

    def test_total_alone_is_recomputed_and_tax_lines_are_an_override(self):
        line = sales_line(code="TAX")
        self.assertEqual(self.taxed(line, TotalTax="8.20")["TotalTax"], Decimal("8.25"))
        row = {"Amount": "8.22", "TaxLineDetail": {"TaxRateRef": {"value": "1"}}}
        tax = self.taxed(line, TotalTax="8.22", TaxLine=[row])
        self.assertEqual(tax["TotalTax"], Decimal("8.22"))
        delta = tax["TaxLine"][0]["TaxLineDetail"]["OverrideDeltaAmount"]
        self.assertEqual(delta, Decimal("-0.03"))
        self.switch(tax_override_tolerance="0.02")
        tax = self.taxed(line, TotalTax="8.22", TaxLine=[row])
        self.assertEqual(tax["TotalTax"], Decimal("8.25"))

    def test_without_code_no_tax(self):
        made = self.make("invoice", **invoice(sales_line(code="TAX")))
        self.assertEqual(made["TxnTaxDetail"], {"TotalTax": 0})
        body = invoice(TxnTaxDetail={"TxnTaxCodeRef": {"value": "99"}})
        self.assertFault(self.client.post("invoice", body), "2500", "TxnTaxCodeRef")
        body = invoice(TxnTaxDetail={"TxnTaxCodeRef": {"value": "TAX"}})
        self.assertFault(self.client.post("invoice", body), "6160")

    def test_line_without_code(self):
        bare = sales_line(code=None)
        bare["SalesItemLineDetail"].pop("TaxCodeRef")
        code = self._code(self.make("invoice", **invoice(bare)))
        self.assertEqual(code, "NON")
        self.switch(automated_sales_tax=True)
        code = self._code(self.make("invoice", **invoice(bare)))
        self.assertEqual(code, "TAX")

    @staticmethod
    def _code(made):
        return made["Line"][0]["SalesItemLineDetail"]["TaxCodeRef"]["value"]

    def test_sales_tax_switched_off(self):
        self.prefer("TaxPrefs", UsingSalesTax=False)
        made = self.make(
            "invoice",
            **invoice(sales_line(code="TAX"), TxnTaxDetail=dict(self.HEADER)),
        )
        self.assertEqual(made["TxnTaxDetail"], {"TotalTax": 0})
        self.assertEqual(self._code(made), "NON")

    def test_automated_tax_honours_a_total_and_spreads_it(self):
        self.switch(automated_sales_tax=True)
        tax = self.taxed(
            sales_line(code="TAX"), TxnTaxCodeRef={"value": "3"}, TotalTax="10.00"
        )
        self.assertEqual(tax["TotalTax"], Decimal("10.00"))
        amounts = [row["Amount"] for row in tax["TaxLine"]]
        self.assertEqual(amounts, [Decimal("8.46"), Decimal("1.54")])
        self.assertNotIn("TxnTaxCodeRef", tax)
        self.assertEqual(self.taxed(sales_line(), TotalTax="10.00"), {"TotalTax": 0})

    def test_automated_tax_goes_by_address(self):
        self.switch(automated_sales_tax=True)
        with_address = invoice(sales_line(code="TAX"))
        without = invoice(sales_line(code="TAX"), customer="2")
        tax = self.make("invoice", **with_address)["TxnTaxDetail"]
        self.assertEqual(tax["TotalTax"], Decimal("8.25"))
        self.assertEqual(
            self.make("invoice", **without)["TxnTaxDetail"], {"TotalTax": 0}
        )
        exempt = {"Id": "1", "SyncToken": "0", "sparse": True, "Taxable": False}
        self.make("customer", **exempt)
        tax = self.make("invoice", **with_address)["TxnTaxDetail"]
        self.assertEqual(tax, {"TotalTax": 0})

    def test_preference_turns_automated_tax_on(self):
        self.prefer("TaxPrefs", PartnerTaxEnabled=True)
        tax = self.taxed(sales_line(code="TAX"), TotalTax="1.23")
        self.assertEqual(tax["TotalTax"], Decimal("1.23"))

    def test_global_mode_is_ignored(self):
        made = self.make("invoice", **invoice(GlobalTaxCalculation="NotApplicable"))
        self.assertIn("TxnTaxDetail", made)
        self.assertNotIn("GlobalTaxCalculation", made)

    def test_discount_before_or_after_tax(self):
        less = {"DetailType": "DiscountLineDetail", "Amount": 10}
        less["DiscountLineDetail"] = {"PercentBased": False}
        lines = (sales_line(code="TAX"), less)
        self.assertEqual(self.taxed(*lines)["TotalTax"], Decimal("8.25"))
        body = invoice(
            *lines, TxnTaxDetail=dict(self.HEADER), ApplyTaxAfterDiscount=True
        )
        made = self.make("invoice", **body)
        self.assertEqual(made["TxnTaxDetail"]["TotalTax"], Decimal("7.43"))

    def test_sent_back_unchanged_it_stays_the_same(self):
        made = self.make(
            "invoice",
            **invoice(sales_line(code="TAX"), TxnTaxDetail=dict(self.HEADER)),
        )
        again = self.make("invoice", **made)
        self.assertEqual(again["SyncToken"], "1")
        for name in ("TxnTaxDetail", "TotalAmt", "Line"):
            self.assertEqual(again[name], made[name])
        body = {"Id": made["Id"], "SyncToken": "1", "sparse": True}
        body |= invoice(sales_line("200.00", code="TAX"))
        tax = self.make("invoice", **body)["TxnTaxDetail"]
        self.assertEqual(tax["TotalTax"], Decimal("16.50"))


class TestGlobalTax(ServerCase):
    """A real tax code on every line, tax by rate over the document."""

    country = "CA"

    def body(self, *lines, mode="TaxExcluded", **values):
        """Return an invoice with a mode."""
        return invoice(*lines, GlobalTaxCalculation=mode, **values)

    def test_refusals(self):
        bare = sales_line(code="2")
        del bare["SalesItemLineDetail"]["TaxCodeRef"]
        tax = {"TotalTax": 1}
        line = sales_line(code="2")
        not_applicable = self.body(line, mode="NotApplicable", TxnTaxDetail=tax)
        cases = (
            (self.body(bare), "6000", "GST/VAT rate"),
            (self.body(sales_line(code="99")), "2500", "TaxCodeRef"),
            (self.body(sales_line(code="TAX")), "2500", "TaxCodeRef"),
            (self.body(sales_line(code="7")), "610", ""),
            (not_applicable, "6170", "NotApplicable"),
            (invoice(line), "2020", "GlobalTaxCalculation"),
            (self.body(line, mode="Never"), "2170", "Never"),
            (self.body(line, TxnTaxDetail={"TaxLine": [tax]}), "2010", ""),
            (
                self.body(line, TxnTaxDetail={"TaxLine": [{"Amount": 1}]}),
                "2020",
                "TaxRate",
            ),
        )
        for values, code, text in cases:
            with self.subTest(code=code, text=text):
                self.assertFault(self.client.post("invoice", values), code, text)
        self.switch(global_tax_required="off")
        self.assertEqual(
            self.make("invoice", **invoice(line))["GlobalTaxCalculation"],
            "TaxExcluded",
        )

    def test_tax_per_rate_over_the_document(self):
        lines = [sales_line("4495.16", code="2"), sales_line("100.00", code="3")]
        lines.append(sales_line("50.00", code="5"))
        made = self.make("invoice", **self.body(*lines))
        rows = {
            row["TaxLineDetail"]["TaxRateRef"]["value"]: row
            for row in made["TxnTaxDetail"]["TaxLine"]
        }
        amounts = {rate: row["Amount"] for rate, row in rows.items()}
        expected = {
            "1": Decimal("229.76"),
            "2": Decimal("448.39"),
            "3": Decimal("0.00"),
        }
        self.assertEqual(amounts, expected)
        self.assertEqual(
            rows["1"]["TaxLineDetail"]["NetAmountTaxable"], Decimal("4595.16")
        )
        self.assertEqual(made["TxnTaxDetail"]["TotalTax"], Decimal("678.15"))
        self.assertEqual(made["TotalAmt"], Decimal("5323.31"))
        self.assertTrue(made["DocNumber"])

    def test_override(self):
        row = {"Amount": "448.40", "DetailType": "TaxLineDetail"}
        row["TaxLineDetail"] = {
            "TaxRateRef": {"value": "2"},
            "NetAmountTaxable": 4495.16,
        }
        line = sales_line("4495.16", code="4")
        tax = {"TotalTax": "448.40", "TaxLine": [row]}
        made = self.make("invoice", **self.body(line, TxnTaxDetail=tax))
        self.assertEqual(made["TxnTaxDetail"]["TotalTax"], Decimal("448.40"))
        detail = made["TxnTaxDetail"]["TaxLine"][0]["TaxLineDetail"]
        self.assertEqual(detail["OverrideDeltaAmount"], Decimal("0.01"))
        alone = self.body(line, TxnTaxDetail={"TotalTax": "448.40"})
        made = self.make("invoice", **alone)
        self.assertEqual(made["TxnTaxDetail"]["TotalTax"], Decimal("448.39"))

    def test_inclusive(self):
        # 100.01 gross at 20 %: net 83.34, tax 16.67; the net alone would give 16.67.
        line = sales_line("83.34", code="6", TaxInclusiveAmt="100.01")
        made = self.make("invoice", **self.body(line, mode="TaxInclusive"))
        self.assertEqual(made["TotalAmt"], Decimal("100.01"))
        self.assertEqual(made["TxnTaxDetail"]["TotalTax"], Decimal("16.67"))
        detail = made["Line"][0]["SalesItemLineDetail"]
        self.assertEqual(detail["TaxInclusiveAmt"], Decimal("100.01"))

    def test_inclusive_sums_to_the_gross(self):
        # Net 8.33 each: the tax on 24.99 is 5.00 and the total 29.99, not 30.00.
        nets = [sales_line("8.33", code="6")] * 3
        made = self.make("invoice", **self.body(*nets, mode="TaxInclusive"))
        self.assertEqual(made["TotalAmt"], Decimal("29.99"))
        gross = [sales_line("8.33", code="6", TaxInclusiveAmt="10.00")] * 3
        made = self.make("invoice", **self.body(*gross, mode="TaxInclusive"))
        self.assertEqual(made["TotalAmt"], Decimal("30.00"))

    def test_gross_amount_as_line_amount_is_taxed_on_top(self):
        line = sales_line("120.00", code="6", TaxInclusiveAmt="120.00")
        made = self.make("invoice", **self.body(line, mode="TaxInclusive"))
        self.assertEqual(made["TotalAmt"], Decimal("144.00"))

    def test_not_applicable(self):
        line = sales_line(code="2")
        del line["SalesItemLineDetail"]["TaxCodeRef"]
        made = self.make("invoice", **self.body(line, mode="NotApplicable"))
        self.assertEqual(made["TxnTaxDetail"], {"TotalTax": 0})
        self.assertNotIn("TaxCodeRef", made["Line"][0]["SalesItemLineDetail"])
        body = {"Id": made["Id"], "SyncToken": "0", "sparse": True, "PrivateNote": "n"}
        self.assertEqual(self.make("invoice", **body)["TotalAmt"], Decimal("100.00"))

    def test_items_need_both_accounts(self):
        body = {"Name": "New", "IncomeAccountRef": {"value": "1"}}
        self.assertFault(self.client.post("item", body), "2020", "ExpenseAccountRef")


class TestTaxRules(BaseCase):
    """The arithmetic by itself."""

    RATES = tuple(
        tax_rules.Rate(str(number), Decimal(percent))
        for number, percent in enumerate(("5", "9.975", "8.25"))
    )
    CENTS = st.decimals(0, 100_000, places=2)

    @PROPERTY
    @given(CENTS, st.sampled_from([RATES[:1], RATES[:2], RATES]))
    def test_spread_tax_sums_to_what_was_given(self, total, rates):
        taxes = tax_rules.prorate(total, Decimal("100.00"), rates)
        self.assertEqual(tax_rules.total(taxes), total)

    @PROPERTY
    @given(st.lists(CENTS, min_size=1, max_size=8))
    def test_gross_amounts_come_out_whole(self, amounts):
        rate = (tax_rules.Rate("1", Decimal(20)),)
        lines = []
        for gross in amounts:
            net = (gross / Decimal("1.2")).quantize(Decimal("0.01"))
            lines.append(tax_rules.TaxedAmount(net, rate, gross))
        tax = tax_rules.total(tax_rules.on_gross(lines))
        self.assertEqual(sum(line.net for line in lines) + tax, sum(amounts))

    @PROPERTY
    @given(st.lists(CENTS, min_size=1, max_size=8))
    def test_tax_on_net_is_within_half_a_cent_of_the_sum(self, amounts):
        rate = (tax_rules.Rate("1", Decimal("9.975")),)
        lines = [tax_rules.TaxedAmount(amount, rate) for amount in amounts]
        exact = sum(amounts) * Decimal("0.09975")
        difference = tax_rules.total(tax_rules.on_net(lines)) - exact
        self.assertLessEqual(abs(difference), Decimal("0.005"))


class TestQuery(ServerCase):
    """The query language."""

    def ids(self, text):
        """Return the ids found, in order."""
        answer = self.client.query(text)
        self.assertNotIn("Fault", answer, text)
        rows = next((v for v in answer.values() if isinstance(v, list)), [])
        return [row["Id"] for row in rows]

    def setUp(self):
        """Add names that need escapes and some invoices."""
        super().setUp()
        for name in ("O'Brien \\ Sons", "100% Fresh"):
            self.make("customer", DisplayName=name)
        for number, (day, amount) in enumerate(
            (
                ("2026-05-01", "10.00"),
                ("2026-07-01", "30.00"),
                ("2026-06-01", "200.00"),
            ),
            1,
        ):
            line = sales_line(amount)
            self.make("invoice", **invoice(line, TxnDate=day, DocNumber=f"A-{number}"))

    def test_selections(self):
        day = "2026-06-01"
        cases = (
            ("select * from Customer", ["23", "1", "2", "22"]),
            ("SELECT * FROM customer WHERE displayname = 'COOL cars'", ["2"]),
            (
                "select * from Customer where DisplayName = 'O\\'Brien \\\\ Sons'",
                ["22"],
            ),
            ("select * from Customer where DisplayName like '%bird%'", ["1"]),
            ("select * from Customer where DisplayName like 'Cool'", []),
            ("select * from Customer where DisplayName like '100% Fresh'", ["23"]),
            ("select * from Customer where Id in ('2', '1', '99')", ["1", "2"]),
            ("select * from Customer where Id = '1' and Active = true", ["1"]),
            ("select * from Customer where Balance > '100'", ["1"]),
            ("select * from Customer where Balance >= 240.00", ["1"]),
            (
                "select * from Customer where PrimaryEmailAddr = 'birds@example.com'",
                ["1"],
            ),
            ("select * from Invoice", ["2", "3", "1"]),
            (f"select * from Invoice where TxnDate >= '{day}' ORDERBY Id", ["2", "3"]),
            (
                "select * from Invoice where DocNumber in ('A-1','A-3') order by Id",
                ["1", "3"],
            ),
            (
                "select * from Invoice where CustomerRef = '1' ORDERBY TxnDate DESC",
                list("231"),
            ),
            ("select * from Invoice orderby Balance asc maxresults 2", ["1", "2"]),
            ("select * from Invoice orderby Id desc startposition 2", ["2", "1"]),
            ("select * from Invoice where TxnDate < CURRENT_DATE and Id='1'", ["1"]),
            (f"select * from Invoice where TxnDate = '{day}T00:00:00-07:00'", ["3"]),
            ("select * from Account", ["3", "2", "1"]),
            ("select * from Account where Active = false", ["4"]),
            (
                "select * from Account where Active IN (true, false) ORDERBY Id",
                list("1234"),
            ),
            ("select * from Vendor where MetaData.CreateTime > '2015-01-01'", ["11"]),
            ("select * from Vendor where MetaData.LastUpdatedTime > '2100-01-01'", []),
        )
        for text, expected in cases:
            with self.subTest(text=text):
                self.assertEqual(self.ids(text), expected)

    def test_refusals(self):
        cases = (
            ("", "4000", 'Encountered "<EOF>" at line 1'),
            ("select", "4000", 'Encountered "<EOF>"'),
            ("select * form Customer", "4000", 'Encountered " <IDENTIFIER> "form ""'),
            ("select * from Customer where Id = '1' or Id = '2'", "4000", "<OR>"),
            ("select * from Customer where (Id = '1')", "4000", "line 1, column 30"),
            ("select * from Customer where Id != '1'", "4000", "Lexical error"),
            ("select * from Customer where DisplayName = 'O'Brien'", "4000", "Brien"),
            ("select * from Customer where DisplayName = O", "4000", "<IDENTIFIER>"),
            ("select * from Customer where Id in ('1'", "4000", "<EOF>"),
            ("select * from Customer, Vendor", "4000", ","),
            ("select * from Customer maxresults many", "4000", "many"),
            (
                "select * from Customer maxresults 1001",
                "4001",
                "value 1001 is too large",
            ),
            ("select * from Customer startposition 0", "4001", "value 0 is too small"),
            ("select * from Custmoer", "4001", "context declaration: Custmoer"),
            (
                "select * from Invoice where PrivateNote = 'x'",
                "4001",
                "is not queryable",
            ),
            ("select * from Invoice where TotalAmt > '1'", "4001", "not queryable"),
            (
                "select * from Invoice where Nope = 'x'",
                "4001",
                "Nope not found for Entity",
            ),
            ("select * from Invoice orderby PrivateNote", "4001", "not queryable"),
            (
                "select BillAddr from Customer",
                "4001",
                "BillAddr not found for Entity Cust",
            ),
            ("select * from Invoice where Id > '1'", "4001", "operator >"),
            ("select * from Invoice where Balance > 'much'", "4001", "much"),
            ("select * from Invoice where TxnDate > 'soon'", "4001", "soon"),
        )
        for text, code, detail in cases:
            with self.subTest(text=text):
                self.assertFault(self.client.query(text), code, detail)

    def test_shapes_of_answers(self):
        self.assertEqual(self.client.query("select * from Customer where Id='99'"), {})
        answer = self.client.query(
            "select COUNT(*) from Invoice where CustomerRef = '1'"
        )
        self.assertEqual(answer, {"totalCount": 3})
        answer = self.client.query("select * from Invoice startposition 2 maxresults 5")
        self.assertEqual((answer["startPosition"], answer["maxResults"]), (2, 2))
        answer = self.client.query(
            "select Id, DocNumber, MetaData.CreateTime from Invoice"
        )
        row = answer["Invoice"][0]
        self.assertEqual(set(row), {"Id", "DocNumber", "MetaData", "domain", "sparse"})
        self.assertEqual(set(row["MetaData"]), {"CreateTime"})

    def test_page_is_100_rows_by_default(self):
        for number in range(100):
            self.make("vendor", DisplayName=f"Vendor {number}")
        answer = self.client.query("select * from Vendor")
        self.assertEqual(answer["maxResults"], 100)
        answer = self.client.query("select * from Vendor maxresults 1000")
        self.assertEqual(answer["maxResults"], 101)


class TestBatch(ServerCase):
    """Batches."""

    def test_items_are_independent_and_blind_to_each_other(self):
        create = {"operation": "create"}
        new = {"DisplayName": "New"}
        uses = invoice(customer="22")
        answers = self.client.batch(
            {"bId": "a", **create, "Customer": new},
            {"bId": "b", **create, "Invoice": uses},
            {"bId": "c", "Query": "select * from Customer where DisplayName = 'New'"},
            {"bId": "d", **create, "Customer": new},
            {"bId": "e", **create, "Invoice": invoice(DocNumber="x" * 22)},
            {"bId": "f", "Query": "select * from Customer where Id = '1'"},
            {"bId": "g", **create, "Invoice": invoice(DocNumber="A-1")},
            {"bId": "h", **create, "Invoice": invoice(DocNumber="A-1")},
        )
        self.assertEqual(answers["a"]["Customer"]["Id"], "22")
        codes = {b_id: code_of(row) for b_id, row in answers.items()}
        expected = {"b": "2500", "d": "6240", "e": "2050", "h": "6140"}
        self.assertEqual({k: v for k, v in codes.items() if v}, expected)
        self.assertEqual(answers["c"]["QueryResponse"], {})
        self.assertEqual(len(answers["f"]["QueryResponse"]["Customer"]), 1)
        self.assertIsNone(code_of(self.client.post("invoice", uses)))

    def test_answer_shows_the_object_as_the_item_left_it(self):
        own = {"Id": "2", "SyncToken": "0", "sparse": True, "Notes": "n"}
        answers = self.client.batch(
            {"bId": "1", "operation": "update", "Customer": own},
            {"bId": "2", "operation": "create", "Invoice": invoice(customer="2")},
        )
        self.assertEqual(answers["1"]["Customer"]["Balance"], 0)
        self.assertEqual(answers["2"]["Invoice"]["Balance"], Decimal("100.00"))

    def test_operations_and_options(self):
        made = self.make("invoice", **invoice(DocNumber="A-1"))
        own = {"Id": made["Id"], "SyncToken": "0"}
        twice = invoice(DocNumber="A-1")
        option = {"optionsData": "allowduplicatedocnum"}
        answers = self.client.batch(
            {"bId": "1", "operation": "create", "Invoice": twice, **option},
            {"bId": "2", "operation": "void", "Invoice": own},
            {"bId": "3", "operation": "delete", "Invoice": {**own, "SyncToken": "1"}},
            {"bId": "4", "operation": "explode", "Invoice": own},
            {"bId": "5", "operation": "create", "Nonsense": {}},
            {"bId": "6", "operation": "create"},
            {"bId": "7", "Query": "select nonsense"},
            {"bId": "8", "Invoice": own},
        )
        self.assertEqual(answers["1"]["Invoice"]["DocNumber"], "A-1")
        self.assertEqual(answers["2"]["Invoice"]["TotalAmt"], 0)
        self.assertEqual(answers["3"]["Invoice"]["status"], "Deleted")
        codes = [code_of(answers[b_id]) for b_id in "45678"]
        self.assertEqual(codes, ["500", "2010", "2020", "4000", "2020"])

    def test_size(self):
        item = {"operation": "create", "Vendor": {}}
        items = [{"bId": str(n), **item} for n in range(31)]
        answer = self.client.post("batch", {"BatchItemRequest": items})
        self.assertFault(answer, "1040")
        self.assertEqual(len(self.client.batch(*items[:30])), 30)
        self.assertFault(self.client.post("batch", {"Items": []}), "2010")

    def test_request_id_and_b_id_together_have_50_characters(self):
        item = {"bId": "b" * 36, "Query": "select * from Customer"}
        answers = self.client.batch(item, {**item, "bId": "b" * 18}, requestid="r" * 32)
        text = (
            "You cannot enter more than 50 characters in the request_id field. "
            "You tried entering rrrrrrrrrr..., which is 68 characters."
        )
        self.assertFault(answers["b" * 36], "6000", text)
        self.assertIsNone(code_of(answers["b" * 18]))
        self.assertIsNone(code_of(self.client.batch(item)["b" * 36]))


class TestReplay(ServerCase):
    """A requestid used again."""

    def test_same_answer_even_after_the_object_was_deleted(self):
        first = self.client.post("invoice", invoice(), requestid="r-1")
        again = self.client.post("invoice", invoice(), requestid="r-1")
        self.assertEqual(again["Invoice"], first["Invoice"])
        body = {"Id": first["Invoice"]["Id"], "SyncToken": "0"}
        self.client.post("invoice", body, operation="delete")
        other = self.client.post("customer", {"DisplayName": "New"}, requestid="r-1")
        self.assertEqual(other["Invoice"], first["Invoice"])
        self.assertEqual(self.client.query("select * from Invoice"), {})

    def test_different_or_blank_ids_do_the_work_again(self):
        for request_id in ("a", "b", "", ""):
            self.client.post("invoice", invoice(), requestid=request_id)
        self.assertEqual(len(self.client.query("select * from Invoice")["Invoice"]), 4)

    def test_refusals_are_remembered_unless_switched_off(self):
        bad, good = invoice(customer="99"), invoice()
        self.client.post("invoice", bad, requestid="r-1")
        answer = self.client.post("invoice", good, requestid="r-1")
        self.assertFault(answer, "2500")
        self.switch(replay_faults="off")
        self.client.post("invoice", bad, requestid="r-2")
        answer = self.client.post("invoice", good, requestid="r-2")
        self.assertIsNone(code_of(answer))

    def test_switch(self):
        self.client.post("invoice", invoice(), requestid="r-1")
        self.switch(replay="fault")
        answer = self.client.post("invoice", invoice(), requestid="r-1")
        self.assertFault(answer, "600", "r-1")
        self.switch(replay="off")
        answer = self.client.post("invoice", invoice(), requestid="r-1")
        self.assertEqual(answer["Invoice"]["Id"], "2")

    def test_length(self):
        answer = self.client.post("invoice", invoice(), requestid="r" * 51)
        self.assertFault(answer, "6000", "which is 51 characters")
        self.assertIsNone(
            code_of(self.client.post("invoice", invoice(), requestid="r" * 50))
        )

    def test_batch_items_by_request_id_and_b_id(self):
        item = {"bId": "1", "operation": "create", "Invoice": invoice()}
        bad = {"bId": "2", "operation": "create", "Invoice": {}}
        first = self.client.batch(item, bad, requestid="r-1")
        more = {**item, "bId": "3"}
        again = self.client.batch(item, bad, more, requestid="r-1")
        self.assertEqual(again["1"], first["1"])
        self.assertEqual(again["2"], first["2"])
        self.assertNotEqual(again["3"]["Invoice"]["Id"], first["1"]["Invoice"]["Id"])
        self.switch(replay="fault")
        answers = self.client.batch(item, requestid="r-1")
        self.assertFault(answers["1"], "6000", "wait a few minutes")

    def test_answer_is_the_first_one_though_the_object_changed(self):
        first = self.client.post("customer", {"DisplayName": "New"}, requestid="r-1")
        self.client.post("invoice", invoice(customer=first["Customer"]["Id"]))
        again = self.client.post("customer", {"DisplayName": "New"}, requestid="r-1")
        self.assertEqual(again["Customer"], first["Customer"])


class TestLimits(ServerCase):
    """Throttling and pace."""

    def test_windows(self):
        now = [100.0]
        limiter = Limiter(lambda: now[0])
        self.assertEqual([limiter.admit() for _ in range(11)], [True] * 10 + [False])
        now[0] += 1.0
        self.assertTrue(limiter.admit())
        now[0] += 1.0
        admitted = 11
        while limiter.admit():
            admitted += 1
            now[0] += 0.11
        self.assertEqual(admitted, WINDOWS["minute"][1])
        now[0] += 61
        batches = 0
        while limiter.admit(batch=True):
            batches += 1
            now[0] += 0.11
        self.assertEqual(batches, WINDOWS["batch"][1])
        now[0] += 1
        self.assertTrue(limiter.admit())

    def test_429_in_three_shapes(self):
        self.switch(limits="on")
        for _ in range(10):
            self.assertEqual(self.client.send("GET", "customer/1").status_code, 200)
        message = "message=ThrottleExceeded; errorCode=003001; statusCode=429"
        for shape, media in (
            ("xml", "application/xml"),
            ("lower", "application/json"),
            ("upper", "application/json"),
        ):
            with self.subTest(shape=shape):
                self.switch(throttle_shape=shape)
                response = self.client.send("GET", "customer/1")
                self.assertEqual(response.status_code, 429)
                self.assertEqual(response.headers["Content-Type"], media)
                self.assertIn(message, response.text)
                self.assertNotIn("Retry-After", response.headers)
        self.switch(retry_after=7)
        response = self.client.send("GET", "customer/1")
        self.assertEqual(response.headers["Retry-After"], "7")

    def test_items_may_count_against_the_minute(self):
        self.switch(limits="on", count_batch_items="on")
        item = {"Query": "select * from Customer"}
        items = [{"bId": str(number), **item} for number in range(30)]
        self.client.batch(*items)
        left = self.client.sandbox.limiter.seen["minute"]
        self.assertEqual(len(left), 31)

    def test_real_speed(self):
        with running(create_app(firm(), speed="real")) as base_url:
            client = Client(base_url, create_app(firm()).state.sandbox)
            keys = client.admin("POST", "reset", {})
            client.keys = keys
            client.company = f"{keys['api_url']}/company/{REALM}"
            answer = client.token(
                grant_type="refresh_token", refresh_token=keys["refresh_token"]
            )
            token = answer.json()["access_token"]
            client.session.headers["Authorization"] = f"Bearer {token}"
            self.assertEqual(client.admin("GET", "switches")["limits"], "on")
            started = time.monotonic()
            client.get("customer/1")
            single = time.monotonic() - started
            item = {"Query": "select * from Customer"}
            client.batch({"bId": "1", **item}, {"bId": "2", **item})
            batch = time.monotonic() - started - single
        self.assertGreaterEqual(single, 0.16)
        self.assertGreaterEqual(batch, 0.85)


class TestAdmin(ServerCase):
    """The admin door."""

    def test_log_hides_secrets(self):
        self.client.admin("DELETE", "log")
        token = self.client.sandbox.describe("")["refresh_token"]
        self.client.token(grant_type="refresh_token", refresh_token=token)
        self.client.post("customer", {"DisplayName": "New"}, requestid="r-1")
        self.client.query("select * from Customer")
        log = self.client.admin("GET", "log")
        self.assertEqual([row["status"] for row in log], [200, 200, 200])
        self.assertEqual(log[0]["body"]["refresh_token"], "***")
        self.assertEqual(log[1]["body"], {"DisplayName": "New"})
        self.assertEqual(log[1]["query"], {"requestid": "r-1"})
        self.assertEqual(log[2]["body"], "select * from Customer")
        self.assertNotIn(token, str(log))

    def test_switches(self):
        for body in ({"nonsense": 1}, {"replay": "perhaps"}, {"limits": "on", "x": 1}):
            with self.subTest(body=body), self.assertRaises(requests.HTTPError):
                self.client.admin("POST", "switches", body)
        self.assertEqual(set(self.client.admin("GET", "switches")), set(SWITCHES))
        self.assertEqual(self.client.admin("GET", "switches")["limits"], "off")

    def test_reset(self):
        self.client.post("customer", {"DisplayName": "New"})
        self.switch(replay="off")
        keys = self.client.admin("POST", "reset", {"keep_tokens": True})
        self.assertEqual(keys["realm_id"], REALM)
        self.assertEqual(self.client.admin("GET", "switches")["replay"], "on")
        rows = self.client.query("select * from Customer")["Customer"]
        self.assertEqual(len(rows), 2)
        self.assertEqual(self.make("customer", DisplayName="New")["Id"], "22")

    def test_reset_to_a_sample_firm(self):
        for country in ("GB", "AU", "CA", "US"):
            with self.subTest(country=country):
                body = {"country": country, "firm": "small"}
                self.client.admin("POST", "reset", body)
                info = self.client.get(f"companyinfo/{REALM}")["CompanyInfo"]
                self.assertEqual(info["Country"], country)
        self.client.sandbox.firm = firm()

    def test_injected_faults(self):
        gateway = {"kind": "status", "status": 429, "shape": "xml"}
        gateway["headers"] = {"Retry-After": "3"}
        own = {
            "kind": "fault",
            "code": "6000",
            "message": "m",
            "detail": "d",
            "status": 200,
        }
        page = {"kind": "status", "status": 502, "shape": "html"}
        faults = (
            {"method": "POST", "path": "customer", "times": 2, "fault": gateway},
            {"body": "Second", "skip": 1, "fault": own},
            {"path": "vendor", "fault": page},
        )
        for fault in faults:
            self.client.admin("POST", "faults", fault)
        for _ in range(2):
            response = self.client.send("POST", "customer", {"DisplayName": "x"})
            self.assertEqual(response.status_code, 429)
            self.assertEqual(response.headers["Retry-After"], "3")
            self.assertIn('<Error code="3001">', response.text)
        first = self.client.send("POST", "customer", {"DisplayName": "Second 1"})
        self.assertIsNone(code_of(read(first)))
        second = self.client.send("POST", "customer", {"DisplayName": "Second 2"})
        self.assertEqual(second.status_code, 200)
        self.assertFault(read(second), "6000", "d")
        self.assertEqual(self.client.send("GET", "vendor/11").status_code, 502)
        self.assertEqual(self.client.send("GET", "vendor/11").status_code, 200)

    def test_an_injected_fault_may_have_any_code(self):
        fault = {"kind": "fault", "code": "9999", "detail": "Of another table"}
        self.client.admin("POST", "faults", {"fault": fault})
        response = self.client.send("GET", "customer/1")
        self.assertEqual(response.status_code, 400)
        self.assertFault(read(response), "9999", "another table")
        message = read(response)["Fault"]["Error"][0]["Message"]
        self.assertTrue(message.startswith("An application error"), message)

    def test_injected_shapes(self):
        cases = (
            ("lower", 503, '"code":"10000"'),
            ("upper", 500, '"Fault":{'),
            ("xml", 503, "<Fault"),
            ("cut_json", 200, '{"Fault"'),
            ("empty", 504, ""),
        )
        for shape, status, text in cases:
            with self.subTest(shape=shape):
                fault = {"kind": "status", "status": status, "shape": shape}
                self.client.admin("POST", "faults", {"fault": fault})
                response = self.client.send("GET", "customer/1")
                self.assertEqual(response.status_code, status)
                self.assertIn(text, response.text)

    def test_cut_connections_and_delay(self):
        self.client.admin("POST", "faults", {"fault": {"kind": "drop_before"}})
        with self.assertRaises(requests.ConnectionError):
            self.client.post("customer", {"DisplayName": "Lost"})
        self.assertFalse(self._known("Lost"))
        fault = {"path": "customer", "fault": {"kind": "drop_after"}}
        self.client.admin("POST", "faults", fault)
        with self.assertRaises(requests.ConnectionError):
            self.client.post("customer", {"DisplayName": "Made"}, requestid="r-1")
        self.assertTrue(self._known("Made"))
        again = self.client.post("customer", {"DisplayName": "Made"}, requestid="r-1")
        self.assertEqual(again["Customer"]["DisplayName"], "Made")
        fault = {"fault": {"kind": "delay", "seconds": 0.3}}
        self.client.admin("POST", "faults", fault)
        started = time.monotonic()
        self.client.get("customer/1")
        self.assertGreaterEqual(time.monotonic() - started, 0.3)

    def _known(self, name):
        text = f"select * from Customer where DisplayName = '{name}'"
        return bool(self.client.query(text))

    def test_bad_faults_are_refused(self):
        bad = (
            {},
            {"fault": {"kind": "nonsense"}},
            {"fault": {"kind": "status", "status": 500, "shape": "round"}},
            {"fault": {"kind": "drop_after"}, "when": "now"},
            {"fault": {"kind": "fault", "detail": "no code"}},
            {"fault": {"kind": "status"}},
            {"fault": {"kind": "status", "status": "much"}},
            {"fault": {"kind": "delay"}},
            {"fault": {"kind": "drop_after"}, "path": "("},
        )
        for body in bad:
            with self.subTest(body=body), self.assertRaises(requests.HTTPError):
                self.client.admin("POST", "faults", body)
        self.assertIn("Customer", self.client.get("customer/1"))

    def test_a_person_edits_creates_and_deletes(self):
        made = self.make("invoice", **invoice(DocNumber="A-1", TxnDate="2026-01-01"))
        self.switch(closed_books={"date": "2026-12-31", "password": True})
        changes = {"PrivateNote": "by hand", "Line": [sales_line("70.00")]}
        body = {"entity": "Invoice", "id": made["Id"], "changes": changes}
        edited = self.client.admin("POST", "edit", body)
        self.assertEqual(
            (edited["SyncToken"], edited["TotalAmt"]), ("1", Decimal("70.00"))
        )
        copy = {"entity": "Invoice", "object": invoice(DocNumber="A-1")}
        copy["object"]["Line"][0]["Amount"] = 100
        self.assertEqual(self.client.admin("POST", "create", copy)["DocNumber"], "A-1")
        self.client.admin("POST", "delete", {"entity": "Invoice", "id": made["Id"]})
        self.assertFault(self.client.get(f"invoice/{made['Id']}"), "610")
        self.client.admin("POST", "delete", {"entity": "Item", "id": "1"})
        item = self.client.get("item/1")["Item"]
        self.assertEqual((item["Active"], item["Name"]), (False, "Services (deleted)"))
        body = {"entity": "Invoice", "id": "2", "changes": {"Balance": 0}}
        self.assertEqual(self.client.admin("POST", "edit", body)["Balance"], 0)
        with self.assertRaises(requests.HTTPError):
            self.client.admin("POST", "delete", {"entity": "Nothing", "id": "1"})


class TestRealClient(ServerCase):
    """The library that the addon uses."""

    @classmethod
    def setUpClass(cls):
        """Allow the library plain HTTP to this server."""
        super().setUpClass()
        insecure = patch.dict(os.environ, {"OAUTHLIB_INSECURE_TRANSPORT": "1"})
        insecure.start()
        cls.addClassCleanup(insecure.stop)

    def setUp(self):
        """Connect by the refresh token, as the library does."""
        super().setUp()
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

    def blank_invoice(self):
        """Return an invoice as the library makes it: full of zeros and empty texts."""
        made = InvoiceObject()
        line = SalesItemLine()
        line.Amount = Decimal("100.00")
        line.SalesItemLineDetail = SalesItemLineDetail()
        item = ItemObject.get("1", qb=self.quickbooks)
        line.SalesItemLineDetail.ItemRef = item.to_ref()
        made.Line.append(line)
        customer = CustomerObject.where("Id = '1'", qb=self.quickbooks)[0]
        made.CustomerRef = customer.to_ref()
        return made

    def test_blank_objects_are_taken_and_can_be_changed_and_removed(self):
        customer = CustomerObject()
        customer.DisplayName = "Made by the library"
        customer = customer.save(qb=self.quickbooks, request_id="r-1")
        self.assertEqual(customer.SyncToken, "0")
        made = self.blank_invoice().save(qb=self.quickbooks)
        self.assertEqual(made.TotalAmt, Decimal("100.00"))
        made.PrivateNote = "changed"
        made = made.save(qb=self.quickbooks)
        self.assertEqual((made.SyncToken, made.PrivateNote), ("1", "changed"))
        made.void(qb=self.quickbooks)
        voided = InvoiceObject.get(made.Id, qb=self.quickbooks)
        self.assertEqual(voided.TotalAmt, 0)
        voided.delete(qb=self.quickbooks)
        self.assertEqual(InvoiceObject.all(qb=self.quickbooks), [])

    def test_same_request_id_gives_the_same_invoice(self):
        first = self.blank_invoice().save(qb=self.quickbooks, request_id="r-9")
        again = self.blank_invoice().save(qb=self.quickbooks, request_id="r-9")
        self.assertEqual(first.Id, again.Id)

    def test_refusals_become_its_exceptions(self):
        customer = CustomerObject()
        customer.DisplayName = "Cool Cars"
        with self.assertRaises(QuickbooksException) as caught:
            customer.save(qb=self.quickbooks)
        self.assertEqual(caught.exception.error_code, 6240)
        with self.assertRaises(ValidationException) as caught:
            CustomerObject.query("select * from Customer where", qb=self.quickbooks)
        self.assertEqual(caught.exception.error_code, 4000)

    def test_preferences_and_counts(self):
        preferences = PreferencesObject.get(qb=self.quickbooks)
        self.assertTrue(preferences.SalesFormsPrefs.CustomTxnNumbers)
        self.assertEqual(CustomerObject.count(qb=self.quickbooks), 2)

    def test_rejects_what_is_unknown(self):
        customer = CustomerObject()
        customer.DisplayName = "New"
        customer.Nickname = "N"
        with self.assertRaises(ValidationException) as caught:
            customer.save(qb=self.quickbooks)
        self.assertEqual(caught.exception.error_code, 2010)


class TestConcurrency(ServerCase):
    """Many at once."""

    def test_one_name_is_given_once(self):
        codes = []

        def create():
            client = Client(self.client.base_url, self.client.sandbox)
            codes.append(code_of(client.post("customer", {"DisplayName": "Race"})))

        threads = [threading.Thread(target=create) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(map(str, codes)), ["6240"] * 7 + ["None"])


class TestSampleFirms(BaseCase):
    """The sample firms' companies load and take an invoice."""

    def test_each_country(self):
        for country, code in (("US", "NON"), ("GB", "2"), ("AU", "2"), ("CA", "2")):
            with self.subTest(country=country):
                sample = replace(firms.build(country, "small"), realm_id=REALM)
                app = create_app(sample)
                with running(app) as base_url:
                    client = Client(base_url, app.state.sandbox)
                    body = invoice(
                        sales_line(code=code), GlobalTaxCalculation="TaxExcluded"
                    )
                    answer = client.post("invoice", {**body, "DocNumber": "T-1"})
                    self.assertIsNone(code_of(answer), answer)

    def test_canada_has_codes_of_one_rate_and_of_two(self):
        sample = replace(firms.build("CA", "small"), realm_id=REALM)
        app = create_app(sample)
        with running(app) as base_url:
            client = Client(base_url, app.state.sandbox)
            rows = client.query("select * from TaxCode")["TaxCode"]
            ids = {row["Name"]: row["Id"] for row in rows}
            cases = (
                ("GST/PST BC", {"0.51": 5, "0.71": 7}),
                ("GST", {"0.51": 5}),
                ("HST ON", {"1.31": 13}),
                ("Zero-rated", {"0.00": 0}),
                ("Exempt", {"0.00": 0}),
                ("Out of Scope", {"0.00": 0}),
            )
            for name, expected in cases:
                body = invoice(sales_line("10.10", code=ids[name]))
                body = {**body, "GlobalTaxCalculation": "TaxExcluded"}
                body["DocNumber"] = name
                answer = client.post("invoice", body)
                self.assertIsNone(code_of(answer), answer)
                found = {
                    f"{row['Amount']:.2f}": row["TaxLineDetail"]["TaxPercent"]
                    for row in answer["Invoice"]["TxnTaxDetail"]["TaxLine"]
                }
                self.assertEqual(found, expected, name)
            body = invoice(sales_line("10.10", code=None), DocNumber="none")
            body["GlobalTaxCalculation"] = "TaxExcluded"
            self.assertEqual(code_of(client.post("invoice", body)), "6000")
            agencies = client.query("select * from TaxRate")["TaxRate"]
            self.assertEqual(
                {row["AgencyRef"]["value"] for row in agencies}, {"1", "2"}
            )
