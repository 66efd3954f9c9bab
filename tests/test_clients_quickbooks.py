import json
import logging
import socket
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from unittest.mock import patch

import requests
import simplejson

from odoo.tests import BaseCase, tagged

from odoo.addons.actionstep_quickbooks import const
from odoo.addons.actionstep_quickbooks.clients import oauth
from odoo.addons.actionstep_quickbooks.clients.oauth import QuickbooksAuth
from odoo.addons.actionstep_quickbooks.clients.quickbooks import (
    Operation,
    QuickbooksClient,
    quote,
)
from odoo.addons.actionstep_quickbooks.clients.transport import (
    Policy,
    Transport,
    check_url,
)
from odoo.addons.actionstep_quickbooks.exceptions import (
    AuthError,
    ConnectionStoppedError,
    DataError,
    DuplicateError,
    NotFoundError,
    RetryableError,
    StaleError,
    SyncError,
    ThrottledError,
    TokenExpiredError,
    UnknownOutcomeError,
)
from odoo.addons.actionstep_quickbooks.tests.raw_server import RawServer, Reply
from odoo.addons.actionstep_quickbooks.tests.sandbox import Sandbox

TOKEN = "the-access-token-of-this-test"
REDIRECT = "http://127.0.0.1:8069/actionstep_quickbooks/callback"


def fault(code, message="Message", detail="Detail"):
    """Return the Fault of one error."""
    error = {"Message": message, "Detail": detail, "code": code}
    return {"Fault": {"Error": [error], "type": "ValidationFault"}}


def rows(entity, *found):
    """Return the answer to a query."""
    response = {entity: list(found), "startPosition": 1} if found else {}
    return Reply(body=json.dumps({"QueryResponse": response, "time": "x"}))


def batch(*items):
    """Return the answer to a batch."""
    return Reply(body=json.dumps({"BatchItemResponse": list(items), "time": "x"}))


