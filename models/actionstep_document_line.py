from odoo import api, fields, models

from ..documents import InvoiceLine
from ..exceptions import CAUSES, DataError, MappingError
from ..mappers.money import from_answer
from .changed import changed_values
from .maps import Maps

KINDS = ("fee", "expense")


class ActionstepDocumentLine(models.AbstractModel):
    """What a line of a bill and one of a credit note have in common."""

    _name = "actionstep.document.line"
    _description = "Line with a Product and a Tax Code"
    _document_field = None

    line_no = fields.Integer(string="#", readonly=True)
    kind = fields.Char(readonly=True)
    account_number = fields.Char(string="Account", readonly=True)
    description = fields.Text(readonly=True)
    currency_id = fields.Many2one("res.currency")
    amount = fields.Monetary(string="Amount before Tax", readonly=True)
    tax_code = fields.Char(readonly=True)
    tax_amount = fields.Monetary(string="Tax", readonly=True)
    # Where the line goes by the maps as they are now, or why it goes nowhere.
    target_item = fields.Char(
        string="Product in QuickBooks", compute="_compute_targets"
    )
    target_tax = fields.Char(string="Tax in QuickBooks", compute="_compute_targets")
    is_item_missing = fields.Boolean(compute="_compute_targets")
    is_tax_missing = fields.Boolean(compute="_compute_targets")

    @api.depends("account_number", "tax_code")
    def _compute_targets(self):
        document_field = self._document_field
        lines_of = self.grouped(lambda line: line[document_field].connection_id)
        for connection, lines in lines_of.items():
            maps = Maps(connection)
            items = connection.with_context(active_test=False).quickbooks_item_ids
            names = {item.external_id: item.name for item in items}
            for line in lines:
                line._set_targets(maps, names)

    def _set_targets(self, maps, names):
        """Tell the product and the tax of a line, or which of them is missing.

        :param names: ``{QuickBooks id: name}`` of all products
        """
        self.is_item_missing = self.is_tax_missing = False
        try:
            item_id = self._get_item_id(maps)
            self.target_item = names.get(item_id, item_id)
        except MappingError as error:
            self.is_item_missing = True
            self.target_item = self.env._(CAUSES[error.cause].title)
        try:
            self.target_tax = maps.get_tax_code(self.tax_code).name
        except MappingError as error:
            self.is_tax_missing = True
            self.target_tax = self.env._(CAUSES[error.cause].title)

    @api.model
    def _prepare(self, line):
        """Return the values that stage a neutral line, without its document."""
        return {
            "line_no": line.line_no,
            "kind": line.kind,
            "account_number": line.account_number,
            "description": line.description,
            "amount": float(line.amount_exclusive),
            "tax_code": line.tax_code,
            "tax_amount": float(line.tax_amount),
        }

    @api.model
    def _replace(self, lines_by_document):
        """Replace the lines of documents where they differ from what is stored.

        :param lines_by_document: ``{document: neutral lines}``
        :return: the documents whose lines changed
        """
        outdated, new, changed = self.browse(), [], []
        for document, lines in lines_by_document.items():
            lines = sorted(lines, key=lambda line: line.line_no)
            values = [self._prepare(line) for line in lines]
            stored = document.line_ids.sorted("line_no")
            if len(stored) != len(values) or any(map(changed_values, stored, values)):
                changed.append(document.id)
                outdated |= stored
                new += [{**row, self._document_field: document.id} for row in values]
        outdated.unlink()
        self.create(new)
        return self.env[self._fields[self._document_field].comodel_name].browse(changed)

    def _get_kind_problem(self):
        """Return the error that names the first line that is no fee nor expense."""
        for line in self:
            if line.kind not in KINDS:
                values = {"line": line.line_no, "kind": line.kind or "-"}
                return DataError("line_unknown_kind", values=values)
        return None

    def _sum(self):
        """Return the sums of net amounts and of taxes, as Decimal."""
        net = sum(map(from_answer, self.mapped("amount")))
        tax = sum(map(from_answer, self.mapped("tax_amount")))
        return net, tax

    def _get_item_id(self, maps):
        """Return the id of the product that the line goes to.

        :raise MappingError: the account has no target
        """
        own = self[self._document_field]._get_own_item_id(maps)
        return own or maps.get_item_id(self.account_number)

    def _to_value(self, maps, **more):
        """Return the neutral line, its targets chosen by the maps.

        :param maps: ``Maps`` of the connection
        :param more: further values of the neutral line
        :raise MappingError: the account or the tax code has no target
        """
        self.ensure_one()
        return InvoiceLine(
            line_no=self.line_no,
            description=self.description or "",
            amount=from_answer(self.amount),
            tax_amount=from_answer(self.tax_amount),
            item_id=self._get_item_id(maps),
            tax_code=maps.get_tax_code(self.tax_code),
            kind=self.kind or "",
            account=maps.get_account_name(self.account_number),
            **more,
        )
