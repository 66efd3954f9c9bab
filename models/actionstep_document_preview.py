"""What the next push would send, without sending it: for QuickBooks, and in words.

It goes through the very checks of the plan and the mappers of the push; the network is
not touched. So a customer that QuickBooks may or may not have is named as such.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import simplejson

from odoo import models
from odoo.tools import format_date

from ..exceptions import SyncError
from ..mappers.common import ref
from ..mappers.money import from_answer
from ..mappers.tax import NOT_TAXED, TAXED
from .actionstep_document_actions import DECIDED_ALONE
from .failure import describe
from .maps import Maps

# What a payment in QuickBooks is linked to.
LINKED_MODELS = {
    "Invoice": "actionstep.invoice",
    "CreditMemo": "actionstep.credit.note",
}


class Preview(NamedTuple):
    """What would be sent for a document, as things stand.

    ``operation`` is create, update, delete or void, empty when there is nothing to
    send. ``customers`` are those that are looked up or made first, the parent first.
    ``is_known`` says that QuickBooks has just this already.
    """

    operation: str
    payload: dict[str, Any]
    customers: tuple[Any, ...] = ()
    is_known: bool = False


class ActionstepDocument(models.AbstractModel):
    _inherit = "actionstep.document"

    # === ACTION METHODS === #

    def action_preview(self):
        """Show what would be sent to QuickBooks; nothing is sent, nothing changes."""
        self.ensure_one()
        self.check_access("read")
        values = self._prepare_preview()
        # Made by the server alone: what it shows is what the server found.
        preview = self.env["actionstep.preview"].sudo().create(values)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Preview: %(what)s", what=self._get_label()),
            "res_model": preview._name,
            "res_id": preview.id,
            "views": [(False, "form")],
            "target": "new",
        }

    def _prepare_preview(self):
        """Return the values of the dialog that shows what would be sent."""
        values = {
            "company_id": self.company_id.id,
            "res_model": self._name,
            "res_id": self.id,
        }
        try:
            preview = self._preview()
        except SyncError as error:
            problem = describe(self.env, error, **self._get_values())
            return {**values, "problem": problem}
        return {
            **values,
            "outcome": self._get_outcome(preview),
            "words": self._render_words(preview),
            "payload": to_json(preview.payload) if preview.operation else False,
            "customer_payload": "\n".join(
                to_json(self._preview_customer(one)) for one in preview.customers
            ),
        }

    # === WHAT IS SENT === #

    def _preview(self):
        """Return what would be sent for this document.

        :raise SyncError: nothing, because something is missing or wrong
        """
        self.ensure_one()
        if self._is_withdrawn():
            return self._preview_removal()
        maps = Maps(self.connection_id)
        company = self.connection_id._get_company_value()
        value = self._to_checked_value(maps, company)
        customers = self._get_new_customers()
        if customers:
            value = replace(value, customer_id=self._get_placeholder(customers[-1]))
        return Preview(
            operation=self._get_operation(),
            payload=self._kind.to_payload(value, company),
            customers=customers,
            is_known=self._is_pushed_as(value),
        )

    def _preview_removal(self):
        """Return what takes the document out; its version is read before, at the push.

        One that was sent, and whose answer was lost, is looked up first.
        """
        if not self.quickbooks_id:
            return Preview("", {})
        operation = self._get_operation()
        row = {"Id": self.quickbooks_id, "SyncToken": self.quickbooks_sync_token}
        return Preview(operation, self._prepare_removal(row, operation))

    def _get_new_customers(self):
        """Return the client, and the matter below it, that we know no customer of."""
        customer = self._get_customer()
        chain = filter(None, (customer._get_parent(), customer))
        return tuple(one for one in chain if not one.quickbooks_id)

    def _get_placeholder(self, customer):
        return self.env._("(the customer %(name)s)", name=customer._get_wanted_name())

    def _preview_customer(self, customer):
        """Return what makes a customer, if QuickBooks has none of its name."""
        is_multicurrency = self.connection_id.quickbooks_multicurrency
        payload = customer._prepare_payload(
            customer._get_wanted_name(), self.currency_code if is_multicurrency else ""
        )
        if customer._get_parent() in self._get_new_customers():
            parent = self._get_placeholder(customer._get_parent())
            payload["ParentRef"] = {"value": parent}
        return payload

    # === IN WORDS === #

    def _get_outcome(self, preview):
        """Return the sentence that says what becomes of what is shown."""
        number = self.quickbooks_number or self.quickbooks_id
        sentences = {
            "": self.env._("It is not in QuickBooks, and nothing is sent."),
            "create": self.env._("This is created in QuickBooks."),
            "update": self.env._(
                "This replaces %(number)s in QuickBooks.", number=number
            ),
            "delete": self.env._(
                "%(number)s is deleted in QuickBooks. It is read there first: what "
                "somebody paid or changed there stays, and you are told.",
                number=number,
            ),
            "void": self.env._(
                "%(number)s is voided in QuickBooks. It is read there first: what "
                "somebody paid or changed there stays, and you are told.",
                number=number,
            ),
        }
        # First: what changes is not sent either.
        obstacle = self._get_obstacle(preview)
        if obstacle and preview.operation in ("delete", "void"):
            return f"{obstacle} {sentences[preview.operation]}"
        if obstacle:
            return obstacle
        if preview.is_known:
            return self.env._(
                "QuickBooks has just this: nothing is sent until it changes."
            )
        if self.state == "skipped":
            return self.env._(
                "Before the start date: nothing is sent. Otherwise this would go:"
            )
        return sentences[preview.operation]

    def _get_obstacle(self, preview):
        """Return the sentence that says who must do what before anything is sent."""
        if self.state == "held":
            return self.env._(
                "On hold: nothing is sent until somebody releases it. Then this:"
            )
        if self.state == "attention" and self.failure_cause in DECIDED_ALONE:
            if self.can_be_left:
                return self.env._(
                    "Nothing is sent until somebody decides: press Requeue or Leave in "
                    "QuickBooks. Then this:"
                )
            return self.env._(
                "Nothing is sent until somebody decides: press Requeue or Hold. Then "
                "this:"
            )
        is_due = preview.operation and not preview.is_known
        if is_due and self.connection_id.state == "paused":
            return self.env._(
                "Nothing is pushed while the connection is paused. Then this:"
            )
        return ""

    def _render_words(self, preview):
        """Return the HTML that says in words what the payload says."""
        payload = preview.payload
        is_removal = preview.operation in ("", "delete", "void")
        return self.env["ir.qweb"]._render(
            "actionstep_quickbooks.preview_words",
            {
                "facts": [] if is_removal else self._get_facts(preview),
                "lines": [] if is_removal else self._get_line_words(payload),
                "customers": preview.customers,
                "columns": self._get_line_columns(),
            },
        )

    def _get_facts(self, preview):
        """Return ``(label, text)`` of what the payload says beside its lines."""
        payload = preview.payload
        number = payload.get("DocNumber") or payload.get("PaymentRefNum")
        lists = {
            "method": ("quickbooks.payment.method", ref(payload, "PaymentMethodRef")),
            "account": ("quickbooks.account", ref(payload, "DepositToAccountRef")),
        }
        names = {
            key: self._get_names(model, [found]).get(found, found)
            for key, (model, found) in lists.items()
        }
        facts = (
            (self.env._("Customer"), self._get_customer_name(preview)),
            (self.env._("Number"), number),
            (self.env._("Date"), self._format_day(payload.get("TxnDate"))),
            (self.env._("Due date"), self._format_day(payload.get("DueDate"))),
            (self.env._("Payment method"), names["method"]),
            (self.env._("Paid into"), self._get_deposit_words(names["account"])),
            (self.env._("Exchange rate"), payload.get("ExchangeRate")),
            *self._get_amount_facts(payload),
            (self.env._("Private note"), payload.get("PrivateNote")),
        )
        return [(label, text) for label, text in facts if text]

    def _get_amount_facts(self, payload):
        """Return ``(label, text)`` of the amounts of the whole document."""
        total = from_answer(payload["TotalAmt"])
        left = total - sum(from_answer(line["Amount"]) for line in payload["Line"])
        return [
            (self.env._("Amount"), self._format_amount(total)),
            # The lines of a payment of zero cancel each other out.
            (
                self.env._("Stays unapplied"),
                left > 0 and self._format_amount(left),
            ),
        ]

    def _get_deposit_words(self, name):
        """Return where the money goes; only a payment of money goes anywhere."""
        is_money = self._name == "actionstep.payment"
        return name or (is_money and self.env._("Undeposited Funds"))

    def _get_customer_name(self, preview):
        name = self._get_customer().quickbooks_name
        if not preview.customers:
            return name
        wanted = preview.customers[-1]._get_wanted_name()
        return self.env._("%(name)s (looked up, or made new)", name=wanted)

    def _get_line_columns(self):
        """Return the headings of the lines."""
        return [self.env._("Settles"), self.env._("Amount")]

    def _get_line_words(self, payload):
        """Return the lines of a payload as texts, the amount last."""
        kinds = {
            "Invoice": "actionstep.invoice",
            "CreditMemo": "actionstep.credit.note",
        }
        links = [(line, line["LinkedTxn"][0]) for line in payload["Line"]]
        names = {}
        for kind, model in kinds.items():
            ids = [link["TxnId"] for _line, link in links if link["TxnType"] == kind]
            found = self._get_names(model, ids, "quickbooks_id", "number")
            names |= {(kind, key): name for key, name in found.items()}
        return [
            [
                names.get((link["TxnType"], link["TxnId"]), link["TxnId"]),
                self._format_amount(line["Amount"]),
            ]
            for line, link in links
        ]

    def _get_names(self, model, ids, key="external_id", name="display_name"):
        """Return ``{id in QuickBooks: name}`` of a list of this connection."""
        mine = [("connection_id", "=", self.connection_id.id), (key, "in", list(ids))]
        found = self.env[model].with_context(active_test=False).search(mine)
        return {record[key]: record[name] for record in found}

    def _format_day(self, text):
        return format_date(self.env, text) if text else ""


class ActionstepSale(models.AbstractModel):
    _inherit = "actionstep.sale"

    def _get_amount_facts(self, payload):
        """Override of `actionstep.document` for tax and total."""
        detail = payload.get("TxnTaxDetail") or {}
        code = ref(detail, "TxnTaxCodeRef")
        tax = self._format_amount(detail.get("TotalTax", self.amount_tax))
        if "TotalTax" not in detail and self.amount_tax:
            tax = self.env._("%(tax)s, computed by QuickBooks", tax=tax)
        return [
            (
                self.env._("Tax code"),
                self._get_names("quickbooks.tax.code", [code]).get(code),
            ),
            (self.env._("Tax"), tax),
            (self.env._("Total"), self._format_amount(self.amount_total)),
        ]

    def _get_line_columns(self):
        """Override of `actionstep.document`."""
        return [
            self.env._("Description"),
            self.env._("Product"),
            self.env._("Quantity"),
            self.env._("Rate"),
            self.env._("Tax code"),
            self.env._("Amount"),
        ]

    def _get_line_words(self, payload):
        """Override of `actionstep.document`."""
        details = [line["SalesItemLineDetail"] for line in payload["Line"]]
        items = [ref(detail, "ItemRef") for detail in details]
        codes = [ref(detail, "TaxCodeRef") for detail in details]
        products = self._get_names("quickbooks.item", items)
        taxes = {
            **self._get_names("quickbooks.tax.code", codes),
            TAXED: self.env._("Taxed"),
            NOT_TAXED: self.env._("Not taxed"),
        }
        return [
            [
                line.get("Description", ""),
                products.get(item, item),
                detail.get("Qty", ""),
                detail.get("UnitPrice", ""),
                taxes.get(code, code),
                self._format_amount(line["Amount"]),
            ]
            for line, detail, item, code in zip(
                payload["Line"], details, items, codes, strict=True
            )
        ]


def to_json(payload):
    """Return a payload as JSON for people, its money with just its digits."""
    return simplejson.dumps(payload, use_decimal=True, indent=2, ensure_ascii=False)
