import base64
from collections import Counter

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

ADMINISTRATOR = "actionstep_quickbooks.group_administrator"
# What is shown of a file's rows, those with errors first.
SHOWN_ROWS = 1000


class ActionstepMapUpload(models.TransientModel):
    """The maps of a connection as a spreadsheet: out, and in again after a look."""

    _name = "actionstep.map.upload"
    _description = "Import and Export of Maps"

    connection_id = fields.Many2one(
        "actionstep.connection", required=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", related="connection_id.company_id", store=True
    )
    file = fields.Binary(attachment=False)
    file_name = fields.Char()
    # new --[Check, Import]--> wrong or checked --[another file]--> new
    state = fields.Selection(
        [("new", "To check"), ("wrong", "With errors"), ("checked", "Checked")],
        default="new",
        required=True,
    )
    row_ids = fields.One2many("actionstep.map.upload.row", "upload_id", readonly=True)
    error_count = fields.Integer(string="Errors", readonly=True)
    change_count = fields.Integer(string="Changes", readonly=True)
    workbook = fields.Binary(compute="_compute_exports")
    csv = fields.Binary(compute="_compute_exports")

    @api.depends("connection_id")
    def _compute_exports(self):
        for upload in self:
            for name, file_type in (("workbook", "xlsx"), ("csv", "csv")):
                connection = upload.connection_id
                content = connection._export_maps(file_type) if connection else b""
                upload[name] = base64.b64encode(content)

    @api.onchange("connection_id", "file")
    def _onchange_file(self):
        self.state = "new"

    # === ACTION METHODS === #

    def action_check(self):
        """Tell row by row what the file would change, and what is wrong."""
        self._take(is_import=False)
        return self._reopen()

    def action_import(self):
        """Import the file, all of it or nothing."""
        self._take(is_import=True)
        if self.state == "wrong":
            return self._reopen()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "The maps are imported. Lines changed: %s.", self.change_count
                ),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_export_workbook(self):
        """Give the maps as an XLSX file."""
        return self._download("workbook", "xlsx")

    def action_export_csv(self):
        """Give the maps as a CSV file."""
        return self._download("csv", "csv")

    def _download(self, field_name, file_type):
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "target": "download",
            "url": f"/web/content/{self._name}/{self.id}/{field_name}"
            f"?download=true&filename=actionstep_maps.{file_type}",
        }

    # === UPLOAD === #

    def _take(self, *, is_import):
        """Have the connection check or import the file, and keep what it told."""
        self.ensure_one()
        if not self.env.user.has_group(ADMINISTRATOR):
            raise AccessError(self.env._("Only an administrator keeps the maps."))
        if not self.file:
            raise UserError(self.env._("Choose a file first."))
        rows = self.connection_id._take_map_file(
            self.file_name or self.env._("The file"),
            base64.b64decode(self.file),
            is_import=is_import,
        )
        counts = Counter(row["result"] for row in rows)
        self.row_ids.sudo().unlink()
        rows.sort(key=lambda row: row["result"] != "error")
        self.env["actionstep.map.upload.row"].sudo().create(
            [{**row, "upload_id": self.id} for row in rows[:SHOWN_ROWS]]
        )
        self.sudo().write(
            {
                "state": "wrong" if counts["error"] else "checked",
                "error_count": counts["error"],
                "change_count": counts["new"] + counts["changed"],
            }
        )

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
            "name": self.env._("Import or Export Maps"),
        }


class ActionstepMapUploadRow(models.TransientModel):
    """What becomes of a row of the file."""

    _name = "actionstep.map.upload.row"
    _description = "Row of an Import of Maps"
    _order = "id"

    upload_id = fields.Many2one(
        "actionstep.map.upload", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", related="upload_id.company_id", store=True
    )
    sheet = fields.Char(string="File or Sheet", readonly=True)
    row = fields.Integer(readonly=True, help="0: the file as a whole.")
    map = fields.Char(readonly=True)
    source = fields.Char(string="Actionstep", readonly=True)
    target = fields.Char(string="QuickBooks", readonly=True)
    result = fields.Selection(
        [
            ("new", "New line"),
            ("changed", "Changed"),
            ("same", "Unchanged"),
            ("empty", "Left unmapped"),
            ("error", "Error"),
        ],
        readonly=True,
    )
    message = fields.Text(string="What to Check", readonly=True)
