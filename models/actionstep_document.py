from odoo import fields, models

from .failure import describe, failure_type, selection_cause


class ActionstepFailure(models.AbstractModel):
    """Why something did not go: for the bookkeeper, and apart from that in detail."""

    _name = "actionstep.failure"
    _description = "Failure of a Push"

    failure_cause = fields.Selection(
        selection_cause, string="Cause", readonly=True, copy=False, index=True
    )
    failure_type = fields.Selection(
        [
            ("config", "Settings"),
            ("data", "Document"),
            ("transient", "Passing"),
            ("auth", "Connection"),
            ("bug", "Error in the program"),
        ],
        readonly=True,
        copy=False,
    )
    failure_message = fields.Text(string="What to Do", readonly=True, copy=False)
    failure_detail = fields.Text(string="Technical Detail", readonly=True, copy=False)

    def _prepare_failure(self, error, **values):
        """Return the values that store an error on a document or job."""
        detail = error.detail or ""
        if error.intuit_tid:
            detail = f"{detail}\nintuit_tid: {error.intuit_tid}".strip()
        return {
            "failure_cause": error.cause,
            "failure_type": failure_type(error),
            "failure_message": describe(self.env, error, **values),
            "failure_detail": detail,
        }

    def _prepare_no_failure(self):
        return {
            "failure_cause": False,
            "failure_type": False,
            "failure_message": False,
            "failure_detail": False,
        }


class ActionstepDocument(models.AbstractModel):
    """What every record has that stands in Actionstep and goes to QuickBooks.

    The binding (which object of QuickBooks it is, at which version) and the state of
    the push. The state is moved by the methods below only.
    """

    _name = "actionstep.document"
    _description = "Document Pushed to QuickBooks"
    _inherit = "actionstep.failure"

    connection_id = fields.Many2one(
        "actionstep.connection",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        "res.company", related="connection_id.company_id", store=True, index=True
    )
    external_id = fields.Char(string="Actionstep ID", required=True, readonly=True)

    # --- binding ---
    quickbooks_id = fields.Char(
        string="QuickBooks ID", readonly=True, copy=False, index="btree_not_null"
    )
    quickbooks_sync_token = fields.Char(
        string="QuickBooks Version", readonly=True, copy=False
    )
    pushed_fingerprint = fields.Char(
        readonly=True, copy=False, help="Content that was last pushed."
    )
    quickbooks_fingerprint = fields.Char(
        string="QuickBooks Fingerprint",
        readonly=True,
        copy=False,
        help="Content as QuickBooks answered it: tells a change made there.",
    )
    edited_fingerprint = fields.Char(
        readonly=True, copy=False, help="Content that a person gave it in QuickBooks."
    )
    pushed_at = fields.Datetime(string="Last Pushed", readonly=True, copy=False)
    failed_at = fields.Datetime(
        string="Needs Attention Since", readonly=True, copy=False
    )

    def _prepare_no_failure(self):
        """Override of `actionstep.failure` to end the time of the failure too."""
        return {**super()._prepare_no_failure(), "failed_at": False}
