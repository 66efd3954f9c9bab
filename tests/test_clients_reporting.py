import itertools
from collections import Counter
from contextlib import closing
from datetime import date, datetime, timedelta
from decimal import Decimal
from unittest.mock import patch

import psycopg2
from psycopg2 import errors
from psycopg2.extensions import parse_dsn

from odoo.tests import BaseCase, tagged

from odoo.addons.actionstep_quickbooks import const
from odoo.addons.actionstep_quickbooks.clients.reporting import (
    ReportingClient,
    parent_id,
)
from odoo.addons.actionstep_quickbooks.clients.rows import VIEWS
from odoo.addons.actionstep_quickbooks.dev.setup.postgres import postgres
from odoo.addons.actionstep_quickbooks.documents import (
    BillLine,
    CreditApplication,
    CreditNoteHeader,
    CreditNoteLine,
    Receipt,
    ReceiptAllocation,
)
from odoo.addons.actionstep_quickbooks.exceptions import (
    ConnectionStoppedError,
    RetryableError,
    SyncError,
)
from odoo.addons.actionstep_quickbooks.tests.sandbox import Sandbox

DATABASE = "test_clients_reporting"
PASSWORD = "s3cret-of-the-reader"
TYPES = {
    "amount": "numeric(12, 2)",
    "total_exclusive": "numeric(12, 2)",
    "total_tax": "numeric(12, 2)",
    "total_inclusive": "numeric(12, 2)",
    "received_on": "date",
    "credit_date": "date",
    "applied_on": "date",
    "from_trust": "boolean",
    "deleted_at": "timestamptz",
    "line_no": "integer",
    "quantity": "numeric",
    "unit_price": "numeric",
    "amount_exclusive": "numeric(12, 2)",
    "tax_amount": "numeric(12, 2)",
    "service_date": "date",
    "modified_at": "timestamptz",
}
AMOUNTS = (
    "amount",
    "amount_exclusive",
    "tax_amount",
    "total_exclusive",
    "total_tax",
    "total_inclusive",
)
LINE = {
    "bill_id": "7",
    "line_no": 1,
    "kind": "fee",
    "account_number": "4-1100",
    "description": "Advice",
    "quantity": Decimal("2.5"),
    "unit_price": Decimal("320"),
    "amount_exclusive": Decimal("800.10"),
    "tax_code": "GST",
    "tax_amount": Decimal("80.01"),
    "matter_id": "12",
    "timekeeper": "Finch, Ada",
    "service_date": date(2026, 8, 31),
    "product_service": "",
    "modified_at": "2026-09-01T10:00:00+10:00",
}
RECEIPT = {
    "receipt_id": "501",
    "client_id": "12",
    "matter_id": "7",
    "received_on": date(2026, 10, 14),
    "amount": Decimal("250.10"),
    "currency": "AUD",
    "method": "EFT",
    "reference": "EFT 77120",
    "memo": "3 inv",
    "deposit_account_number": "1-1100",
    "from_trust": False,
    "modified_at": "2026-10-14T10:00:00+10:00",
    "deleted_at": None,
}
ALLOCATION = {"receipt_id": "501", "bill_id": "7", "amount": Decimal("150.05")}
CREDIT = {
    "credit_id": "701",
    "number": "CR-501",
    "bill_id": "7",
    "client_id": "12",
    "matter_id": "7",
    "credit_date": date(2026, 11, 5),
    "currency": "AUD",
    "total_exclusive": Decimal("100.00"),
    "total_tax": Decimal("10.00"),
    "total_inclusive": Decimal("110.00"),
    "reason": "Goodwill",
    "modified_at": "2026-11-05T10:00:00+10:00",
    "deleted_at": None,
}
CREDIT_LINE = {
    "credit_id": "701",
    "line_no": 1,
    "kind": "fee",
    "account_number": "4-1100",
    "description": "Advice credited",
    "amount_exclusive": Decimal("100.00"),
    "tax_code": "GST",
    "tax_amount": Decimal("10.00"),
}
APPLICATION = {
    "credit_id": "701",
    "bill_id": "7",
    "applied_on": date(2026, 11, 8),
    "amount": Decimal("60.40"),
}
ROWS = {
    "bill_line": LINE,
    "receipt": RECEIPT,
    "receipt_allocation": ALLOCATION,
    "credit_note": CREDIT,
    "credit_note_line": CREDIT_LINE,
    "credit_application": APPLICATION,
}
AFTER = datetime(2100, 1, 1)


def all_of(pages):
    return [row for page in pages for row in page]


