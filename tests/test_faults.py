import json

from odoo.tests import BaseCase, tagged

from odoo.addons.actionstep_quickbooks import const
from odoo.addons.actionstep_quickbooks.clients.faults import (
    error_for,
    item_error,
    read_answer,
)
from odoo.addons.actionstep_quickbooks.exceptions import (
    CAUSES,
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

# What each code means for us. Written out, not computed from the table it checks.
CODES = {
    "100": (AuthError, "reconnect"),
    "110": (AuthError, "reconnect"),
    "120": (ConnectionStoppedError, "permission"),
    "130": (RetryableError, "unavailable"),
    "140": (RetryableError, "unavailable"),
    "150": (RetryableError, "unavailable"),
    "500": (SyncError, "unexpected"),
    "600": (DuplicateError, "outcome_unknown"),
    "610": (NotFoundError, "gone_in_quickbooks"),
    "620": (DataError, "link_refused"),
    "2010": (SyncError, "unexpected"),
    "2500": (NotFoundError, "gone_in_quickbooks"),
    "3001": (ThrottledError, "throttled"),
    "3100": (AuthError, "reconnect"),
    "3200": (TokenExpiredError, "token_expired"),
    "3202": (AuthError, "reconnect"),
    "4000": (SyncError, "unexpected"),
    "4001": (SyncError, "unexpected"),
    "5010": (StaleError, "stale"),
    "5020": (ConnectionStoppedError, "permission"),
    "6140": (DuplicateError, "duplicate_number"),
    "6190": (ConnectionStoppedError, "subscription"),
    "6200": (DataError, "closed_period"),
    "6210": (DataError, "closed_period"),
    "6240": (DuplicateError, "name_taken"),
    "6480": (DataError, "payment_matched"),
    "6540": (DataError, "payment_deposited"),
    "10000": (RetryableError, "unavailable"),
    "10200": (RetryableError, "unavailable"),
}
STATUSES = {
    400: (DataError, "refused"),
    401: (TokenExpiredError, "token_expired"),
    403: (AuthError, "reconnect"),
    404: (SyncError, "unexpected"),
    408: (RetryableError, "unavailable"),
    413: (DataError, "refused"),
    429: (ThrottledError, "throttled"),
    500: (RetryableError, "unavailable"),
    502: (RetryableError, "unavailable"),
    503: (RetryableError, "unavailable"),
    504: (RetryableError, "unavailable"),
}
INACTIVE = (
    "Object Not Found : Something you're trying to use has been made inactive. Check "
    "the fields with accounts, customers, items, vendors or employees."
)
HTML = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
XML = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><IntuitResponse '
    'time="2020-09-29T06:52:56.527-07:00" '
    'xmlns="http://schema.intuit.com/finance/v3"><Fault type="SERVICE">'
    '<Error code="{code}"><Message>message=ThrottleExceeded; errorCode=003001; '
    "statusCode=429</Message><Detail>The request limit was reached.  Try again "
    "later</Detail></Error></Fault></IntuitResponse>"
)


def upper(*errors, **error):
    """Return a body with an upper-case Fault."""
    found = [*errors, error] if error else list(errors)
    return json.dumps(
        {"Fault": {"Error": found, "type": "ValidationFault"}, "time": "2020-09-29"}
    )


def lower(**error):
    """Return a body as the gateway writes it."""
    return json.dumps(
        {
            "warnings": None,
            "intuitObject": None,
            "fault": {"error": [{"element": None, **error}], "type": "SERVICE"},
            "batchItemResponse": [],
            "requestId": None,
            "time": 1601391072830,
        }
    )


class FaultCase(BaseCase):
    def refused(self, status, body, **known):
        """Return the error that an answer becomes."""
        with self.assertRaises(SyncError) as caught:
            read_answer(status, body, **known)
        return caught.exception

    def assertMeans(self, error, kind, cause):
        self.assertIs(type(error), kind, error.detail)
        self.assertEqual(error.cause, cause, error.detail)
        self.assertIn(error.cause, CAUSES)


