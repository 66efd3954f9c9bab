"""What stands beside each map: what is unmapped, what is proposed, what there is."""

from collections import Counter

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..mappers import suggestions
from .map_sentences import REASONS

# The documents that a missing line keeps from being pushed.
WAITING = ("waiting", "attention")
# Which entries of Actionstep each map is for. Bills name income and expense accounts;
# of an account whose type is not known it may be either.
SOURCES = {
    "item": [
        ("is_header", "=", False),
        ("section", "in", ("income", "expense", "other")),
    ],
    "account": [("is_header", "=", False)],
    "tax": [],
}
LINES = (
    ("actionstep.invoice.line", "invoice_id"),
    ("actionstep.credit.note.line", "credit_note_id"),
)


class ActionstepConnection(models.Model):
    _inherit = "actionstep.connection"

    @api.readonly
    def get_map_panel(self, kind):
        """Return what the mapping page shows beside a map.

        Nothing of it is stored: a proposal becomes a line when somebody accepts it and
        saves the page.

        :param kind: ``item``, ``account`` or ``tax``
        :return: ``sources`` (entries of Actionstep with ``id``, ``name``, ``about``,
            the number of documents that are ``waiting`` for it, and its ``proposal``:
            ``id``, ``name``, ``reason``), ``targets`` (entries of QuickBooks),
            ``pairs`` (``line id: [source id, target id]``) and ``problems`` (``line
            id: sentence``)
        """
        self.ensure_one()
        self.check_access("read")
        if kind not in SOURCES:
            raise UserError(self.env._("There is no such map."))
        lines = self[f"{kind}_mapping_ids"]
        waiting = self._count_waiting(kind)
        sources, targets = self._get_map_ends(kind, waiting)
        source_name, target_name = lines._source_field, lines._target_field
        mapped = lines[source_name]
        proposals = self._propose_lines(kind, sources - mapped, targets)
        rows = [
            {
                **_row(source),
                "waiting": waiting.pop(_key(source), 0),
                "proposal": proposals.get(source.id, False),
            }
            for source in sources | mapped
        ]
        return {
            "sources": [*rows, *self._get_unknown_rows(waiting)],
            "targets": [_row(target) for target in targets],
            "pairs": {
                line.id: [line[source_name].id, line[target_name].id] for line in lines
            },
            "problems": {line.id: line.problem for line in lines if line.problem},
        }

    def _get_map_ends(self, kind, waiting=None):
        """Return the entries of Actionstep that a map is for, and those of QuickBooks.

        Also what documents wait for all the same: disbursements are often booked to an
        asset. Products that can stand on no line are left out.

        :param waiting: as ``_count_waiting``; counted unless given
        """
        waiting = self._count_waiting(kind) if waiting is None else waiting
        lines = self.env[f"actionstep.{kind}.mapping"]
        source, target = (
            self.env[lines._fields[name].comodel_name]
            for name in (lines._source_field, lines._target_field)
        )
        mine = [("connection_id", "=", self.id)]
        targets = target.search(mine)
        if kind == "item":
            targets = targets.filtered(lambda one: one._to_entry().is_sellable)
        key = "number" if "number" in source._fields else "name"
        named = [(key, "in", list(waiting))]
        if "is_header" in source._fields:
            named.append(("is_header", "=", False))
        domain = Domain(SOURCES[kind]) | Domain(named)
        return source.search(Domain(mine) & domain), targets

    # === PROPOSALS === #

    def _propose_lines(self, kind, sources, targets):
        """Return ``{source id: proposal}`` for entries that have no line yet."""
        if kind == "account":
            targets -= self.account_mapping_ids.gl_account_id
        ours, theirs = (
            [one._to_entry() for one in entries] for entries in (sources, targets)
        )
        found = {
            "item": suggestions.propose_items,
            "account": suggestions.propose_accounts,
            "tax": self._propose_taxes,
        }[kind](ours, theirs)
        return {
            one.source: {
                **_row(targets.browse(one.target)),
                "reason": self.env._(REASONS[one.reason]),
            }
            for one in found
        }

    def _propose_taxes(self, sources, targets):
        return suggestions.propose_taxes(
            sources, targets, is_automated=self.quickbooks_automated_tax
        )

    # === DOCUMENTS THAT WAIT === #

    def _count_waiting(self, kind):
        """Return how many documents not in QuickBooks yet name each entry.

        :return: Counter by account number or tax code
        """
        if kind == "tax":
            return self._count_documents("tax_code")
        if kind == "account":
            return self._count_deposits()
        products = self.quickbooks_item_ids
        named = [*products.mapped("name"), *products.mapped("external_id")]
        counts = self._count_documents("account_number", named)
        if self.totals_account_id:
            counts[self.totals_account_id.number] += self._count_by_totals()
        return counts

    def _count_documents(self, key, named=()):
        """Count bills and credit notes by what their lines name.

        :param named: products; lines that name one of them need no map
        """
        counts = Counter()
        for model, document in LINES:
            domain = [
                (f"{document}.connection_id", "=", self.id),
                (f"{document}.state", "in", WAITING),
                (key, "!=", False),
            ]
            if named and "product_service" in self.env[model]._fields:
                domain.append(("product_service", "not in", named))
            groups = self.env[model]._read_group(
                domain, [key], [f"{document}:count_distinct"]
            )
            counts.update(dict(groups))
        return counts

    def _count_by_totals(self):
        """Count the bills that go with one line made of their totals."""
        domain = [("connection_id", "=", self.id), ("state", "in", WAITING)]
        if self.detail_source != "totals":
            if self.detail_policy != "totals_first":
                return 0
            domain.append(("line_ids", "=", False))
        return self.env["actionstep.invoice"].search_count(domain)

    def _count_deposits(self):
        """Count payments by the account that they were paid into."""
        domain = [
            ("connection_id", "=", self.id),
            ("state", "in", WAITING),
            ("is_derived", "=", False),
            ("deposit_account_number", "!=", False),
        ]
        if self.deposit_to == "undeposited":
            # Only trust money goes by the map then.
            trust = self.account_ids.filtered("is_trust")
            domain.append(("deposit_account_number", "in", trust.mapped("number")))
        groups = self.env["actionstep.payment"]._read_group(
            domain, ["deposit_account_number"], ["__count"]
        )
        return Counter(dict(groups))

    def _get_unknown_rows(self, waiting):
        """Return rows for what documents name and Actionstep's list does not have."""
        about = self.env._("Not in the list of Actionstep: refresh it")
        return [
            {
                "id": False,
                "name": name,
                "about": about,
                "waiting": count,
                "proposal": False,
            }
            for name, count in sorted(waiting.items())
            if count and name
        ]


def _row(entry):
    """Return an entry as the page shows it."""
    if "income_account" in entry._fields:
        about = entry.income_account or entry.item_type
    elif "account_type" in entry._fields:
        about = entry.account_type
    else:
        about = entry.description
    return {"id": entry.id, "name": entry.display_name, "about": about or ""}


def _key(source):
    """Return what documents call an entry of Actionstep."""
    return source.number if "number" in source._fields else source.name