def closed_port():
    """Return a loopback address on which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{sock.getsockname()[1]}"


CREATE = Operation("b1", "create", "Invoice", {"DocNumber": "1"})
UPDATE = Operation("b2", "update", "Invoice", {"Id": "1", "SyncToken": "0"})


@tagged("-at_install", "post_install")
class TestTransport(BaseCase):
    """Where a token may go, and what a broken connection means."""

    def session(self, url, **known):
        policy = Policy("QuickBooks", "local", (), 0.3, 0.3)
        session = Transport(policy, TOKEN)
        self.addCleanup(session.close)
        for key, value in known.items():
            setattr(session, key, value)
        return session

    def test_addresses(self):
        intuit = ("intuit.com",)
        allowed = [
            ("https://quickbooks.api.intuit.com/v3", "production", intuit),
            ("https://intuit.com", "sandbox", intuit),
            ("https://QUICKBOOKS.api.Intuit.com:443/v3", "production", intuit),
            ("http://127.0.0.1:8080/v3", "local", ()),
            ("http://localhost/v3", "local", ()),
            ("http://[::1]:99/v3", "local", ()),
        ]
        refused = [
            ("http://quickbooks.api.intuit.com/v3", "production", intuit),
            ("https://quickbooks.api.intuit.com:8443/v3", "production", intuit),
            ("https://evilintuit.com/v3", "production", intuit),
            ("https://intuit.com.evil.example/v3", "production", intuit),
            ("https://intuit.com@evil.example/v3", "production", intuit),
            ("https://evil.example\\@intuit.com/v3", "production", intuit),
            ("https://evil.example/@intuit.com", "production", intuit),
            ("https://intuit.com\n.evil.example", "production", intuit),
            ("https://ｉntuit.com/", "production", intuit),
            ("https://intuit.com", "production", ()),
            ("https://intuit.com:port/", "production", intuit),
            ("https://[intuit.com/", "production", intuit),
            ("http://127.0.0.1:8080", "production", intuit),
            ("http://127.0.0.1.evil.example/", "local", ()),
            ("http://10.0.0.1/v3", "local", ()),
            ("https://quickbooks.api.intuit.com/v3", "local", intuit),
            ("ftp://127.0.0.1/", "local", ()),
            ("file:///etc/passwd", "local", ()),
            ("", "local", ()),
        ]
        for url, environment, domains in allowed:
            with self.subTest(url=url, environment=environment):
                check_url(url, environment=environment, domains=domains)
        for url, environment, domains in refused:
            with (
                self.subTest(url=url, environment=environment),
                self.assertRaises(ConnectionStoppedError) as caught,
            ):
                check_url(
                    url, environment=environment, domains=domains, vendor="Intuit"
                )
            self.assertEqual(caught.exception.cause, "address_refused")
            self.assertEqual(caught.exception.values["vendor"], "Intuit")

    def test_a_refused_address_shows_no_query(self):
        with self.assertRaises(ConnectionStoppedError) as caught:
            check_url(
                "https://evil.example/cb?code=secret",
                environment="production",
                domains=("intuit.com",),
            )
        self.assertNotIn("secret", caught.exception.values["address"])

    def test_nothing_is_sent_to_a_refused_address(self):
        with RawServer(Reply()) as server, self.assertRaises(ConnectionStoppedError):
            session = Transport(Policy("QuickBooks", "production", ("intuit.com",)))
            session.get(server.url)
        self.assertFalse(server.calls)

    def test_a_redirect_is_not_followed(self):
        with RawServer(Reply()) as other:
            moved = Reply(302, headers={"Location": f"{other.url}/steal"})
            with RawServer(moved) as server:
                answer = self.session(server.url).get(server.url)
        self.assertEqual(answer.status_code, 302)
        self.assertFalse(other.calls)

    def test_status_trace_id_and_wait_are_remembered(self):
        headers = {"intuit_tid": "1-abc", "Retry-After": "17"}
        with RawServer(Reply(429, headers=headers)) as server:
            session = self.session(server.url)
            session.get(server.url)
        self.assertEqual(session.last.status, 429)
        self.assertEqual(session.last.intuit_tid, "1-abc")
        self.assertEqual(session.last.retry_after, 17)

    def test_a_wait_may_be_a_date(self):
        when = datetime.now(timezone.utc) + timedelta(seconds=90)
        text = when.strftime("%a, %d %b %Y %H:%M:%S GMT")
        for header, expected in ((text, 89), ("soon", None), ("-5", None)):
            with RawServer(Reply(503, headers={"Retry-After": header})) as server:
                session = self.session(server.url)
                session.get(server.url)
            if expected is None:
                self.assertIsNone(session.last.retry_after)
            else:
                self.assertAlmostEqual(session.last.retry_after, expected, delta=2)

    def test_text_is_read_as_utf_8(self):
        reply = Reply(body="Zoë’s", content_type="text/plain")
        with RawServer(reply) as server:
            self.assertEqual(self.session(server.url).get(server.url).text, "Zoë’s")

    def test_a_broken_get_is_sent_once_more(self):
        with RawServer(Reply(cut=True), Reply(body="{}")) as server:
            answer = self.session(server.url).get(server.url)
        self.assertEqual(answer.text, "{}")
        self.assertEqual(len(server.calls), 2)

    def test_a_broken_post_is_never_sent_again(self):
        for writes, kind in ((True, UnknownOutcomeError), (False, RetryableError)):
            with self.subTest(writes=writes), RawServer(Reply(cut=True)) as server:
                with self.assertRaises(kind):
                    self.session(server.url, writes=writes).post(server.url)
                self.assertEqual(len(server.calls), 1)

    def test_a_slow_answer_is_not_waited_for_twice(self):
        for method in ("GET", "POST"):
            with self.subTest(method=method), RawServer(Reply(delay=1)) as server:
                with self.assertRaises(RetryableError):
                    self.session(server.url).request(method, server.url)
                self.assertEqual(len(server.calls), 1)

    def test_a_slow_answer_to_a_write_is_an_unknown_outcome(self):
        with RawServer(Reply(delay=1)) as server:
            session = self.session(server.url, writes=True)
            with self.assertRaises(UnknownOutcomeError):
                session.post(server.url)
            self.assertIsNone(session.last)

    def test_what_never_left_can_go_again(self):
        session = self.session("", writes=True)
        with self.assertRaises(RetryableError) as caught:
            session.post(closed_port())
        self.assertEqual(caught.exception.cause, "unavailable")

    def test_a_netrc_file_does_not_replace_the_token(self):
        policy = Policy("QuickBooks", "production", ("intuit.com",))
        headers = {"Authorization": f"Bearer {TOKEN}"}
        request = requests.Request("GET", "https://intuit.com/", headers=headers)
        with (
            Transport(policy, TOKEN) as session,
            patch("requests.sessions.get_netrc_auth", return_value=("u", "p")),
        ):
            prepared = session.prepare_request(request)
        self.assertEqual(prepared.headers["Authorization"], f"Bearer {TOKEN}")

    def test_an_error_keeps_nothing_that_knows_the_token(self):
        with RawServer(Reply(cut=True)) as server:
            session = self.session(server.url, writes=True)
            headers = {"Authorization": f"Bearer {TOKEN}"}
            with self.assertRaises(UnknownOutcomeError) as caught:
                session.post(f"{server.url}/{TOKEN}", headers=headers)
        self.assertNotIn(TOKEN, caught.exception.detail)
        self.assertIsNone(caught.exception.__context__)
        self.assertIsNone(caught.exception.__cause__)


@tagged("-at_install", "post_install")
class TestQuickbooksAnswers(BaseCase):
    """The client against written-down answers."""

    def client(self, server, **known):
        url = server if isinstance(server, str) else server.url
        client = QuickbooksClient(
            f"{url}/v3", TOKEN, "9130", "local", **{"read_timeout": 0.5, **known}
        )
        self.addCleanup(client.close)
        return client

    def test_a_query_goes_out_as_documented(self):
        with RawServer(rows("Item", {"Id": "1"})) as server:
            self.assertEqual(
                self.client(server).query("SELECT * FROM Item"), [{"Id": "1"}]
            )
        call = server.calls[0]
        self.assertEqual(call.method, "POST")
        self.assertEqual(call.path, "/v3/company/9130/query?minorversion=75")
        self.assertEqual(call.body, "SELECT * FROM Item")
        self.assertEqual(call.headers["authorization"], f"Bearer {TOKEN}")
        self.assertEqual(call.headers["accept"], "application/json")
        self.assertEqual(call.headers["content-type"], "application/text")

    def test_no_rows(self):
        with RawServer(rows("Item")) as server:
            self.assertEqual(self.client(server).query("SELECT * FROM Item"), [])

    def test_the_token_only_goes_to_intuit(self):
        with self.assertRaises(ConnectionStoppedError):
            QuickbooksClient("https://evil.example/v3", TOKEN, "1", "production").query(
                "SELECT * FROM Item"
            )

    def test_money_goes_out_and_comes_back_exact(self):
        answer = Reply(body='{"Invoice": {"Id": "7", "TotalAmt": 1234567890.10}}')
        payload = {"Line": [{"Amount": Decimal("1234567890.10")}], "Note": "Zoë’s 𝄞"}
        with RawServer(answer) as server:
            found = self.client(server).send(
                Operation("b", "create", "Invoice", payload), "r1"
            )
        self.assertEqual(str(found["TotalAmt"]), "1234567890.10")
        body = server.calls[0].body
        self.assertIn('"Amount": 1234567890.10', body)
        self.assertTrue(body.isascii())
        self.assertEqual(simplejson.loads(body, use_decimal=True), payload)

    def test_single_operations_use_their_addresses(self):
        payload = {"Id": "7", "SyncToken": "0"}
        table = [
            ("create", "Invoice", "invoice?minorversion=75&requestid=r1"),
            ("update", "Customer", "customer?minorversion=75&requestid=r1"),
            (
                "delete",
                "Invoice",
                "invoice?operation=delete&minorversion=75&requestid=r1",
            ),
            ("void", "Invoice", "invoice?operation=void&minorversion=75&requestid=r1"),
            (
                "void",
                "Payment",
                "payment?operation=update&include=void&minorversion=75&requestid=r1",
            ),
        ]
        for kind, entity, path in table:
            answer = Reply(body=json.dumps({entity: payload}))
            with self.subTest(kind=kind, entity=entity), RawServer(answer) as server:
                operation = Operation("b", kind, entity, payload)
                self.assertEqual(self.client(server).send(operation, "r1"), payload)
                self.assertEqual(server.calls[0].path, f"/v3/company/9130/{path}")
                self.assertEqual(json.loads(server.calls[0].body), payload)

    def test_a_batch_goes_out_as_documented(self):
        operations = [
            CREATE,
            Operation("b2", "delete", "Payment", {"Id": "9", "SyncToken": "0"}),
            Operation("b3", "void", "Invoice", {"Id": "8", "SyncToken": "0"}),
            Operation("b4", "void", "Payment", {"Id": "7", "SyncToken": "0"}),
        ]
        with RawServer(batch()) as server:
            self.client(server).batch(operations, "request-1")
        call = server.calls[0]
        self.assertEqual(
            call.path, "/v3/company/9130/batch?minorversion=75&requestid=request-1"
        )
        self.assertEqual(
            json.loads(call.body)["BatchItemRequest"],
            [
                {"bId": "b1", "operation": "create", "Invoice": {"DocNumber": "1"}},
                {
                    "bId": "b2",
                    "operation": "delete",
                    "Payment": {"Id": "9", "SyncToken": "0"},
                },
                {
                    "bId": "b3",
                    "operation": "void",
                    "Invoice": {"Id": "8", "SyncToken": "0"},
                },
                {
                    "bId": "b4",
                    "operation": "update",
                    "optionsData": "void",
                    "Payment": {"Id": "7", "SyncToken": "0"},
                },
            ],
        )

    def test_results_of_a_batch_are_matched_by_bid_in_any_order(self):
        answer = batch(
            {"Invoice": {"Id": "2"}, "bId": "other"},
            {**fault("5010"), "bId": "b2"},
            {"Invoice": {"Id": "1"}, "bId": "b1"},
            {**fault("6240"), "bId": "b1"},
            "nonsense",
        )
        with (
            RawServer(answer) as server,
            self.assertLogs("odoo.addons.actionstep_quickbooks", "WARNING") as logs,
        ):
            results = self.client(server).batch([CREATE, UPDATE], "r1")
        self.assertEqual(results["b1"].answer, {"Id": "1"})
        self.assertIsNone(results["b1"].error)
        self.assertIs(type(results["b2"].error), StaleError)
        self.assertEqual(len(logs.output), 3)

    def test_what_a_batch_does_not_mention_has_an_unknown_outcome(self):
        for answer in (batch(), batch({"bId": "b1"})):
            with RawServer(answer) as server:
                results = self.client(server).batch([CREATE], "r1")
            self.assertIs(type(results["b1"].error), UnknownOutcomeError)

    def test_one_bad_item_does_not_stop_the_others(self):
        answer = batch(
            {**fault("10000"), "bId": "b1"}, {"Invoice": {"Id": "1"}, "bId": "b2"}
        )
        with RawServer(answer) as server:
            results = self.client(server).batch([CREATE, UPDATE], "r1")
        self.assertIs(type(results["b1"].error), RetryableError)
        self.assertEqual(results["b2"].answer, {"Id": "1"})

    def test_610_on_removal_speaks_of_the_object_itself(self):
        text = "Something you're trying to use has been made inactive."
        table = [("delete", "gone_in_quickbooks"), ("void", "gone_in_quickbooks")]
        table += [("update", "inactive_in_quickbooks")]
        for kind, cause in table:
            operation = Operation("b1", kind, "Invoice", {"Id": "1", "SyncToken": "0"})
            body = fault("610", "Object Not Found", text)
            with self.subTest(kind=kind):
                with RawServer(batch({**body, "bId": "b1"})) as server:
                    result = self.client(server).batch([operation], "r1")["b1"]
                self.assertEqual(result.error.cause, cause)
                with (
                    RawServer(Reply(400, json.dumps(body))) as server,
                    self.assertRaises(NotFoundError) as caught,
                ):
                    self.client(server).send(operation, "r1")
                self.assertEqual(caught.exception.cause, cause)

    def test_a_batch_refuses_what_quickbooks_would(self):
        many = [Operation(f"b{n}", "create", "Invoice", {"a": 1}) for n in range(31)]
        client = self.client("http://127.0.0.1:9")
        table = [([], "r"), (many, "r"), ([CREATE, CREATE], "r"), ([CREATE], "r" * 37)]
        for operations, request_id in [*table, ([CREATE], "")]:
            with self.assertRaises(ValueError):
                client.batch(operations, request_id)
        for known in (
            ("", "create", "Invoice", {"a": 1}),
            ("b" * 11, "create", "I", {1}),
        ):
            with self.assertRaises(ValueError):
                Operation(*known)
        for known in (
            ("b", "merge", "Invoice", {"a": 1}),
            ("b", "create", "Invoice", {}),
        ):
            with self.assertRaises(ValueError):
                Operation(*known)

    def test_a_lost_answer_to_a_write_is_an_unknown_outcome(self):
        lost = [
            Reply(cut=True),
            Reply(delay=2),
            Reply(200, '{"BatchItemResponse": [{"Invoice"'),
            Reply(200, ""),
            Reply(200, "{}"),
            Reply(502, "<html>Bad Gateway</html>"),
            Reply(503, ""),
        ]
        for reply in lost:
            for send in (
                lambda client: client.batch([CREATE], "r1"),
                lambda client: client.send(CREATE, "r1"),
            ):
                with self.subTest(reply=reply), RawServer(reply) as server:
                    with self.assertRaises(UnknownOutcomeError):
                        send(self.client(server))
                    self.assertEqual(len(server.calls), 1)

    def test_a_lost_answer_to_a_read_is_asked_again(self):
        lost = [
            Reply(cut=True),
            Reply(delay=2),
            Reply(200, '{"QueryResponse": {'),
            Reply(200, ""),
            Reply(200, "{}"),
            Reply(502, "<html>Bad Gateway</html>"),
        ]
        for reply in lost:
            for read in (
                lambda client: client.query("select * from Item"),
                lambda client: client.read("Invoice", "1"),
                lambda client: client.query_names(["A"]),
            ):
                with (
                    self.subTest(reply=reply),
                    RawServer(reply) as server,
                    self.assertRaises(RetryableError),
                ):
                    read(self.client(server))

    def test_a_read_after_a_write_is_a_read_again(self):
        with RawServer(batch({"Invoice": {}, "bId": "b1"}), Reply(cut=True)) as server:
            client = self.client(server)
            client.batch([CREATE], "r1")
            with self.assertRaises(RetryableError):
                client.query("select * from Item")

    def test_nothing_listens(self):
        client = self.client(closed_port())
        with self.assertRaises(RetryableError):
            client.batch([CREATE], "r1")

    def test_a_fault_never_shows_the_token(self):
        body = fault("3200", "x", f"Token expired: {TOKEN}")
        gateway = {"fault": {"error": [{"message": "m", "detail": TOKEN, "code": "9"}]}}
        for reply in (Reply(401, json.dumps(body)), Reply(400, json.dumps(gateway))):
            with RawServer(reply) as server, self.assertRaises(SyncError) as caught:
                self.client(server).query("select * from Item")
            self.assertNotIn(TOKEN, caught.exception.detail)
            self.assertNotIn(TOKEN, str(caught.exception.values))

    def test_the_trace_id_stands_on_the_error(self):
        headers = {"intuit_tid": "1-5f733f0e"}
        for reply in (
            Reply(400, json.dumps(fault("6140")), headers=headers),
            Reply(200, "{", headers=headers),
        ):
            with RawServer(reply) as server, self.assertRaises(SyncError) as caught:
                self.client(server).batch([CREATE], "r1")
            self.assertEqual(caught.exception.intuit_tid, "1-5f733f0e")

    def test_values_are_quoted(self):
        self.assertEqual(quote("O'Brien"), r"'O\'Brien'")
        self.assertEqual(quote("a\\"), "'a\\\\'")
        self.assertEqual(quote("\\' OR 1"), "'\\\\\\' OR 1'")

    def test_lists_are_read_to_the_end_and_each_object_once(self):
        pages = [
            rows("Item", {"Id": "1", "Name": "A"}, {"Id": "2", "Name": "B"}),
            rows("Item", {"Id": "2", "Name": "B"}, {"Id": "3", "Name": "C"}),
            rows("Item", {"Id": "4", "Name": "D"}),
        ]
        with (
            patch.object(const, "QUICKBOOKS_PAGE_SIZE", 2),
            RawServer(*pages) as server,
        ):
            items = self.client(server).items()
        self.assertEqual([item.item_id for item in items], ["1", "2", "3", "4"])
        self.assertEqual(
            [call.body.split("ORDERBY")[1] for call in server.calls],
            [f" Id STARTPOSITION {n} MAXRESULTS 2" for n in (1, 3, 5)],
        )

    def test_a_page_that_repeats_is_the_last_one(self):
        with (
            patch.object(const, "QUICKBOOKS_PAGE_SIZE", 1),
            RawServer(rows("Item", {"Id": "1", "Name": "A"})) as server,
        ):
            self.assertEqual(len(self.client(server).items()), 1)
        self.assertEqual(len(server.calls), 2)

    def test_names_are_looked_up_in_short_statements(self):
        names = [f"Client {n}" for n in range(70)] + ["O'Brien", "O'Brien", ""]
        row = {"Id": "5", "DisplayName": "O'Brien", "Active": True, "SyncToken": "2"}
        statements = []

        def answer(call):
            statements.append(call.body)
            wanted = "FROM Customer" in call.body and r"O\'Brien" in call.body
            return rows("Customer", *([{**row, "Balance": 1}] if wanted else []))

        with RawServer(answer) as server:
            found = self.client(server).query_names(names)
        self.assertEqual(found, [{"entity": "Customer", **row}])
        # 71 names in groups of 30, asked of three lists
        self.assertEqual(len(statements), 9)
        self.assertTrue(all(text.count("'Client") <= 30 for text in statements))
        self.assertEqual(self.client(closed_port()).query_names([]), [])

    def test_long_names_make_shorter_chunks(self):
        with RawServer(rows("Invoice")) as server:
            self.client(server).find_invoices([f"{n}" * 900 for n in range(9)])
        self.assertEqual(len(server.calls), 3)
        self.assertTrue(all(len(call.body) < 5000 for call in server.calls))

    def test_dated_rates_and_missing_values(self):
        pages = [
            rows(
                "TaxRate",
                {"Id": "1", "RateValue": 8.25},
                {
                    "Id": "2",
                    "EffectiveTaxRate": [
                        {"RateValue": 10, "EndDate": "2020-01-01"},
                        {"RateValue": 12.5},
                    ],
                },
                {"Id": "3", "RateValue": 99},
            ),
            rows(
                "TaxCode",
                {
                    "Id": "4",
                    "Name": "GST",
                    "Taxable": True,
                    "Active": False,
                    "SalesTaxRateList": {
                        "TaxRateDetail": [
                            {"TaxRateRef": {"value": "1"}},
                            {"TaxRateRef": {"value": "2"}},
                        ]
                    },
                    "PurchaseTaxRateList": {
                        "TaxRateDetail": [{"TaxRateRef": {"value": "3"}}]
                    },
                },
                {"Id": "NON", "Name": "NON", "Taxable": False},
            ),
        ]
        with RawServer(*pages) as server:
            gst, non = self.client(server).tax_codes()
        self.assertEqual(gst.percentage, Decimal("20.75"))
        self.assertTrue(gst.is_taxable)
        self.assertFalse(gst.is_active)
        self.assertEqual((non.rates, non.is_taxable, non.is_active), ((), False, True))

    def test_a_rate_that_cannot_be_read_is_no_zero(self):
        with (
            RawServer(rows("TaxRate", {"Id": "1", "RateValue": "ten"})) as server,
            self.assertRaises(RetryableError) as caught,
        ):
            self.client(server).tax_codes()
        self.assertEqual(caught.exception.cause, "unreadable")


@tagged("-at_install", "post_install")
class TestQuickbooksAuth(BaseCase):
    """Intuit's OAuth answers, written down."""

    def setUp(self):
        super().setUp()
        oauth._discovery.clear()
        self.addCleanup(oauth._discovery.clear)

    def document(self, server, **changes):
        base = f"{server.url}/oauth"
        endpoints = {
            "issuer": base,
            "jwks_uri": f"{base}/jwks",
            "userinfo_endpoint": f"{base}/user",
            "authorization_endpoint": f"{base}/authorize",
            "token_endpoint": f"{base}/token",
            "revocation_endpoint": f"{base}/revoke",
        }
        return Reply(body=json.dumps({**endpoints, **changes}))

    def auth(self, server, environment="local"):
        url = f"{server.url}/discovery"
        return QuickbooksAuth(environment, "id", "s3cret-key", REDIRECT, url)

    def connected(self, *replies):
        """Return a server and an auth whose next answers are the replies."""
        server = RawServer(Reply())
        server.replies.clear()
        server.replies.extend((self.document(server), *replies))
        server.__enter__()
        self.addCleanup(server.__exit__)
        return server, self.auth(server)

    def test_consent_address(self):
        _server, auth = self.connected(Reply())
        url = auth.authorization_url("state-1")
        self.assertIn("/oauth/authorize?client_id=id&response_type=code", url)
        self.assertIn("scope=com.intuit.quickbooks.accounting", url)
        self.assertIn("state=state-1", url)

    def test_the_discovery_document_is_read_once(self):
        server, _auth = self.connected(Reply(500))
        self.auth(server)
        self.assertEqual(len(server.calls), 1)

    def test_a_remembered_document_is_checked_for_each_environment(self):
        server, _auth = self.connected(Reply(500))
        with self.assertRaises(ConnectionStoppedError):
            self.auth(server, "production")

    def test_endpoints_elsewhere_are_refused_and_not_remembered(self):
        for name in ("authorization", "token", "revocation"):
            with RawServer(Reply()) as server:
                evil = {f"{name}_endpoint": "https://evil.example/token"}
                server.replies[0] = self.document(server, **evil)
                for _again in range(2):
                    with self.assertRaises(ConnectionStoppedError):
                        self.auth(server)
                self.assertEqual(len(server.calls), 2)

    def test_a_discovery_document_that_cannot_be_had(self):
        for reply, cause in (
            (Reply(503, "<html>"), "unavailable"),
            (Reply(404, ""), "unreadable"),
            (Reply(200, "<html>", "text/html"), "unreadable"),
            (Reply(200, "[]"), "unreadable"),
            (Reply(200, "{}"), "unreadable"),
            (Reply(cut=True), "unavailable"),
        ):
            with self.subTest(reply=reply), RawServer(reply) as server:
                with self.assertRaises(RetryableError) as caught:
                    self.auth(server)
                self.assertEqual(caught.exception.cause, cause)
            self.assertFalse(oauth._discovery)

    def test_tokens(self):
        answer = {
            "token_type": "bearer",
            "access_token": "access-1",
            "expires_in": 3600,
            "refresh_token": "refresh-1",
            "x_refresh_token_expires_in": 8726400,
        }
        hard = {**answer, "x_refresh_token_hard_expires_in": 1000}
        server, auth = self.connected(
            Reply(body=json.dumps(answer)), Reply(body=json.dumps(hard))
        )
        now = datetime.now(timezone.utc).replace(tzinfo=None)
        tokens = auth.exchange("code-1", "9130")
        self.assertEqual(tokens.access_token, "access-1")
        self.assertEqual(tokens.refresh_token, "refresh-1")
        self.assertAlmostEqual(
            tokens.expires_at, now + timedelta(hours=1), delta=timedelta(seconds=5)
        )
        self.assertEqual((tokens.refresh_expires_at - tokens.expires_at).days, 100)
        self.assertIsNone(tokens.expires_at.tzinfo)
        self.assertNotIn("access-1", repr(tokens))
        self.assertNotIn("refresh-1", repr(tokens))
        self.assertIn("grant_type=authorization_code&code=code-1", server.calls[1].body)
        tokens = auth.refresh("refresh-1")
        self.assertLess(tokens.refresh_expires_at, tokens.expires_at)
        self.assertIn("refresh_token=refresh-1", server.calls[2].body)

    def test_refusals(self):
        table = [
            (Reply(400, '{"error":"invalid_grant"}'), AuthError, "reconnect"),
            (Reply(401, '{"error":"invalid_client"}'), AuthError, "app_keys"),
            (Reply(401, "{}"), AuthError, "app_keys"),
            (Reply(400, '{"error":"invalid_request"}'), SyncError, "unexpected"),
            (Reply(429, "", headers={"Retry-After": "5"}), ThrottledError, "throttled"),
            (Reply(503, "<html>"), RetryableError, "unavailable"),
            (Reply(403, "<html>"), RetryableError, "unreadable"),
            (Reply(302, ""), RetryableError, "unreadable"),
            (Reply(200, "<html>"), RetryableError, "unreadable"),
            (Reply(200, '{"access_token": "a"}'), RetryableError, "unreadable"),
            (Reply(200, ""), RetryableError, "unreadable"),
            (Reply(cut=True), RetryableError, "unavailable"),
        ]
        for reply, kind, cause in table:
            with self.subTest(reply=reply):
                oauth._discovery.clear()
                _server, auth = self.connected(reply)
                with self.assertRaises(SyncError) as caught:
                    auth.refresh("refresh-1")
                self.assertIs(type(caught.exception), kind)
                self.assertEqual(caught.exception.cause, cause)
                self.assertEqual(caught.exception.values["vendor"], "QuickBooks")

    def test_an_old_token_is_not_taken_for_a_new_one(self):
        first = {"access_token": "a", "refresh_token": "r", "expires_in": 3600}
        _server, auth = self.connected(
            Reply(body=json.dumps(first)), Reply(body="{}"), Reply(body="{}")
        )
        auth.exchange("code", "1")
        with self.assertRaises(RetryableError):
            auth.refresh("r")

    def test_keys_and_tokens_stay_out_of_errors_and_logs(self):
        echo = json.dumps({"error": "x", "got": "refresh-token-1 s3cret-key"})
        with self.assertLogs(level=logging.DEBUG) as logs:
            logging.getLogger("test").debug("at least one line")
            _server, auth = self.connected(Reply(400, echo))
            with self.assertRaises(SyncError) as caught:
                auth.refresh("refresh-token-1")
        shown = f"{caught.exception.detail} {caught.exception.values} {logs.output}"
        self.assertNotIn("refresh-token-1", shown)
        self.assertNotIn("s3cret-key", shown)
        self.assertIsNone(caught.exception.__context__)

    def test_revoke(self):
        server, auth = self.connected(Reply(200, ""), Reply(400, '{"error":"x"}'))
        self.assertIsNone(auth.revoke("refresh-1"))
        self.assertEqual(json.loads(server.calls[1].body), {"token": "refresh-1"})
        with self.assertRaises(SyncError):
            auth.revoke("refresh-1")