@tagged("-at_install", "post_install")
class TestFaultTable(FaultCase):
    """Each row of the tables of faults leads to its class of error."""

    def test_the_expectations_cover_every_row(self):
        self.assertEqual(set(CODES), set(const.QUICKBOOKS_FAULTS))
        self.assertEqual(set(STATUSES), set(const.QUICKBOOKS_STATUSES))

    def test_each_code_means_its_class_whatever_the_status(self):
        for code, (kind, cause) in CODES.items():
            for status in (200, 400, 401, 403, 500, None):
                with self.subTest(code=code, status=status):
                    self.assertMeans(error_for(status, code, "", ""), kind, cause)

    def test_each_status_means_its_class_without_a_known_code(self):
        for status, (kind, cause) in STATUSES.items():
            for code in ("", "9999999"):
                with self.subTest(status=status, code=code):
                    self.assertMeans(error_for(status, code, "", ""), kind, cause)

    def test_statuses_outside_of_the_table(self):
        self.assertMeans(error_for(405, "", "", ""), SyncError, "unexpected")
        self.assertMeans(error_for(509, "", "", ""), RetryableError, "unavailable")
        self.assertMeans(error_for(200, "6000", "", ""), DataError, "refused")
        self.assertMeans(error_for(None, "6000", "", ""), DataError, "refused")

    def test_the_text_decides_between_two_meanings_of_a_code(self):
        table = [
            ("610", INACTIVE, NotFoundError, "inactive_in_quickbooks"),
            ("610", "Object Not Found", NotFoundError, "gone_in_quickbooks"),
            ("5010", "Account Period Closed, cannot save", DataError, "closed_period"),
            ("5010", "Stale Object Error : You and A", StaleError, "stale"),
            ("6000", "Please wait a few minutes", RetryableError, "unavailable"),
            ("6000", "Amount is not valid", DataError, "refused"),
        ]
        for code, detail, kind, cause in table:
            with self.subTest(code=code, detail=detail):
                self.assertMeans(error_for(400, code, "", detail), kind, cause)

    def test_trouble_while_saving_leaves_a_write_unknown(self):
        text = (
            "An unexpected error occurred while accessing or saving your data. "
            "Please wait a few minutes and try again."
        )
        for error in (
            error_for(400, "6000", "", text, sent=True),
            item_error({"Error": [{"Detail": text, "code": "6000"}]}, sent=True),
        ):
            self.assertMeans(error, UnknownOutcomeError, "outcome_unknown")
        error = error_for(400, "6000", "", text)
        self.assertMeans(error, RetryableError, "unavailable")

    def test_leading_zeros_and_odd_codes_are_understood(self):
        self.assertMeans(error_for(403, "003001", "", ""), ThrottledError, "throttled")
        named = "message=AuthenticationFailed; errorCode=003200; statusCode=401"
        self.assertMeans(
            error_for(400, "", named, ""), TokenExpiredError, "token_expired"
        )
        self.assertMeans(error_for(400, "ABC", "", ""), DataError, "refused")

    def test_the_wait_is_what_quickbooks_asked_for_or_a_minute(self):
        for retry_after, seconds in ((None, 60), (7, 7), (0, 1), (10**9, 86400)):
            error = error_for(429, "3001", "", "", retry_after=retry_after)
            self.assertEqual(error.seconds, seconds)
        self.assertIsNone(error_for(503, "", "", "").seconds)
        self.assertEqual(error_for(503, "", "", "", retry_after=9).seconds, 9)

    def test_the_sentence_gets_what_quickbooks_said(self):
        error = error_for(400, "6000", "Business Validation Error", "No\n customer")
        self.assertEqual(error.values["what"], "No customer.")
        error = error_for(400, "610", "Object Not Found", "Object Not Found.")
        self.assertEqual(error.values["what"], "Object Not Found")
        self.assertEqual(error_for(413, "", "", "").values["what"], "HTTP 413.")
        self.assertNotIn("what", error_for(400, "6200", "Closed", "").values)
        self.assertNotIn("date", error_for(400, "6200", "Closed", "").values)

    def test_every_cause_has_its_placeholders_or_tolerates_a_missing_one(self):
        late = {"date", "number", "name"}  # the engine knows these
        for code in CODES:
            error = error_for(400, code, "Message", "Detail")
            values = {**dict.fromkeys(late, "x"), **error.values}
            self.assertTrue(CAUSES[error.cause].sentence._source % values)

    def test_the_detail_is_technical_and_short(self):
        error = error_for(
            400, "6240", "Duplicate", "x" * 5000, element="Name", intuit_tid="1-abc"
        )
        self.assertLessEqual(len(error.detail), 1000)
        self.assertTrue(error.detail.startswith("HTTP 400, code 6240: Duplicate | xx"))
        self.assertEqual(error.intuit_tid, "1-abc")


