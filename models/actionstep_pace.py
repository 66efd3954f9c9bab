from odoo import fields, models


class ActionstepPace(models.Model):
    """When the next request to a QuickBooks company may go; see ``limiter.py``.

    The server's alone: nobody may read or write it.
    """

    _name = "actionstep.pace"
    _description = "Pace of Requests to QuickBooks"
    _rec_name = "realm_id"
    _log_access = False

    realm_id = fields.Char(required=True)
    request_due = fields.Float(help="Seconds since 1970.")
    batch_due = fields.Float(help="Seconds since 1970.")

    _realm_once = models.UniqueIndex("(realm_id)")
