"""The SQL template which a firm's administrator adapts, run as it is shipped."""

import re
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import psycopg2

from odoo.tests import BaseCase, tagged

from odoo.addons.actionstep_quickbooks import const
from odoo.addons.actionstep_quickbooks.clients.reporting import ReportingClient
from odoo.addons.actionstep_quickbooks.dev.setup.postgres import postgres
from odoo.addons.actionstep_quickbooks.documents import (
    BillLine,
    CreditApplication,
    CreditNoteHeader,
    CreditNoteLine,
    Receipt,
    ReceiptAllocation,
)

TEMPLATE = Path(__file__).resolve().parent.parent / "static" / "reporting_views.sql"
DATABASE = "test_reporting_template"
READER = "actionstep_quickbooks_reader"
# What an export may look like: its ids are numbers.
STAND_INS = """
    DROP SCHEMA IF EXISTS replace_me CASCADE;
    DROP SCHEMA IF EXISTS actionstep CASCADE;
    CREATE SCHEMA replace_me;
    CREATE TABLE replace_me.participant (id bigint PRIMARY KEY, name varchar(200));
    CREATE TABLE replace_me.bill_matter (bill_id bigint, matter_id bigint);
    CREATE TABLE replace_me.bill (
        id bigint PRIMARY KEY, number varchar(30), status varchar(20),
        client_id bigint, division_id bigint, currency char(3), bill_date date,
        due_date date, total_exclusive numeric, total_tax numeric,
        total_inclusive numeric, modified_at timestamptz, deleted_at timestamptz
    );
    CREATE TABLE replace_me.bill_line (
        bill_id bigint, line_no smallint, type varchar(20),
        account_number varchar(20), description text, quantity numeric,
        unit_price numeric, amount_exclusive numeric, tax_code varchar(20),
        tax_amount numeric, matter_id bigint, timekeeper varchar(200),
        service_date date, modified_at timestamptz
    );
    CREATE TABLE replace_me.receipt (
        id bigint PRIMARY KEY, client_id bigint, matter_id bigint, received_on date,
        amount numeric, currency char(3), method varchar(50), reference varchar(200),
        memo text, account_number varchar(20), from_trust boolean,
        modified_at timestamptz, deleted_at timestamptz
    );
    CREATE TABLE replace_me.receipt_allocation (
        receipt_id bigint, bill_id bigint, amount numeric, modified_at timestamptz
    );
    CREATE TABLE replace_me.credit_note (
        id bigint PRIMARY KEY, number varchar(30), bill_id bigint, client_id bigint,
        matter_id bigint, credit_date date, currency char(3), total_exclusive numeric,
        total_tax numeric, total_inclusive numeric, reason text,
        modified_at timestamptz, deleted_at timestamptz
    );
    CREATE TABLE replace_me.credit_note_line (
        credit_id bigint, line_no smallint, type varchar(20),
        account_number varchar(20), description text, amount_exclusive numeric,
        tax_code varchar(20), tax_amount numeric, modified_at timestamptz
    );
    CREATE TABLE replace_me.credit_application (
        credit_id bigint, bill_id bigint, applied_on date, amount numeric,
        modified_at timestamptz
    );
"""
ROWS = """
    INSERT INTO replace_me.participant VALUES (12, 'Bond, James');
    INSERT INTO replace_me.bill_matter VALUES (7, 31), (7, 30);
    INSERT INTO replace_me.bill VALUES
        (7, 'INV-7', 'Open', 12, 1, 'USD', '2026-09-01', '2026-10-01', 800.10, 80.01,
         880.11, '2026-09-01T00:00:00Z', NULL);
    INSERT INTO replace_me.bill_line VALUES
        (7, 1, 'Time', '4-1100', 'Advice', 2.5, 320.04, 800.1, 'TAX', 80.01, 30,
         'Finch, Ada', '2026-08-31', '2026-09-01T00:00:00Z');
    INSERT INTO replace_me.receipt VALUES
        (501, 12, 30, '2026-10-14', 250.1, 'USD', 'EFT', 'EFT 77120', 'Thanks',
         '1-1100', false, '2026-10-14T00:00:00Z', '2026-10-16T00:00:00Z');
    INSERT INTO replace_me.receipt_allocation VALUES
        (501, 7, 150.05, '2026-10-15T00:00:00Z');
    INSERT INTO replace_me.credit_note VALUES
        (701, 'CR-1', 7, 12, 30, '2026-11-05', 'USD', 100, 10, 110, 'Goodwill',
         '2026-11-05T00:00:00Z', NULL);
    INSERT INTO replace_me.credit_note_line VALUES
        (701, 1, 'Disbursement', '5-1100', 'Copies', 100, 'TAX', 10,
         '2026-11-05T00:00:00Z');
    INSERT INTO replace_me.credit_application VALUES
        (701, 7, '2026-11-08', 60.4, '2026-11-08T00:00:00Z');
"""
COMMENTS = """
    SELECT c.relname, a.attname, col_description(c.oid, a.attnum)
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
     WHERE c.relnamespace = 'actionstep'::regnamespace AND a.attnum > 0
     ORDER BY c.relname, a.attnum
"""
MANY = 20_000


