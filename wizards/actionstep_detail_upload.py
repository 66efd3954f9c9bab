import base64

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

OPERATOR = "actionstep_quickbooks.group_operator"
# What is shown of what is wrong; a file of another kind would fill the page.
SHOWN_PROBLEMS = 500


class ActionstepDetailUpload(models.TransientModel):
    """Upload files with lines, payments and credit notes: look first, then import."""

    _name = "actionstep.detail.upload"
    _description = "Upload of Details from Files"

    connection_id = fields.Many2one(
        "actionstep.connection",
        required=True,
        domain="[('detail_source', '=', 'files')]",
        default=lambda self: self._default_connection_id(),
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        "res.company", related="connection_id.company_id", store=True
    )
    attachment_ids = fields.Many2many("ir.attachment", string="Files")
    # new --[Check, Import]--> wrong or checked --[other files or connection]--> new
    state = fields.Selection(
        [("new", "To check"), ("wrong", "With errors"), ("checked", "Checked")],
        default="new",
        required=True,
    )
    summary = fields.Html(readonly=True)
    problem_ids = fields.One2many(
        "actionstep.detail.upload.problem", "upload_id", readonly=True
    )
    problem_count = fields.Integer(string="Errors", readonly=True)
    template = fields.Binary(compute="_compute_template")

    @api.model
    def _default_connection_id(self):
        """Return the only connection that takes files, or none."""
        found = self.env["actionstep.connection"].search(
            [("detail_source", "=", "files")], limit=2
        )
        return found if len(found) == 1 else found.browse()

    @api.depends("connection_id")
    def _compute_template(self):
        for upload in self:
            content = upload.connection_id._get_detail_template()
            upload.template = base64.b64encode(content)

    @api.onchange("connection_id", "attachment_ids")
    def _onchange_files(self):
        self.state = "new"

    # === ACTION METHODS === #

    def action_check(self):
        """Tell what the files hold, what they would change, and what is wrong."""
        self._take(is_import=False)
        return self._reopen()

    def action_import(self):
        """Import the files, all of them or nothing."""
        told = self._take(is_import=True)
        if told["problems"]:
            return self._reopen()
        self._note_import(told)
        self._drop_files()
        return self._tell_imported(told)

    def action_download_template(self):
        """Give an XLSX file with all columns."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "target": "download",
            "url": f"/web/content/{self._name}/{self.id}/template"
            "?download=true&filename=actionstep_details.xlsx",
        }

    # === UPLOAD === #

    def _take(self, *, is_import):
        """Have the connection check or import the files, and keep what it told."""
        self.ensure_one()
        connection_sudo = self._get_connection_sudo()
        told = connection_sudo._take_detail_files(
            [(one.name, one.raw or b"") for one in self.attachment_ids],
            is_import=is_import,
        )
        problems = told["problems"]
        self.problem_ids.sudo().unlink()
        self.env["actionstep.detail.upload.problem"].sudo().create(
            [{**one, "upload_id": self.id} for one in problems[:SHOWN_PROBLEMS]]
        )
        self.sudo().write(
            {
                "state": "wrong" if problems else "checked",
                "problem_count": len(problems),
                "summary": self._render_summary(told),
            }
        )
        return told

    def _get_connection_sudo(self):
        """Return the connection as the server's, once the user may upload to it.

        Only the server writes documents; an operator may have it do so.
        """
        if not self.env.user.has_group(OPERATOR):
            raise UserError(self.env._("Only an operator may upload files."))
        self.connection_id.check_access("read")
        if self.connection_id.detail_source != "files":
            raise UserError(
                self.env._(
                    "%(name)s does not take its details from files. Choose Files on "
                    "the connection first.",
                    name=self.connection_id.name,
                )
            )
        if not self.attachment_ids:
            raise UserError(self.env._("Add at least one file."))
        return self.connection_id.sudo()

    def _drop_files(self):
        """Remove what is no longer needed; only what this user uploaded here."""
        self.attachment_ids.filtered(
            lambda one: one.res_model == self._name and one.create_uid == self.env.user
        ).unlink()

    @api.autovacuum
    def _gc_files(self):
        """Remove the files of uploads that were never imported."""
        day = fields.Datetime.subtract(fields.Datetime.now(), days=1)
        self.env["ir.attachment"].search(
            [
                ("res_model", "=", self._name),
                ("res_field", "=", False),
                ("create_date", "<", day),
            ]
        ).unlink()

    # === ANSWER === #

    def _render_summary(self, told):
        values = {
            **told,
            "labels": self._get_labels(),
            "names": self._get_view_names(),
            "show": lambda value: "" if value is None else str(value),
        }
        return self.env["ir.qweb"]._render(
            "actionstep_quickbooks.detail_upload_summary", values
        )

    def _get_labels(self):
        return {
            "actionstep.invoice": self.env._("Bills"),
            "actionstep.payment": self.env._("Payments"),
            "actionstep.credit.note": self.env._("Credit notes"),
        }

    def _get_view_names(self):
        return {
            "bill_line": self.env._("Bill lines"),
            "receipt": self.env._("Receipts"),
            "receipt_allocation": self.env._("Allocations of receipts"),
            "credit_note": self.env._("Credit notes"),
            "credit_note_line": self.env._("Lines of credit notes"),
            "credit_application": self.env._("Applications of credit notes"),
        }

    def _get_sentences(self, told):
        """Return what the import changed, a sentence for each kind of document."""
        labels = self._get_labels()
        return [
            self.env._(
                "%(documents)s: %(new)s new, %(changed)s changed, "
                "%(unchanged)s unchanged.",
                documents=labels[one["model"]],
                new=one["new"],
                changed=one["changed"],
                unchanged=one["unchanged"],
            )
            for one in told["counts"]
        ]

    def _note_import(self, told):
        """Tell in the connection's chatter who imported what, if it changed some."""
        if any(one["new"] or one["changed"] for one in told["counts"]):
            names = ", ".join(self.attachment_ids.mapped("name"))
            first = self.env._("Imported from %(files)s:", files=names)
            lines = [first, *self._get_sentences(told)]
            self.connection_id.sudo()._message_log(
                body=Markup("<br/>").join(lines),
                author_id=self.env.user.partner_id.id,
            )

    def _tell_imported(self, told):
        links = [
            {"label": self._get_labels()[one["model"]], "url": url}
            for one in told["counts"]
            if (url := self._get_url(one["model"]))
        ]
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "sticky": True,
                "title": self.env._("Files imported"),
                "message": " ".join([*self._get_sentences(told), *["%s"] * len(links)]),
                "links": links,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _get_url(self, model):
        """Return the address of a list of documents."""
        name = f"actionstep_quickbooks.action_{model.replace('.', '_')}"
        action = self.env.ref(name, raise_if_not_found=False)
        return f"/odoo/{action.sudo().path}" if action else False

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
            "name": self.env._("Upload Files"),
        }


class ActionstepDetailUploadProblem(models.TransientModel):
    """What is wrong with an upload, and where."""

    _name = "actionstep.detail.upload.problem"
    _description = "Error of an Upload of Details"
    _order = "id"

    upload_id = fields.Many2one(
        "actionstep.detail.upload", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", related="upload_id.company_id", store=True
    )
    sheet = fields.Char(string="File or Sheet", readonly=True)
    row = fields.Integer(readonly=True, help="0: the file as a whole.")
    column = fields.Char(readonly=True)
    title = fields.Char(string="Error", readonly=True)
    message = fields.Text(string="What to Do", readonly=True)