@tagged("-at_install", "post_install")
class TestReportingSandbox(BaseCase):
    """The client on the reporting database of the local Actionstep server."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sandbox = Sandbox.shared()
        cls.dsn = parse_dsn(cls.sandbox.actionstep["reporting_dsn"])

    def setUp(self):
        super().setUp()
        self.sandbox.reset()

    def open(self, **known):
        return ReportingClient(
            **{
                "host": self.dsn["host"],
                "port": int(self.dsn["port"]),
                "database": self.dsn["dbname"],
                "user": self.dsn["user"],
                "password": self.dsn["password"],
                "schema": "actionstep",
                "sslmode": "prefer",
                **known,
            }
        )

    def dump(self):
        return self.sandbox.admin("actionstep", "GET", "dump")["bill_lines"]

    def test_the_contract_is_kept(self):
        with self.open() as client:
            self.assertEqual(client.check_contract(), [])

    def test_every_view_of_the_contract_is_there(self):
        views = tuple(const.REPORTING_VIEWS)
        with (
            patch.object(const, "REPORTING_REQUIRED_VIEWS", views),
            self.open() as client,
        ):
            self.assertEqual(client.check_contract(), [])

    def test_lines_are_exact(self):
        rows = {(str(row["bill_id"]), row["line_no"]): row for row in self.dump()}
        with self.open() as client:
            ids = client.changed_bill_ids(None)
            lines = [line for page in client.bill_lines(ids) for line in page]
        self.assertEqual(set(ids), {bill_id for bill_id, _number in rows})
        self.assertEqual({(line.bill_id, line.line_no) for line in lines}, set(rows))
        for line in lines:
            row = rows[line.bill_id, line.line_no]
            self.assertIsInstance(line.amount_exclusive, Decimal)
            for key in ("amount_exclusive", "tax_amount", "quantity"):
                expected = None if row[key] is None else Decimal(str(row[key]))
                self.assertEqual(getattr(line, key), expected)
            self.assertEqual(line.kind, row["kind"])
            self.assertEqual(line.account_number, row["account_number"] or "")
            self.assertEqual(line.tax_code, row["tax_code"] or "")
            self.assertEqual(line.matter_id, str(row["matter_id"]))
            changed = datetime.fromisoformat(row["modified_at"]).replace(tzinfo=None)
            self.assertEqual(line.modified_at, changed)
        self.assertFalse(client.unreadable)

    def test_only_the_wanted_bills_come(self):
        wanted = str(self.dump()[0]["bill_id"])
        with self.open() as client:
            pages = list(client.bill_lines([wanted, "no such bill"]))
            self.assertEqual(
                {line.bill_id for page in pages for line in page}, {wanted}
            )
            self.assertEqual(list(client.bill_lines([])), [])

    def test_a_page_never_splits_a_bill(self):
        counts = Counter(str(row["bill_id"]) for row in self.dump())
        self.assertGreater(max(counts.values()), 1)
        for size in (1, 2, 5):
            with (
                patch.object(const, "REPORTING_PAGE_SIZE", size),
                self.open() as client,
            ):
                pages = list(client.bill_lines(counts))
            self.assertGreater(len(pages), 1)
            for page in pages:
                found = Counter(line.bill_id for line in page)
                self.assertEqual(found, {key: counts[key] for key in found})
            self.assertEqual(sum(map(len, pages)), sum(counts.values()))

    def test_bills_with_changed_lines(self):
        with self.open() as client:
            lines = [
                line
                for page in client.bill_lines(client.changed_bill_ids(None))
                for line in page
            ]
            last = max(line.modified_at for line in lines)
            newest = {line.bill_id for line in lines if line.modified_at == last}
            self.assertEqual(set(client.changed_bill_ids(last)), newest)
            after = last + timedelta(seconds=1)
            self.assertEqual(client.changed_bill_ids(after), [])
        bill_id = lines[0].bill_id
        line = {**LINE, "modified_at": None, "service_date": "2026-09-01"}
        line = {k: v for k, v in line.items() if k not in ("bill_id", "modified_at")}
        line |= {"quantity": 1, "unit_price": 800, "tax_amount": 0, "tax_code": ""}
        line |= {"amount_exclusive": 800}
        self.sandbox.admin(
            "actionstep",
            "POST",
            f"bills/{bill_id}/lines",
            {"lines": [line], "reporting": True},
        )
        with self.open() as client:
            self.assertEqual(client.changed_bill_ids(after), [bill_id])

    def test_receipts_and_credit_notes_are_exact(self):
        self.sandbox.reset(firm="life")
        dump = self.sandbox.admin("actionstep", "GET", "dump")
        with self.open() as client:
            receipt_ids = client.changed_receipt_ids(None)
            credit_ids = client.changed_credit_ids(None)
            for key, found in (
                ("receipts", client.receipts(receipt_ids)),
                ("receipt_allocations", client.receipt_allocations(receipt_ids)),
                ("credit_notes", client.credit_notes(credit_ids)),
                ("credit_note_lines", client.credit_note_lines(credit_ids)),
                ("credit_applications", client.credit_applications(credit_ids)),
            ):
                with self.subTest(rows=key):
                    self.assertRows(dump[key], all_of(found))
        self.assertFalse(client.unreadable)

    def assertRows(self, expected, found):
        """Assert that rows are those of the firm, whatever their order."""
        self.assertGreater(len(found), 5)
        names = [name for name in found[0].__slots__ if name in expected[0]]
        self.assertGreater(len(names), 2)
        self.assertEqual(
            Counter(tuple(as_text(row[name]) for name in names) for row in expected),
            Counter(
                tuple(as_text(getattr(row, name)) for name in names) for row in found
            ),
        )

    def test_right_that_is_refused_is_named(self):
        for what, call in (
            ("connect", lambda client: None),
            ("schema", lambda client: client.changed_bill_ids(None)),
            ("select", lambda client: client.changed_bill_ids(None)),
        ):
            body = {"what": what}
            self.sandbox.admin("actionstep", "POST", "reporting/refuse", body)
            with (
                self.subTest(what=what),
                self.assertRaises(ConnectionStoppedError) as caught,
                self.open() as client,
            ):
                views = ["bill_line", "receipt"]
                gaps = ["bill_line (right to read)", "receipt (right to read)"]
                self.assertEqual(client.check_contract(views), gaps)
                call(client)
            self.assertEqual(caught.exception.cause, "reporting_unavailable")
            self.sandbox.admin("actionstep", "POST", "reporting/mend")

    def test_nothing_can_be_written(self):
        with self.open() as client, self.assertRaises(psycopg2.Error):
            client._connection.cursor().execute("CREATE TABLE x (y integer)")


def as_text(value):
    """Return a value of JSON or of Python in one form."""
    if isinstance(value, datetime):
        return value.isoformat()
    text = "" if value is None else " ".join(str(value).split())
    if "T" in text and text[-6:] == "+00:00":
        return text[:-6]
    if isinstance(value, float | Decimal):
        return f"{Decimal(str(value)):.2f}"
    return text


@tagged("-at_install", "post_install")
class TestReportingDatabase(BaseCase):
    """The client on databases that are not as they should be."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        server = cls.enterClassContext(postgres())
        server.drop(DATABASE)
        server.create(DATABASE)
        cls.addClassCleanup(server.drop, DATABASE)
        cls.server = server

    def setUp(self):
        super().setUp()
        self.execute("DROP SCHEMA IF EXISTS firm CASCADE; CREATE SCHEMA firm")

    def execute(self, statement, values=None):
        connection = psycopg2.connect(self.server.dsn(DATABASE))
        with closing(connection), connection, connection.cursor() as cursor:
            cursor.execute(statement, values)

    def create_view(self, *rows, drop=(), **types):
        """Create bill_line with some rows; ``drop`` leaves columns out."""
        self.create_rows("bill_line", *rows, drop=drop, **types)

    def create_rows(self, view, *rows, drop=(), add=(), **types):
        """Create a view with some rows, each a change of the usual one."""
        usual = {**ROWS[view], **dict.fromkeys(add)}
        types = {**dict.fromkeys(usual, "text"), **TYPES, **types}
        names = [name for name in usual if name not in drop]
        columns = ", ".join(f"{name} {types[name]}" for name in names)
        self.execute(f"CREATE TABLE firm.{view} ({columns})")
        marks = ", ".join(["%s"] * len(names))
        for row in rows:
            values = {**usual, **row}
            self.execute(
                f"INSERT INTO firm.{view} VALUES ({marks})",
                [values[name] for name in names],
            )

    def open(self, **known):
        return ReportingClient(
            **{
                "host": self.server.host,
                "port": self.server.port,
                "database": DATABASE,
                "user": self.server.user,
                "password": self.server.password or PASSWORD,
                "schema": "firm",
                "sslmode": "prefer",
                **known,
            }
        )

    def lines(self, *bill_ids):
        with self.open() as client:
            pages = client.bill_lines(bill_ids or ["7"])
            return [line for page in pages for line in page], client.unreadable

    def assertStops(self, cause, call, kind=ConnectionStoppedError):
        with self.assertRaises(SyncError) as caught:
            call()
        self.assertIs(type(caught.exception), kind, caught.exception)
        self.assertEqual(caught.exception.cause, cause)
        self.assertNotIn(PASSWORD, caught.exception.detail)
        return caught.exception

    def test_a_line(self):
        self.create_view({"kind": " Fee ", "product_service": "Advice (AU)"})
        (line,), unreadable = self.lines()
        self.assertEqual(
            line,
            BillLine(
                bill_id="7",
                line_no=1,
                kind="fee",
                account_number="4-1100",
                description="Advice",
                quantity=Decimal("2.5"),
                unit_price=Decimal("320"),
                amount_exclusive=Decimal("800.10"),
                tax_code="GST",
                tax_amount=Decimal("80.01"),
                matter_id="12",
                timekeeper="Finch, Ada",
                service_date=date(2026, 8, 31),
                product_service="Advice (AU)",
                modified_at=datetime(2026, 9, 1),
            ),
        )
        self.assertFalse(unreadable)

    def test_other_types_are_read_too(self):
        self.create_view(
            {"quantity": None, "unit_price": None, "matter_id": None},
            line_no="numeric",
            amount_exclusive="text",
            tax_amount="double precision",
            service_date="text",
            modified_at="timestamp",
        )
        (line,), unreadable = self.lines()
        self.assertEqual(line.amount_exclusive, Decimal("800.10"))
        self.assertEqual(line.tax_amount, Decimal("80.01"))
        self.assertEqual((line.quantity, line.unit_price, line.matter_id), (None,) * 3)
        self.assertEqual(line.service_date, date(2026, 8, 31))
        self.assertFalse(unreadable)

    def test_a_row_that_cannot_be_read_does_not_stop_the_others(self):
        self.create_view(
            {"line_no": 1, "amount_exclusive": "eight hundred"},
            {"line_no": 2, "amount_exclusive": "1.00"},
            {"line_no": None, "amount_exclusive": "1.00"},
            amount_exclusive="text",
        )
        lines, unreadable = self.lines()
        self.assertEqual([line.line_no for line in lines], [2])
        self.assertEqual([row.row_id for row in unreadable], ["7/1", "7/"])
        self.assertEqual(unreadable[0].resource, "bill_line")

    def test_lines_without_time_of_change_count_as_changed(self):
        self.create_view({"modified_at": None}, {"bill_id": "8"})
        with self.open() as client:
            self.assertEqual(client.changed_bill_ids(datetime(2100, 1, 1)), ["7"])

    def test_the_contract_names_what_is_missing(self):
        with self.open() as client:
            self.assertEqual(client.check_contract(), ["bill_line"])
        self.create_view(drop=("kind", "tax_amount", "product_service"))
        with self.open() as client:
            gaps = ["bill_line.kind", "bill_line.tax_amount"]
            self.assertEqual(client.check_contract(), gaps)
        error = self.assertStops("reporting_contract", self.lines)
        self.assertIn('column "kind" does not exist', error.values["missing"])

    def test_the_optional_column_may_be_missing(self):
        self.create_view({}, drop=("product_service",))
        with self.open() as client:
            self.assertEqual(client.check_contract(), [])
        (line,), _unreadable = self.lines()
        self.assertEqual(line.product_service, "")

    def test_an_id_must_be_text(self):
        self.create_view({}, bill_id="integer")
        with self.open() as client:
            self.assertEqual(client.check_contract(), ["bill_line.bill_id (text)"])
        self.assertStops("reporting_contract", self.lines)

    def test_a_materialized_view_serves(self):
        self.create_view({})
        self.execute(
            "ALTER TABLE firm.bill_line RENAME TO loaded;"
            "CREATE MATERIALIZED VIEW firm.bill_line AS SELECT * FROM firm.loaded"
        )
        with self.open() as client:
            self.assertEqual(client.check_contract(), [])
        self.assertEqual(len(self.lines()[0]), 1)

    def test_a_view_that_is_being_replaced_may_come_back(self):
        for schema in ("firm", "none"):
            with self.subTest(schema=schema), self.open(schema=schema) as client:
                error = self.assertStops(
                    "reporting_contract",
                    lambda: list(client.bill_lines(["7"])),  # noqa: B023
                    RetryableError,
                )
                self.assertEqual(error.values["missing"], f"{schema}.bill_line")

    def test_a_nightly_load_does_not_wait_for_us(self):
        self.create_view({})
        with self.open() as client:
            client.check_contract()
            list(client.bill_lines(client.changed_bill_ids(None)))
            next(client.bill_lines(["7"]))  # dropped before its end
            self.execute("SET lock_timeout = '2s'; DROP TABLE firm.bill_line")
            self.create_view({"bill_id": "8"})
            self.assertEqual(client.changed_bill_ids(None), ["8"])

    def test_the_client_goes_on_after_an_error(self):
        with self.open() as client:
            for _again in range(2):
                with self.assertRaises(RetryableError):
                    client.changed_bill_ids(None)
            self.create_view({})
            self.assertEqual(client.changed_bill_ids(None), ["7"])

    def test_what_the_firm_must_correct_stops_the_connection(self):
        for known in (
            {"database": "no_such_database"},
            {"user": "no_such_role"},
            {"schema": 'firm"; DROP SCHEMA firm; --'},
            {"schema": ""},
            {"sslmode": "maybe"},
            {"host": ""},
            {"port": 0},
        ):
            with self.subTest(known=known):
                self.assertStops(
                    "reporting_unavailable",
                    lambda: self.open(**known).__enter__(),  # noqa: B023
                )

    def test_what_may_pass_is_tried_again(self):
        for known in (
            {"port": 1},
            {"host": "127.0.0.1", "port": 1},
            {"host": "no-such-host.invalid", "port": 1},
        ):
            with self.subTest(known=known):
                self.assertStops(
                    "reporting_unavailable",
                    lambda: self.open(**known).__enter__(),  # noqa: B023
                    RetryableError,
                )

    def test_a_query_that_takes_too_long_is_tried_again(self):
        self.create_view({})
        self.execute(
            "ALTER TABLE firm.bill_line RENAME TO loaded;"
            "CREATE VIEW firm.bill_line AS"
            " SELECT * FROM firm.loaded, (SELECT pg_sleep(3)::text) slow"
        )
        with patch.object(const, "REPORTING_TIMEOUT", 0.2), self.open() as client:
            self.assertStops(
                "reporting_slow",
                lambda: client.changed_bill_ids(None),
                RetryableError,
            )

    def test_a_shorter_limit_that_the_firm_has_set_stands(self):
        self.create_view({})
        self.execute(
            "ALTER TABLE firm.bill_line RENAME TO loaded;"
            "CREATE VIEW firm.bill_line AS"
            " SELECT * FROM firm.loaded, (SELECT pg_sleep(3)::text) slow"
        )
        for limit, shown in (("200ms", "200ms"), ("1h", "1min"), ("0", "1min")):
            self.execute(f"ALTER DATABASE {DATABASE} SET statement_timeout = '{limit}'")
            reset = f"ALTER DATABASE {DATABASE} RESET statement_timeout"
            self.addCleanup(self.execute, reset)
            with self.subTest(limit=limit), self.open() as client:
                with client._connection.cursor() as cursor:
                    cursor.execute("SHOW statement_timeout")
                    self.assertEqual(cursor.fetchone(), (shown,))
                    cursor.execute("SHOW lock_timeout")
                    self.assertEqual(cursor.fetchone(), ("1min",))
                if limit == "200ms":
                    self.assertStops(
                        "reporting_slow",
                        lambda: client.changed_bill_ids(None),  # noqa: B023
                        RetryableError,
                    )

    def test_texts_of_a_database_without_an_encoding(self):
        name = f"{DATABASE}_ascii"
        self.execute_alone(f"DROP DATABASE IF EXISTS {name}")
        self.execute_alone(
            f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' TEMPLATE template0"
            " LC_COLLATE 'C' LC_CTYPE 'C'"
        )
        self.addCleanup(self.execute_alone, f"DROP DATABASE {name}")
        for code, found in (("c3a9", ["é"]), ("e9", None)):
            connection = psycopg2.connect(self.server.dsn(name))
            with closing(connection), connection, connection.cursor() as cursor:
                cursor.execute(
                    "DROP SCHEMA IF EXISTS firm CASCADE; CREATE SCHEMA firm;"
                    "CREATE VIEW firm.bill_line AS SELECT now() AS modified_at,"
                    f" convert_from('\\x{code}', 'SQL_ASCII') AS bill_id"
                )
            with self.subTest(code=code), self.open(database=name) as client:
                if found:
                    self.assertEqual(client.changed_bill_ids(None), found)
                    continue
                error = self.assertStops(
                    "reporting_contract",
                    lambda: client.changed_bill_ids(None),  # noqa: B023
                )
                self.assertIn("bill_line (texts in", error.values["missing"])

    def execute_alone(self, statement):
        """Execute what takes no transaction."""
        connection = psycopg2.connect(self.server.dsn(DATABASE))
        connection.autocommit = True
        with closing(connection), connection.cursor() as cursor:
            cursor.execute(statement)

    def test_a_server_that_ends_is_tried_again(self):
        self.create_view({})
        with self.open() as client:
            self.execute(
                "SELECT pg_terminate_backend(%s)", [client._connection.info.backend_pid]
            )
            self.assertStops(
                "reporting_unavailable",
                lambda: client.changed_bill_ids(None),
                RetryableError,
            )

    def test_each_error_has_its_consequence(self):
        refused = 'FATAL:  password authentication failed for user "a"'
        closed = 'FATAL:  permission denied for database "firm"'
        table = [
            (psycopg2.OperationalError(refused), ConnectionStoppedError),
            (psycopg2.OperationalError(closed), ConnectionStoppedError),
            (errors.InsufficientPrivilege("no right"), ConnectionStoppedError),
            (psycopg2.OperationalError("Connection refused"), RetryableError),
            (errors.LockNotAvailable("lock"), RetryableError),
            (psycopg2.InterfaceError("closed"), RetryableError),
        ]
        for err, kind in table:
            with self.subTest(err=err):
                error = self.open()._error_of(err)
                self.assertIs(type(error), kind)
                self.assertEqual(error.cause, "reporting_unavailable")

    def test_the_password_is_never_shown(self):
        err = psycopg2.OperationalError(f"bad option password={PASSWORD}")
        client = self.open(password=PASSWORD)
        self.assertNotIn(PASSWORD, client._error_of(err).detail)
        self.assertNotIn(PASSWORD, repr(client))

    # Receipts and credit notes

    def test_each_row_of_receipts_and_credit_notes(self):
        for view in (*const.REPORTING_PAYMENT_VIEWS, *const.REPORTING_CREDIT_VIEWS):
            self.create_rows(view, {})
        with self.open() as client:
            found = [
                all_of(client.receipts(["501"])),
                all_of(client.receipt_allocations(["501"])),
                all_of(client.credit_notes(["701"])),
                all_of(client.credit_note_lines(["701"])),
                all_of(client.credit_applications(["701"])),
            ]
        self.assertEqual(
            found,
            [
                [Receipt(**{**RECEIPT, "modified_at": datetime(2026, 10, 14)})],
                [ReceiptAllocation(**ALLOCATION)],
                [CreditNoteHeader(**{**CREDIT, "modified_at": datetime(2026, 11, 5)})],
                [CreditNoteLine(**CREDIT_LINE)],
                [CreditApplication(**APPLICATION)],
            ],
        )
        self.assertFalse(client.unreadable)

    def test_what_a_receipt_may_lack(self):
        needed = ("receipt_id", "amount")
        self.create_rows("receipt", dict.fromkeys(RECEIPT.keys() - needed))
        with self.open() as client:
            (receipt,) = all_of(client.receipts(["501"]))
        self.assertEqual(
            receipt,
            Receipt(
                receipt_id="501",
                client_id=None,
                matter_id=None,
                received_on=None,
                amount=Decimal("250.10"),
                currency="",
                method="",
                reference="",
                memo="",
                deposit_account_number="",
                from_trust=False,
                modified_at=None,
            ),
        )

    def test_an_amount_that_is_lost_is_never_zero(self):
        for view in ROWS:
            amounts = [column for column in ROWS[view] if column in AMOUNTS]
            self.create_rows(view, {}, *({column: None} for column in amounts))
            key = VIEWS[view].keys[0]
            with self.subTest(view=view), self.open() as client:
                pages = client._pages(view, [ROWS[view][key]])
                self.assertEqual(len(all_of(pages)), 1)
                left = client.take_unreadable()
                self.assertEqual(
                    [(parent_id(row), row.reason) for row in left],
                    [(ROWS[view][key], f"{column}: is empty") for column in amounts],
                )
                self.assertEqual(client.unreadable, [])

    def test_amounts_are_exact_although_odoo_reads_floats(self):
        amount = Decimal("99999999999999.99")
        self.create_rows("receipt", {"amount": amount}, amount="numeric(20, 2)")
        with self.open() as client:
            (receipt,) = all_of(client.receipts(["501"]))
        self.assertEqual(receipt.amount, amount)
        connection = psycopg2.connect(self.server.dsn(DATABASE))
        with closing(connection), connection.cursor() as cursor:
            cursor.execute("SELECT amount FROM firm.receipt")
            self.assertIsInstance(cursor.fetchone()[0], float)

    def test_amounts_that_are_none(self):
        rows = [
            {"receipt_id": f"50{place}", "amount": amount}
            for place, amount in enumerate(("NaN", "Infinity", "1.10", "-Infinity"))
        ]
        self.create_rows("receipt", *rows, amount="numeric")
        with self.open() as client:
            (receipt,) = all_of(client.receipts([row["receipt_id"] for row in rows]))
        self.assertEqual(receipt.amount, Decimal("1.10"))
        for row in client.unreadable:
            self.assertIn("is not an amount", row.reason)

    def test_a_time_that_no_program_knows_is_left_out_alone(self):
        for column in ("received_on", "modified_at", "deleted_at"):
            days = ("20026-01-01", "infinity", "0044-03-15 BC", "2026-01-02")
            rows = [
                {"receipt_id": f"50{place}", column: day}
                for place, day in enumerate(days)
            ]
            self.create_rows("receipt", *rows)
            with self.subTest(column=column), self.open() as client:
                found = all_of(client.receipts([row["receipt_id"] for row in rows]))
                self.assertEqual([one.receipt_id for one in found], ["503"])
                self.assertEqual(
                    [row.row_id for row in client.unreadable], ["500", "501", "502"]
                )
                self.assertIn(f"{column}: '20026-", client.unreadable[0].reason)
            self.execute("DROP TABLE firm.receipt")

    def test_rows_that_stand_twice_are_left_out_both(self):
        for view in ("receipt", "credit_note"):
            key = VIEWS[view].keys[0]
            self.create_rows(view, {key: "1"}, {key: "2"}, {key: "2"}, {key: "3"})
            with self.subTest(view=view), self.open() as client:
                found = all_of(client._pages(view, ["1", "2", "3"]))
                self.assertEqual([getattr(one, key) for one in found], ["1", "3"])
                (left,) = client.unreadable
                self.assertEqual(
                    (left.resource, left.row_id, left.reason),
                    (view, "2", "stands there 2 times"),
                )

    def test_lines_that_stand_twice_are_left_out_both(self):
        for view in ("bill_line", "credit_note_line"):
            key = VIEWS[view].keys[0]
            rows = [(1, 1), (1, 2), (1, 2), (2, 2), (2, 3), (1, 2)]
            values = [{key: str(one), "line_no": number} for one, number in rows]
            self.create_rows(view, *values)
            with self.subTest(view=view), self.open() as client:
                found = all_of(client._pages(view, ["1", "2"]))
                self.assertEqual(
                    [(getattr(one, key), one.line_no) for one in found],
                    [("1", 1), ("2", 2), ("2", 3)],
                )
                (left,) = client.unreadable
                self.assertEqual((parent_id(left), left.row_id), ("1", "1/2"))

    def test_a_number_of_a_line_is_the_same_however_it_is_written(self):
        self.create_view({"line_no": "1"}, {"line_no": "1.0"}, line_no="text")
        lines, unreadable = self.lines()
        self.assertEqual((lines, len(unreadable)), ([], 1))

    def test_parts_of_one_amount_may_stand_several_times(self):
        part = {"amount": Decimal("10.00")}
        self.create_rows("receipt_allocation", part, part)
        self.create_rows("credit_application", part, part)
        with self.open() as client:
            for found in (
                client.receipt_allocations(["501"]),
                client.credit_applications(["701"]),
            ):
                amounts = [one.amount for one in all_of(found)]
                self.assertEqual(amounts, [Decimal("10.00")] * 2)
        self.assertFalse(client.unreadable)

    def test_a_row_without_its_id_is_told(self):
        for view in (*const.REPORTING_PAYMENT_VIEWS, *const.REPORTING_CREDIT_VIEWS):
            self.create_rows(view, {})
        self.create_view({})
        for view, ask in (
            ("bill_line", ReportingClient.changed_bill_ids),
            ("receipt", ReportingClient.changed_receipt_ids),
            ("receipt_allocation", ReportingClient.changed_receipt_ids),
            ("credit_note", ReportingClient.changed_credit_ids),
            ("credit_note_line", ReportingClient.changed_credit_ids),
            ("credit_application", ReportingClient.changed_credit_ids),
        ):
            key = VIEWS[view].keys[0]
            for lost, since in itertools.product((None, ""), (None, AFTER)):
                self.execute(
                    f"INSERT INTO firm.{view} ({key}) VALUES (%s), (%s)", [lost, lost]
                )
                with self.subTest(view=view, lost=lost, since=since):
                    with self.open() as client:
                        self.assertNotIn("", ask(client, since))
                    (left,) = client.take_unreadable()
                    self.assertEqual(
                        (left.resource, left.row_id, left.reason),
                        (view, "", f"{key}: is empty"),
                    )
                self.execute(f"DELETE FROM firm.{view} WHERE {key} IS NULL OR {key}=''")

    def test_an_id_by_which_nothing_is_found_is_told(self):
        self.create_view({"bill_id": " 7"}, {"bill_id": "8"})
        with self.open() as client:
            self.assertEqual(client.changed_bill_ids(None), ["8"])
        (left,) = client.unreadable
        self.assertEqual(left.row_id, "7")
        self.assertIn("blanks", left.reason)

    def test_ids_of_a_fixed_length_are_found(self):
        self.create_view({}, bill_id="character(9)")
        with self.open() as client:
            self.assertEqual(client.check_contract(), [])
            self.assertEqual(client.changed_bill_ids(None), ["7"])
            (line,) = all_of(client.bill_lines(["7"]))
        self.assertEqual(line.bill_id, "7")

    def test_deleted_receipts_come_with_the_time(self):
        self.create_rows("receipt", {"deleted_at": "2026-10-15T00:00:00Z"})
        with self.open() as client:
            (receipt,) = all_of(client.receipts(["501"]))
        self.assertEqual(receipt.deleted_at, datetime(2026, 10, 15))

    def test_trust_is_never_guessed(self):
        words = {"t": True, "Yes": True, "1": True, "F": False, "no": False, "": False}
        rows = [
            {"receipt_id": f"5{number}", "from_trust": word}
            for number, word in enumerate(words)
        ]
        self.create_rows(
            "receipt",
            *rows,
            {"receipt_id": "9", "from_trust": "maybe"},
            from_trust="text",
        )
        with self.open() as client:
            found = all_of(client.receipts([*(row["receipt_id"] for row in rows), "9"]))
        self.assertEqual([one.from_trust for one in found], list(words.values()))
        (left,) = client.unreadable
        self.assertEqual((left.resource, parent_id(left)), ("receipt", "9"))
        self.assertIn("neither true nor false", left.reason)

    def test_an_allocation_that_cannot_be_read_names_its_receipt(self):
        self.create_rows(
            "receipt_allocation",
            {"amount": "1.00"},
            {"bill_id": "8", "amount": "much"},
            {"receipt_id": "502", "bill_id": None, "amount": "1.00"},
            {"receipt_id": "503", "amount": "1.00"},
            amount="text",
        )
        with self.open() as client:
            found = all_of(client.receipt_allocations(["501", "502", "503"]))
        self.assertEqual([one.receipt_id for one in found], ["501", "503"])
        self.assertEqual([row.row_id for row in client.unreadable], ["501/8", "502/"])
        self.assertEqual([parent_id(row) for row in client.unreadable], ["501", "502"])

    def test_a_page_never_splits_a_receipt(self):
        rows = [
            {"receipt_id": receipt_id, "bill_id": str(number)}
            for receipt_id in ("501", "502", "503")
            for number in range(3)
        ]
        self.create_rows("receipt_allocation", *rows)
        for size, expected in ((1, [3, 3, 3]), (4, [6, 3]), (9, [9])):
            with (
                self.subTest(size=size),
                patch.object(const, "REPORTING_PAGE_SIZE", size),
                self.open() as client,
            ):
                pages = client.receipt_allocations(["501", "502", "503"])
                self.assertEqual([len(page) for page in pages], expected)

    def test_only_the_wanted_ones_come(self):
        self.create_rows("credit_note", {}, {"credit_id": "702"}, {"credit_id": "7021"})
        with self.open() as client:
            found = all_of(client.credit_notes(["702", "none"]))
            self.assertEqual([one.credit_id for one in found], ["702"])
            self.assertEqual(all_of(client.credit_notes([])), [])

    def test_changed_receipts(self):
        self.create_rows(
            "receipt",
            {"receipt_id": "1", "modified_at": "2026-10-01T00:00:00Z"},
            {"receipt_id": "2", "modified_at": "2026-10-02T00:00:00Z"},
            {"receipt_id": "3", "modified_at": None},
            # deleted by a load that keeps the time of the last change
            {
                "receipt_id": "4",
                "modified_at": "2026-10-01T00:00:00Z",
                "deleted_at": "2026-10-03T00:00:00Z",
            },
        )
        self.create_rows("receipt_allocation", {"receipt_id": "1"})
        with self.open() as client:
            for since, expected in (
                (None, ["1", "2", "3", "4"]),
                (datetime(2026, 10, 1), ["1", "2", "3", "4"]),
                (datetime(2026, 10, 2), ["2", "3", "4"]),
                (datetime(2026, 10, 2, 0, 0, 1), ["3", "4"]),
                (AFTER, ["3"]),
            ):
                with self.subTest(since=since):
                    self.assertEqual(client.changed_receipt_ids(since), expected)

    def test_an_allocation_with_its_own_time_changes_its_receipt(self):
        old, new = "2026-10-01T00:00:00Z", "2026-10-05T00:00:00Z"
        self.create_rows(
            "receipt",
            *({"receipt_id": key, "modified_at": old} for key in ("1", "2", "3")),
        )
        self.create_rows(
            "receipt_allocation",
            {"receipt_id": "1", "modified_at": old},
            {"receipt_id": "2", "modified_at": new},
            {"receipt_id": "2", "bill_id": "8", "modified_at": new},
            {"receipt_id": "3", "modified_at": None},
            add=["modified_at"],
        )
        with self.open() as client:
            # Without a time the receipt's own counts, as without the column.
            found = client.changed_receipt_ids(datetime(2026, 10, 2))
            self.assertEqual(found, ["2"])
            self.assertEqual(client.changed_receipt_ids(None), ["1", "2", "3"])
            self.assertEqual(len(all_of(client.receipt_allocations(["2"]))), 2)

    def test_lines_and_applications_change_their_credit_note(self):
        old, new = "2026-10-01T00:00:00Z", "2026-10-05T00:00:00Z"
        self.create_rows(
            "credit_note",
            *({"credit_id": key, "modified_at": old} for key in ("1", "2", "3")),
        )
        self.create_rows("credit_note_line", {"credit_id": "3"})
        self.create_rows(
            "credit_application",
            {"credit_id": "2", "modified_at": new},
            add=["modified_at"],
        )
        with self.open() as client:
            since = datetime(2026, 10, 2)
            self.assertEqual(client.changed_credit_ids(since), ["2"])
            self.assertEqual(client.changed_credit_ids(None), ["1", "2", "3"])

    def test_bills_go_without_the_other_views(self):
        self.create_view({})
        with self.open() as client:
            self.assertEqual(client.check_contract(), [])
            self.assertEqual(
                client.check_contract(const.REPORTING_PAYMENT_VIEWS),
                ["receipt", "receipt_allocation"],
            )
            self.assertEqual(
                client.check_contract(const.REPORTING_CREDIT_VIEWS),
                ["credit_note", "credit_note_line", "credit_application"],
            )
            for call in (client.changed_receipt_ids, client.changed_credit_ids):
                with self.subTest(call=call.__name__):
                    self.assertStops(
                        "reporting_contract",
                        lambda: call(None),  # noqa: B023
                        RetryableError,
                    )
            self.assertEqual(len(all_of(client.bill_lines(["7"]))), 1)

    def test_the_missing_view_is_named(self):
        self.create_rows("receipt", {})
        with self.open() as client:
            error = self.assertStops(
                "reporting_contract",
                lambda: all_of(client.receipt_allocations(["501"])),
                RetryableError,
            )
            self.assertEqual(error.values["missing"], "firm.receipt_allocation")

    def test_the_contract_of_the_other_views(self):
        self.create_rows("receipt", drop=("memo", "from_trust"))
        self.create_rows("receipt_allocation", receipt_id="integer", bill_id="integer")
        with self.open() as client:
            self.assertEqual(
                client.check_contract(const.REPORTING_PAYMENT_VIEWS),
                [
                    "receipt.memo",
                    "receipt.from_trust",
                    "receipt_allocation.receipt_id (text)",
                ],
            )
            error = self.assertStops(
                "reporting_contract", lambda: all_of(client.receipts(["501"]))
            )
            self.assertIn("receipt: ", error.values["missing"])
            self.assertIn('"memo" does not exist', error.values["missing"])

    def test_a_load_that_replaces_receipts_does_not_wait_for_us(self):
        self.create_rows("receipt", {})
        self.create_rows("receipt_allocation", {})
        with self.open() as client:
            next(client.receipts(client.changed_receipt_ids(AFTER) + ["501"]))
            self.execute("SET lock_timeout = '2s'; DROP TABLE firm.receipt")
            self.create_rows("receipt", {"receipt_id": "502"})
            self.assertEqual(client.changed_receipt_ids(None), ["502"])