def all_of(pages):
    return [row for page in pages for row in page]


@tagged("-at_install", "post_install")
class TestTemplate(BaseCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        server = cls.enterClassContext(postgres())
        server.drop(DATABASE)
        server.create(DATABASE)
        cls.addClassCleanup(cls._drop_reader)
        cls.addClassCleanup(server.drop, DATABASE)
        cls.server = server

    @classmethod
    def _drop_reader(cls):
        with closing(psycopg2.connect(cls.server.dsn("postgres"))) as connection:
            connection.cursor().execute(f"DROP ROLE IF EXISTS {READER}")
            connection.commit()

    def setUp(self):
        super().setUp()
        self.execute(STAND_INS)
        self.execute(TEMPLATE.read_text(encoding="utf-8"))

    def execute(self, statement):
        """Execute as owner; return the rows of the last statement, if it has any."""
        with closing(psycopg2.connect(self.server.dsn(DATABASE))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []

    def open(self):
        return ReportingClient(
            host=self.server.host,
            port=self.server.port,
            database=DATABASE,
            user=READER,
            password="",
            schema="actionstep",
            sslmode="prefer",
        )

    def test_it_keeps_the_contract(self):
        with self.open() as client:
            self.assertEqual(client.check_contract(const.REPORTING_VIEWS), [])

    def test_it_has_all_columns_in_order_and_explains_each(self):
        found = {}
        for view, column, comment in self.execute(COMMENTS):
            found.setdefault(view, []).append(column)
            with self.subTest(view=view, column=column):
                self.assertRegex(comment or "", r"^\w.*\.$")
        wanted = {view: list(names) for view, names in const.REPORTING_VIEWS.items()}
        self.assertEqual(found, wanted)

    def test_what_must_be_replaced_is_marked(self):
        places = re.findall(r"\b(?:FROM|JOIN)\s+(\w+)\.\w+", self._get_statements())
        self.assertEqual(set(places), {"replace_me"})

    def test_it_can_be_run_again(self):
        self.execute(ROWS)
        self.execute(TEMPLATE.read_text(encoding="utf-8"))
        with self.open() as client:
            self.assertEqual(client.check_contract(const.REPORTING_VIEWS), [])
            self.assertEqual(client.changed_bill_ids(None), ["7"])

    def test_its_rows_are_read(self):
        self.execute(ROWS)
        with self.open() as client:
            found = [
                all_of(client.bill_lines(client.changed_bill_ids(None))),
                all_of(client.receipts(client.changed_receipt_ids(None))),
                all_of(client.receipt_allocations(["501"])),
                all_of(client.credit_notes(client.changed_credit_ids(None))),
                all_of(client.credit_note_lines(["701"])),
                all_of(client.credit_applications(["701"])),
            ]
        self.assertEqual(client.unreadable, [])
        self.assertEqual(
            found,
            [
                [
                    BillLine(
                        bill_id="7",
                        line_no=1,
                        kind="fee",
                        account_number="4-1100",
                        description="Advice",
                        quantity=Decimal("2.5"),
                        unit_price=Decimal("320.04"),
                        amount_exclusive=Decimal("800.10"),
                        tax_code="TAX",
                        tax_amount=Decimal("80.01"),
                        matter_id="30",
                        timekeeper="Finch, Ada",
                        service_date=date(2026, 8, 31),
                        product_service="",
                        modified_at=datetime(2026, 9, 1),
                    )
                ],
                [
                    Receipt(
                        receipt_id="501",
                        client_id="12",
                        matter_id="30",
                        received_on=date(2026, 10, 14),
                        amount=Decimal("250.10"),
                        currency="USD",
                        method="EFT",
                        reference="EFT 77120",
                        memo="Thanks",
                        deposit_account_number="1-1100",
                        from_trust=False,
                        modified_at=datetime(2026, 10, 14),
                        deleted_at=datetime(2026, 10, 16),
                    )
                ],
                [ReceiptAllocation("501", "7", Decimal("150.05"))],
                [
                    CreditNoteHeader(
                        credit_id="701",
                        number="CR-1",
                        bill_id="7",
                        client_id="12",
                        matter_id="30",
                        credit_date=date(2026, 11, 5),
                        currency="USD",
                        total_exclusive=Decimal("100.00"),
                        total_tax=Decimal("10.00"),
                        total_inclusive=Decimal("110.00"),
                        reason="Goodwill",
                        modified_at=datetime(2026, 11, 5),
                    )
                ],
                [
                    CreditNoteLine(
                        credit_id="701",
                        line_no=1,
                        kind="expense",
                        account_number="5-1100",
                        description="Copies",
                        amount_exclusive=Decimal("100.00"),
                        tax_code="TAX",
                        tax_amount=Decimal("10.00"),
                    )
                ],
                [CreditApplication("701", "7", date(2026, 11, 8), Decimal("60.40"))],
            ],
        )

    def test_parts_and_deletions_are_seen_as_changes(self):
        self.execute(ROWS)
        with self.open() as client:
            # the allocation is of the 15th, the deletion of the 16th
            for since, found in ((15, ["501"]), (16, ["501"]), (17, [])):
                ids = client.changed_receipt_ids(datetime(2026, 10, since))
                self.assertEqual(ids, found, since)
            self.assertEqual(client.changed_credit_ids(datetime(2026, 11, 8)), ["701"])

    def test_the_reader_can_do_nothing_else(self):
        self.execute(ROWS)
        for statement in (
            "SELECT * FROM replace_me.receipt",
            "UPDATE actionstep.receipt SET memo = ''",
            "DELETE FROM actionstep.receipt_allocation",
            "CREATE TABLE actionstep.mine (x integer)",
            "CREATE TABLE replace_me.mine (x integer)",
            "CREATE ROLE another",
        ):
            dsn = self.server.dsn(DATABASE)
            with (
                self.subTest(statement=statement),
                closing(psycopg2.connect(dsn, user=READER)) as connection,
                connection.cursor() as cursor,
            ):
                cursor.execute("SET TRANSACTION READ WRITE")
                with self.assertRaises(psycopg2.errors.InsufficientPrivilege):
                    cursor.execute(statement)

    def test_it_holds_no_password(self):
        self.assertNotIn("PASSWORD", self._get_statements().upper())

    def _get_statements(self):
        return re.sub(r"--.*", "", TEMPLATE.read_text(encoding="utf-8"))

    def test_its_indexes_serve_what_is_asked(self):
        self.execute(
            "INSERT INTO replace_me.receipt (id, modified_at) SELECT i, now() - i *"
            f" interval '1 hour' FROM generate_series(1, {MANY}) i;"
            "INSERT INTO replace_me.receipt_allocation (receipt_id, modified_at)"
            " SELECT id, modified_at FROM replace_me.receipt;"
            "ANALYZE"
        )
        with self.open() as client, client._connection.cursor() as cursor:
            asked = []
            for view in const.REPORTING_PAYMENT_VIEWS:
                place = f"FROM actionstep.{view} WHERE"
                asked += [
                    f"SELECT * {place} receipt_id = ANY(ARRAY['501', '502'])",
                    f"SELECT * {place} receipt_id IS NULL OR receipt_id::text = ''",
                    f"SELECT * {place} modified_at >= now() - interval '1 day'",
                ]
            asked.append(
                "SELECT * FROM actionstep.receipt WHERE modified_at >= now()"
                " OR deleted_at >= now() OR modified_at IS NULL"
            )
            for statement in asked:
                cursor.execute(f"EXPLAIN {statement}")
                plan = "\n".join(row[0] for row in cursor)
                with self.subTest(statement=statement):
                    self.assertNotIn("Seq Scan", plan)