@tagged("-at_install", "post_install")
class TestQuickbooksSandbox(BaseCase):
    """The client against the local QuickBooks server."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sandbox = Sandbox.shared()

    def setUp(self):
        super().setUp()
        self.sandbox.reset()
        keys = self.sandbox.quickbooks
        self.auth = QuickbooksAuth(
            "local",
            keys["client_id"],
            keys["client_secret"],
            REDIRECT,
            keys["discovery_url"],
        )
        answer = self.sandbox.consent(self.auth.authorization_url("state-1"))
        self.assertEqual(answer["state"], "state-1")
        self.assertEqual(answer["realmId"], keys["realm_id"])
        self.tokens = self.auth.exchange(answer["code"], answer["realmId"])
        self.client = self.open()

    def open(self, **known):
        keys = self.sandbox.quickbooks
        client = QuickbooksClient(
            keys["api_url"],
            self.tokens.access_token,
            keys["realm_id"],
            "local",
            **{"read_timeout": 2, **known},
        )
        self.addCleanup(client.close)
        return client

    def admin(self, path, body):
        return self.sandbox.admin("quickbooks", "POST", path, body)

    def dump(self):
        return self.sandbox.admin("quickbooks", "GET", "dump")

    def fault(self, fault, **match):
        self.sandbox.fault("quickbooks", fault, **match)

    def customer(self, name="Ünal & O'Brien \\ Söhne"):
        operation = Operation("c1", "create", "Customer", {"DisplayName": name})
        return self.client.send(operation, f"customer-{name}"[:50])

    def invoice(self, number="INV-9001", bid="b1", **values):
        """Return the operation that creates an invoice for a new customer."""
        item = next(row for row in self.client.items() if row.item_type == "Service")
        line = {
            "Amount": Decimal("100.10"),
            "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": {"ItemRef": {"value": item.item_id}},
        }
        payload = {
            "CustomerRef": {"value": values.pop("customer", None) or self.customer_id},
            "DocNumber": number,
            "TxnDate": "2026-10-01",
            "Line": [line],
            **values,
        }
        return Operation(bid, "create", "Invoice", payload)

    @property
    def customer_id(self):
        if not hasattr(self, "_customer_id"):
            self._customer_id = self.customer("Client of this test")["Id"]
        return self._customer_id

    # Tokens

    def test_tokens_rotate(self):
        again = self.auth.refresh(self.tokens.refresh_token)
        self.assertNotEqual(again.refresh_token, self.tokens.refresh_token)
        self.assertIsNotNone(again.refresh_expires_at)
        with self.assertRaises(AuthError) as caught:
            self.auth.refresh(self.tokens.refresh_token)
        self.assertEqual(caught.exception.cause, "reconnect")

    def test_a_revoked_grant(self):
        self.auth.revoke(self.tokens.refresh_token)
        with self.assertRaises(AuthError):
            self.auth.refresh(self.tokens.refresh_token)
        with self.assertRaises(TokenExpiredError):
            self.client.company()

    def test_an_ended_access_token_is_a_definite_refusal(self):
        operation = self.invoice()
        self.admin("tokens", {"expire_access": True})
        with self.assertRaises(TokenExpiredError):
            self.client.batch([operation], "r1")

    def test_wrong_keys(self):
        keys = self.sandbox.quickbooks
        auth = QuickbooksAuth(
            "local", keys["client_id"], "no", REDIRECT, keys["discovery_url"]
        )
        with self.assertRaises(AuthError) as caught:
            auth.refresh(self.tokens.refresh_token)
        self.assertEqual(caught.exception.cause, "app_keys")

    def test_a_token_of_another_company(self):
        client = QuickbooksClient(
            self.sandbox.quickbooks["api_url"], self.tokens.access_token, "42", "local"
        )
        with self.assertRaises(AuthError) as caught:
            client.company()
        self.assertEqual(caught.exception.cause, "reconnect")

    # Lists

    def test_company(self):
        company = self.client.company()
        info = self.dump()["CompanyInfo"][0]
        self.assertEqual(company.name, info["CompanyName"])
        self.assertEqual(company.realm_id, self.sandbox.quickbooks["realm_id"])
        self.assertEqual((company.country, company.home_currency), ("US", "USD"))
        self.assertTrue(company.uses_sales_tax)
        self.assertFalse(company.uses_automated_sales_tax)
        self.assertTrue(company.uses_custom_numbers)
        self.assertFalse(company.is_multicurrency)
        self.assertEqual(company.book_close_date, date(2026, 8, 31))
        self.assertEqual(company.offering, "QuickBooks Online Plus")
        self.assertEqual(company.subscription, "PAID")

    def test_company_that_tells_no_edition(self):
        for told in (None, [], ["odd", {"Name": "NeoEnabled"}]):
            changes = {"NameValue": told}
            self.admin("edit", {"entity": "CompanyInfo", "id": "1", "changes": changes})
            with self.subTest(told=told):
                self.assertEqual(self.client.company().offering, "")

    def test_lists_hold_everything_also_what_is_inactive(self):
        dump = self.dump()
        gone = dump["Item"][-1]["Id"]
        self.admin("edit", {"entity": "Item", "id": gone, "changes": {"Active": False}})
        with patch.object(const, "QUICKBOOKS_PAGE_SIZE", 5):
            items = {item.item_id: item for item in self.client.items()}
            accounts = {row.account_id: row for row in self.client.accounts()}
        self.assertEqual(set(items), {row["Id"] for row in dump["Item"]})
        self.assertFalse(items[gone].is_active)
        self.assertEqual(sum(item.is_active for item in items.values()), len(items) - 1)
        self.assertEqual(set(accounts), {row["Id"] for row in dump["Account"]})
        for row in dump["Account"]:
            found = accounts[row["Id"]]
            self.assertEqual(found.account_type, row["AccountType"])
            self.assertEqual(found.number, row.get("AcctNum", ""))
        income = {row["IncomeAccountRef"]["name"] for row in dump["Item"]}
        self.assertEqual({i.income_account for i in items.values() if i}, income)

    def test_tax_codes_with_their_sales_rates(self):
        for country, expected in (("US", "8.25"), ("AU", "10"), ("GB", "20")):
            with self.subTest(country=country):
                self.sandbox.reset(country=country)
                percentages = set()
                codes = {code.tax_code_id: code for code in self.client.tax_codes()}
                dump = self.dump()
                rates = {row["Id"]: str(row["RateValue"]) for row in dump["TaxRate"]}
                for row in dump["TaxCode"]:
                    listed = row.get("SalesTaxRateList", {}).get("TaxRateDetail", [])
                    ids = [entry["TaxRateRef"]["value"] for entry in listed]
                    found = codes.pop(row["Id"])
                    self.assertEqual([rate.rate_id for rate in found.rates], ids)
                    total = sum(Decimal(rates[rate_id]) for rate_id in ids)
                    self.assertEqual(found.percentage, total)
                    percentages.add(found.percentage)
                self.assertFalse(codes)
                self.assertIn(Decimal(expected), percentages)

    # Queries

    def test_names_of_all_three_lists_are_found(self):
        dump = self.dump()
        customer = self.customer()
        wanted = {
            (entity, dump[entity][0]["DisplayName"])
            for entity in ("Customer", "Vendor", "Employee")
        }
        wanted.add(("Customer", customer["DisplayName"]))
        found = self.client.query_names([name for _, name in wanted] + ["Nobody"])
        self.assertEqual({(row["entity"], row["DisplayName"]) for row in found}, wanted)
        mine = next(row for row in found if row["Id"] == customer["Id"])
        self.assertEqual((mine["SyncToken"], mine["Active"]), ("0", True))

    def test_a_name_cannot_leave_its_quotes(self):
        for name in ("' OR DisplayName LIKE '%", "\\' OR Id > '0", "\\"):
            self.assertEqual(self.client.query_names([name]), [])

    def test_invoices_are_found_by_number(self):
        answers = self.client.batch(
            [self.invoice(f"INV-9{n:03}", f"b{n}") for n in range(30)], "r1"
        )
        self.assertFalse([a.error for a in answers.values() if a.error])
        numbers = [f"INV-9{n:03}" for n in range(40)]
        found = self.client.find_invoices(numbers)
        self.assertEqual({row["DocNumber"] for row in found}, set(numbers[:30]))
        self.assertEqual(self.client.find_invoices([]), [])

    # Writes

    def test_an_invoice_from_birth_to_removal(self):
        created = self.client.batch([self.invoice()], "r1")["b1"].answer
        self.assertEqual(created["SyncToken"], "0")
        self.assertEqual(created["TotalAmt"], Decimal("100.10"))
        self.assertIsInstance(created["TotalAmt"], Decimal)
        again = self.client.read("Invoice", created["Id"])
        self.assertEqual(again["DocNumber"], "INV-9001")
        keys = {"Id": created["Id"], "SyncToken": "0"}
        note = {**keys, "sparse": True, "PrivateNote": "a 'note' – ä"}
        update = Operation("b1", "update", "Invoice", note)
        updated = self.client.send(update, "r2")
        self.assertEqual(updated["PrivateNote"], "a 'note' – ä")
        stale = self.client.batch([update], "r3")["b1"].error
        self.assertIs(type(stale), StaleError)
        keys["SyncToken"] = updated["SyncToken"]
        voided = self.client.batch([Operation("b1", "void", "Invoice", keys)], "r4")
        self.assertEqual(voided["b1"].answer["TotalAmt"], 0)
        keys["SyncToken"] = voided["b1"].answer["SyncToken"]
        removal = Operation("b1", "delete", "Invoice", keys)
        removed = self.client.batch([removal], "r5")["b1"].answer
        self.assertEqual((removed["Id"], removed["status"]), (created["Id"], "Deleted"))
        for gone in (
            lambda: self.client.read("Invoice", created["Id"]),
            lambda: self.client.send(removal, "r6"),
        ):
            with self.assertRaises(NotFoundError) as caught:
                gone()
            self.assertEqual(caught.exception.cause, "gone_in_quickbooks")

    def test_the_same_request_id_is_done_once(self):
        operation = self.invoice()
        first = self.client.batch([operation], "r1")["b1"].answer
        again = self.client.batch([operation], "r1")["b1"].answer
        self.assertEqual(first["Id"], again["Id"])
        self.admin("switches", {"replay": "fault"})
        repeated = self.client.batch([operation], "r1")["b1"].error
        self.assertIs(type(repeated), UnknownOutcomeError)

    def test_definite_refusals(self):
        self.assertIsNone(self.client.batch([self.invoice()], "r1")["b1"].error)
        inactive = self.dump()["Item"][-1]["Id"]
        changes = {"Active": False}
        self.admin("edit", {"entity": "Item", "id": inactive, "changes": changes})
        line = {
            "Amount": 1,
            "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": {"ItemRef": {"value": inactive}},
        }
        table = [
            (self.invoice(), DuplicateError, "duplicate_number"),
            (self.invoice("A", TxnDate="2026-08-01"), DataError, "closed_period"),
            (self.invoice("B" * 22), DataError, "refused"),
            (self.invoice("C", Line=[]), DataError, "refused"),
            (self.invoice("D", NoSuch=1), SyncError, "unexpected"),
            (self.invoice("E", customer="99999"), NotFoundError, None),
            (self.invoice("F", Line=[line]), NotFoundError, None),
        ]
        for number, (operation, kind, cause) in enumerate(table):
            with self.subTest(number=operation.payload["DocNumber"]):
                error = self.client.batch([operation], f"s{number}")["b1"].error
                self.assertIs(type(error), kind, error)
                if cause:
                    self.assertEqual(error.cause, cause)
                with self.assertRaises(kind):
                    self.client.send(operation, f"t{number}")
        name = self.dump()["Vendor"][0]["DisplayName"]
        with self.assertRaises(DuplicateError) as caught:
            self.customer(name)
        self.assertEqual(caught.exception.cause, "name_taken")

    def test_a_mixed_batch(self):
        operations = [
            self.invoice("INV-1", "b1"),
            self.invoice("INV-1", "b2", NoSuch=1),
            self.invoice("INV-2", "b4"),
        ]
        results = self.client.batch(operations, "r1")
        self.assertEqual(list(results), ["b1", "b2", "b4"])
        self.assertEqual(results["b1"].answer["DocNumber"], "INV-1")
        self.assertEqual(results["b2"].error.cause, "unexpected")
        self.assertEqual(results["b4"].answer["DocNumber"], "INV-2")

    # Faults on the way

    def test_dropped_before_and_after(self):
        for kind, done in (("drop_before", False), ("drop_after", True)):
            with self.subTest(kind=kind):
                self.sandbox.reset()
                vars(self).pop("_customer_id", None)
                operation = self.invoice()
                self.fault({"kind": kind}, method="POST", path="/batch")
                with self.assertRaises(UnknownOutcomeError):
                    self.client.batch([operation], "r1")
                found = self.client.find_invoices(["INV-9001"])
                self.assertEqual(bool(found), done)
                again = self.client.batch([operation], "r1")["b1"].answer
                self.assertEqual(len(self.client.find_invoices(["INV-9001"])), 1)
                if done:
                    self.assertEqual(again["Id"], found[0]["Id"])

    def test_a_slow_write_has_an_unknown_outcome(self):
        operation = self.invoice()
        self.fault({"kind": "delay", "seconds": 1}, path="/batch")
        with self.assertRaises(UnknownOutcomeError):
            self.open(read_timeout=0.3).batch([operation], "r1")

    def test_statuses_in_every_shape(self):
        table = [
            (429, "xml", ThrottledError, ThrottledError),
            (429, "lower", ThrottledError, ThrottledError),
            (429, "html", ThrottledError, ThrottledError),
            (401, "lower", TokenExpiredError, TokenExpiredError),
            (502, "html", UnknownOutcomeError, RetryableError),
            (503, "empty", UnknownOutcomeError, RetryableError),
            (500, "cut_json", UnknownOutcomeError, RetryableError),
            (200, "cut_json", UnknownOutcomeError, RetryableError),
            (200, "html", UnknownOutcomeError, RetryableError),
            (200, "empty", UnknownOutcomeError, RetryableError),
        ]
        operation = self.invoice()
        for status, shape, writing, reading in table:
            fault = {"kind": "status", "status": status, "shape": shape}
            with self.subTest(status=status, shape=shape):
                self.fault(fault, path="/batch")
                with self.assertRaises(SyncError) as caught:
                    self.client.batch([operation], "r1")
                self.assertIs(type(caught.exception), writing)
                self.fault(fault, path="/query")
                with self.assertRaises(SyncError) as caught:
                    self.client.query("select * from Item")
                self.assertIs(type(caught.exception), reading)

    def test_a_fault_with_status_200(self):
        self.fault(
            {"kind": "fault", "code": "6190", "message": "Ended", "status": 200},
            path="/query",
        )
        with self.assertRaises(ConnectionStoppedError) as caught:
            self.client.query("select * from Item")
        self.assertEqual(caught.exception.cause, "subscription")

    def test_the_wait_that_is_asked_for(self):
        headers = {"Retry-After": "11"}
        self.fault({"kind": "status", "status": 429, "headers": headers})
        with self.assertRaises(ThrottledError) as caught:
            self.client.query("select * from Item")
        self.assertEqual(caught.exception.seconds, 11)

    def test_the_trace_id_is_kept(self):
        operation = self.invoice("X" * 22)
        error = self.client.batch([operation], "r1")["b1"].error
        self.assertTrue(error.intuit_tid)