@tagged("-at_install", "post_install")
class TestFaultForms(FaultCase):
    """A fault is understood in every form it is known to come in."""

    def test_upper_case_fault(self):
        body = upper(Message="Stale", Detail="You and X", code="5010", element="")
        self.assertMeans(self.refused(400, body), StaleError, "stale")

    def test_upper_case_fault_with_status_200(self):
        body = upper(Message="Duplicate Document Number Error", code="6140")
        self.assertMeans(self.refused(200, body), DuplicateError, "duplicate_number")

    def test_upper_case_fault_of_a_writing_request_is_definite(self):
        body = upper(Message="System failure", code="10000")
        error = self.refused(500, body, sent=True)
        self.assertMeans(error, RetryableError, "unavailable")

    def test_lower_case_fault_of_the_gateway(self):
        body = lower(message="message=AuthenticationFailed", code="3200", detail="x")
        self.assertMeans(self.refused(401, body), TokenExpiredError, "token_expired")
        body = lower(message="ApplicationAuthorizationFailed", code="3100")
        self.assertMeans(self.refused(403, body), AuthError, "reconnect")

    def test_xml_of_the_throttle(self):
        for status, code in ((429, "3001"), (403, "003001"), (429, "")):
            with self.subTest(status=status, code=code):
                error = self.refused(status, XML.format(code=code), sent=True)
                self.assertMeans(error, ThrottledError, "throttled")
                self.assertIn("The request limit was reached", error.detail)

    def test_xml_cannot_read_files(self):
        body = (
            '<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><IntuitResponse>'
            '<Fault><Error code="6000"><Message>&f;</Message></Error></Fault>'
            "</IntuitResponse>"
        )
        self.assertNotIn("root:", self.refused(400, body).detail)

    def test_html_of_something_in_between(self):
        for status in (302, 400, 403, 404, 405):
            with self.subTest(status=status):
                error = self.refused(status, HTML, sent=True)
                self.assertMeans(error, RetryableError, "unreadable")
        self.assertMeans(self.refused(401, HTML), TokenExpiredError, "token_expired")
        self.assertMeans(self.refused(429, HTML), ThrottledError, "throttled")
        self.assertMeans(self.refused(502, HTML), RetryableError, "unavailable")

    def test_cut_json_of_a_refusal_is_asked_again(self):
        body = upper(Message="Duplicate", code="6240")[:40]
        error = self.refused(400, body, sent=True)
        self.assertMeans(error, RetryableError, "unreadable")

    def test_empty_refusal(self):
        self.assertMeans(self.refused(400, ""), DataError, "refused")
        self.assertMeans(self.refused(403, ""), AuthError, "reconnect")
        self.assertMeans(self.refused(503, ""), RetryableError, "unavailable")

    def test_unreadable_success(self):
        for body in ("", "{", HTML, "[]", "null", '{"a": NaN}'):
            for status in (200, 202):
                with self.subTest(body=body, status=status):
                    error = self.refused(status, body)
                    self.assertMeans(error, RetryableError, "unreadable")
                    error = self.refused(status, body, sent=True)
                    self.assertMeans(error, UnknownOutcomeError, "outcome_unknown")

    def test_a_successful_body_is_never_shown(self):
        for sent in (True, False):
            error = self.refused(200, '{"Customer": {"DisplayName": "Smith"', sent=sent)
            self.assertNotIn("Smith", error.detail)

    def test_server_error_of_a_writing_request_without_fault_is_unknown(self):
        for status in (500, 502, 503, 504):
            for body in ("", HTML, "{", '{"message": "upstream"}'):
                with self.subTest(status=status, body=body):
                    error = self.refused(status, body, sent=True)
                    self.assertMeans(error, UnknownOutcomeError, "outcome_unknown")

    def test_token_and_throttle_are_definite_for_a_writing_request(self):
        for body in ("", HTML, "{"):
            error = self.refused(401, body, sent=True)
            self.assertMeans(error, TokenExpiredError, "token_expired")
            error = self.refused(429, body, sent=True)
            self.assertMeans(error, ThrottledError, "throttled")

    def test_missing_and_odd_codes(self):
        for error in ({"Message": "No code"}, {"Message": "x", "code": ""}, {}):
            with self.subTest(error=error):
                body = json.dumps({"Fault": {"Error": [error]}})
                self.assertMeans(self.refused(400, body), DataError, "refused")
        body = upper(Message="x", code="SystemError")
        self.assertMeans(self.refused(400, body), DataError, "refused")
        body = upper(Message="x", code=5010)
        self.assertMeans(self.refused(400, body), StaleError, "stale")

    def test_fault_without_list_of_errors(self):
        body = json.dumps({"Fault": {"type": "SystemFault"}})
        error = self.refused(200, body)
        self.assertMeans(error, DataError, "refused")
        self.assertEqual(error.values["what"], "SystemFault.")
        body = json.dumps({"Fault": {"Error": {"Message": "x", "code": "5010"}}})
        self.assertMeans(self.refused(400, body), StaleError, "stale")

    def test_several_errors_are_all_kept_and_a_known_one_decides(self):
        body = upper(
            {"Message": "Odd", "code": "6999", "Detail": "first"},
            {"Message": "Closed", "code": "6200", "Detail": "second", "element": "Txn"},
        )
        error = self.refused(400, body)
        self.assertMeans(error, DataError, "closed_period")
        for part in ("6999", "first", "6200", "second", "Txn"):
            self.assertIn(part, error.detail)

    def test_item_of_a_batch(self):
        fault = json.loads(upper(Message="Duplicate Name Exists Error", code="6240"))
        error = item_error(fault["Fault"], intuit_tid="1-x")
        self.assertMeans(error, DuplicateError, "name_taken")
        self.assertEqual(error.intuit_tid, "1-x")

    def test_a_success_is_returned_with_exact_money(self):
        document = read_answer(200, '{"Invoice": {"TotalAmt": 100.10, "fault": null}}')
        self.assertEqual(str(document["Invoice"]["TotalAmt"]), "100.10")

    def test_the_token_that_a_gateway_quotes_is_not_kept(self):
        token = "eyJlbmMiOiJBMTI4Q0JDLUhTMjU2IiwiYWxnIjoiZGlyIn0..abc.def"
        for detail in (
            f"Token expired: {token}",
            "Malformed bearer token: AB0-SECRET-9",
        ):
            error = self.refused(401, lower(message="x", detail=detail, code="3200"))
            self.assertNotIn(token, error.detail)
            self.assertNotIn("SECRET", error.detail)
            self.assertIn("***", error.detail)
