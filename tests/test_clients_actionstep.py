import json
from contextlib import suppress
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from unittest.mock import patch

from odoo.tests import BaseCase, tagged

from odoo.addons.actionstep_quickbooks import const
from odoo.addons.actionstep_quickbooks.clients.actionstep import (
    ActionstepClient,
    rest_url,
)
from odoo.addons.actionstep_quickbooks.clients.oauth import ActionstepAuth
from odoo.addons.actionstep_quickbooks.documents import Bill, Participant
from odoo.addons.actionstep_quickbooks.exceptions import (
    AuthError,
    ConnectionStoppedError,
    NotFoundError,
    RetryableError,
    SyncError,
    ThrottledError,
    TokenExpiredError,
)
from odoo.addons.actionstep_quickbooks.tests.raw_server import RawServer, Reply
from odoo.addons.actionstep_quickbooks.tests.sandbox import Sandbox

TOKEN = "the-access-token-of-this-test"
REDIRECT = "http://127.0.0.1:8069/actionstep_quickbooks/callback"


def page(resource, rows, paging=None, key=None):
    """Return a page of a list; ``paging`` None leaves ``meta`` out."""
    body = {resource: rows}
    if paging is not None:
        body["meta"] = {"paging": {key or resource: paging}}
    return Reply(body=json.dumps(body))


def bill(number, **values):
    """Return a bill as the API writes it."""
    return {
        "id": number,
        "status": "Open",
        "ourReference": f"INV-{number}",
        "currency": "AUD",
        "invoiceDate": "2026-09-01",
        "dueDate": None,
        "totalInclusive": 110.0,
        "totalExclusive": "100.00",
        "totalSalesTax": "10.00",
        "totalPaid": None,
        "modifiedTimestamp": "2026-09-01T14:23:48+10:00",
        "deletedTimestamp": None,
        "links": {"division": "1", "action": ["1093", 7], "theirParticipant": "964"},
        **values,
    }


class ClientCase(BaseCase):
    def client(self, server, **known):
        endpoint = f"{server.url}/api/"
        client = ActionstepClient(
            endpoint, TOKEN, "local", **{"read_timeout": 0.5, **known}
        )
        self.addCleanup(client.close)
        return client


