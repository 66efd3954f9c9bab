from odoo import fields, models

from ..mappers.money import from_answer
from ..mappers.sales import summarize_lines


class ActionstepSale(models.AbstractModel):
    """What a bill and a credit note have in common: number, totals, and lines.

    The concrete model has ``line_ids``, and says when its totals are all that is known.
    """

    _name = "actionstep.sale"
    _description = "Document with Lines, Products and Tax"
    _inherit = "actionstep.document"
    _rec_name = "number"
    _rec_names_search = ["number", "participant_id.name"]

    _value_class = None  # the neutral document
    _amount_field = "amount_total"

    number = fields.Char(readonly=True, index="trigram")
    amount_untaxed = fields.Monetary(string="Total before Tax", readonly=True)
    amount_tax = fields.Monetary(string="Tax", readonly=True)
    amount_total = fields.Monetary(string="Total", readonly=True)

    # === FOR EACH KIND === #

    def _is_totals_enough(self):
        """Tell whether it goes with one line made of its totals."""
        raise NotImplementedError

    def _get_own_item_id(self, _maps):
        """Return the product of all its lines, None where the map decides."""
        return None

    def _prepare_value(self):
        """Return the values of the neutral document that only this kind has."""
        raise NotImplementedError

    # === SHARED === #

    def _get_number(self):
        """Override of `actionstep.document`."""
        return self.number or ""

    def _get_total(self):
        """Override of `actionstep.document`."""
        return self.amount_total

    def _to_value(self, maps):
        """Override of `actionstep.document`."""
        self.ensure_one()
        return self._value_class(
            reference=self._get_reference(),
            number=self.number or "",
            customer_id=self._get_customer().quickbooks_id or "",
            currency=self.currency_code or "",
            total_tax=from_answer(self.amount_tax),
            total=from_answer(self.amount_total),
            lines=self._get_line_values(maps),
            matters=tuple(self.matter_ids.mapped("display_name")),
            quickbooks_id=self.quickbooks_id or None,
            sync_token=self.quickbooks_sync_token or None,
            exchange_rate=self._get_exchange_rate(),
            **self._prepare_value(),
        )

    def _get_line_values(self, maps):
        """Return the neutral lines that go: all, one by product and tax, or one."""
        if self._is_totals_enough():
            return (maps.get_totals_line(self, self._get_own_item_id(maps)),)
        lines = tuple(line._to_value(maps) for line in self.line_ids)
        is_summary = self.connection_id.line_detail == "summary"
        return summarize_lines(lines) if is_summary else lines
