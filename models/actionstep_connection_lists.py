"""The lists of both sides: loaded after connecting, and again by Refresh."""

from odoo import fields, models

from ..exceptions import AuthError, SyncError
from .vendor_session import VendorSession


class ActionstepConnection(models.Model):
    _inherit = "actionstep.connection"

    # === ACTION METHODS === #

    def action_refresh_lists(self):
        """Load the lists of both sides again and say what changed."""
        self.ensure_one()
        self.check_access("write")
        failure = self._try_load_lists()
        message = self.env._("The lists of both sides are up to date.")
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "danger" if failure else "success",
                "sticky": bool(failure),
                "message": failure or message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    # === LOADING === #

    def _try_load_lists(self):
        """Load the lists; when a side fails, tell it in the chatter.

        :return: the sentence that says what failed, or None
        """
        try:
            self._load_lists()
        except SyncError as error:
            # A refused grant is marked in a transaction of its own, which only a new
            # one of ours can see.
            self.env.cr.rollback()
            sentence = self._describe_failure(error)
            if isinstance(error, AuthError):
                self._require_reconnect(error, sentence)
            else:
                self._log(sentence)
            return sentence
        return None

    def _load_lists(self):
        """Read the lists of both sides and bring our copies up to date.

        Everything is read before anything is written, so that a vendor who fails in
        the middle leaves the lists as they were.

        :raise SyncError: a side cannot be read
        """
        self.ensure_one()
        with VendorSession(self, "actionstep") as actionstep:
            entries = {
                "actionstep.account": actionstep.call("accounts"),
                "actionstep.tax.code": actionstep.call("tax_codes"),
            }
        with VendorSession(self, "quickbooks") as quickbooks:
            company = quickbooks.call("company")
            entries["quickbooks.item"] = quickbooks.call("items")
            entries["quickbooks.account"] = quickbooks.call("accounts")
            entries["quickbooks.tax.code"] = quickbooks.call("tax_codes")
            entries["quickbooks.payment.method"] = quickbooks.call("payment_methods")
        # The lists are the server's: nobody types into them, so no group may write.
        connection_sudo = self.sudo()
        for model, values in entries.items():
            connection_sudo.env[model]._upsert(connection_sudo, values)
        connection_sudo.write(
            {
                **self._prepare_company(company),
                "lists_loaded_at": fields.Datetime.now(),
            }
        )

    def _prepare_company(self, company):
        currency = self.env["res.currency"].with_context(active_test=False)
        return {
            "quickbooks_company_name": company.name,
            "quickbooks_country": company.country,
            "quickbooks_currency_id": currency.search(
                [("name", "=", company.home_currency)]
            ).id,
            "quickbooks_multicurrency": company.is_multicurrency,
            "quickbooks_sales_tax": company.uses_sales_tax,
            "quickbooks_automated_tax": company.uses_automated_sales_tax,
            "quickbooks_custom_numbers": company.uses_custom_numbers,
            "quickbooks_close_date": company.book_close_date,
        }