@tagged("-at_install", "post_install")
class TestActionstepAnswers(ClientCase):
    """The client against written-down answers, odd ones above all."""

    def bills(self, *replies, since=None):
        with RawServer(*replies) as server:
            client = self.client(server)
            pages = list(client.bills(since))
        return [found.bill_id for rows in pages for found in rows], server.calls

    def test_endpoint_shapes_mean_the_same_base(self):
        known = {"environment": "production", "domains": ("actionstep.com",)}
        base = "https://ap-southeast-2.actionstep.com"
        for shape in ("", "/", "/api", "/api/", "/api/rest", "/api/rest/"):
            self.assertEqual(rest_url(base + shape, **known), f"{base}/api/rest/")
        host = "ap-southeast-2.actionstep.com"
        self.assertEqual(rest_url(host, **known), f"{base}/api/rest/")
        local = {"environment": "local", "domains": ()}
        self.assertEqual(
            rest_url("127.0.0.1:80/api", **local), "http://127.0.0.1:80/api/rest/"
        )

    def test_endpoints_elsewhere_are_refused(self):
        for endpoint in (
            "https://ap-southeast-2.actionstep.com.evil.example/api/",
            "http://ap-southeast-2.actionstep.com/api/",
            "https://actionstep.com@evil.example/",
            "https://127.0.0.1/api/",
            "",
        ):
            with (
                self.subTest(endpoint=endpoint),
                self.assertRaises(ConnectionStoppedError) as caught,
            ):
                ActionstepClient(endpoint, TOKEN, "production")
            self.assertEqual(caught.exception.cause, "address_refused")
            self.assertEqual(caught.exception.values["vendor"], "Actionstep")

    def test_a_request_goes_out_as_documented(self):
        since = datetime(2026, 1, 31, 12, 30)
        _found, calls = self.bills(Reply(204), since=since)
        self.assertEqual(
            calls[0].path,
            "/api/rest/bills?modifiedTimestamp_gteq=2026-01-31T12%3A30%3A00"
            "&page=1&pageSize=200&sort=id",
        )
        headers = calls[0].headers
        self.assertEqual(headers["authorization"], f"Bearer {TOKEN}")
        self.assertEqual(headers["accept"], "application/vnd.api+json")
        self.assertEqual(headers["content-type"], "application/vnd.api+json")

    def test_a_bill_is_read_to_the_cent_and_in_utc(self):
        row = bill(
            833,
            totalInclusive=1234567890.10,
            totalPaid="20.5",
            invoiceDate="23-May-2026",
            dueDate="2026-06-30",
            status="Deleted",
            deletedTimestamp="2026-09-02T00:00:00Z",
        )
        with RawServer(page("bills", row)) as server:
            (found,) = next(self.client(server).bills(None))
        self.assertEqual(
            found,
            Bill(
                bill_id="833",
                number="INV-833",
                status="Deleted",
                client_id="964",
                matter_ids=("1093", "7"),
                division_id="1",
                currency="AUD",
                bill_date=date(2026, 5, 23),
                due_date=date(2026, 6, 30),
                total_exclusive=Decimal("100.00"),
                total_tax=Decimal("10.00"),
                total_inclusive=Decimal("1234567890.1"),
                total_paid=Decimal("20.5"),
                modified_at=datetime(2026, 9, 1, 4, 23, 48),
                deleted_at=datetime(2026, 9, 2),
            ),
        )

    def test_links_may_be_text_number_missing_or_null(self):
        table = [
            ({"action": "5", "theirParticipant": 9}, ("5",), "9"),
            ({"action": [], "theirParticipant": None}, (), None),
            ({}, (), None),
            (None, (), None),
        ]
        for links, matters, client_id in table:
            with RawServer(page("bills", [bill(1, links=links)])) as server:
                (found,) = next(self.client(server).bills(None))
            self.assertEqual((found.matter_ids, found.client_id), (matters, client_id))

    def test_one_row_comes_as_an_object(self):
        paging = {"page": 1, "pageCount": 2, "pageSize": 2, "nextPage": "http://x"}
        found, calls = self.bills(
            page("bills", [bill(1), bill(2)], paging),
            page("bills", bill(3), {**paging, "page": 2, "nextPage": None}),
        )
        self.assertEqual(found, ["1", "2", "3"])
        self.assertEqual(len(calls), 2)

    def test_no_rows_come_in_many_forms(self):
        for reply in (
            Reply(204),
            Reply(200, ""),
            Reply(200, "  \n"),
            page("bills", []),
            page("bills", None),
            Reply(200, "{}"),
        ):
            self.assertEqual(self.bills(reply)[0], [])

    def test_paging_under_another_name_is_understood(self):
        first = page("bills", [bill(1)], {"pageCount": "2"}, key="participants")
        second = page("bills", [bill(2)], {"pageCount": 2}, key="participants")
        found, calls = self.bills(first, second)
        self.assertEqual((found, len(calls)), (["1", "2"], 2))

    def test_addresses_in_the_answer_are_never_followed(self):
        with RawServer(Reply()) as other:
            paging = {"pageCount": 2, "nextPage": f"{other.url}/api/rest/bills?page=2"}
            found, calls = self.bills(
                page("bills", [bill(1)], paging), page("bills", [bill(2)], paging)
            )
        self.assertFalse(other.calls)
        self.assertIn("page=2", calls[1].path)
        self.assertEqual(found, ["1", "2"])

    def test_reading_ends_in_every_case(self):
        table = [
            # the same page again and again
            ((page("bills", [bill(1)], {}),), ["1"], 2),
            ((page("bills", [bill(1)], {"pageCount": 99}),), ["1"], 2),
            ((page("bills", [bill(1)], {"nextPage": "x"}),), ["1"], 2),
            # no paging at all: until nothing comes
            ((page("bills", [bill(1)]), page("bills", [bill(2)]), Reply(204)), None, 3),
            # nextPage null, pageCount absent or null
            ((page("bills", [bill(1)], {"nextPage": None}),), ["1"], 1),
            (
                (page("bills", [bill(1)], {"pageCount": None, "nextPage": ""}),),
                ["1"],
                1,
            ),
            # a page number instead of an address
            (
                (
                    page("bills", [bill(1)], {"nextPage": 2}),
                    page("bills", [bill(2)], {"nextPage": None}),
                ),
                None,
                2,
            ),
        ]
        for replies, expected, requests in table:
            with self.subTest(replies=replies):
                found, calls = self.bills(*replies)
                self.assertEqual(found, expected or ["1", "2"])
                self.assertEqual(len(calls), requests)

    def test_rows_that_shift_between_pages_come_once(self):
        paging = {"pageCount": 2}
        found, _calls = self.bills(
            page("bills", [bill(1), bill(2)], paging),
            page("bills", [bill(2), bill(3)], paging),
        )
        self.assertEqual(found, ["1", "2", "3"])

    def test_a_refused_filter_is_dropped(self):
        refused = Reply(400, json.dumps({"errors": {"status": 400, "title": "Filter"}}))
        paging = {"pageCount": 1}
        found, calls = self.bills(
            refused, page("bills", [bill(1)], paging), since=datetime(2026, 1, 1)
        )
        self.assertEqual(found, ["1"])
        self.assertNotIn("modifiedTimestamp", calls[1].path)

    def test_other_failures_do_not_drop_the_filter(self):
        for reply in (Reply(401, ""), Reply(500, ""), Reply(429, "")):
            with RawServer(reply) as server, self.assertRaises(SyncError):
                next(self.client(server).bills(datetime(2026, 1, 1)))
            self.assertEqual(len(server.calls), 1)

    def test_a_row_that_cannot_be_read_does_not_stop_the_page(self):
        wrong = [
            bill(2, invoiceDate="31-Foo-2026"),
            bill(3, totalInclusive="1,000.00"),
            bill(4, totalPaid=True),
            bill(5, totalExclusive="NaN"),
            bill(6, modifiedTimestamp="yesterday"),
            bill(7, links=["1"]),
            bill(None),
            bill(8, dueDate="2026-02-30"),
            bill(10, dueDate="2026-09"),
            bill(11, modifiedTimestamp="2026"),
        ]
        rows = [bill(1), *wrong, bill(9)]
        with RawServer(page("bills", rows, {"pageCount": 1})) as server:
            client = self.client(server)
            (found,) = client.bills(None)
        self.assertEqual([row.bill_id for row in found], ["1", "9"])
        self.assertEqual(len(client.unreadable), len(wrong))
        first = client.unreadable[0]
        self.assertEqual((first.resource, first.row_id), ("bills", "2"))
        self.assertIn("31-Foo-2026", first.reason)

    def test_refusals(self):
        one = {"errors": {"status": 0, "code": "AS-1", "title": "T", "detail": "D"}}
        many = {"errors": [{"title": "T"}, {"detail": "D"}]}
        table = [
            (401, "", TokenExpiredError, "token_expired"),
            (401, json.dumps(one), TokenExpiredError, "token_expired"),
            (403, json.dumps(one), ConnectionStoppedError, "permission_actionstep"),
            (403, "<html>", ConnectionStoppedError, "permission_actionstep"),
            (404, json.dumps(one), NotFoundError, "missing_in_actionstep"),
            (429, "slow down", ThrottledError, "throttled"),
            (500, json.dumps(many), RetryableError, "unavailable"),
            (502, "<html>Bad Gateway</html>", RetryableError, "unavailable"),
            (503, "", RetryableError, "unavailable"),
            (302, "", RetryableError, "unreadable"),
            (400, "<html>", RetryableError, "unreadable"),
            (400, json.dumps(many), SyncError, "unexpected"),
            (406, json.dumps(one), SyncError, "unexpected"),
            (200, "<html>", RetryableError, "unreadable"),
            (200, '{"bills": [{"id": 1', RetryableError, "unreadable"),
            (200, "[]", RetryableError, "unreadable"),
        ]
        for status, body, kind, cause in table:
            reply = Reply(status, body)
            with (
                self.subTest(status=status, body=body),
                RawServer(reply) as server,
                self.assertRaises(SyncError) as caught,
            ):
                next(self.client(server).bills(None))
            self.assertIs(type(caught.exception), kind)
            self.assertEqual(caught.exception.cause, cause)
            self.assertEqual(caught.exception.values["vendor"], "Actionstep")
            if body in (json.dumps(one), json.dumps(many)):
                self.assertIn("D", caught.exception.detail)

    def test_errors_with_status_200_are_errors(self):
        reply = Reply(200, json.dumps({"errors": [{"title": "No"}]}))
        with RawServer(reply) as server, self.assertRaises(SyncError):
            self.client(server).tax_codes()

    def test_the_wait(self):
        for header, seconds in (({"Retry-After": "10"}, 10), ({}, 60)):
            with (
                RawServer(Reply(429, headers=header)) as server,
                self.assertRaises(ThrottledError) as caught,
            ):
                self.client(server).tax_codes()
            self.assertEqual(caught.exception.seconds, seconds)

    def test_broken_connections_can_be_tried_again(self):
        for reply in (Reply(cut=True), Reply(delay=1)):
            with RawServer(reply) as server, self.assertRaises(RetryableError):
                self.client(server).tax_codes()

    def test_no_successful_body_and_no_token_in_an_error(self):
        for reply in (Reply(200, f'{{"a": "Smith {TOKEN}'), Reply(500, TOKEN)):
            with (
                RawServer(reply) as server,
                self.assertRaises(SyncError) as caught,
            ):
                self.client(server).tax_codes()
            self.assertNotIn("Smith", caught.exception.detail)
            self.assertNotIn(TOKEN, caught.exception.detail)

    def test_contacts_are_asked_by_fifty(self):
        def answer(call):
            ids = call.path.partition("?")[0].rpartition("/")[2].split(",")
            rows = [{"id": int(found), "displayName": f"C{found}"} for found in ids]
            return page("participants", rows if len(rows) > 1 else rows[0])

        with RawServer(answer) as server:
            ids = [str(n) for n in range(1, 102)]
            found = self.client(server).participants([*ids, "1", "", None])
        self.assertEqual([row.participant_id for row in found], ids)
        self.assertEqual(len(server.calls), 3)

    def test_one_contact_that_is_gone_does_not_hide_the_others(self):
        def answer(call):
            ids = call.path.partition("?")[0].rpartition("/")[2].split(",")
            if "7" in ids:
                return Reply(404, json.dumps({"errors": {"status": 404}}))
            return page("actions", [{"id": found, "name": "M"} for found in ids])

        with RawServer(answer) as server:
            found = self.client(server).matters(str(n) for n in range(1, 11))
        self.assertEqual(
            [row.matter_id for row in found],
            ["1", "2", "3", "4", "5", "6", "8", "9", "10"],
        )

    def test_a_contact_with_everything(self):
        row = {
            "id": 964,
            "displayName": "Bond, James",
            "isCompany": "F",
            "firstName": "James",
            "lastName": "Bond",
            "email": " james@example.com ",
            "phone1Country": "61",
            "phone1Area": 2,
            "phone1Number": "5550 0000",
            "physicalAddressLine1": "1 Road",
            "mailingAddressLine1": "PO Box 7",
            "mailingAddressLine2": None,
            "mailingCity": "Sydney",
            "mailingStateProvince": "NSW",
            "mailingPostCode": 2000,
            "modifiedTimestamp": "2019-11-05T14:23:48+13:00",
            "links": {"mailingCountry": "AU", "physicalCountry": "NZ"},
        }
        with RawServer(page("participants", row)) as server:
            (found,) = self.client(server).participants(["964"])
        self.assertEqual(
            found,
            Participant(
                participant_id="964",
                display_name="Bond, James",
                is_company=False,
                first_name="James",
                last_name="Bond",
                email="james@example.com",
                phone="+61 2 5550 0000",
                address_lines=("PO Box 7",),
                city="Sydney",
                state="NSW",
                postcode="2000",
                country="AU",
                modified_at=datetime(2019, 11, 5, 1, 23, 48),
            ),
        )

    def test_the_street_address_serves_when_there_is_no_mailing_address(self):
        row = {
            "id": 1,
            "displayName": "Acme",
            "isCompany": "T",
            "physicalAddressLine1": "1 Road",
            "physicalCity": "Perth",
            "links": {"physicalCountry": "AU"},
        }
        with RawServer(page("participants", row)) as server:
            (found,) = self.client(server).participants(["1"])
        self.assertTrue(found.is_company)
        self.assertEqual((found.address_lines, found.city), (("1 Road",), "Perth"))
        self.assertEqual((found.country, found.phone), ("AU", ""))

    def test_accounts_without_the_right_to_their_types(self):
        def answer(call):
            if "accounttypes" in call.path:
                return Reply(403, "{}")
            row = {"id": 5, "accountNumber": 4000, "name": "Fees", "active": "T"}
            return page(
                "accounts", [{**row, "links": {"accountType": "2"}}], {"pageCount": 1}
            )

        with RawServer(answer) as server:
            (account,) = self.client(server).accounts()
        self.assertEqual((account.number, account.account_type), ("4000", ""))
        self.assertTrue(account.is_active)

    def test_the_signed_in_user(self):
        linked = {"participants": {"displayName": "Doe, Jane"}}
        for body, name in (
            ({"users": {"id": 1}, "linked": linked}, "Doe, Jane"),
            ({"users": {"id": 1}}, ""),
        ):
            with RawServer(Reply(body=json.dumps(body))) as server:
                self.assertEqual(self.client(server).test_connection(), name)
        self.assertEqual(
            server.calls[0].path, "/api/rest/users/current?include=participant"
        )


