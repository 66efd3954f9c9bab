from odoo import api, fields, models

from .failure import (
    HELP_PATH,
    describe,
    failure_type,
    find_subject,
    selection_cause,
)


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
    failure_subject = fields.Char(
        string="About",
        readonly=True,
        copy=False,
        help="What is to be mended, such as the number of an account without product: "
        "all documents that wait for it go when it is.",
    )
    failure_message = fields.Text(string="What to Do", readonly=True, copy=False)
    failure_detail = fields.Text(string="Technical Detail", readonly=True, copy=False)

    failure_help_url = fields.Char(
        string="Learn More",
        compute="_compute_failure_help_url",
        help="The page that says what it means, why it happens and what to do.",
    )

    @api.depends("failure_cause")
    def _compute_failure_help_url(self):
        for one in self:
            cause = one.failure_cause
            one.failure_help_url = f"{HELP_PATH}/{cause}" if cause else False

    def _prepare_failure(self, error, **values):
        """Return the values that store an error on a document or job."""
        detail = error.detail or ""
        if error.intuit_tid:
            detail = f"{detail}\nintuit_tid: {error.intuit_tid}".strip()
        return {
            "failure_cause": error.cause,
            "failure_type": failure_type(error),
            "failure_subject": find_subject(error, **values),
            "failure_message": describe(self.env, error, **values),
            "failure_detail": detail,
        }

    def _prepare_no_failure(self):
        return {
            "failure_cause": False,
            "failure_type": False,
            "failure_subject": False,
            "failure_message": False,
            "failure_detail": False,
        }
