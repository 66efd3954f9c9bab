"""The lists of both sides: loaded after connecting, and again by Refresh."""

from odoo import fields, models
from odoo.exceptions import UserError

from ..exceptions import AuthError, SyncError
from . import list_changes
from .vendor_session import VendorSession

# Which side keeps a list, and the call that reads it.
LISTS = {
    "actionstep.account": ("actionstep", "accounts"),
    "actionstep.tax.code": ("actionstep", "tax_codes"),
    "quickbooks.item": ("quickbooks", "items"),
    "quickbooks.account": ("quickbooks", "accounts"),
    "quickbooks.tax.code": ("quickbooks", "tax_codes"),
    "quickbooks.payment.method": ("quickbooks", "payment_methods"),
}


class ActionstepConnection(models.Model):
    _inherit = "actionstep.connection"

    # === ACTION METHODS === #

    def action_refresh_lists(self):
        """Load the lists of both sides again and say what changed.

        The context may name some of them (``refresh_lists``).
        """
        self.ensure_one()
        self.check_access("write")
        names = self._get_lists_to_refresh()
        failure, changes = self._refresh_lists(names)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "danger" if failure else "success",
                "sticky": bool(failure or changes),
                "message": failure or self._describe_refresh(names, changes),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _get_lists_to_refresh(self):
        """Return the lists that the context names, all of them without."""
        names = self.env.context.get("refresh_lists") or list(LISTS)
        if not set(names) <= LISTS.keys():
            raise UserError(self.env._("There is no such list."))
        return names

    # === WHAT CHANGED === #

    def _describe_refresh(self, names, changes):
        """Return the sentences that tell what a refresh has changed."""
        if len(names) == len(LISTS):
            first = self.env._("The lists of both sides are up to date.")
        else:
            titles = ", ".join(map(self._get_list_title, names))
            first = self.env._("Up to date: %s.", titles)
        if not changes:
            return f"{first} {self.env._('Nothing has changed.')}"
        return " ".join([first, *self._describe_changes(changes)])

    def _describe_changes(self, changes):
        sentences = [
            f"{list_changes.describe(self.env, self._get_list_title(name), one)}."
            for name, one in changes.items()
        ]
        broken = self._count_broken_lines()
        if broken:
            sentences.append(
                self.env._("Lines of the maps that no longer work: %s.", broken)
            )
        return sentences

    def _get_list_title(self, name):
        return {
            "actionstep.account": self.env._("Actionstep accounts"),
            "actionstep.tax.code": self.env._("Actionstep tax codes"),
            "quickbooks.item": self.env._("QuickBooks products and services"),
            "quickbooks.account": self.env._("QuickBooks accounts"),
            "quickbooks.tax.code": self.env._("QuickBooks tax codes"),
            "quickbooks.payment.method": self.env._("QuickBooks payment methods"),
        }[name]

    def _count_broken_lines(self):
        maps = (self.item_mapping_ids, self.account_mapping_ids, self.tax_mapping_ids)
        return sum(len(lines.filtered("is_broken")) for lines in maps)

    # === LOADING === #

    def _try_load_lists(self):
        """Load all lists; when a side fails, tell it in the chatter.

        :return: the sentence that says what failed, or None
        """
        failure, _changes = self._refresh_lists(list(LISTS))
        return failure

    def _refresh_lists(self, names):
        """Load some lists; when a side fails, tell it in the chatter.

        :return: the sentence that says what failed, or None; and what changed, as
            ``_load_lists`` returns it
        """
        try:
            changes = self._load_lists(names)
        except SyncError as error:
            # A refused grant is marked in a transaction of its own, which only a new
            # one of ours can see.
            self.env.cr.rollback()
            sentence = self._describe_failure(error)
            if isinstance(error, AuthError):
                self._require_reconnect(error, sentence)
            else:
                self._log(sentence)
            return sentence, {}
        told = {name: one for name, one in changes.items() if not one.is_first}
        if told:
            self._log(" ".join(self._describe_changes(told)))
        return None, changes

    def _load_lists(self, names=None):
        """Read lists of both sides and bring our copies up to date.

        Everything is read before anything is written, so that a vendor who fails in
        the middle leaves the lists as they were. What QuickBooks' company is like comes
        with any of its lists.

        :param names: models of the lists; None for all of them
        :return: ``{model: list_changes.Changes}`` of the lists in which something did
        :raise SyncError: a side cannot be read
        """
        self.ensure_one()
        names = names or list(LISTS)
        company, entries = None, {}
        for side in ("actionstep", "quickbooks"):
            calls = {one: LISTS[one][1] for one in names if LISTS[one][0] == side}
            if calls:
                with VendorSession(self, side) as session:
                    if side == "quickbooks":
                        company = session.call("company")
                    for name, call in calls.items():
                        entries[name] = session.call(call)
        # The lists are the server's: nobody types into them, so no group may write.
        connection_sudo = self.sudo()
        before = {name: connection_sudo._snapshot_list(name) for name in entries}
        for model, values in entries.items():
            connection_sudo.env[model]._upsert(connection_sudo, values)
        connection_sudo._write_loaded(company, is_complete=len(entries) == len(LISTS))
        return connection_sudo._compare_lists(before)

    def _snapshot_list(self, name):
        mine = [("connection_id", "=", self.id)]
        return list_changes.snapshot(self.env[name].search(mine))

    def _compare_lists(self, before):
        changes = {
            name: list_changes.compare(old, self._snapshot_list(name))
            for name, old in before.items()
        }
        return {name: one for name, one in changes.items() if one}

    def _write_loaded(self, company, *, is_complete):
        """Keep what the company is like, and when all lists were read last."""
        values = self._prepare_company(company) if company else {}
        if is_complete:
            values["lists_loaded_at"] = fields.Datetime.now()
        self.write(values)

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