@tagged("-at_install", "post_install")
class TestActionstepAuth(BaseCase):
    """Actionstep's OAuth answers, written down."""

    def auth(self, server, environment="local"):
        url = f"{server.url}/api/oauth"
        return ActionstepAuth(
            environment,
            "id",
            "s3cret-key",
            REDIRECT,
            f"{url}/authorize",
            f"{url}/token",
        )

    def answer(self, server, **values):
        return Reply(
            body=json.dumps(
                {
                    "access_token": "access-1",
                    "token_type": "bearer",
                    "expires_in": 28800,
                    "refresh_token": "refresh-2",
                    "api_endpoint": f"{server.url}/api/",
                    "orgkey": "firm1",
                    **values,
                }
            )
        )

    def test_endpoints_elsewhere_are_refused(self):
        good = "https://go.actionstep.com/api/oauth/authorize"
        bad = "https://go.actionstep.com.evil.example/token"
        for urls in ((good, bad), (bad, good)):
            with self.assertRaises(ConnectionStoppedError):
                ActionstepAuth("production", "id", "secret", REDIRECT, *urls)

    def test_consent_address(self):
        auth = ActionstepAuth(
            "production",
            "id",
            "s3cret-key",
            REDIRECT,
            const.ACTIONSTEP_AUTHORIZE_URLS["production"],
            const.ACTIONSTEP_TOKEN_URLS["production"],
        )
        url = auth.authorization_url("st&ate")
        self.assertTrue(
            url.startswith(
                "https://go.actionstep.com/api/oauth/authorize?response_type"
            )
        )
        for part in (
            "client_id=id",
            "scope=all",
            "state=st%26ate",
            "redirect_uri=http",
        ):
            self.assertIn(part, url)
        self.assertNotIn("s3cret-key", url)

    def test_the_code_is_exchanged_in_the_body(self):
        with RawServer(Reply()) as server:
            server.replies[0] = self.answer(server)
            tokens = self.auth(server).exchange("code-1", None)
            body = server.calls[0].body
        for part in (
            "grant_type=authorization_code",
            "code=code-1",
            "client_id=id",
            "client_secret=s3cret-key",
            "redirect_uri=http",
        ):
            self.assertIn(part, body)
        self.assertEqual(server.calls[0].path, "/api/oauth/token")
        now = datetime.now(timezone.utc).replace(tzinfo=None)
        self.assertAlmostEqual(
            tokens.expires_at, now + timedelta(hours=8), delta=timedelta(seconds=5)
        )
        self.assertEqual(tokens.api_endpoint, f"{server.url}/api/rest/")
        self.assertEqual(tokens.orgkey, "firm1")
        self.assertIsNone(tokens.refresh_expires_at)
        self.assertNotIn("access-1", repr(tokens))

    def test_the_old_refresh_token_stays_when_the_answer_has_none(self):
        for given, expected in (("refresh-2", "refresh-2"), (None, "refresh-1")):
            with RawServer(Reply()) as server:
                server.replies[0] = self.answer(server, refresh_token=given)
                tokens = self.auth(server).refresh("refresh-1")
            self.assertEqual(tokens.refresh_token, expected)
        self.assertIn("grant_type=refresh_token", server.calls[0].body)
        self.assertIn("client_secret=s3cret-key", server.calls[0].body)

    def test_an_api_endpoint_elsewhere_is_refused(self):
        with RawServer(Reply()) as server, self.assertRaises(ConnectionStoppedError):
            server.replies[0] = self.answer(
                server, api_endpoint="https://evil.example/"
            )
            self.auth(server).exchange("code", None)

    def test_refusals(self):
        table = [
            (Reply(400, '{"error":"invalid_grant"}'), AuthError, "reconnect"),
            (Reply(401, '{"error":"invalid_client"}'), AuthError, "app_keys"),
            (Reply(400, '{"error":"invalid_request"}'), SyncError, "unexpected"),
            (Reply(429, ""), ThrottledError, "throttled"),
            (Reply(500, "<html>"), RetryableError, "unavailable"),
            (Reply(200, "<html>"), RetryableError, "unreadable"),
            (Reply(200, "{}"), RetryableError, "unreadable"),
            (Reply(302, ""), RetryableError, "unreadable"),
            (Reply(cut=True), RetryableError, "unavailable"),
        ]
        for reply, kind, cause in table:
            with (
                self.subTest(reply=reply),
                RawServer(reply) as server,
                self.assertRaises(SyncError) as caught,
            ):
                self.auth(server).exchange("code-1", None)
            self.assertIs(type(caught.exception), kind)
            self.assertEqual(caught.exception.cause, cause)
            self.assertEqual(caught.exception.values["vendor"], "Actionstep")

    def test_keys_and_tokens_stay_out_of_errors(self):
        echo = json.dumps({"error": "x", "got": "refresh-token-1 s3cret-key"})
        with RawServer(Reply(400, echo)) as server, self.assertRaises(SyncError) as e:
            self.auth(server).refresh("refresh-token-1")
        self.assertNotIn("refresh-token-1", e.exception.detail)
        self.assertNotIn("s3cret-key", e.exception.detail)


