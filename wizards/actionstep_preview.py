from odoo import fields, models


class ActionstepPreview(models.TransientModel):
    """What would be sent to QuickBooks for one document: in words, and as it is sent.

    Made by the server when somebody opens it; see ``action_preview`` of the document.
    """

    _name = "actionstep.preview"
    _description = "Preview of What Is Sent to QuickBooks"

    company_id = fields.Many2one("res.company", required=True, readonly=True)
    res_model = fields.Char(required=True, readonly=True)
    res_id = fields.Integer(required=True, readonly=True)
    problem = fields.Text(readonly=True, help="Why nothing can be sent.")
    outcome = fields.Char(readonly=True)
    words = fields.Html(readonly=True)
    payload = fields.Text(
        string="Document as JSON", readonly=True, help="Just as QuickBooks gets it."
    )
    customer_payload = fields.Text(
        string="Customer as JSON",
        readonly=True,
        help="Sent before, unless QuickBooks has a customer of that name.",
    )
