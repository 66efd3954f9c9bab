"""What the tests of the addon share: a connection to the local servers, and builders.

The servers are real ones over HTTP (`tests/sandbox.py`); nothing of the addon is
patched but how much time a pass has. A pass runs through the scheduler's own code.
"""

from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from unittest.mock import patch

from odoo import fields
from odoo.tests import TransactionCase

from odoo.addons.actionstep_quickbooks.dev.sandbox import firms
from odoo.addons.actionstep_quickbooks.dev.sandbox.firms.charts import OPERATING_BANK
from odoo.addons.actionstep_quickbooks.models import actionstep_connection_sync

from .relay import Relay
from .sandbox import Sandbox


class ActionstepCommon:
    """Mixin for TransactionCase and HttpCase: a fresh firm for every test."""

    country = "US"
    firm_size = "small"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sandbox = Sandbox.shared()
        cls.firm = firms.build(cls.country, cls.firm_size)

    def setUp(self):
        super().setUp()
        self.sandbox.reset(country=self.country, firm=self.firm_size)

    # --- builders ---

    def _prepare_connection(self, **over):
        """Return the values of a connection to the local servers."""
        quickbooks, actionstep = self.sandbox.quickbooks, self.sandbox.actionstep
        dsn = dict(pair.split("=", 1) for pair in actionstep["reporting_dsn"].split())
        return {
            "name": "Miller & Partners",
            "environment": "local",
            "actionstep_client_id": actionstep["client_id"],
            "actionstep_client_secret": actionstep["client_secret"],
            "local_actionstep_authorize_url": actionstep["authorize_url"],
            "local_actionstep_token_url": actionstep["token_url"],
            "quickbooks_client_id": quickbooks["client_id"],
            "quickbooks_client_secret": quickbooks["client_secret"],
            "local_quickbooks_api_url": quickbooks["api_url"],
            "local_quickbooks_discovery_url": quickbooks["discovery_url"],
            "reporting_host": dsn["host"],
            "reporting_port": int(dsn["port"]),
            "reporting_database": dsn["dbname"],
            "reporting_user": dsn["user"],
            "reporting_password": dsn["password"],
            "reporting_sslmode": "disable",
            **over,
        }

    def _make_connection(self, **over):
        """Return a connection that is not connected yet."""
        return self.env["actionstep.connection"].create(
            self._prepare_connection(**over)
        )

    def _consent(self, connection, side):
        """Go through the vendor's real consent and hand its code to the connection."""
        url = connection._get_auth(side).authorization_url("state-of-this-test")
        answer = self.sandbox.consent(url)
        connection._complete_consent(
            side, code=answer["code"], realm_id=answer.get("realmId")
        )

    def _make_connected(self, **over):
        """Return a connection with both sides connected and its lists loaded."""
        connection = self._make_connection(**over)
        self._consent(connection, "actionstep")
        self._consent(connection, "quickbooks")
        connection._load_lists()
        connection._update_cron()
        return connection

    def _make_active(self, **over):
        """Return a connection that is mapped as its firm maps, and switched on."""
        connection = self._make_connected(**over)
        self._map(connection)
        connection.push_invoices = True
        return connection

    def _map(self, connection, *, without=()):
        """Add the firm's mapping lines, except those of some sources."""
        mapping = self.firm.mapping
        self._map_one(
            connection, mapping.items, "item", "account_id", "item_id", without
        )
        self._map_one(
            connection,
            mapping.accounts,
            "account",
            "account_id",
            "gl_account_id",
            without,
        )
        self._map_one(
            connection,
            mapping.taxes,
            "tax",
            "tax_code_id",
            "quickbooks_tax_code_id",
            without,
        )

    def _map_one(self, connection, pairs, kind, source_field, target_field, without):
        model = self.env[f"actionstep.{kind}.mapping"]
        sources = self.env[model._fields[source_field].comodel_name]
        targets = self.env[model._fields[target_field].comodel_name]
        key = "number" if source_field == "account_id" else "name"
        mine = [("connection_id", "=", connection.id)]
        source_ids = {row[key]: row.id for row in sources.search(mine)}
        target_ids = {row.name: row.id for row in targets.search(mine)}
        model.create(
            [
                {
                    "connection_id": connection.id,
                    source_field: source_ids[source],
                    target_field: target_ids[target],
                }
                for source, target in pairs.items()
                if source not in without
            ]
        )

    # --- acting ---

    def _run(self, connection):
        """Let the scheduled action make one pass, through the scheduler itself."""
        with self.enter_registry_test_mode():
            self.assertIs(connection.cron_id.method_direct_trigger(), True)
        connection.invalidate_recordset()
        return self.env["actionstep.sync.run"].search(
            [("connection_id", "=", connection.id)], limit=1
        )

    @contextmanager
    def _short_passes(self):
        """Let a pass have no time for more than what it starts with."""
        with patch.object(actionstep_connection_sync, "PASS_SECONDS", 0):
            yield

    # --- the two sides ---

    def _edit_bill(self, bill_id, **changes):
        """Change a bill's header in Actionstep; lines and export stay as they are."""
        self.sandbox.admin("actionstep", "POST", f"bills/{bill_id}", changes)

    def _edit_client(self, client_id, **changes):
        """Change a contact in Actionstep: ``display_name``, ``email``, ``city`` ..."""
        path = f"participants/{client_id}"
        self.sandbox.admin("actionstep", "POST", path, changes)

    def _add_client(self, name, **values):
        """Add a contact to Actionstep, with a matter; return its id."""
        body = {"display_name": name, **values}
        answer = self.sandbox.admin("actionstep", "POST", "participants", body)
        return answer["participant_id"]

    def _add_bill(self, *lines, **values):
        """Add a bill to Actionstep and its export, by default of one fee of 100.00.

        :return: the bill's id
        """
        bill = {"client_id": self.firm.bills[0].client_id, "reporting": True, **values}
        bill["lines"] = lines or [{"amount_exclusive": "100.00", "tax_code": "NT"}]
        return self.sandbox.admin("actionstep", "POST", "bills", bill)["bill_id"]

    def _replace_lines(self, bill_id, *lines, **options):
        """Replace a bill's lines in Actionstep and its export; its total follows."""
        body = {"lines": lines, "reporting": True, **options}
        self.sandbox.admin("actionstep", "POST", f"bills/{bill_id}/lines", body)

    def _receive(self, *allocations, **values):
        """Receive money in Actionstep: ``(bill id, amount)`` for each bill it settles.

        :return: the receipt's id
        """
        total = sum((Decimal(amount) for _bill, amount in allocations), Decimal())
        body = {
            "client_id": self.firm.bills[0].client_id,
            "amount": str(total),
            "received_on": "2026-11-20",
            "method": "EFT",
            "deposit_account_number": OPERATING_BANK,
            "reporting": True,
            **values,
            "allocations": [
                {"bill_id": bill_id, "amount": amount}
                for bill_id, amount in allocations
            ],
        }
        answer = self.sandbox.admin("actionstep", "POST", "receipts", body)
        return answer["receipt_id"]

    def _change_receipt(self, receipt_id, path="", **values):
        """Change a receipt in Actionstep; ``path`` names allocations or delete."""
        where = "/".join(filter(None, ["receipts", str(receipt_id), path]))
        self.sandbox.admin("actionstep", "POST", where, {"reporting": True, **values})

    def _credit(self, bill_id=None, *applications, **values):
        """Make a credit note in Actionstep, by default of all lines of a bill.

        :param applications: ``(bill id, amount)`` for each bill it is applied to
        :return: the credit note's id
        """
        body = {
            "credit_date": "2026-11-20",
            "reporting": True,
            **({"bill_id": bill_id} if bill_id else {}),
            **values,
            "applications": [
                {"bill_id": applied, "amount": amount, "applied_on": "2026-11-20"}
                for applied, amount in applications
            ],
        }
        answer = self.sandbox.admin("actionstep", "POST", "credit_notes", body)
        return answer["credit_id"]

    def _change_credit(self, credit_id, path="", **values):
        """Change a credit note in Actionstep; ``path``: lines, applications, delete."""
        where = "/".join(filter(None, ["credit_notes", str(credit_id), path]))
        self.sandbox.admin("actionstep", "POST", where, {"reporting": True, **values})

    def _edit_in_quickbooks(self, entity, object_id, **changes):
        """Change an object as a person does in QuickBooks."""
        body = {"entity": entity, "id": object_id, "changes": changes}
        self.sandbox.admin("quickbooks", "POST", "edit", body)

    def _make_customer(self, name, **values):
        """Make a customer as a person does in QuickBooks; return its id."""
        body = {"entity": "Customer", "object": {"DisplayName": name, **values}}
        return self.sandbox.admin("quickbooks", "POST", "create", body)["Id"]

    def _delete_in_quickbooks(self, entity, object_id):
        """Delete an object as a person does in QuickBooks."""
        body = {"entity": entity, "id": object_id}
        self.sandbox.admin("quickbooks", "POST", "delete", body)

    def _switch(self, side, **switches):
        """Change how a side behaves; the switches stand in its folder."""
        self.sandbox.admin(side, "POST", "switches", switches)

    def _run_through(self, connection, change, side="quickbooks"):
        """Make a pass in which a side's answers are changed on their way.

        :param change: as ``Relay`` takes it
        """
        record, field_name = connection, "local_quickbooks_api_url"
        if side == "actionstep":
            record, field_name = connection._get_credential(side), "api_endpoint"
        api_url = record[field_name]
        with Relay(api_url, change) as relay:
            record[field_name] = relay.api_url
            run = self._run(connection)
        record[field_name] = api_url
        return run

    def _make_due(self, connection, *, is_over=True):
        """Let the time pass that anything of a connection waits for.

        :param is_over: also that in which a lost request may still be under way
        """
        connection.resume_at = False
        now = fields.Datetime.now()
        for documents in (
            connection.invoice_ids,
            connection.payment_ids,
            connection.credit_note_ids,
            connection.credit_application_ids,
        ):
            documents.filtered("retry_at").write({"retry_at": now})
        self._get_jobs(connection).filtered("eta").write({"eta": now})
        if is_over:
            sent = self._get_jobs(connection).filtered("started_at")
            sent.started_at = now - timedelta(minutes=10)

    # --- looking ---

    def _get_invoice(self, connection, bill_id):
        """Return the staged invoice of a bill."""
        return connection.invoice_ids.filtered(
            lambda invoice: invoice.external_id == str(bill_id)
        )

    def _get_jobs(self, connection, state=None):
        """Return the jobs of a connection, oldest first, or those in one state."""
        domain = [("connection_id", "=", connection.id)]
        if state:
            domain.append(("state", "=", state))
        return self.env["actionstep.sync.job"].search(domain, order="id")

    def _get_sent(self, entity="Invoice"):
        """Return the objects of an entity that were sent to QuickBooks, oldest first.

        Each as it stood in its batch, with the request's id under ``requestid``.
        """
        return [
            {**item[entity], "requestid": row["query"].get("requestid")}
            for row in self.sandbox.requests("quickbooks", "/batch")
            for item in row["body"]["BatchItemRequest"]
            if entity in item
        ]

    def _get_customers(self):
        """Return QuickBooks' customers by name."""
        rows = self.sandbox.admin("quickbooks", "GET", "dump")["Customer"]
        return {row["DisplayName"]: row for row in rows}

    def _get_billed(self, bill_id):
        """Return the customer in QuickBooks that the invoice of a bill names."""
        [invoice] = self._get_quickbooks_invoices(bill_id)
        customers = {row["Id"]: row for row in self._get_customers().values()}
        return customers[invoice["CustomerRef"]["value"]]

    def _get_quickbooks_invoices(self, bill_id=None):
        """Return the living invoices in QuickBooks that we made, by its own account.

        :param bill_id: only those of this bill
        """
        marker = "Actionstep bill " + (f"{bill_id} " if bill_id else "")
        return [
            invoice
            for invoice in self.sandbox.admin("quickbooks", "GET", "dump")["Invoice"]
            if (invoice.get("PrivateNote") or "").startswith(marker)
            and invoice.get("status") != "Deleted"
        ]

    def _get_ours(self, entity, marker):
        """Return QuickBooks' living objects that we made from a document.

        :param marker: kind and id of it, such as ``receipt 17``
        """
        return [
            row
            for row in self.sandbox.admin("quickbooks", "GET", "dump")[entity]
            if (row.get("PrivateNote") or "").startswith(f"Actionstep {marker} ")
            and row.get("status") != "Deleted"
        ]

    @staticmethod
    def _amount(number):
        """Return an amount of a dump as Decimal with two places."""
        return Decimal(str(number)).quantize(Decimal("0.01"))

    def _get_notes(self, record):
        """Return the texts of a record's chatter, newest first."""
        return [str(message.body) for message in record.message_ids]


class ActionstepCase(ActionstepCommon, TransactionCase):
    """A test of the addon against the local servers."""