@tagged("-at_install", "post_install")
class TestActionstepSandbox(ClientCase):
    """The client against the local Actionstep server with all its quirks."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sandbox = Sandbox.shared()
        keys = cls.sandbox.actionstep
        cls.auth = ActionstepAuth(
            "local",
            keys["client_id"],
            keys["client_secret"],
            REDIRECT,
            keys["authorize_url"],
            keys["token_url"],
        )

    def setUp(self):
        super().setUp()
        self.sandbox.reset()
        self.tokens = self.connect()

    def connect(self):
        answer = self.sandbox.consent(self.auth.authorization_url("state-1"))
        self.assertEqual(answer["state"], "state-1")
        return self.auth.exchange(answer["code"], None)

    def switch(self, **values):
        self.sandbox.admin("actionstep", "POST", "switches", values)

    def open(self):
        client = ActionstepClient(
            self.tokens.api_endpoint, self.tokens.access_token, "local"
        )
        self.addCleanup(client.close)
        return client

    def dump(self):
        return self.sandbox.admin("actionstep", "GET", "dump")

    def all_bills(self, since=None):
        return [found for rows in self.open().bills(since) for found in rows]

    def test_every_shape_of_the_endpoint_works(self):
        for shape in (
            "api",
            "api_no_slash",
            "host",
            "host_slash",
            "rest",
            "rest_slash",
        ):
            self.switch(api_endpoint=shape)
            self.tokens = self.connect()
            self.assertTrue(self.tokens.api_endpoint.endswith("/api/rest/"))
            self.assertTrue(self.open().test_connection())

    def test_tokens_rotate(self):
        first = self.tokens
        self.tokens = self.auth.refresh(first.refresh_token)
        self.assertNotEqual(self.tokens.access_token, first.access_token)
        self.assertTrue(self.open().tax_codes())
        with self.assertRaises(AuthError) as caught:
            self.auth.refresh(first.refresh_token)
        self.assertEqual(caught.exception.cause, "reconnect")
        self.switch(rotation="omitted")
        again = self.auth.refresh(self.tokens.refresh_token)
        self.assertEqual(again.refresh_token, self.tokens.refresh_token)

    def test_wrong_keys(self):
        keys = self.sandbox.actionstep
        auth = ActionstepAuth(
            "local", "id", "no", REDIRECT, keys["authorize_url"], keys["token_url"]
        )
        with self.assertRaises(AuthError) as caught:
            auth.refresh(self.tokens.refresh_token)
        self.assertEqual(caught.exception.cause, "app_keys")

    def test_an_ended_access_token(self):
        self.sandbox.admin("actionstep", "POST", "tokens", {"expire_access": True})
        with self.assertRaises(TokenExpiredError):
            self.open().tax_codes()

    def test_lists(self):
        dump = self.dump()
        client = self.open()
        accounts = {account.account_id: account for account in client.accounts()}
        self.assertEqual(
            set(accounts), {str(r["account_id"]) for r in dump["accounts"]}
        )
        for row in dump["accounts"]:
            found = accounts[str(row["account_id"])]
            self.assertEqual((found.number, found.name), (row["number"], row["name"]))
            self.assertTrue(found.account_type)
            self.assertEqual(found.is_header, row["header"])
            self.assertEqual(found.is_active, row["active"])
        codes = {code.code: code for code in client.tax_codes()}
        for row in dump["taxcodes"]:
            self.assertEqual(
                codes[row["code"]].percentage, Decimal(str(row["percentage"]))
            )
        self.assertFalse(client.unreadable)

    def test_bills_with_every_quirk_are_read_like_without(self):
        everything = {
            "collapse_single_row": False,
            "empty_is_204": False,
            "doubled_host": False,
            "paging_key_slip": False,
            "numeric_ids": False,
            "money": "number",
            "dates": "iso",
            "local_timestamps": False,
            "meta_debug": False,
        }
        with patch.object(const, "ACTIONSTEP_PAGE_SIZE", 3):
            with_quirks = self.all_bills()
            self.switch(**everything)
            without = self.all_bills()
        self.assertEqual(with_quirks, without)
        expected = {
            str(row["bill_id"])
            for row in self.dump()["bills"]
            if Decimal(str(row["total_inclusive"])) >= 0
        }
        self.assertEqual({found.bill_id for found in without}, expected)
        self.assertEqual(len(without), len(expected))

    def test_totals_are_exact(self):
        rows = {str(row["bill_id"]): row for row in self.dump()["bills"]}
        for found in self.all_bills():
            row = rows[found.bill_id]
            for key in ("total_exclusive", "total_tax", "total_inclusive"):
                self.assertEqual(getattr(found, key), Decimal(str(row[key])))
            self.assertEqual(found.number, row["number"])
            self.assertEqual(found.matter_ids, tuple(map(str, row["matter_ids"])))

    def test_a_last_page_with_one_row(self):
        count = len(self.all_bills())
        for size in range(1, count + 2):
            with patch.object(const, "ACTIONSTEP_PAGE_SIZE", size):
                self.assertEqual(len(self.all_bills()), count, f"page size {size}")

    def test_the_filter_is_used_when_it_works_and_harmless_when_not(self):
        everything = self.all_bills()
        since = datetime(2100, 1, 1)
        self.switch(bill_filters="honoured")
        self.assertEqual(self.all_bills(since), [])
        since = max(found.modified_at for found in everything) - timedelta(days=2)
        some = self.all_bills(since)
        self.assertTrue(0 < len(some) <= len(everything))
        for behaviour in ("ignored", "rejected"):
            self.switch(bill_filters=behaviour)
            self.assertEqual(self.all_bills(since), everything)

    def test_contacts_and_matters(self):
        dump = self.dump()
        client = self.open()
        ids = [str(row["participant_id"]) for row in dump["participants"]]
        found = client.participants([*ids, "999999999"])
        self.assertEqual({row.participant_id for row in found}, set(ids))
        (one,) = client.participants(ids[:1])
        self.assertEqual(one.participant_id, ids[0])
        self.assertEqual(client.participants(["999999999"]), [])
        pages = list(client.participants_modified(None))
        self.assertEqual(
            {row.participant_id for rows in pages for row in rows}, set(ids)
        )
        self.assertEqual(list(client.participants_modified(datetime(2100, 1, 1))), [])
        matters = [str(row["matter_id"]) for row in dump["actions"]]
        self.assertEqual({m.matter_id for m in client.matters(matters)}, set(matters))
        self.assertFalse(client.unreadable)

    def test_a_missing_right(self):
        self.switch(forbidden=["bills"])
        with self.assertRaises(ConnectionStoppedError) as caught:
            self.all_bills()
        self.assertEqual(caught.exception.cause, "permission_actionstep")
        self.assertEqual(caught.exception.values["what"], "bills")
        self.switch(forbidden=["accounttypes"])
        self.assertTrue(self.open().accounts())

    def test_the_limit(self):
        self.switch(rate_limit=1, retry_after=7)
        client = self.open()
        with suppress(ThrottledError):
            client.tax_codes()
        with self.assertRaises(ThrottledError) as caught:
            client.tax_codes()
        self.assertEqual(caught.exception.seconds, 7)

    def test_injected_faults(self):
        table = [
            ({"kind": "status", "status": 500, "shape": "upper"}, "unavailable"),
            ({"kind": "status", "status": 502, "shape": "html"}, "unavailable"),
            ({"kind": "status", "status": 200, "shape": "cut_json"}, "unreadable"),
            ({"kind": "status", "status": 200, "shape": "html"}, "unreadable"),
        ]
        for fault, cause in table:
            self.sandbox.fault("actionstep", fault, path="/api/rest/taxcodes")
            with self.subTest(fault=fault), self.assertRaises(RetryableError) as caught:
                self.open().tax_codes()
            self.assertEqual(caught.exception.cause, cause)
        self.assertTrue(self.open().tax_codes())

    def test_a_connection_cut_once_is_not_noticed(self):
        self.sandbox.fault("actionstep", {"kind": "drop_before"}, path="taxcodes")
        self.assertTrue(self.open().tax_codes())
